"""The dependency index: which scopes a resource belongs to, and which others feel its change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trunkline.intent.compile.vnet_peering import vnet_peering_scope
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import (
    CIRCUIT,
    CONNECTION,
    CROSS_CONNECTION,
    EXCHANGE_ORDER,
    FAULT,
    GATEWAY,
    HUB_BGP_CONNECTION,
    HUB_IP_CONFIGURATION,
    NIC,
    PEERING,
    ROUTE,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SECURITY_RULE,
    SITE,
    SUBNET,
    VIRTUAL_HUB,
    VNET,
    VNET_PEERING,
)
from trunkline.intent.vnet_peering import remote
from trunkline.model.circuit import Leg
from trunkline.model.hub import HubIpConfiguration, VirtualHub
from trunkline.model.network import Connection, NetworkInterface, VirtualNetworkGateway
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.vnet_peering import VirtualNetworkPeering

Scopes = Iterator[Scope]


def awaited(resource: Resource, estate: Estate) -> frozenset[Scope]:
    """Scopes that must be realised and observed before an operation on ``resource`` succeeds."""
    own = _OWN.get(resource.id.type.lower())
    return frozenset(own(resource, estate)) if own else frozenset()


def touched(resource: Resource, estate: Estate) -> frozenset[Scope]:
    """All scopes whose blueprint may change when ``resource`` does; includes the awaited ones."""
    further = _FURTHER.get(resource.id.type.lower())
    return awaited(resource, estate) | (frozenset(further(resource, estate)) if further else frozenset())


def legs(circuit: ResourceId) -> Scopes:
    for leg in Leg:
        yield Scope(ScopeKind.LEG, circuit.key, leg)


def _of_circuit(resource: Resource, _estate: Estate) -> Scopes:
    yield from legs(resource.id)


def _of_peering(resource: Resource, _estate: Estate) -> Scopes:
    if resource.id.parent:
        yield from legs(resource.id.parent)


def _of_pointer(*names: str) -> Callable[[Resource, Estate], Scopes]:
    """The legs of the circuit that a property (or system value) of one of these names points at."""
    def scopes(resource: Resource, _estate: Estate) -> Scopes:
        for values in (resource.properties, resource.system):
            for name in names:
                if name in values:
                    yield from legs(ResourceId.parse(values[name]["id"]))
    return scopes


def _of_vnet(resource: Resource, estate: Estate) -> Scopes:
    """With its peerings, which may have been written with it."""
    yield Scope(ScopeKind.VNET, resource.id.key)
    for peering in estate.children(resource.id, VNET_PEERING):
        yield vnet_peering_scope(*_ends(peering))


def _of_subnet(resource: Resource, estate: Estate) -> Scopes:
    if resource.id.parent:
        yield Scope(ScopeKind.VNET, resource.id.parent.key)
        if resource.properties.get("routeTable"):
            yield from _links_of_vnet(resource.id.parent, estate)


def _of_nic(resource: Resource, _estate: Estate) -> Scopes:
    for configuration in NetworkInterface.model_validate(resource.properties).ip_configurations:
        subnet = configuration.properties.subnet
        if subnet and subnet.target.parent:
            yield Scope(ScopeKind.VNET, subnet.target.parent.key)


def _of_group_or_table(resource: Resource, estate: Estate) -> Scopes:
    """The virtual networks whose subnets or NICs name a security group or route table."""
    for subnet in estate.referrers(resource.id, SUBNET):
        yield from _of_subnet(subnet, estate)
        if resource.id.type.lower() == ROUTE_TABLE.lower():
            yield from _links_of_vnet(subnet.id.parent, estate)
    for nic in estate.referrers(resource.id, NIC):
        yield from _of_nic(nic, estate)


def _links_of_vnet(vnet: ResourceId | None, estate: Estate) -> Scopes:
    """Its peerings, which hold the routes to appliances of peers."""
    for peering in estate.children(vnet, VNET_PEERING) if vnet else ():
        yield vnet_peering_scope(*_ends(peering))


def _of_rule_or_route(resource: Resource, estate: Estate) -> Scopes:
    parent = estate.get(resource.id.parent) if resource.id.parent else None
    if parent:
        yield from _of_group_or_table(parent, estate)


def _of_gateway(resource: Resource, _estate: Estate) -> Scopes:
    yield Scope(ScopeKind.GATEWAY, resource.id.key)
    if vnet := _vnet_of_gateway(resource):
        yield Scope(ScopeKind.VNET, vnet.key)


def _vnet_of_gateway(resource: Resource) -> ResourceId | None:
    subnet = VirtualNetworkGateway.model_validate(resource.properties).subnet
    return subnet.target.parent if subnet else None


def _of_connection(resource: Resource, _estate: Estate) -> Scopes:
    model = Connection.model_validate(resource.properties)
    yield Scope(ScopeKind.GATEWAY, model.virtual_network_gateway1.target.key)
    if model.peer:
        yield from legs(model.peer.target)


def _of_vnet_peering(resource: Resource, estate: Estate) -> Scopes:
    """Where it lends or borrows gateways, also these and the circuits beyond."""
    model = VirtualNetworkPeering.model_validate(resource.properties)
    yield vnet_peering_scope(*_ends(resource))
    for vnet in _ends(resource):
        yield Scope(ScopeKind.VNET, vnet.key)
        if model.allow_gateway_transit or model.use_remote_gateways:
            yield from _users_of_vnet(vnet, estate)


def _beyond_vnet_peering(resource: Resource, estate: Estate) -> Scopes:
    for vnet in _ends(resource):
        yield from _users_of_vnet(vnet, estate)


def _ends(peering: Resource) -> tuple[ResourceId, ResourceId]:
    return peering.id.parent or peering.id, remote(peering)


def _peers_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    for peering in estate.children(vnet, VNET_PEERING):
        yield from _of_vnet_peering(peering, estate)
        yield from _beyond_vnet_peering(peering, estate)


def _users_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    yield from _gateways_of_vnet(vnet, estate)
    for subnet in estate.children(vnet, SUBNET):
        for place in estate.referrers(subnet.id, HUB_IP_CONFIGURATION):
            if place.id.parent:
                yield Scope(ScopeKind.HUB, place.id.parent.key)


def _of_hub(resource: Resource, estate: Estate) -> Scopes:
    """Its own and its network's, and with branch-to-branch traffic the gateways' and circuits'."""
    yield Scope(ScopeKind.HUB, resource.id.key)
    branches = VirtualHub.model_validate(resource.properties).allow_branch_to_branch_traffic
    for vnet in _networks_of_hub(resource.id, estate):
        yield Scope(ScopeKind.VNET, vnet.key)
        if branches:
            yield from _gateways_of_vnet(vnet, estate)


def _beyond_hub(resource: Resource, estate: Estate) -> Scopes:
    for vnet in _networks_of_hub(resource.id, estate):
        yield from _gateways_of_vnet(vnet, estate)
        yield from _peers_of_vnet(vnet, estate)


def _networks_of_hub(hub: ResourceId, estate: Estate) -> Iterator[ResourceId]:
    for place in estate.children(hub, HUB_IP_CONFIGURATION):
        if vnet := HubIpConfiguration.model_validate(place.properties).subnet.target.parent:
            yield vnet


def _by_parent(scopes: Callable[[Resource, Estate], Scopes]) -> Callable[[Resource, Estate], Scopes]:
    """The scopes of the resource's parent."""
    def of_parent(resource: Resource, estate: Estate) -> Scopes:
        parent = estate.get(resource.id.parent) if resource.id.parent else None
        if parent:
            yield from scopes(parent, estate)
    return of_parent


def _of_site(resource: Resource, _estate: Estate) -> Scopes:
    yield Scope(ScopeKind.SITE, resource.id.key)


def _sites_and_gateways(circuit: ResourceId, estate: Estate) -> Scopes:
    for order in estate.referrers(circuit, EXCHANGE_ORDER):
        if site := order.properties.get("site"):
            yield Scope(ScopeKind.SITE, ResourceId.parse(site["id"]).key)
    for connection in estate.referrers(circuit, CONNECTION):
        yield Scope(ScopeKind.GATEWAY, Connection.model_validate(
            connection.properties).virtual_network_gateway1.target.key)


def _beyond_circuit(resource: Resource, estate: Estate) -> Scopes:
    yield from _sites_and_gateways(resource.id, estate)


def _beyond_peering(resource: Resource, estate: Estate) -> Scopes:
    if resource.id.parent:
        yield from _sites_and_gateways(resource.id.parent, estate)


def _beyond_order(resource: Resource, estate: Estate) -> Scopes:
    yield from _sites_and_gateways(ResourceId.parse(resource.system["circuit"]["id"]), estate)
    if site := resource.properties.get("site"):
        yield Scope(ScopeKind.SITE, ResourceId.parse(site["id"]).key)


def _gateways_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    for subnet in estate.children(vnet, SUBNET):
        for gateway in estate.referrers(subnet.id, GATEWAY):
            yield Scope(ScopeKind.GATEWAY, gateway.id.key)
            yield from _beyond_gateway(gateway, estate)


def _beyond_gateway(resource: Resource, estate: Estate) -> Scopes:
    for connection in estate.referrers(resource.id, CONNECTION):
        yield from _of_connection(connection, estate)


def _beyond_vnet(resource: Resource, estate: Estate) -> Scopes:
    yield from _users_of_vnet(resource.id, estate)
    yield from _peers_of_vnet(resource.id, estate)


def _beyond_nic(resource: Resource, estate: Estate) -> Scopes:
    """A machine that forwards may be what a peer's routes lead to."""
    if resource.properties.get("enableIPForwarding") is None:
        return
    for own in _of_nic(resource, estate):
        for peering in estate.children(ResourceId.parse(own.key), VNET_PEERING):
            yield vnet_peering_scope(*_ends(peering))
            yield Scope(ScopeKind.VNET, remote(peering).key)


def _beyond_subnet(resource: Resource, estate: Estate) -> Scopes:
    if resource.id.parent:
        yield from _links_of_vnet(resource.id.parent, estate)
        yield from _users_of_vnet(resource.id.parent, estate)


def _beyond_site(resource: Resource, estate: Estate) -> Scopes:
    for order in estate.referrers(resource.id, EXCHANGE_ORDER):
        yield from legs(ResourceId.parse(order.system["circuit"]["id"]))


_OWN: dict[str, Callable[[Resource, Estate], Scopes]] = {
    CIRCUIT.lower(): _of_circuit,
    PEERING.lower(): _of_peering,
    CROSS_CONNECTION.lower(): _of_pointer("expressRouteCircuit"),
    EXCHANGE_ORDER.lower(): _of_pointer("circuit"),
    FAULT.lower(): _of_pointer("circuit"),
    VNET.lower(): _of_vnet,
    SUBNET.lower(): _of_subnet,
    VNET_PEERING.lower(): _of_vnet_peering,
    VIRTUAL_HUB.lower(): _of_hub,
    HUB_IP_CONFIGURATION.lower(): _by_parent(_of_hub),
    HUB_BGP_CONNECTION.lower(): _by_parent(_of_hub),
    NIC.lower(): _of_nic,
    SECURITY_GROUP.lower(): _of_group_or_table,
    SECURITY_RULE.lower(): _of_rule_or_route,
    ROUTE_TABLE.lower(): _of_group_or_table,
    ROUTE.lower(): _of_rule_or_route,
    GATEWAY.lower(): _of_gateway,
    CONNECTION.lower(): _of_connection,
    SITE.lower(): _of_site,
}
_FURTHER: dict[str, Callable[[Resource, Estate], Scopes]] = {
    CIRCUIT.lower(): _beyond_circuit,
    PEERING.lower(): _beyond_peering,
    EXCHANGE_ORDER.lower(): _beyond_order,
    VNET.lower(): _beyond_vnet,
    SUBNET.lower(): _beyond_subnet,
    NIC.lower(): _beyond_nic,
    VNET_PEERING.lower(): _beyond_vnet_peering,
    VIRTUAL_HUB.lower(): _beyond_hub,
    HUB_IP_CONFIGURATION.lower(): _by_parent(_beyond_hub),
    HUB_BGP_CONNECTION.lower(): _by_parent(_beyond_hub),
    GATEWAY.lower(): _beyond_gateway,
    SITE.lower(): _beyond_site,
}
