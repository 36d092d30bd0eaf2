"""routeMaps: recorded in a Virtual WAN hub, realised on a Route Server, where Azure offers none
(docs/decisions/route-maps.md)."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import linked, missing
from trunkline.api.resources.recorded import filled
from trunkline.api.resources.virtual_wan.routing import in_use_by, users
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.view import GATEWAY, HUB_BGP_CONNECTION, gateway_view, hub_view
from trunkline.model.hub import VirtualHub
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.route_map import ActionType, RouteMap

_WAYS = ("Inbound", "Outbound")


def _of_route_server(route_map: ResourceId, estate: Estate) -> bool:
    hub = estate.get(route_map.parent) if route_map.parent else None
    return hub is not None and VirtualHub.model_validate(hub.properties).route_server


def _check(wish: Wish, register: Register) -> Iterator[Fault]:
    own, model = wish.resource.id, RouteMap.model_validate(wish.resource.properties)
    if not _of_route_server(own, register):
        return
    for rule in model.rules:
        for action in rule.actions:
            if action.type is ActionType.REPLACE and any(one.prefixes for one in action.parameters):
                yield Fault("RouteSummarizationNotSupported", f"Rule '{rule.name}' of {own.name} replaces routePrefix, "
                            "and a Route Server's routers do not summarise. Drop the routes, or announce the shorter "
                            "prefix where they come from.", "rules")
    for way in _WAYS:
        yield from _check_way(own, model, way, register)


def _check_way(own: ResourceId, model: RouteMap, way: str, register: Register) -> Iterator[Fault]:
    member = f"associated{way}Connections"
    for name in _named(model, way):
        if not _is_connection(own, name, register):
            yield missing(own, name, "bgpConnection of this Route Server, or ExpressRoute gateway of its network,",
                          member)
        for other in register.children(own.parent, ROUTE_MAP) if own.parent else ():
            theirs = RouteMap.model_validate(other.properties)
            if other.id.key != own.key and name.lower() in map(str.lower, _named(theirs, way)):
                yield Conflict("RouteMapAlreadyAssociated", f"{name} has the {way.lower()} route map {other.id.name}, "
                               "and one is allowed for each way. Take it away there first.", member, status=400)


def _named(model: RouteMap, way: str) -> tuple[str, ...]:
    return model.associated_inbound_connections if way == "Inbound" else model.associated_outbound_connections


def _is_connection(own: ResourceId, name: str, register: Register) -> bool:
    peer = linked(register, own, name, HUB_BGP_CONNECTION)
    if peer:
        return peer.id.parent is not None and own.parent is not None and peer.id.parent.key == own.parent.key
    found = linked(register, own, name, GATEWAY)
    gateway, hub = gateway_view(register, found.id) if found else None, hub_view(register, own.parent) \
        if own.parent else None
    return gateway is not None and hub is not None and gateway.vnet.resource.id.key == hub.vnet.resource.id.key


def _generate(wish: Wish, ledger: Ledger) -> Json:
    return {"routeServer": True} if _of_route_server(wish.resource.id, ledger) else {}


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
    realised=lambda route_map: bool(route_map.system.get("routeServer")), defaults=filled(rules=[]), check=_check,
    generate=_generate, in_use=_in_use, show=_show)
