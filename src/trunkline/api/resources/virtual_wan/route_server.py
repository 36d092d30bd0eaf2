"""A Route Server's place (virtualHubs/ipConfigurations), and the routers that a hub peers with (bgpConnections)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from trunkline.api.declaration import Action, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import linked, missing, same_region, stays
from trunkline.api.resources.public_ip_addresses import attachable
from trunkline.api.resources.subnet_addresses import prefix_of
from trunkline.api.resources.subnets import spaces_of
from trunkline.errors import Conflict, Fault
from trunkline.intent.allocation import route_server_addresses
from trunkline.intent.estate import Estate
from trunkline.intent.view import HUB_BGP_CONNECTION, HUB_IP_CONFIGURATION, SUBNET, VNET_PEERING, alive, referrers
from trunkline.intent.wan import HUB_VNET_CONNECTION
from trunkline.model.hub import ROUTE_SERVER_SUBNET, BgpConnection, HubIpConfiguration, VirtualHub
from trunkline.model.network import IpConfiguration
from trunkline.model.resource import Json, ProvisioningState, Reference, Resource, ResourceId

#: Longest prefix of a RouteServerSubnet, and routers that one Route Server peers with (route-server documentation).
_LONGEST_PREFIX, _MOST_PEERS = 27, 8


def instances(hub: Resource, estate: Estate) -> tuple[str, ...]:
    """Both addresses of a Route Server; none while it has no place, nor of a Virtual WAN hub."""
    for place in estate.children(hub.id, HUB_IP_CONFIGURATION):
        subnet = estate.get(HubIpConfiguration.model_validate(place.properties).subnet.target)
        if subnet and place.state is ProvisioningState.SUCCEEDED:
            return route_server_addresses(prefix_of(subnet))
    return ()


def _is_route_server(hub: ResourceId | None, estate: Estate) -> bool:
    found = estate.get(hub) if hub else None
    return found is not None and VirtualHub.model_validate(found.properties).route_server


def _check_place(wish: Wish, register: Register) -> Iterator[Fault]:
    place, model = wish.resource.id, HubIpConfiguration.model_validate(wish.resource.properties)
    hub = register.get(place.parent) if place.parent else None
    if not hub or not _is_route_server(hub.id, register):
        yield Fault("OperationNotSupportedForVirtualWanHub", "ipConfigurations are a Route Server's, and "
                    f"{place.parent} is the hub of a Virtual WAN. Create a hub without virtualWan.")
        return
    for other in register.children(hub.id, HUB_IP_CONFIGURATION):
        if other.id.key != place.key:
            yield Conflict("RouteServerIpConfigurationExists", f"Route Server {hub.id} has ipConfiguration "
                           f"{other.id.name}, and one is allowed. Change that, or delete it first.", status=400)
    if wish.existing:
        old = HubIpConfiguration.model_validate(wish.existing.properties)
        yield from stays("subnet", old.subnet, model.subnet, "Delete the ipConfiguration and create another.", "subnet")
    yield from _check_subnet(hub, model.subnet, register)
    at = IpConfiguration.model_validate({"name": place.name, "properties": wish.resource.properties})
    yield from attachable(hub, at, register)


def _check_subnet(hub: Resource, wanted: Reference, register: Register) -> Iterator[Fault]:
    subnet = linked(register, hub.id, wanted.id, SUBNET)
    vnet = register.get(subnet.id.parent) if subnet and subnet.id.parent else None
    if subnet is None or vnet is None or not same_region(hub.location, vnet.location):
        yield missing(hub.id, wanted.id, f"{SUBNET} named {ROUTE_SERVER_SUBNET}", "subnet")
        return
    if subnet.id.name.lower() != ROUTE_SERVER_SUBNET.lower():
        yield Fault("RouteServerSubnetRequired", f"Route Server {hub.id.name} cannot be in subnet '{subnet.id.name}': "
                    f"it needs one named {ROUTE_SERVER_SUBNET}. Create one, /{_LONGEST_PREFIX} or larger.", "subnet")
    elif ip_network(prefix_of(subnet)).prefixlen > _LONGEST_PREFIX:
        yield Fault("RouteServerSubnetIsTooSmall", f"{ROUTE_SERVER_SUBNET} {prefix_of(subnet)} is too small; use "
                    f"/{_LONGEST_PREFIX} or larger.", "subnet")
    for other in referrers(register, subnet.id, HUB_IP_CONFIGURATION):
        if other.id.parent and other.id.parent.key != hub.id.key:
            yield Conflict("RouteServerExists", f"Route Server {hub.id.name} cannot be in {subnet.id}: "
                           f"{other.id.parent} is, and a virtual network has one. Use that one or delete it.",
                           "subnet", status=400)


def _check_peer(wish: Wish, register: Register) -> Iterator[Fault]:
    peer, model = wish.resource.id, BgpConnection.model_validate(wish.resource.properties)
    siblings = [one for one in register.children(peer.parent, HUB_BGP_CONNECTION) if one.id.key != peer.key] \
        if peer.parent else []
    for other in siblings:
        if BgpConnection.model_validate(other.properties).peer_ip == model.peer_ip:
            yield Conflict("BgpConnectionPeerIpInUse", f"peerIp {model.peer_ip} is {other.id.name}'s already; change "
                           "that bgpConnection instead.", "peerIp", status=400)
    if len(siblings) >= _MOST_PEERS:
        yield Conflict("BgpConnectionLimitExceeded", f"Hub {peer.parent} peers with {len(siblings)} routers, as many "
                       "as it may; delete a bgpConnection first.", status=400)
    check = _peer_of_route_server if _is_route_server(peer.parent, register) else _peer_of_hub
    yield from check(peer, model, register)


def _peer_of_hub(peer: ResourceId, model: BgpConnection, register: Register) -> Iterator[Fault]:
    wanted = model.hub_virtual_network_connection
    if wanted is None:
        yield Fault("HubVirtualNetworkConnectionRequired", f"bgpConnection {peer.name} of a Virtual WAN hub needs "
                    "hubVirtualNetworkConnection: the connection of the virtual network where the peer stands.",
                    "hubVirtualNetworkConnection")
    elif linked(register, peer, wanted.id, HUB_VNET_CONNECTION) is None:
        yield missing(peer, wanted.id, HUB_VNET_CONNECTION, "hubVirtualNetworkConnection")


def _peer_of_route_server(peer: ResourceId, model: BgpConnection, register: Register) -> Iterator[Fault]:
    hub = register.get(peer.parent) if peer.parent else None
    if model.hub_virtual_network_connection:
        yield Fault("HubVirtualNetworkConnectionNotAllowed", f"hubVirtualNetworkConnection is for a Virtual WAN hub, "
                    f"and {peer.parent} is a Route Server; leave it out.", "hubVirtualNetworkConnection")
    vnet = _vnet_of(peer.parent, register) if peer.parent else None
    if vnet is None:
        yield Fault("RouteServerIpConfigurationRequired", f"Route Server {peer.parent} stands nowhere yet, so nobody "
                    "can peer with it; create its ipConfiguration first.")
        return
    if hub and model.peer_ip in instances(hub, register):
        yield Fault("InvalidPeerIp", f"peerIp {model.peer_ip} is the Route Server's own; give the router's address.",
                    "peerIp")
    spaces = [space for one in (vnet, *_peered(vnet, register)) for space in spaces_of(one)]
    if not any(ip_address(model.peer_ip) in ip_network(space) for space in spaces):
        yield Fault("PeerIpOutsideVirtualNetwork", f"peerIp {model.peer_ip} is in none of {', '.join(spaces)}, the "
                    f"address spaces of {vnet.id} and what is peered with it; give an address inside.", "peerIp")


def _vnet_of(hub: ResourceId, estate: Estate) -> Resource | None:
    """Where a Route Server stands."""
    for place in estate.children(hub, HUB_IP_CONFIGURATION):
        subnet = HubIpConfiguration.model_validate(place.properties).subnet.target
        return alive(estate, subnet.parent) if subnet.parent else None
    return None


def _peered(vnet: Resource, estate: Estate) -> Iterator[Resource]:
    for peering in estate.children(vnet.id, VNET_PEERING):
        remote = Reference.model_validate(peering.properties["remoteVirtualNetwork"]).target
        if found := alive(estate, remote):
            yield found


def _generate_peer(wish: Wish, ledger: Ledger) -> Json:
    return {"number": ledger.allocate("hubBgpConnections", wish.resource.id.key)}


def _show_peer(peer: Resource, _estate: Estate) -> Json:
    """Nothing is behind a Virtual WAN hub; what a Route Server's speaker sees is in the status."""
    return {} if BgpConnection.model_validate(peer.properties).of_route_server else {"connectionState": "NotConnected"}


HUB_IP_CONFIGURATIONS = ResourceType(
    HUB_IP_CONFIGURATION, model=HubIpConfiguration, shape="HubIPConfigurationPropertiesFormat", tracked=False,
    realised=True, check=_check_place)

HUB_BGP_CONNECTIONS = ResourceType(
    HUB_BGP_CONNECTION, model=BgpConnection, shape="BgpConnectionProperties", tracked=False,
    realised=lambda peer: BgpConnection.model_validate(peer.properties).of_route_server,
    check=_check_peer, generate=_generate_peer, show=_show_peer,
    actions=(Action("learnedRoutes"), Action("advertisedRoutes")))
