"""What a failure takes away, and which failures an estate can have.

Beside those of the plant, which can be made to happen (``model.fault``), a customer's own router can be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from trunkline.intent.compile.draft import attachment_name, ce_node, instance_node, vnet_node
from trunkline.intent.compile.plant import core_node, edge_node, switch_node
from trunkline.intent.connectivity import needs
from trunkline.intent.connectivity.inventory import Inventory
from trunkline.intent.connectivity.needs import Need
from trunkline.intent.connectivity.topology import Topology
from trunkline.intent.gateways import GatewayView
from trunkline.intent.network import Role
from trunkline.intent.view import CircuitView, site_model
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.fault import FaultKind, Target
from trunkline.model.resource import ResourceId

_BETWEEN = "~"


@dataclass(frozen=True, slots=True)
class RouterLoss:
    """A customer's router. ``key`` of the site."""

    key: str
    router: str


#: Whatever may be lost.
Cause = Target | RouterLoss


def kind_of(cause: Cause) -> str:
    return "router" if isinstance(cause, RouterLoss) else cause.kind.value


class Taking:
    def __init__(self, inventory: Inventory, topology: Topology, links: Iterable[tuple[str, str]]) -> None:
        self._inventory, self._topology = inventory, topology
        self._links = frozenset(needs.link(*pair) for pair in links)
        self._circuits = {one.resource.id.key: one for one in inventory.circuits}

    def of(self, cause: Cause) -> frozenset[Need]:
        return frozenset(self._router(cause) if isinstance(cause, RouterLoss) else self._target(cause))

    def _router(self, loss: RouterLoss) -> Iterator[Need]:
        yield needs.node(ce_node(ResourceId.parse(loss.key), loss.router))

    def _target(self, target: Target) -> Iterable[Need]:
        names = target.key.split(_BETWEEN)
        takes: dict[FaultKind, Callable[..., Iterable[Need]]] = {
            FaultKind.LEG: self._leg, FaultKind.EDGE: self._edge, FaultKind.SWITCH: self._switch,
            FaultKind.INSTANCE: self._instance, FaultKind.SPAN: self._span, FaultKind.CORE: self._core,
            FaultKind.LOCATION: self._location, FaultKind.REGION: self._region}
        return takes[target.kind](*names, *([target.part] if target.part else ()))

    def _leg(self, circuit: str, leg: str) -> Iterator[Need]:
        found = self._circuits.get(circuit)
        for peering in found.peerings if found else ():
            yield needs.attachment(attachment_name(found.resource.number if found else 0, Leg(leg), peering.kind))

    def _switch(self, provider: str, location: str, leg: str) -> Iterator[Need]:
        yield needs.node(switch_node(provider, location, Leg(leg)))

    def _instance(self, gateway: str, instance: str) -> Iterator[Need]:
        yield needs.node(instance_node(ResourceId.parse(gateway), int(instance)))

    def _span(self, one: str, other: str, leg: str = "") -> Iterator[Need]:
        for each in Leg:
            if leg in ("", each):
                yield needs.link(core_node(one, each), core_node(other, each))

    def _core(self, site: str, leg: str) -> Iterator[Need]:
        yield needs.node(core_node(site, Leg(leg)))

    def _edge(self, location: str, leg: str) -> Iterator[Need]:
        node = edge_node(location, Leg(leg))
        yield needs.node(node)
        yield from self._core(location, leg)
        yield from map(needs.node, self._topology.beside(node, Role.VRF))

    def _location(self, location: str) -> Iterator[Need]:
        for leg in Leg:
            yield from self._edge(location, leg)
            yield from map(needs.node, self._topology.beside(edge_node(location, leg), Role.SWITCH))

    def _region(self, region: str) -> Iterator[Need]:
        yield from (needs.node(core_node(region, leg)) for leg in Leg)
        for gateway in self._inventory.gateways:
            if gateway.region == region:
                yield from (needs.node(instance_node(gateway.resource.id, instance)) for instance in (0, 1))
        yield from (needs.node(vnet_node(vnet)) for vnet, where in self._inventory.vnets if where == region)

    def possible(self) -> tuple[Cause, ...]:
        """All that this estate can lose, each once, the smallest first."""
        found: dict[Cause, None] = {}
        found |= dict.fromkeys(cause for one in self._inventory.circuits for cause in _of_circuit(one))
        found |= dict.fromkeys(RouterLoss(site.id.key, router.name) for site in self._inventory.sites
                               for router in site_model(site).routers)
        found |= dict.fromkeys(cause for one in self._inventory.gateways for cause in _of_gateway(one))
        found |= dict.fromkeys(self._of_backbone())
        order = [kind.value for kind in FaultKind]
        return tuple(sorted(found, key=lambda cause: (
            order.index(cause.kind) if isinstance(cause, Target) else -1)))

    def _of_backbone(self) -> Iterator[Target]:
        """Its routers and links, as far as they are there."""
        for site in self._inventory.backbone_sites:
            for leg in Leg:
                if core_node(site, leg) in self._topology.nodes:
                    yield Target(FaultKind.CORE, site, leg)
        for one, other in self._inventory.backbone_spans:
            if any(needs.link(core_node(one, leg), core_node(other, leg)) in self._links for leg in Leg):
                yield Target(FaultKind.SPAN, f"{one}{_BETWEEN}{other}")


def _of_circuit(circuit: CircuitView) -> Iterator[Target]:
    for leg in Leg:
        place = site_of(circuit.location, leg)
        if circuit.order(leg):
            yield Target(FaultKind.LEG, circuit.resource.id.key, leg)
        yield Target(FaultKind.EDGE, place, leg)
        if not circuit.port:
            yield Target(FaultKind.SWITCH, f"{circuit.provider.casefold()}{_BETWEEN}{place}", leg)
        yield Target(FaultKind.LOCATION, place)


def _of_gateway(gateway: GatewayView) -> Iterator[Target]:
    for instance in ("0", "1"):
        yield Target(FaultKind.INSTANCE, gateway.resource.id.key, instance)
    yield Target(FaultKind.REGION, gateway.region)
