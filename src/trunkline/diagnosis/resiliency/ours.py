"""Our index of protected pairs: what each would survive, what it stands on, and what of that was proved.

Each pair has up to 100 points, and the index is their mean: 40 for single failures by kind, each kind's share lost for
every failure of that kind which cuts the pair off (half for one that takes part of its flows), and 60 for the criteria.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trunkline.diagnosis.resiliency.criteria import CRITERIA, Ways
from trunkline.diagnosis.resiliency.evidence import Component, Evidence, Lost, merged
from trunkline.diagnosis.whatif.sweep import State, Sweep
from trunkline.diagnosis.whatif.words import Names
from trunkline.intent.connectivity.taking import Cause, RouterLoss, kind_of
from trunkline.model.fault import FaultKind

#: What survival of any single failure of a kind is worth. The loss of a region takes its networks with it, which no
#: second way changes; it is told by what-if and costs nothing here.
SURVIVAL: Mapping[str, int] = {
    FaultKind.LOCATION: 10, "router": 6, FaultKind.LEG: 4, FaultKind.EDGE: 4, FaultKind.SWITCH: 4,
    FaultKind.INSTANCE: 4, FaultKind.SPAN: 4, FaultKind.CORE: 4}

_NAMES = {
    FaultKind.LOCATION: "Survives a location", "router": "Survives a customer's router",
    FaultKind.LEG: "Survives a leg", FaultKind.EDGE: "Survives an edge",
    FaultKind.SWITCH: "Survives a provider's switch",
    FaultKind.INSTANCE: "Survives a gateway instance", FaultKind.SPAN: "Survives a backbone link",
    FaultKind.CORE: "Survives a backbone router"}

_BACK = {
    FaultKind.LOCATION: "connect a circuit at another peering location",
    "router": "let the legs end at two routers of the site",
    FaultKind.LEG: "order the circuit's other leg, or a second circuit",
    FaultKind.EDGE: "order the circuit's other leg, or a second circuit",
    FaultKind.SWITCH: "order the circuit's other leg, or a second circuit",
    FaultKind.INSTANCE: "bring the gateway's other instance up",
    FaultKind.SPAN: "connect a circuit at a location from which another way leads to the region",
    FaultKind.CORE: "connect a circuit at a location from which another way leads to the region"}


@dataclass(frozen=True, slots=True)
class Index:
    pairs: int
    components: tuple[Component, ...]

    @property
    def score(self) -> float:
        return sum(one.score for one in self.components) if self.pairs else 0.0


def index(sweep: Sweep, states: Sequence[State], ways: Sequence[tuple[int, Ways]], evidence: Evidence,
          names: Names) -> Index:
    """``ways``: of the bundles that count, by their place in the sweep."""
    weights = {place: len(one.bundle.pairs) for place, one in ways}
    total = sum(weights.values())
    if not total:
        return Index(0, ())
    shares = {place: weight / total for place, weight in weights.items()}
    return Index(total, (*_survival(sweep, states, shares, names), *_criteria(ways, shares, evidence)))


def _survival(sweep: Sweep, states: Sequence[State], shares: Mapping[int, float], names: Names) -> Iterator[Component]:
    for kind, worth in SURVIVAL.items():
        lost: list[Lost] = []
        for place, share in shares.items():
            touching = [(cause, state) for state in states if state.touched >> place & 1 for cause in state.causes
                        if kind_of(cause) == kind]
            if place in sweep.unconnected:
                lost.append(_never(kind, worth * share, sweep, place))
            else:
                lost += _of_bundle(kind, touching, worth * share, place, sweep, names)
        yield Component(_NAMES[kind], worth, merged(lost))


def _never(kind: str, points: float, sweep: Sweep, place: int) -> Lost:
    return Lost(_NAMES[kind], points, str(sweep.bundles[place].pairs[0]), "it is not connected at all",
                "see what its routers announce and refuse: 'trunkline routes'")


def _of_bundle(kind: str, touching: Sequence[tuple[Cause, State]], points: float, place: int, sweep: Sweep,
               names: Names) -> Iterator[Lost]:
    for cause, state in touching:
        cut, part = place in state.cost.lost, place in state.cost.partly
        if cut or part:
            why = names.why(cause, [sweep.bundles[place]]) if cut else "part of the flows has no way around it"
            yield Lost(_NAMES[kind], points / len(touching) * (1.0 if cut else 0.5), names.failure(cause), why,
                       _back(cause))


def _back(cause: Cause) -> str:
    return _BACK["router"] if isinstance(cause, RouterLoss) else _BACK[cause.kind]


def _criteria(ways: Iterable[tuple[int, Ways]], shares: Mapping[int, float], evidence: Evidence) -> Iterator[Component]:
    known = tuple(ways)
    for name, worth, criterion in CRITERIA:
        yield Component(name, worth, merged(
            Lost(name, worth * shares[place] * lack.share, lack.who, lack.why, lack.back)
            for place, one in known for lack in criterion(one, evidence)))
