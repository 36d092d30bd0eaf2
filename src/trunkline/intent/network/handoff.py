"""Hand-offs: tags, cross-connects, their policers, and who may come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkline.intent.network.node import Key

ETH_P_8021Q, ETH_P_8021AD = 0x8100, 0x88A8


@dataclass(frozen=True, slots=True)
class Tag:
    vid: int
    protocol: int = ETH_P_8021Q


class Direction(StrEnum):
    """As the edge sees it: ``in`` from the customer, ``out`` to the customer."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Policer:
    """A token bucket in ``node`` that all cross-connects which name it share. Another bandwidth keeps its state.

    ``tolerance_percent``: what keeps to that much more passes freely; what exceeds it is brought down to the bandwidth.
    """

    node: str
    name: str
    bandwidth_bps: int
    burst_ms: int
    tolerance_percent: int = 0

    @property
    def key(self) -> Key:
        return ("policer", f"{self.node}:{self.name}")


@dataclass(frozen=True, slots=True)
class CrossConnect:
    """One direction of a hand-off inside ``node``: frames that arrive on ``ingress`` with exactly the tags ``match``
    (outer first; at most two) leave on ``egress`` with those tags replaced by ``push`` (outer first).

    ``attachment`` names the counter, together with ``direction``. ``mtu``: most bytes of the network layer, 0 for any.
    ``policer``: the name of one in the same node. ``owner``: whose a TAP among the two is; over somebody else's nothing
    is connected.
    """

    node: str
    ingress: str
    egress: str
    attachment: str
    direction: Direction
    match: tuple[Tag, ...] = ()
    push: tuple[Tag, ...] = ()
    mtu: int = 1500
    policer: str = ""
    owner: str = ""

    @property
    def key(self) -> Key:
        tags = ".".join(str(tag.vid) for tag in self.match) or "untagged"
        return ("cross-connect", f"{self.node}:{self.ingress}:{tags}")


@dataclass(frozen=True, slots=True)
class Sentry:
    """Who may come in at ``interface`` of a VRF: whoever its routing table leads back to there. What is for the VRF
    itself is bounded by its kind, and BGP and BFD only from ``peers`` to ``own`` (of each family at most one address,
    and two peers). ``shared``: many stations are on the link, whose ports see to it that each speaks for itself; what
    is forwarded comes from behind one of them, and leads to no other.

    ``index``: the interface's number, unique among all sentries of ``edge``, which share a program and its counters.
    """

    node: str
    interface: str
    index: int
    edge: str
    attachment: str
    own: tuple[str, ...]
    peers: tuple[str, ...]
    shared: bool = False

    @property
    def key(self) -> Key:
        return ("sentry", f"{self.node}:{self.interface}")


@dataclass(frozen=True, slots=True)
class Hygiene:
    """What may come in at a port of a shared LAN (``interface`` of ``node``): frames of ``mac`` alone, IPv4, IPv6 and
    ARP, to one station; ARP and neighbour discovery for ``own`` alone; packets from ``own`` and from ``sources``, of
    which what lies in ``lan`` is nobody else's. What is sent to ``discard``, a MAC, is dropped. Drops are counted by
    reason.
    """

    node: str
    interface: str
    mac: str
    own: tuple[str, ...]
    lan: tuple[str, ...]
    sources: tuple[str, ...]
    discard: str = ""

    @property
    def key(self) -> Key:
        return ("hygiene", f"{self.node}:{self.interface}")
