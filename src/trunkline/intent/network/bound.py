"""What holds traffic back: the capacity of a gateway, and line conditions on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.node import Key


@dataclass(frozen=True, slots=True)
class Capacity:
    """How much comes in on interfaces of a node, together with all nodes of the same ``shared``, in each direction:
    ``inward`` from circuits, ``outward`` from the virtual network. What is for one of ``own`` is not held back.

    ``burst_ms``: how long everything may come at once, at these rates. A flow is forgotten after ``idle_s``.
    """

    node: str
    shared: str
    inward: tuple[str, ...]
    outward: tuple[str, ...]
    own: tuple[str, ...]
    bandwidth_bps: int
    packets_per_s: int
    flows: int
    burst_ms: int
    idle_s: int

    @property
    def key(self) -> Key:
        return ("capacity", self.node)


#: Frames with any outer tag, or none.
ANY_TAG = -1


@dataclass(frozen=True, slots=True)
class Impairment:
    """Line conditions on purpose, for frames that come in on an interface or, if ``leaving``, are about to leave there;
    with ``vid`` only for those with this outer tag. Rates in millionths of the frames, times in microseconds.

    ``expires``: an ISO 8601 time, after which the line is whole although the piece still stands; empty for never.
    ``hold_us``: how long a frame is held back so that others overtake it.
    """

    node: str
    interface: str
    leaving: bool
    expires: str
    vid: int = ANY_TAG
    loss_ppm: int = 0
    duplication_ppm: int = 0
    corruption_ppm: int = 0
    reordering_ppm: int = 0
    delay_us: int = 0
    jitter_us: int = 0
    hold_us: int = 0

    @property
    def key(self) -> Key:
        tag = "" if self.vid == ANY_TAG else f".{self.vid}"
        return ("impairment", f"{self.node}:{self.interface}{tag}:{'leaving' if self.leaving else 'coming'}")
