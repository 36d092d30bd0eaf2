"""The findings of a sweep as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trunkline.diagnosis.whatif.demand import MEGABIT
from trunkline.diagnosis.whatif.sweep import Cost, State, Sweep
from trunkline.diagnosis.whatif.words import Names
from trunkline.intent.connectivity.model import Bundle, Connectivity, Fate
from trunkline.intent.connectivity.taking import Cause, RouterLoss, kind_of
from trunkline.intent.wan import WAN_GATEWAY
from trunkline.model.fault import FaultKind, Target
from trunkline.model.plant import location, region
from trunkline.model.resource import Json, ResourceId

#: Findings of pairs of failures in full; the rest is counted.
MOST_TOGETHER = 1000


class Reporter:
    def __init__(self, sweep: Sweep, network: Connectivity, names: Names) -> None:
        self._sweep, self._network, self._names = sweep, network, names

    def states(self, wanted: Iterable[Sequence[str]]) -> Json:
        """Sets of failures by their names, each with what becomes of every bundle."""
        known = self._names.known(self._network.nameable)
        return {"states": [self._one_state([self._names.find(text, known) for text in texts]) for texts in wanted]}

    def state(self, causes: Sequence[Cause]) -> Json:
        """One set of failures."""
        return {"states": [self._one_state(causes)]}

    def _one_state(self, causes: Sequence[Cause]) -> Json:
        state = self._sweep.together(causes)
        return {**self._row(causes, state.cost), "faults": [self._fault(cause) for cause in causes],
                "fates": [self._fate(bundle, state.missing) for bundle in self._sweep.bundles]}

    def _fate(self, bundle: Bundle, missing: int) -> Json:
        """With what to send from and to for a trial; ``node`` is empty where nobody is who could answer."""
        fate, first = self._network.fate(bundle, missing), bundle.pairs[0]
        return {**self._ends(bundle), "fate": _word(bundle, fate, missing),
                "ends": [{"node": end.host, "address": end.address} for end in (first.here, first.there)]}

    @staticmethod
    def _fault(cause: Cause) -> Json | None:
        """What makes it happen (``Trunkline.Plant/faults``). Nothing does of a customer's own router, of a gateway in a
        hub, nor of a building of a metro that is no peering location by itself."""
        if isinstance(cause, RouterLoss) or (
                cause.kind is FaultKind.INSTANCE and ResourceId.parse(cause.key).type.lower() == WAN_GATEWAY.lower()):
            return None
        found = fault_of(cause)
        places = [found[member] for member in ("location", "site", "to") if member in found]
        return found if all(location(place) or region(place) for place in places) else None

    def report(self, states: Sequence[State], together: Iterable[tuple[State, State, Cost]] = ()) -> Json:
        """``together``: of a sweep of every two."""
        rows = [self._row([cause], state.cost) for state in states if state.cost for cause in state.causes]
        pairs = [(one, other, cost) for one, other, cost in together]
        return {
            "pairs": [self._bundle(bundle) for bundle in self._sweep.bundles],
            "unconnected": [self._ends(self._sweep.bundles[place]) for place in self._sweep.unconnected],
            "failures": rows,
            "sharedRisks": [row["sentence"] for row in rows if row["lost"]],
            "together": [self._both(*one) for one in pairs[:MOST_TOGETHER]],
            "failable": [{"failure": self._names.failure(cause), "kind": kind_of(cause), "fault": self._fault(cause)}
                         for cause in self._network.causes],
            "counts": {
                "failures": sum(len(state.causes) for state in states), "states": len(states),
                "costly": len(rows), "together": sum(len(one.causes) * len(other.causes) for one, other, _ in pairs),
                "togetherStates": len(pairs)},
        }
    def _row(self, causes: Sequence[Cause], cost: Cost) -> Json:
        return {"failure": " + ".join(map(self._names.failure, causes)), "kind": "+".join(map(kind_of, causes)),
                **self._cost(cost), "sentence": self._names.sentence(causes, cost, self._sweep.bundles)}

    def _both(self, one: State, other: State, cost: Cost) -> Json:
        """Any of ``first`` with any of ``second``."""
        return {"first": [self._names.failure(cause) for cause in one.causes],
                "second": [self._names.failure(cause) for cause in other.causes], **self._cost(cost),
                "sentence": self._names.sentence([one.causes[0], other.causes[0]], cost, self._sweep.bundles)}

    def _cost(self, cost: Cost) -> Json:
        bundles = self._sweep.bundles
        told = {word: [self._ends(bundles[index]) for index in sorted(indexes)] for word, indexes in (
            ("lost", cost.lost), ("partly", cost.partly), ("gone", cost.gone))}
        return {**told, "overloaded": [
            {"bound": self._names.bound(meter), "mbps": round(bps / MEGABIT, 1),
             "ofMbps": round(self._network.bandwidth_bps(meter) / MEGABIT, 1)}
            for meter, bps in sorted(cost.overloaded.items())]}

    def _ends(self, bundle: Bundle) -> Json:
        first, (here, there) = bundle.pairs[0], self._names.between(bundle)
        return {"from": here, "to": there, "prefixes": len(bundle.pairs),
                "pair": f"{here} {first.here.prefix} ↔ {there} {first.there.prefix}"}

    def _bundle(self, bundle: Bundle) -> Json:
        fate = self._network.fate(bundle, 0)
        return {**self._ends(bundle), "connected": fate.kept,
                "routedByTables": bool(self._network.topology.steered & set(bundle.to.goals | bundle.back.goals))}


def _word(bundle: Bundle, fate: Fate, missing: int) -> str:
    if bundle.ends & missing:
        return "gone"
    return "lost" if fate.lost else "kept" if fate.kept else "partly"


#: The members that name what fails, in the order of the target's key.
_MEMBERS = {
    FaultKind.LEG: ("circuit",), FaultKind.EDGE: ("location",), FaultKind.SWITCH: ("provider", "location"),
    FaultKind.INSTANCE: ("gateway",), FaultKind.SPAN: ("site", "to"), FaultKind.CORE: ("site",),
    FaultKind.LOCATION: ("location",), FaultKind.REGION: ("region",)}


def fault_of(target: Target) -> Json:
    """The properties of a fault with this target."""
    named: Json = dict(zip(_MEMBERS[target.kind], target.key.split("~"), strict=True))
    for member in ("circuit", "gateway"):
        if member in named:
            named[member] = {"id": named[member]}
    part: Json = {"instance": int(target.part)} if target.kind is FaultKind.INSTANCE else (
        {"leg": target.part} if target.part else {})
    return {"kind": target.kind.value, **named, **part}
