"""What resiliency is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trunkline.model.circuit import Leg

#: A circuit's key and a leg.
LegOf = tuple[str, Leg]


@dataclass(frozen=True, slots=True)
class LegSeen:
    """A leg's sessions with the customer, over private peering. ``bfd``: every one of them is watched."""

    up: bool
    bfd: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """A leg was taken away, and its owner was content with what happened."""

    leg: LegOf
    at: datetime


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A leg was taken away, and that proved nothing, or nothing good. ``how``: as ``was aborted``."""

    leg: LegOf
    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """``now``: the moment to which ages are counted."""

    now: datetime
    legs: Mapping[LegOf, LegSeen]
    tried: tuple[Tried, ...] = ()
    spoiled: tuple[Spoiled, ...] = ()

    def last(self, leg: LegOf) -> float | None:
        """Days since a leg was last tried."""
        ages = [days(one.at, self.now) for one in self.tried if one.leg == leg]
        return min(ages, default=None)

    def last_spoiled(self, leg: LegOf) -> Spoiled | None:
        """The newest, unless it was passed since."""
        passed = max((one.at for one in self.tried if one.leg == leg), default=None)
        found = [one for one in self.spoiled if one.leg == leg and (passed is None or one.at > passed)]
        return max(found, key=lambda one: one.at, default=None)


@dataclass(frozen=True, slots=True)
class Lost:
    """Points that ``who`` lost. ``back``: the change or drill that wins them."""

    component: str
    points: float
    who: str
    why: str
    back: str


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    most: float
    lost: tuple[Lost, ...] = field(default=())

    @property
    def score(self) -> float:
        return self.most - sum(one.points for one in self.lost)


def days(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds() / 86_400)


def merged(lost: Iterable[Lost]) -> tuple[Lost, ...]:
    """One row for each cause, the dearest first."""
    found: dict[tuple[str, str, str, str], float] = {}
    for one in lost:
        key = (one.component, one.who, one.why, one.back)
        found[key] = found.get(key, 0.0) + one.points
    rows = [Lost(component, points, who, why, back) for (component, who, why, back), points in found.items()]
    return tuple(sorted((row for row in rows if row.points > 0), key=lambda row: (-row.points, row.component, row.who)))
