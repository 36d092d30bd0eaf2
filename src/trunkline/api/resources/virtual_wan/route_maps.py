"""routeMaps of Virtual WAN hubs, and of Route Servers, where Azure offers none (docs/decisions/route-maps.md)."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, ResourceType, Wish
from trunkline.api.resources.linked import linked, missing
from trunkline.api.resources.recorded import filled
from trunkline.api.resources.virtual_wan.routing import already_mapped, in_use_by, users
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import gateway_view
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.view import GATEWAY, HUB_BGP_CONNECTION, hub_view
from trunkline.intent.wan import HUB_VNET_CONNECTION, WAN_CONNECTION, hub_of_gateway
from trunkline.model.hub import VirtualHub
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.route_map import ActionType, RouteMap

_WAYS = ("Inbound", "Outbound")
_OF_SERVER = "bgpConnection of this Route Server, or ExpressRoute gateway of its network,"
_OF_HUB = "hubVirtualNetworkConnection or expressRouteConnection of this hub"


def _of_route_server(route_map: ResourceId, estate: Estate) -> bool:
    hub = estate.get(route_map.parent) if route_map.parent else None
    return hub is not None and VirtualHub.model_validate(hub.properties).route_server


def _check(wish: Wish, register: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, RouteMap.model_validate(wish.resource.properties)
    for rule in model.rules:
        for action in rule.actions:
            if action.type is ActionType.REPLACE and any(one.prefixes for one in action.parameters):
                yield Fault("RouteSummarizationNotSupported", f"Rule '{rule.name}' of {own.name} replaces routePrefix, "
                            "and the hub's routers do not summarise. Drop the routes, or announce the shorter "
                            "prefix where they come from.", "rules")
    for way in _WAYS:
        yield from _check_way(own, model, way, register)


def _check_way(own: ResourceId, model: RouteMap, way: str, register: Register) -> Iterator[Fault]:
    member = f"associated{way}Connections"
    of_server = _of_route_server(own, register)
    known, wanted = (_of_server, _OF_SERVER) if of_server else (_of_hub, _OF_HUB)
    for name in _named(model, way):
        if not known(own, name, register):
            yield missing(own, name, wanted, member)
        for other in register.children(own.parent, ROUTE_MAP) if own.parent else ():
            if other.id.key != own.key and name.lower() in _everywhere(other, way, register):
                yield already_mapped(name, way, other, member)


def _everywhere(route_map: Resource, way: str, estate: Estate) -> frozenset[str]:
    """What a map is associated with, whichever of both names the other."""
    named = _named(RouteMap.model_validate(route_map.properties), way)
    naming = users(route_map.id, estate, f"{way.lower()}RouteMap")
    return frozenset((*(name.lower() for name in named), *(one.id.key for one in naming)))


def _named(model: RouteMap, way: str) -> tuple[str, ...]:
    return model.associated_inbound_connections if way == "Inbound" else model.associated_outbound_connections


def _of_hub(own: ResourceId, name: str, register: Register) -> bool:
    network, circuit = (linked(register, own, name, kind) for kind in (HUB_VNET_CONNECTION, WAN_CONNECTION))
    gateway = register.get(circuit.id.parent) if circuit and circuit.id.parent else None
    hub = network.id.parent if network else hub_of_gateway(gateway) if gateway else None
    return hub is not None and own.parent is not None and hub.key == own.parent.key


def _of_server(own: ResourceId, name: str, register: Register) -> bool:
    peer = linked(register, own, name, HUB_BGP_CONNECTION)
    if peer:
        return peer.id.parent is not None and own.parent is not None and peer.id.parent.key == own.parent.key
    found = linked(register, own, name, GATEWAY)
    gateway, hub = gateway_view(register, found.id) if found else None, hub_view(register, own.parent) \
        if own.parent else None
    return gateway is not None and hub is not None and gateway.vnet.resource.id.key == hub.vnet.resource.id.key


def _in_use(route_map: Resource, estate: Estate) -> Iterator[Fault]:
    for user in users(route_map.id, estate):
        yield Conflict("InUseRouteMapCannotBeDeleted", in_use_by(route_map, user), status=400)


def _show(route_map: Resource, estate: Estate) -> Json:
    """Those that the map names, and those that name the map."""
    shown = {}
    for way in _WAYS:
        named = route_map.properties.get(f"associated{way}Connections", [])
        naming = [str(one.id) for one in users(route_map.id, estate, f"{way.lower()}RouteMap")]
        shown[f"associated{way}Connections"] = list(dict.fromkeys([*named, *naming]))
    return shown


ROUTE_MAPS = ResourceType(
    ROUTE_MAP, model=RouteMap, shape="RouteMapProperties", tracked=False,
    realised=True, defaults=filled(rules=[]), check=_check,
    in_use=_in_use, show=_show)
