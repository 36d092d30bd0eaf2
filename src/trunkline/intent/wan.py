"""The hub of a Virtual WAN as its routing sees it: route tables, and who learns from and tells each of them.

A connection, of a virtual network or of a circuit, is associated with one table, by which its packets find their way,
and propagated to any number of tables, which know the way to it. Circuits are associated with the default table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from trunkline.intent.allocation import usable
from trunkline.intent.estate import Estate
from trunkline.intent.route_map import RouteMaps, maps_of
from trunkline.model.bgp import of_family
from trunkline.model.hub import VirtualHub
from trunkline.model.network import VirtualNetwork
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.route_map import RouteMap
from trunkline.model.wan import ExpressRouteGateway, HubRouteTable, HubVnetConnection, Routed

_NETWORK = "Microsoft.Network"
VIRTUAL_WAN = f"{_NETWORK}/virtualWans"
VIRTUAL_HUB = f"{_NETWORK}/virtualHubs"
HUB_ROUTE_TABLE = f"{VIRTUAL_HUB}/hubRouteTables"
HUB_VNET_CONNECTION = f"{VIRTUAL_HUB}/hubVirtualNetworkConnections"
WAN_GATEWAY = f"{_NETWORK}/expressRouteGateways"
WAN_CONNECTION = f"{WAN_GATEWAY}/expressRouteConnections"

#: The table of all that names none, and the one that leads nowhere, with their labels. Every hub has them.
DEFAULT_TABLE, NONE_TABLE = "defaultRouteTable", "noneRouteTable"
BUILT_IN = {DEFAULT_TABLE: ("default",), NONE_TABLE: ("none",)}

#: Of a hub's prefix: its gateway's part and its routers', /26 each (a hub has a /24 at least).
_PART_LENGTH = 26


def gateway_part(prefix: str) -> str:
    return _part(prefix, 0)


def router_part(prefix: str) -> str:
    return _part(prefix, 1)


def router_addresses(prefix: str) -> tuple[str, ...]:
    """Of the default table's router; those of other tables follow."""
    return (str(usable(router_part(prefix))[0]),)


def _part(prefix: str, number: int) -> str:
    network = ip_network(prefix)
    size = 1 << (network.max_prefixlen - _PART_LENGTH)
    return f"{network[number * size]}/{_PART_LENGTH}"


@dataclass(frozen=True, slots=True)
class HubTable:
    """``slot``: 0 of the default table, from 1 on of others. ``statics``: (prefix, key of the connection that it leads
    to)."""

    id: ResourceId
    number: int
    slot: int
    labels: tuple[str, ...]
    statics: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """A connection's place in the routing of its hub. ``associated`` and ``propagated``: keys of tables."""

    resource: Resource
    associated: str
    propagated: frozenset[str]
    inbound: RouteMap | None
    outbound: RouteMap | None

    def touches(self, table: HubTable) -> bool:
        return table.id.key == self.associated or table.id.key in self.propagated


@dataclass(frozen=True, slots=True)
class ConnectedNetwork:
    """A virtual network at a hub, with its IPv4 address space: a Virtual WAN carries no other. ``statics``: (prefix,
    address of the appliance that it stands behind); ``telling``: the hub tells of them."""

    attached: Attached
    vnet: Resource
    prefixes: tuple[str, ...]
    statics: tuple[tuple[str, str], ...] = ()
    telling: bool = True

    def touches(self, table: HubTable) -> bool:
        """Whether it has a link to the table's router."""
        own = self.attached.resource.id.key
        return self.attached.touches(table) or any(leads == own for _, leads in table.statics)


@dataclass(frozen=True, slots=True)
class WanHub:
    """``circuits``: of all connections of its ExpressRoute gateway."""

    resource: Resource
    model: VirtualHub
    prefix: str
    tables: tuple[HubTable, ...]  #: by slot; all but the one that leads nowhere
    networks: tuple[ConnectedNetwork, ...]  #: by number
    circuits: tuple[Attached, ...]
    gateway: Resource | None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """All that is behind the hub's gateway, whichever table tells it."""
        return (self.prefix, *(prefix for one in self.networks for prefix in one.prefixes))

    @property
    def default_table(self) -> HubTable:
        return self.tables[0]

    def statics(self, table: HubTable) -> dict[str, ConnectedNetwork]:
        """By prefix, where a table's static routes lead: its own before those that connections bring along."""
        own = {one.attached.resource.id.key: one for one in self.networks}
        brought = {prefix: one for one in self.networks if one.telling and table.id.key in one.attached.propagated
                   for prefix, _ in one.statics}
        return {**brought, **{prefix: own[leads] for prefix, leads in table.statics if leads in own}}

    def circuit(self, connection: ResourceId) -> Attached | None:
        return next((one for one in self.circuits if one.resource.id.key == connection.key), None)

    def of_gateway(self) -> tuple[HubTable, ...]:
        """The tables that the gateway has to do with: the default one, by which it is told, and all that it tells."""
        told = frozenset(key for one in self.circuits for key in one.propagated)
        return tuple(table for table in self.tables if table.slot == 0 or table.id.key in told)


def wan_hub(estate: Estate, hub: ResourceId) -> WanHub | None:
    """``None`` of a Route Server, and of a Basic hub, which has no router."""
    resource = _alive(estate, hub)
    model = VirtualHub.model_validate(resource.properties) if resource else None
    if not resource or not model or not model.routes_in_wan or not model.address_prefix:
        return None
    tables, maps = tuple(_tables(estate, resource)), maps_of(estate, hub)
    gateway = gateway_of_hub(estate, hub)
    links = estate.children(gateway.id, WAN_CONNECTION) if gateway else ()
    return WanHub(
        resource, model, model.address_prefix, tables, _networks(estate, resource, tables, maps),
        tuple(attached(one, hub, tables, maps) for one in links if not one.deleting), gateway)


def gateway_of_hub(estate: Estate, hub: ResourceId) -> Resource | None:
    return next((one for one in estate.referrers(hub, WAN_GATEWAY) if not one.deleting), None)


def hub_of_gateway(gateway: Resource) -> ResourceId:
    return ExpressRouteGateway.model_validate(gateway.properties).virtual_hub.target


def connection_to_hub(estate: Estate, vnet: ResourceId) -> Resource | None:
    """Of a virtual network; it is connected to one hub at most."""
    return next((one for one in estate.referrers(vnet, HUB_VNET_CONNECTION) if not one.deleting), None)


def network_of(connection: Resource) -> ResourceId:
    """That a hubVirtualNetworkConnection connects."""
    return HubVnetConnection.model_validate(connection.properties).remote_virtual_network.target


def hub_of_network(estate: Estate, vnet: ResourceId) -> tuple[WanHub, ConnectedNetwork] | None:
    """The hub that a virtual network is connected to, and as what."""
    connection = connection_to_hub(estate, vnet)
    hub = wan_hub(estate, connection.id.parent) if connection and connection.id.parent else None
    return next(((hub, one) for one in hub.networks if one.vnet.id.key == vnet.key), None) if hub else None


def attached(connection: Resource, hub: ResourceId, tables: Iterable[HubTable], maps: RouteMaps) -> Attached:
    """What is not said is the default table. A route map is named by the connection, or names it."""
    said = Routed.model_validate(connection.properties).routing_configuration
    default = hub.child("hubRouteTables", DEFAULT_TABLE)
    told = said.propagated_route_tables
    labels = {label.lower() for label in (told.labels if told and told.labels is not None else BUILT_IN[DEFAULT_TABLE])}
    named = {one.target.key for one in told.ids} if told and told.ids is not None else (
        set() if told and told.labels is not None else {default.key})
    labelled = {table.id.key for table in tables if labels & {label.lower() for label in table.labels}}
    return Attached(
        connection, said.associated_route_table.target.key if said.associated_route_table else default.key,
        frozenset(named | labelled),
        maps.named(said.inbound_route_map) or maps.inbound.get(connection.id.key),
        maps.named(said.outbound_route_map) or maps.outbound.get(connection.id.key))


def _tables(estate: Estate, hub: Resource) -> Iterator[HubTable]:
    default = hub.id.child("hubRouteTables", DEFAULT_TABLE)
    said = _model(estate.get(default))
    yield HubTable(default, hub.number, 0, said.labels or BUILT_IN[DEFAULT_TABLE], _statics(said))
    known = [one for one in estate.children(hub.id, HUB_ROUTE_TABLE) if "slot" in one.system and not one.deleting]
    for one in sorted(known, key=lambda table: int(table.system["slot"])):
        yield HubTable(one.id, one.number, int(one.system["slot"]), _model(one).labels, _statics(_model(one)))


def _model(table: Resource | None) -> HubRouteTable:
    return HubRouteTable.model_validate(table.properties) if table else HubRouteTable()


def _statics(table: HubRouteTable) -> tuple[tuple[str, str], ...]:
    return tuple((prefix, route.next_hop.lower()) for route in table.routes for prefix in route.destinations)


def _networks(estate: Estate, hub: Resource, tables: tuple[HubTable, ...], maps: RouteMaps
              ) -> tuple[ConnectedNetwork, ...]:
    found = []
    for connection in estate.children(hub.id, HUB_VNET_CONNECTION):
        vnet = _alive(estate, network_of(connection))
        if vnet and not connection.deleting:
            space = VirtualNetwork.model_validate(vnet.properties).address_space.address_prefixes
            said = Routed.model_validate(connection.properties).routing_configuration
            statics = tuple((prefix, route.next_hop_ip_address) for route in said.static_routes
                            for prefix in route.address_prefixes)
            found.append(ConnectedNetwork(
                attached(connection, hub.id, tables, maps), vnet, of_family(4, space), statics,
                said.vnet_routes is None or said.vnet_routes.propagated))
    return tuple(sorted(found, key=lambda one: one.vnet.number))


def _alive(estate: Estate, resource: ResourceId) -> Resource | None:
    found = estate.get(resource)
    return found if found and not found.deleting else None
