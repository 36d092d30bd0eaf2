"""Scopes of the cloud's side: virtual networks, what stands in them, gateways, connections, Route Servers."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.compile.vnet_peering import vnet_peering_scope
from trunkline.intent.dependency.edge import Scopes, legs, port_of
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import circuit_of, gateway_of, links
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import (
    CIRCUIT,
    CONNECTION,
    GATEWAY,
    HUB_IP_CONFIGURATION,
    NIC,
    ROUTE_TABLE,
    SUBNET,
    VNET_PEERING,
)
from trunkline.intent.vnet_peering import remote
from trunkline.intent.wan import (
    HUB_VNET_CONNECTION,
    WAN_GATEWAY,
    connection_to_hub,
    gateway_of_hub,
    hub_of_gateway,
    network_of,
)
from trunkline.model.failover import site_tests
from trunkline.model.hub import HubIpConfiguration, VirtualHub
from trunkline.model.network import NetworkInterface, VirtualNetworkGateway
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.vnet_peering import VirtualNetworkPeering


def of_vnet(resource: Resource, estate: Estate) -> Scopes:
    """With its peerings, which may have been written with it."""
    yield Scope(ScopeKind.VNET, resource.id.key)
    for peering in estate.children(resource.id, VNET_PEERING):
        yield vnet_peering_scope(*_ends(peering))


def of_subnet(resource: Resource, estate: Estate) -> Scopes:
    if resource.id.parent:
        yield Scope(ScopeKind.VNET, resource.id.parent.key)
        if resource.properties.get("routeTable"):
            yield from _links_of_vnet(resource.id.parent, estate)


def of_nic(resource: Resource, _estate: Estate) -> Scopes:
    for configuration in NetworkInterface.model_validate(resource.properties).ip_configurations:
        subnet = configuration.properties.subnet
        if subnet and subnet.target.parent:
            yield Scope(ScopeKind.VNET, subnet.target.parent.key)


def of_group_or_table(resource: Resource, estate: Estate) -> Scopes:
    """The virtual networks whose subnets or NICs name a security group or route table."""
    for subnet in estate.referrers(resource.id, SUBNET):
        yield from of_subnet(subnet, estate)
        if resource.id.type.lower() == ROUTE_TABLE.lower():
            yield from _links_of_vnet(subnet.id.parent, estate)
    for nic in estate.referrers(resource.id, NIC):
        yield from of_nic(nic, estate)


def _links_of_vnet(vnet: ResourceId | None, estate: Estate) -> Scopes:
    """Its peerings, which hold the routes to appliances of peers."""
    for peering in estate.children(vnet, VNET_PEERING) if vnet else ():
        yield vnet_peering_scope(*_ends(peering))


def of_rule_or_route(resource: Resource, estate: Estate) -> Scopes:
    parent = estate.get(resource.id.parent) if resource.id.parent else None
    if parent:
        yield from of_group_or_table(parent, estate)


def of_gateway(resource: Resource, estate: Estate) -> Scopes:
    """A failover test closes both ends of the sessions with circuits."""
    yield Scope(ScopeKind.GATEWAY, resource.id.key)
    if _is_in_hub(resource):
        yield Scope(ScopeKind.HUB, hub_of_gateway(resource).key)
    if vnet := _vnet_of_gateway(resource):
        yield Scope(ScopeKind.VNET, vnet.key)
    for connection in links(estate, resource.id) if site_tests(resource) else ():
        if circuit := circuit_of(connection):
            yield from legs(circuit)


def _is_in_hub(gateway: Resource) -> bool:
    return gateway.id.type.lower() == WAN_GATEWAY.lower()


def _vnet_of_gateway(resource: Resource) -> ResourceId | None:
    if _is_in_hub(resource):
        return None
    subnet = VirtualNetworkGateway.model_validate(resource.properties).subnet
    return subnet.target.parent if subnet else None


def of_connection(resource: Resource, estate: Estate) -> Scopes:
    yield from clouds_end(resource, estate)
    if circuit := circuit_of(resource):
        yield from legs(circuit)


def clouds_end(resource: Resource, estate: Estate) -> Scopes:
    """A connection's gateway, and the VNet router, for it has an end of the direct tunnels."""
    gateway = gateway_of(resource)
    yield Scope(ScopeKind.GATEWAY, gateway.key)
    found = estate.get(gateway)
    if found:
        yield from of_gateway(found, estate)


def beyond_connection(resource: Resource, estate: Estate) -> Scopes:
    """The addresses behind FastPath are limited by circuit or Direct port: what one connection takes, switched on or
    off, the others have no more or again."""
    circuit = circuit_of(resource)
    port = port_of(circuit, estate) if circuit else None
    sharing = [one.id for one in estate.referrers(port, CIRCUIT)] if port else [circuit] if circuit else []
    for one in sharing:
        for other in estate.referrers(one, CONNECTION):
            if other.properties.get("expressRouteGatewayBypass"):
                yield Scope(ScopeKind.GATEWAY, gateway_of(other).key)


def of_vnet_peering(resource: Resource, estate: Estate) -> Scopes:
    """Where it lends or borrows gateways, also these and the circuits beyond."""
    model = VirtualNetworkPeering.model_validate(resource.properties)
    yield vnet_peering_scope(*_ends(resource))
    for vnet in _ends(resource):
        yield Scope(ScopeKind.VNET, vnet.key)
        if model.allow_gateway_transit or model.use_remote_gateways:
            yield from _users_of_vnet(vnet, estate)


def beyond_vnet_peering(resource: Resource, estate: Estate) -> Scopes:
    for vnet in _ends(resource):
        yield from _users_of_vnet(vnet, estate)


def _ends(peering: Resource) -> tuple[ResourceId, ResourceId]:
    return peering.id.parent or peering.id, remote(peering)


def _peers_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    for peering in estate.children(vnet, VNET_PEERING):
        yield from of_vnet_peering(peering, estate)
        yield from beyond_vnet_peering(peering, estate)


def _users_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    yield from _gateways_of_vnet(vnet, estate)
    yield from _hubs_of_vnet(vnet, estate)


def _hubs_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    for subnet in estate.children(vnet, SUBNET):
        for place in estate.referrers(subnet.id, HUB_IP_CONFIGURATION):
            if place.id.parent:
                yield Scope(ScopeKind.HUB, place.id.parent.key)


def of_hub(resource: Resource, estate: Estate) -> Scopes:
    """Its own and its network's, and with branch-to-branch traffic the gateways' and circuits'."""
    yield Scope(ScopeKind.HUB, resource.id.key)
    branches = VirtualHub.model_validate(resource.properties).allow_branch_to_branch_traffic
    for vnet in _networks_of_hub(resource.id, estate):
        yield Scope(ScopeKind.VNET, vnet.key)
        if branches:
            yield from _gateways_of_vnet(vnet, estate)


def of_route_map(resource: Resource, estate: Estate) -> Scopes:
    """Its Route Server, or its hub with the gateway there, which speaks with circuits."""
    if resource.id.parent:
        yield from _of_wan_hub(resource.id.parent, estate)


def _of_wan_hub(hub: ResourceId, estate: Estate) -> Scopes:
    yield Scope(ScopeKind.HUB, hub.key)
    if gateway := gateway_of_hub(estate, hub):
        yield Scope(ScopeKind.GATEWAY, gateway.id.key)


def of_hub_connection(resource: Resource, estate: Estate) -> Scopes:
    """The hub's and the virtual network's: both have an end of it."""
    yield Scope(ScopeKind.VNET, network_of(resource).key)
    if resource.id.parent:
        yield from _of_wan_hub(resource.id.parent, estate)


def of_hub_table(resource: Resource, estate: Estate) -> Scopes:
    """With all networks at the hub: a label says which of them it concerns."""
    if hub := resource.id.parent:
        yield from _of_wan_hub(hub, estate)
        yield from _networks_at_wan_hub(hub, estate)


def _networks_at_wan_hub(hub: ResourceId, estate: Estate) -> Scopes:
    for connection in estate.children(hub, HUB_VNET_CONNECTION):
        yield Scope(ScopeKind.VNET, network_of(connection).key)


def beyond_hub(resource: Resource, estate: Estate) -> Scopes:
    if VirtualHub.model_validate(resource.properties).virtual_wan:
        yield from _of_wan_hub(resource.id, estate)
        yield from _networks_at_wan_hub(resource.id, estate)
    for vnet in _networks_of_hub(resource.id, estate):
        yield from _gateways_of_vnet(vnet, estate)
        yield from _peers_of_vnet(vnet, estate)


def _networks_of_hub(hub: ResourceId, estate: Estate) -> Iterator[ResourceId]:
    for place in estate.children(hub, HUB_IP_CONFIGURATION):
        if vnet := HubIpConfiguration.model_validate(place.properties).subnet.target.parent:
            yield vnet


def _gateways_of_vnet(vnet: ResourceId, estate: Estate) -> Scopes:
    for gateway in _gateways_in(vnet, estate):
        yield Scope(ScopeKind.GATEWAY, gateway.id.key)
        yield from _linked_to_gateway(gateway, estate)


def _gateways_in(vnet: ResourceId, estate: Estate) -> Iterator[Resource]:
    for subnet in estate.children(vnet, SUBNET):
        yield from estate.referrers(subnet.id, GATEWAY)


def _linked_to_gateway(resource: Resource, estate: Estate) -> Scopes:
    for connection in links(estate, resource.id):
        yield from of_connection(connection, estate)
        yield from beyond_connection(connection, estate)


def beyond_gateway(resource: Resource, estate: Estate) -> Scopes:
    """With the Route Server of its network, which speaks to it."""
    yield from _linked_to_gateway(resource, estate)
    if vnet := _vnet_of_gateway(resource):
        yield from _hubs_of_vnet(vnet, estate)


def beyond_vnet(resource: Resource, estate: Estate) -> Scopes:
    if (connection := connection_to_hub(estate, resource.id)) and connection.id.parent:
        yield from _of_wan_hub(connection.id.parent, estate)
    yield from _users_of_vnet(resource.id, estate)
    yield from _peers_of_vnet(resource.id, estate)


def beyond_nic(resource: Resource, estate: Estate) -> Scopes:
    """A machine that forwards may be what a peer's routes lead to; each is one more behind FastPath, past the gateways
    of its network and of those that lend it theirs."""
    forwards = resource.properties.get("enableIPForwarding") is not None
    for own in of_nic(resource, estate):
        vnet = ResourceId.parse(own.key)
        yield from _past_gateways(vnet, estate)
        for peering in estate.children(vnet, VNET_PEERING):
            yield from _past_gateways(remote(peering), estate)
            if forwards:
                yield vnet_peering_scope(*_ends(peering))
                yield Scope(ScopeKind.VNET, remote(peering).key)


def _past_gateways(vnet: ResourceId, estate: Estate) -> Scopes:
    for gateway in _gateways_in(vnet, estate):
        for connection in estate.referrers(gateway.id, CONNECTION):
            if connection.properties.get("expressRouteGatewayBypass"):
                yield from beyond_connection(connection, estate)


def beyond_subnet(resource: Resource, estate: Estate) -> Scopes:
    if resource.id.parent:
        yield from _links_of_vnet(resource.id.parent, estate)
        yield from _users_of_vnet(resource.id.parent, estate)
