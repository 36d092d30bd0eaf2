"""What fails on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.network.bound import ANY_TAG
from trunkline.intent.network.node import Key


@dataclass(frozen=True, slots=True)
class Outage:
    """Frames that come in on ``interface`` of ``node``, or are about to leave there, vanish; with ``vid`` only those
    with this outer tag. Without an interface it is all that the node has, at any time; what is not there cannot fail,
    and fails as soon as it comes.

    With ``link_down`` the interfaces are set down instead, so that those at the other end of their lines lose carrier.
    From ``begun`` to ``expires``, ISO 8601 times; afterwards all is whole although the piece still stands. With
    ``up_ms`` it comes and goes: down for ``down_ms``, up for so long, and so on.
    """

    node: str
    begun: str
    expires: str
    interface: str = ""
    vid: int = ANY_TAG
    coming: bool = True
    leaving: bool = True
    down_ms: int = 0
    up_ms: int = 0
    link_down: bool = False

    @property
    def key(self) -> Key:
        tag = "" if self.vid == ANY_TAG else f".{self.vid}"
        return ("outage", f"{self.node}:{self.interface}{tag}")
