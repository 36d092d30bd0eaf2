"""How much of a change is felt, from nothing to an interface made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class ChangeClass(StrEnum):
    """In rising order."""

    NONE = "none"  #: nothing in the network differs: a label, or what is only recorded
    HITLESS = "hitless"  #: no packet is lost, no session reset, no route exchanged
    SOFT_REFRESH = "softRefresh"  #: routes are told or judged anew over sessions that stay (RFC 2918)
    SESSION_RESET = "sessionReset"  #: a session closes and opens again, or for good; its interfaces stay
    RECREATE = "recreate"  #: an interface, tag, address or daemon is replaced, and what ran over it begins anew

    @property
    def rank(self) -> int:
        return list(ChangeClass).index(self)

    @property
    def interrupts(self) -> bool:
        return self.rank >= ChangeClass.SESSION_RESET.rank


def worst(found: Iterable[ChangeClass]) -> ChangeClass:
    return max(found, key=lambda one: one.rank, default=ChangeClass.NONE)


#: How long packets may be lost where no other leg carries them, with our own router at the other end: its session is
#: tried again after a second, then every two, and a customer's router takes its time to listen anew.
LONGEST_OUTAGE_S: Mapping[ChangeClass, float] = {ChangeClass.SESSION_RESET: 5, ChangeClass.RECREATE: 10}
