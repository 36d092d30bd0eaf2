"""What each thing that can fail takes with it: a target as the places at which frames vanish. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trunkline.intent.compile.draft import hub_node, instance_node, vnet_node
from trunkline.intent.compile.plant import backbone_interface, core_node, edge_node, switch_node
from trunkline.intent.compile.ports import edge_port, switch_port
from trunkline.intent.compile.services import services_node
from trunkline.intent.compile.wan_hub import table_node
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import gateway_view
from trunkline.intent.network import ANY_TAG
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET, circuit_view, hub_view
from trunkline.intent.wan import VIRTUAL_HUB, WAN_GATEWAY, wan_hub
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.fault import FaultKind, Target
from trunkline.model.plant import region
from trunkline.model.resource import Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Cut:
    """One place: an ``interface`` of a node, with ``vid`` only for frames with this outer tag; without an interface,
    the whole node."""

    node: str
    interface: str = ""
    vid: int = ANY_TAG


def cuts(target: Target, estate: Estate) -> tuple[Cut, ...]:
    """Nodes that nothing uses at present are among them; nothing where the target itself is gone."""
    return tuple(_CUTS[target.kind](target, estate))


def carriers(target: Target, estate: Estate) -> tuple[Cut, ...]:
    """Where lines lose their carrier instead: of a leg the customer's hand-off, on a Direct port the port's link, which
    other circuits may be on; of anything else where its frames would vanish."""
    circuit = circuit_view(estate, ResourceId.parse(target.key)) if target.kind is FaultKind.LEG else None
    if circuit is None:
        return cuts(target, estate)
    leg = Leg(target.part)
    if circuit.port:
        return (Cut(edge_node(circuit.location, leg), edge_port(circuit, leg)),)
    handoff = Cut(switch_node(circuit.provider, circuit.location, leg), switch_port(circuit))
    return (handoff,) if circuit.order(leg) else ()


def _leg(target: Target, estate: Estate) -> Iterator[Cut]:
    """At the edge, where the provider's trunk, or the Direct port, carries the circuit's frames beside others'."""
    leg, circuit = Leg(target.part), circuit_view(estate, ResourceId.parse(target.key))
    if circuit is None:
        return
    edge, port = edge_node(circuit.location, leg), edge_port(circuit, leg)
    if circuit.stag is not None:
        yield Cut(edge, port, circuit.stag)
    else:
        yield from (Cut(edge, port, peering.model.vlan_id) for peering in circuit.peerings)


def _edge(target: Target, _estate: Estate) -> Iterator[Cut]:
    """VRFs have no other way to anywhere than these two nodes."""
    for node in (edge_node, core_node):
        yield Cut(node(target.key, Leg(target.part)))


def _switch(target: Target, _estate: Estate) -> Iterator[Cut]:
    provider, _, place = target.key.partition("~")
    yield Cut(switch_node(provider, place, Leg(target.part)))


def _instance(target: Target, estate: Estate) -> Iterator[Cut]:
    gateway = gateway_view(estate, ResourceId.parse(target.key))
    if gateway:
        yield Cut(instance_node(gateway.resource.id, int(target.part)))


def _core(target: Target, _estate: Estate) -> Iterator[Cut]:
    yield Cut(core_node(target.key, Leg(target.part)))


def _span(target: Target, _estate: Estate) -> Iterator[Cut]:
    """At its first end; what does not come in or leave there does not get across."""
    one, _, other = target.key.partition("~")
    for leg in (Leg(target.part),) if target.part else Leg:
        yield Cut(core_node(one, leg), backbone_interface(other))


def _location(target: Target, estate: Estate) -> Iterator[Cut]:
    """Of a metro's circuits the leg that ends in this building."""
    sold = {(service.service_provider_name.casefold(), service.peering_location) for resource in _alive(estate, CIRCUIT)
            if (service := Circuit.model_validate(resource.properties).service).service_provider_name}
    for leg in Leg:
        yield from (Cut(edge_node(target.key, leg)), Cut(core_node(target.key, leg)))
        yield from (Cut(switch_node(provider, target.key, leg)) for provider, place in sorted(sold)
                    if site_of(place, leg) == target.key)


def _region(target: Target, estate: Estate) -> Iterator[Cut]:
    yield from (Cut(services_node(target.key)), *(Cut(core_node(target.key, leg)) for leg in Leg))
    for vnet in _in_region(estate, VNET, target.key):
        yield Cut(vnet_node(vnet.id))
    for gateway in (*_in_region(estate, GATEWAY, target.key), *_in_region(estate, WAN_GATEWAY, target.key)):
        if gateway_view(estate, gateway.id):
            yield from (Cut(instance_node(gateway.id, number)) for number in (0, 1))
    for hub in _in_region(estate, VIRTUAL_HUB, target.key):
        if hub_view(estate, hub.id):
            yield from (Cut(hub_node(hub.id, number)) for number in (0, 1))
        elif wan := wan_hub(estate, hub.id):
            yield from (Cut(table_node(wan, table)) for table in wan.tables)


def _in_region(estate: Estate, kind: str, name: str) -> Iterator[Resource]:
    for resource in _alive(estate, kind):
        found = region(resource.location)
        if found and found.name == name:
            yield resource


def _alive(estate: Estate, kind: str) -> Iterator[Resource]:
    return (resource for resource in estate.list(kind) if not resource.deleting)


_CUTS: dict[FaultKind, Callable[[Target, Estate], Iterator[Cut]]] = {
    FaultKind.LEG: _leg,
    FaultKind.EDGE: _edge,
    FaultKind.SWITCH: _switch,
    FaultKind.INSTANCE: _instance,
    FaultKind.SPAN: _span,
    FaultKind.CORE: _core,
    FaultKind.LOCATION: _location,
    FaultKind.REGION: _region,
}
