"""What a failure takes away, and which failures an estate can have.

Beside those of the plant, which can be made to happen (``model.fault``), a customer's own router can be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trunkline.intent.compile.draft import ce_node
from trunkline.intent.compile.failing import Cut, cuts
from trunkline.intent.compile.plant import core_node
from trunkline.intent.connectivity import needs
from trunkline.intent.connectivity.inventory import Inventory
from trunkline.intent.connectivity.needs import Need
from trunkline.intent.connectivity.topology import Topology
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView
from trunkline.intent.network import ANY_TAG
from trunkline.intent.view import CircuitView, site_model
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.fault import FaultKind, Target
from trunkline.model.plant import location
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


def owner(cause: Cause) -> str:
    """The subscription whose thing fails, in lower case; empty for plant, which is everybody's."""
    if isinstance(cause, Target) and cause.kind not in (FaultKind.LEG, FaultKind.INSTANCE):
        return ""
    return ResourceId.parse(cause.key).subscription.lower()


class Taking:
    def __init__(self, inventory: Inventory, topology: Topology, links: Iterable[tuple[str, str]],
                 estate: Estate) -> None:
        self._inventory, self._topology, self._estate = inventory, topology, estate
        self._links = frozenset(needs.link(*pair) for pair in links)

    def of(self, cause: Cause) -> frozenset[Need]:
        if isinstance(cause, RouterLoss):
            return frozenset({needs.node(ce_node(ResourceId.parse(cause.key), cause.router))})
        return frozenset(need for cut in cuts(cause, self._estate) for need in self._places(cut))

    def _places(self, cut: Cut) -> Iterable[Need]:
        """A whole node; a tag of an interface, which is an attachment; or all of an interface, which is a link."""
        if not cut.interface:
            return (needs.node(cut.node),)
        if cut.vid != ANY_TAG:
            return map(needs.attachment, self._topology.attachments(cut.node, cut.interface, cut.vid))
        far = self._topology.arrivals((cut.node, cut.interface))
        return [needs.link(cut.node, arrival.point[0]) for arrival in far]

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

    def besides(self) -> Iterator[Target]:
        """What can fail and is no failure of its own to look at: a leg that nobody has ordered, a link on one leg, a
        location that is only crossed."""
        yield from (Target(FaultKind.LEG, one.resource.id.key, leg) for one in self._inventory.circuits for leg in Leg)
        for target in self._of_backbone():
            one, _, other = target.key.partition(_BETWEEN)
            if target.kind is FaultKind.CORE and location(one):
                yield Target(FaultKind.LOCATION, one)
            elif target.kind is FaultKind.SPAN:
                yield from (Target(FaultKind.SPAN, target.key, leg) for leg in Leg
                            if needs.link(core_node(one, leg), core_node(other, leg)) in self._links)

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
