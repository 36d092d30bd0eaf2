"""Faults as ``trunkline status`` tells them, and what can be made to fail, in the words of ``trunkline fail``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.draft import instance_node
from trunkline.intent.compile.failing import cuts
from trunkline.intent.compile.faults import outages, targets
from trunkline.intent.compile.plant import core_node
from trunkline.intent.drivers import Plane
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.usage import Place, places, standing
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.fault import WORDS, FaultKind, RehearsedFault, Target
from trunkline.model.plant import location, region, site_called
from trunkline.model.provider import offers
from trunkline.model.resource import Json, Resource, ResourceId

#: What a leg does not stand on itself: what it leads over, and to.
_BEYOND = (ScopeKind.BACKBONE, ScopeKind.SERVICES)


@dataclass(frozen=True, slots=True)
class _Line:
    """Of one leg: the places of its own, and the routers at which its tunnels end; none, if all are of Global Reach:
    then the other circuit fails, not this one."""

    own: frozenset[Place]
    ends: frozenset[Place]

    def is_cut(self, taken: Set[Place]) -> bool:
        """Also where it stands and leads nowhere any more."""
        return not self.own.isdisjoint(taken) or (bool(self.ends) and self.ends <= taken)


class Standing:
    """Of circuits and gateways: on which places they stand."""

    def __init__(self, circuits: Iterable[Resource], gateways: Iterable[Resource],
                 compiled: Mapping[Scope, Blueprint]) -> None:
        self._compiled = compiled
        self.circuits, self.gateways = tuple(circuits), tuple(gateways)
        self._bearers = Counter(_bearing(one.id) for one in (*self.circuits, *self.gateways))
        self._lines = {(circuit.id.key, leg): self._line(Scope(ScopeKind.LEG, circuit.id.key, leg))
                       for circuit in self.circuits for leg in Leg}

    def _line(self, scope: Scope) -> _Line:
        own = frozenset(place for blueprint in standing(scope, self._near, set()) for place in places(blueprint))
        found = self._compiled.get(scope) or Blueprint(scope)
        beyond = {place for one in found.requires if one.kind is ScopeKind.BACKBONE for place in one.key.split("~")}
        ends = {(core_node(site_of(place, Leg(scope.leg)), Leg(scope.leg)), "") for place in beyond}
        return _Line(own, frozenset(ends) - own if any(map(region, beyond)) else frozenset())

    def _near(self, scope: Scope) -> Blueprint:
        found = self._compiled.get(scope) or Blueprint(scope)
        return replace(found, requires=tuple(one for one in found.requires if one.kind not in _BEYOND))

    def told(self, fault: Resource, estate: Estate, plane: Plane) -> Json:
        model, pieces = RehearsedFault.model_validate(fault.properties), outages(fault, estate)
        vanished = plane.vanished(pieces)
        return {
            "id": str(fault.id), "name": fault.id.name, "target": self.words(model), "mode": model.mode,
            "direction": model.direction, "downInSeconds": model.down_in_seconds, "upInSeconds": model.up_in_seconds,
            "begunAt": fault.system["begunAt"], "expiresAt": fault.system["expiresAt"],
            "framesVanished": sum(vanished.values()), **self.takes(model, estate)}

    def takes(self, model: RehearsedFault, estate: Estate) -> Json:
        """Legs of circuits and instances of gateways that a failure takes away."""
        failing = targets(model, estate)
        taken = {(cut.node, cut.interface) for one in failing for cut in cuts(one, estate)}
        nodes = {node for node, interface in taken if not interface}
        return {
            "legs": [{"circuit": self._name(circuit.id), "id": str(circuit.id), "leg": leg.value}
                     for circuit in self.circuits for leg in Leg
                     if self._is_cut(Target(FaultKind.LEG, circuit.id.key, leg), failing, taken)],
            "gatewayInstances": [{"gateway": self._name(gateway.id), "instance": number} for gateway in self.gateways
                                 for number in (0, 1) if instance_node(gateway.id, number) in nodes]}

    def words(self, model: RehearsedFault) -> list[str]:
        """As one would write it: ``er1 primary``, ``edge Amsterdam primary``."""
        owners = (one.target for one in (model.circuit, model.gateway) if one)
        plant = (model.provider, model.location, model.region, model.site, model.to)
        kind = "" if model.kind is FaultKind.LEG else WORDS[model.kind]
        names = (*map(self._name, owners), *plant, model.leg, "" if model.instance is None else str(model.instance))
        return [str(word) for word in (kind, *names) if word]

    def _name(self, owner: ResourceId) -> str:
        """With its group where several of its type bear it."""
        return f"{owner.group}/{owner.name}" if self._bearers[_bearing(owner)] > 1 else owner.name

    def targets(self) -> Iterator[Json]:
        """What can be made to fail: its properties and its words."""
        seen: set[tuple[str, ...]] = set()
        for scope, blueprint in self._compiled.items():
            for properties in _TARGETS[scope.kind](scope, blueprint) if scope.kind in _TARGETS else ():
                found = tuple(self.words(RehearsedFault.model_validate(properties)))
                if found not in seen:
                    seen.add(found)
                    yield {"words": list(found), "properties": properties}

    def _is_cut(self, leg: Target, failing: Sequence[Target], taken: Set[Place]) -> bool:
        """Others' frames on the port that a leg fails on go their way."""
        if failing[0].kind is FaultKind.LEG:
            return leg in failing
        return self._lines[leg.key, Leg(leg.part)].is_cut(taken)


def _bearing(owner: ResourceId) -> tuple[str, str]:
    return owner.type.casefold(), owner.name.casefold()


# ── what can fail ────────────────────────────────────────────────────────────────────────────────────────────────────


def _leg(scope: Scope, _blueprint: Blueprint) -> Iterator[Json]:
    yield {"kind": FaultKind.LEG, "circuit": {"id": str(ResourceId.parse(scope.key))}, "leg": scope.leg}


def _edge(scope: Scope, _blueprint: Blueprint) -> Iterator[Json]:
    yield {"kind": FaultKind.EDGE, "location": site_called(scope.key), "leg": scope.leg}
    yield {"kind": FaultKind.LOCATION, "location": site_called(site_of(scope.key, Leg(scope.leg)))}


def _port(scope: Scope, _blueprint: Blueprint) -> Iterator[Json]:
    provider, _, place = scope.key.rpartition("@")
    offer = offers().get(provider)
    yield {"kind": FaultKind.SWITCH, "provider": offer.name if offer else provider, "location": site_called(place),
           "leg": scope.leg}


def _gateway(scope: Scope, blueprint: Blueprint) -> Iterator[Json]:
    for instance in (0, 1) if blueprint else ():
        yield {"kind": FaultKind.INSTANCE, "gateway": {"id": str(ResourceId.parse(scope.key))}, "instance": instance}


def _core(scope: Scope, _blueprint: Blueprint) -> Iterator[Json]:
    yield {"kind": FaultKind.CORE, "site": site_called(scope.key), "leg": scope.leg}
    if found := region(scope.key):
        yield {"kind": FaultKind.REGION, "region": found.display_name}
    elif location(scope.key):
        yield {"kind": FaultKind.LOCATION, "location": site_called(scope.key)}


def _link(scope: Scope, _blueprint: Blueprint) -> Iterator[Json]:
    one, _, other = scope.key.partition("~")
    ends = {"kind": FaultKind.SPAN, "site": site_called(one), "to": site_called(other)}
    yield from (ends, {**ends, "leg": scope.leg})


_TARGETS: dict[ScopeKind, Callable[[Scope, Blueprint], Iterator[Json]]] = {
    ScopeKind.LEG: _leg, ScopeKind.EDGE: _edge, ScopeKind.PORT: _port, ScopeKind.GATEWAY: _gateway,
    ScopeKind.CORE: _core, ScopeKind.SPAN: _link}
