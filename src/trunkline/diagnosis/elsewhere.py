"""Whether what one leg brings has another path, by which the owner is still reached. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from trunkline.diagnosis.claims import Claim, Claims
from trunkline.model.event import EventKind

#: By owner's key and leg.
At = tuple[str, str]
#: A default route is no other path: it leads wherever the others do.
_DEFAULTS = ("0.0.0.0/0", "::/0")
#: A route with such a fault leads to somebody who has no right to it, or may have none.
DOUBTFUL = frozenset({EventKind.PREFIX_HIJACK, EventKind.SUBPREFIX_HIJACK, EventKind.ROUTE_LEAK,
                      EventKind.CONTESTED_PREFIX, EventKind.NEXT_HOP_THEFT})


@dataclass(frozen=True, slots=True)
class Brought:
    """``first``: the look at which each prefix came, refused ones too. ``taken``: those that are accepted,
    ``doubtful``: those that are somebody else's, or may be. ``refused``: by session, as ``Heard.name`` has it, those
    that are refused without any containment."""

    first: Mapping[str, int] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
    refused: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __or__(self, other: Brought) -> Brought:
        return Brought({**self.first, **other.first}, self.taken | other.taken, self.doubtful | other.doubtful,
                       {**self.refused, **other.refused})


class Paths:
    """Of those who share routing."""

    def __init__(self, brought: Mapping[At, Brought]) -> None:
        self._brought = brought
        self._claims = Claims(
            Claim(prefix, owner, frozenset({leg}), since=one.first.get(prefix, 0))
            for (owner, leg), one in brought.items() for prefix in one.taken - one.doubtful
            if prefix not in _DEFAULTS)

    def taken(self, at: At) -> frozenset[str]:
        return self._brought.get(at, Brought()).taken

    def refused(self, at: At, session: str) -> frozenset[str]:
        return self._brought.get(at, Brought()).refused.get(session, frozenset())

    def elsewhere(self, at: At, prefixes: Collection[str], victims: Collection[str]) -> frozenset[str]:
        """Those that somebody else brings too, or one that covers them. Who is said to be the victim says so itself, by
        what it declares: its path counts if it was there before the one that is to go."""
        first, victims = self._brought.get(at, Brought()).first, {one.lower() for one in victims}
        return frozenset(prefix for prefix in prefixes if any(
            (one.told, *one.owners) != at and (one.told not in victims or one.since < first.get(prefix, 0))
            for one in self._claims.over(prefix)))
