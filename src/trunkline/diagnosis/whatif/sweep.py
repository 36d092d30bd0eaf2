"""What each failure costs, and what two cost that neither costs alone.

A failure has, for a bundle of pairs, an effect: which of the bundle's needs are gone. Failures with the same effects on
all bundles are one *state*. Two states are looked at together only where they meet: on a bundle that both touch, or at
a bound to which both bring traffic. Everywhere else what they cost together is the sum, so it is not computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from trunkline.intent.connectivity.model import Connectivity, Fate
from trunkline.intent.connectivity.needs import Need
from trunkline.intent.connectivity.taking import Cause
from trunkline.intent.connectivity.wiring import Meter

#: By how much a bound has to be exceeded to count: sums of fractions are not exact.
_SLACK = 1 + 1e-6


@dataclass(frozen=True, slots=True)
class Cost:
    """Bundles by their place. ``gone``: those of which an end itself is lost. ``overloaded``: meters with their load in
    bit/s, which carried less than their bound before."""

    lost: frozenset[int] = frozenset()
    partly: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()
    overloaded: Mapping[Meter, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.lost or self.partly or self.gone or self.overloaded)

    def beyond(self, *others: Cost) -> Cost:
        """What none of the others has already."""
        worse = frozenset[int]().union(*(one.lost | one.gone for one in others))
        partly = worse.union(*(one.partly for one in others))
        known = {meter for one in others for meter in one.overloaded}
        return Cost(self.lost - worse, self.partly - partly, self.gone - worse,
                    {meter: bps for meter, bps in self.overloaded.items() if meter not in known})


@dataclass(slots=True)
class State:
    """Failures that come to the same. ``touched``: bundles, as bits by their place; ``raised``: likewise the meters
    that carry more than before, by ``extra``."""

    causes: list[Cause]
    needs: frozenset[Need]
    missing: int
    touched: int
    extra: dict[Meter, float]
    raised: int
    cost: Cost


class Sweep:
    """``demands``: of each bundle in bit/s, in each direction."""

    def __init__(self, network: Connectivity, demands: Sequence[float]) -> None:
        self._network, self._demands = network, demands
        self.bundles = network.bundles
        self._reach = [_union(bundle.needs) for bundle in self.bundles]
        self._healthy = [network.fate(bundle, 0) for bundle in self.bundles]
        self.base = self._loads(range(len(self.bundles)), dict(enumerate(self._healthy)))
        self._meters: dict[Meter, int] = {}

    @property
    def unconnected(self) -> tuple[int, ...]:
        """Places of bundles that do not reach each other while nothing is missing."""
        return tuple(index for index, fate in enumerate(self._healthy) if not fate.kept)

    def states(self, causes: Iterable[Cause]) -> tuple[State, ...]:
        """One by one, those that come to the same together; what touches no bundle is left out."""
        found: dict[object, State] = {}
        for cause in causes:
            taken = self._network.taking.of(cause)
            missing = self._network.missing(taken)
            touched = self._touched(missing)
            if touched:
                effects = tuple((index, self.bundles[index].effect(missing)) for index in _places(touched))
                if effects in found:
                    found[effects].causes.append(cause)
                else:
                    found[effects] = self._state([cause], taken, missing, touched)
        return tuple(found.values())

    def together(self, causes: Sequence[Cause]) -> State:
        """All of them at once."""
        taken = frozenset[Need]().union(*map(self._network.taking.of, causes))
        missing = self._network.missing(taken)
        return self._state(list(causes), taken, missing, self._touched(missing))

    def pairs(self, states: Sequence[State]) -> Iterator[tuple[State, State, Cost]]:
        """Two at once, where that costs what neither costs alone."""
        broken = self._broken_together(states)
        for (left, one), (right, other) in combinations(enumerate(states), 2):
            further = broken.get((left, right), 0)
            if one.touched & other.touched or one.raised & other.raised or further:
                cost = self._joint(one, other, further).beyond(one.cost, other.cost)
                if cost:
                    yield one, other, cost

    def _broken_together(self, states: Sequence[State]) -> dict[tuple[int, int], int]:
        """Ways over the backbone that only both together break, as bits."""
        underlay = self._network.underlay
        there = [index for index, state in enumerate(states) if underlay.touches(state.needs)]
        found = {}
        for left, right in combinations(there, 2):
            one, other = states[left], states[right]
            further = self._network.missing(one.needs | other.needs) & ~(one.missing | other.missing)
            if further:
                found[left, right] = further
        return found

    def _state(self, causes: list[Cause], taken: frozenset[Need], missing: int, touched: int) -> State:
        fates = {index: self._network.fate(self.bundles[index], missing) for index in _places(touched)}
        extra = self._extra(fates)
        raised = sum(1 << self._number(meter) for meter, bps in extra.items() if bps > 0)
        return State(causes, taken, missing, touched, extra, raised, self._cost(fates, extra, missing))

    def _joint(self, one: State, other: State, further: int) -> Cost:
        missing = one.missing | other.missing | further
        meeting = (one.touched & other.touched) | (self._touched(further) if further else 0)
        fates = {}
        for index in _places(one.touched | other.touched | meeting):
            alone = missing if meeting >> index & 1 else (one if one.touched >> index & 1 else other).missing
            fates[index] = self._network.fate(self.bundles[index], alone)
        return self._cost(fates, self._extra(fates), missing)

    def _touched(self, missing: int) -> int:
        return sum(1 << index for index, reach in enumerate(self._reach) if reach & missing)

    def _number(self, meter: Meter) -> int:
        return self._meters.setdefault(meter, len(self._meters))

    def _extra(self, fates: Mapping[int, Fate]) -> dict[Meter, float]:
        """By how much meters carry more, or less, than while nothing is missing."""
        found = self._loads(fates, fates)
        for meter, bps in self._loads(fates, {index: self._healthy[index] for index in fates}).items():
            found[meter] = found.get(meter, 0.0) - bps
        return found

    def _loads(self, indexes: Iterable[int], fates: Mapping[int, Fate]) -> dict[Meter, float]:
        found: dict[Meter, float] = {}
        for index in indexes:
            for carried in (fates[index].to, fates[index].back):
                for meter, share in carried.loads.items():
                    found[meter] = found.get(meter, 0.0) + share * self._demands[index]
        return found

    def _cost(self, fates: Mapping[int, Fate], extra: Mapping[Meter, float], missing: int) -> Cost:
        healthy = {index: fate for index, fate in fates.items() if self._healthy[index].kept}
        gone = frozenset(index for index in healthy if self.bundles[index].ends & missing)
        lost = frozenset(index for index, fate in healthy.items() if fate.lost) - gone
        partly = frozenset(index for index, fate in healthy.items() if not fate.kept) - lost - gone
        return Cost(lost, partly, gone, {meter: bps for meter, bps in self._exceeded(extra)})

    def _exceeded(self, extra: Mapping[Meter, float]) -> Iterator[tuple[Meter, float]]:
        for meter, more in extra.items():
            bound, before = self._network.bandwidth_bps(meter) * _SLACK, self.base.get(meter, 0.0)
            if more > 0 and before <= bound < before + more:
                yield meter, before + more


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _places(bits: int) -> Iterator[int]:
    """Of the bits that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
