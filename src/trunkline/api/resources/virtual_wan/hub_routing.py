"""How a Virtual WAN hub routes: route tables of both generations, routing intent, connected networks.

Tables and connections are realised (intent.compile.wan_hub), routing intent and tables of the older kind recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.api.resources.recorded import ByShape, filled
from trunkline.api.resources.subnets import spaces_of
from trunkline.api.resources.virtual_wan.routing import (
    check_routing,
    in_use_by,
    routed_by,
    shown_routing,
    users,
    without_defaults,
)
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import circuit_of
from trunkline.intent.view import GATEWAY, SUBNET, VNET, alive, referrers
from trunkline.intent.wan import BUILT_IN, HUB_ROUTE_TABLE, HUB_VNET_CONNECTION, VIRTUAL_HUB, wan_hub
from trunkline.model.bgp import of_family, overlaps, within
from trunkline.model.hub import VirtualHub
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.model.wan import HubRoute, HubRouteTable, HubVnetConnection, RoutingIntent

ROUTING_INTENT = f"{VIRTUAL_HUB}/routingIntent"
HUB_ROUTE_TABLE_V2 = f"{VIRTUAL_HUB}/routeTables"


def in_wan(wish: Wish, register: Register) -> Iterator[Fault]:
    """A fault if the parent is a Route Server."""
    parent = register.get(wish.resource.id.parent) if wish.resource.id.parent else None
    if parent and VirtualHub.model_validate(parent.properties).route_server:
        yield Fault("OperationNotSupportedForRouteServer", f"{wish.resource.id.types[-1]} belong to a Virtual WAN hub, "
                    f"and {parent.id} is a Route Server. Create it in a hub that has virtualWan.")


def routed(wish: Wish, register: Register) -> Iterator[Fault]:
    """A fault if the parent has no router for Virtual WAN traffic."""
    parent = register.get(wish.resource.id.parent) if wish.resource.id.parent else None
    if parent and VirtualHub.model_validate(parent.properties).route_server:
        yield from in_wan(wish, register)
    elif parent:
        yield from with_router(parent)


def with_router(hub: Resource) -> Iterator[Fault]:
    if not VirtualHub.model_validate(hub.properties).routes_in_wan:
        yield Fault("VirtualHubIsBasic", f"{hub.id} has sku Basic, which has neither a router nor an ExpressRoute "
                    "gateway. Use a hub with sku Standard.")


def built_in_tables(hub: ResourceId) -> tuple[Resource, ...]:
    return tuple(Resource(hub.child("hubRouteTables", name), state=ProvisioningState.SUCCEEDED,
                          properties={"routes": [], "labels": list(labels)}) for name, labels in BUILT_IN.items())


def _table_in_use(table: Resource, estate: Estate) -> Iterator[Fault]:
    """The built-in ones go with their hub only: then none of their siblings is left."""
    siblings = estate.children(table.id.parent, HUB_ROUTE_TABLE) if table.id.parent else ()
    if table.id.name in BUILT_IN and any(one.id.name in BUILT_IN for one in siblings):
        yield Conflict("DefaultRouteTableCannotBeDeleted", f"Route table {table.id.name} belongs to its hub and cannot "
                       "be deleted. Delete the hub, or change the table.", status=400)
    for user in users(table.id, estate):
        yield Conflict("InUseHubRouteTableCannotBeDeleted", in_use_by(table, user), status=400)


def _ids(resources: Iterator[Resource]) -> list[str]:
    return [str(one.id) for one in resources]


def _show_table(table: Resource, estate: Estate) -> Json:
    return {"associatedConnections": _ids(routed_by(table.id, estate, "associatedRouteTable")),
            "propagatingConnections": _ids(routed_by(table.id, estate, "propagatedRouteTables"))}


def _check_intent(wish: Wish, register: Register) -> Iterator[Fault]:
    yield from in_wan(wish, register)
    hub, asked = wish.resource.id.parent, set[str]()
    for other in register.children(hub, ROUTING_INTENT) if hub else ():
        if other.id.key != wish.resource.id.key:
            yield Conflict("RoutingIntentExists", f"Hub {hub} has routing intent {other.id.name}, and one is allowed. "
                           "Change that instead.", status=400)
    for policy in RoutingIntent.model_validate(wish.resource.properties).routing_policies:
        for destination in policy.destinations:
            if destination not in ("Internet", "PrivateTraffic") or destination in asked:
                yield Fault("InvalidRoutingPolicy", f"destination '{destination}' of routing policy '{policy.name}' is "
                            "not possible; write Internet and PrivateTraffic, each in one policy at most.",
                            "routingPolicies")
            asked.add(destination)


def _check_table(wish: Wish, register: Register) -> Iterator[Fault]:
    yield from in_wan(wish, register)
    for route in HubRouteTable.model_validate(wish.resource.properties).routes:
        yield from _check_route(wish.resource.id, route, register)


def _check_route(table: ResourceId, route: HubRoute, register: Register) -> Iterator[Fault]:
    yield from _only_ipv4(f"Route '{route.name}' of {table.name}", route.destinations, "routes")
    is_connection = f"/{HUB_VNET_CONNECTION.rpartition('/')[2]}/".lower() in route.next_hop.lower()
    if route.destination_type.lower() != "cidr" or not is_connection:
        yield Fault("StaticRouteNotSupported", f"Route '{route.name}' of {table.name} leads from "
                    f"{route.destination_type} to {route.next_hop[:200]}. On this platform static routes lead from "
                    "CIDR to a hubVirtualNetworkConnection; firewalls do not stand in hubs.", "routes")
        return
    found = linked(register, table, route.next_hop, HUB_VNET_CONNECTION)
    if found is None or found.id.parent is None or table.parent is None or found.id.parent.key != table.parent.key:
        yield missing(table, route.next_hop, f"{HUB_VNET_CONNECTION} of its hub", "routes")


def _only_ipv4(what: str, prefixes: Iterable[str], member: str) -> Iterator[Fault]:
    if of_family(6, tuple(prefixes)):
        yield Fault("VirtualWanHasNoIPv6", f"{what} has an IPv6 prefix, and a Virtual WAN carries IPv4 only. Leave it "
                    "out.", member)


def _check_vnet(wish: Wish, register: Register) -> Iterator[Fault]:
    yield from routed(wish, register)
    yield from check_routing(wish.resource, wish.resource.id.parent, register)
    connection, model = wish.resource.id, HubVnetConnection.model_validate(wish.resource.properties)
    remote = linked(register, connection, model.remote_virtual_network.id, VNET, anywhere=True)
    old = HubVnetConnection.model_validate(wish.existing.properties) if wish.existing else model
    if old.remote_virtual_network.id.lower() != model.remote_virtual_network.id.lower():
        yield immovable("remoteVirtualNetwork", old.remote_virtual_network.id, model.remote_virtual_network.id,
                        "Create another connection.", "remoteVirtualNetwork")
    if wish.resource.properties.get("enableOnlyIPv6Peering"):
        yield Fault("VirtualWanHasNoIPv6", f"enableOnlyIPv6Peering 'true' of {connection.name} is not possible: a "
                    "Virtual WAN carries IPv4 only. Leave it out.", "enableOnlyIPv6Peering")
    if remote is None:
        yield missing(connection, model.remote_virtual_network.id, VNET, "remoteVirtualNetwork")
        return
    yield from _beside_hub(connection, remote, register)
    yield from _check_appliances(model, remote)
    yield from _without_gateway(remote, register)
    for other in referrers(register, remote.id, HUB_VNET_CONNECTION):
        if other.id.key != connection.key:
            yield Conflict("VirtualNetworkAlreadyConnectedToHub", f"Virtual network {remote.id} is connected by "
                           f"{other.id}; a network is connected to one hub, once. Delete that connection first.",
                           "remoteVirtualNetwork", status=400)


def _check_appliances(model: HubVnetConnection, vnet: Resource) -> Iterator[Fault]:
    for route in model.routing_configuration.static_routes:
        yield from _only_ipv4(f"Route '{route.name}'", route.address_prefixes, "routingConfiguration.vnetRoutes")
        if not any(within(f"{route.next_hop_ip_address}/32", space) for space in of_family(4, spaces_of(vnet))):
            yield Fault("InvalidNextHopIpAddress", f"nextHopIpAddress {route.next_hop_ip_address} of route "
                        f"'{route.name}' is not in {vnet.id}; give the address of an appliance there.",
                        "routingConfiguration.vnetRoutes")


def _beside_hub(connection: ResourceId, vnet: Resource, register: Register) -> Iterator[Fault]:
    """Beside the hub's prefix, its other networks, and what its circuits are linked to."""
    hub = wan_hub(register, connection.parent) if connection.parent else None
    spaces = of_family(4, spaces_of(vnet))
    if not spaces:
        yield Fault("VirtualWanHasNoIPv6", f"{vnet.id} has IPv6 alone, and a Virtual WAN carries IPv4 only. Connect a "
                    "network with IPv4 address space.", "remoteVirtualNetwork")
    if hub is None:
        return
    others = [(one, prefix) for one in hub.networks if one.vnet.id.key != vnet.id.key for prefix in one.prefixes]
    taken = [(str(hub.resource.id), hub.prefix), *((str(one.vnet.id), prefix) for one, prefix in others)]
    for space in spaces:
        for owner, prefix in taken:
            if overlaps(space, prefix):
                yield Fault("VnetAddressSpaceOverlapsHub", f"Address space {space} of {vnet.id} overlaps {prefix} of "
                            f"{owner}, which the hub leads to. Connect a network with another address space.",
                            "remoteVirtualNetwork")
    for link in hub.circuits:
        target = circuit_of(link.resource)
        if circuit := alive(register, target) if target else None:
            yield from circuit_collisions(register, circuit, vnet.id, spaces)


def _without_gateway(vnet: Resource, register: Register) -> Iterator[Fault]:
    """A network at a hub uses the hub's gateway."""
    for subnet in register.children(vnet.id, SUBNET):
        for gateway in referrers(register, subnet.id, GATEWAY):
            yield Conflict("VirtualNetworkHasGateway", f"{vnet.id} has gateway {gateway.id}, and a network at a hub "
                           "uses the hub's. Delete the gateway, or connect another network.", "remoteVirtualNetwork",
                           status=400)


def _show_vnet(connection: Resource, _estate: Estate) -> Json:
    hub = connection.id.parent
    return {"routingConfiguration": shown_routing(connection, hub)} if hub else {}


def _generate_table(wish: Wish, ledger: Ledger) -> Json:
    """A number as a hub has one, for its router, and its place among the hub's tables."""
    own = wish.resource.id
    return {} if own.name in BUILT_IN else {
        "number": ledger.allocate("virtualHubs", own.key), "slot": ledger.allocate(f"table:{own.parent}", own.key)}


HUB_ROUTE_TABLES = ResourceType(
    HUB_ROUTE_TABLE, model=HubRouteTable, shape="HubRouteTableProperties", tracked=False, realised=True,
    defaults=filled(routes=[], labels=[]), check=_check_table, generate=_generate_table,
    in_use=_table_in_use, show=_show_table)

HUB_ROUTE_TABLES_V2 = ResourceType(
    HUB_ROUTE_TABLE_V2, model=ByShape, shape="VirtualHubRouteTableV2Properties", tracked=False,
    defaults=filled(routes=[], attachedConnections=[]), check=in_wan)

ROUTING_INTENTS = ResourceType(
    ROUTING_INTENT, model=RoutingIntent, shape="RoutingIntentProperties", tracked=False, check=_check_intent)

HUB_VNET_CONNECTIONS = ResourceType(
    HUB_VNET_CONNECTION, model=HubVnetConnection, shape="HubVirtualNetworkConnectionProperties", tracked=False,
    realised=True, defaults=without_defaults, check=_check_vnet, show=_show_vnet)
