"""routeTables and their routes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from trunkline.api.declaration import Inline, Register, ResourceType, Wish
from trunkline.api.resources.addressing import malformed
from trunkline.api.resources.recorded import ByShape, filled, ids, required, users, with_guid
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import ROUTE, ROUTE_TABLE, SUBNET
from trunkline.model.bgp import family_of
from trunkline.model.resource import Json, Resource
from trunkline.model.service import service_tags

_APPLIANCE = "VirtualAppliance"


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    routes = wish.children.get("routes", ())
    for index, route in enumerate(routes):
        yield from _twice(route, routes[:index])


def _show(table: Resource, estate: Estate) -> Json:
    used = users(estate, table.id, SUBNET)
    return {"subnets": ids(used)} if used else {}


def _in_use(table: Resource, estate: Estate) -> Iterator[Fault]:
    if used := users(estate, table.id, SUBNET):
        yield Fault("InUseRouteTableCannotBeDeleted", f"Route table {table.id.name} is in use and cannot be deleted. "
                    f"Remove it from {', '.join(str(one.id) for one in used)} first.")


def _check_route(wish: Wish, estate: Register) -> Iterator[Fault]:
    route = wish.resource
    yield from required(route, "addressPrefix", "nextHopType")
    prefix = route.properties.get("addressPrefix", "")
    if prefix and ("/" in prefix or prefix not in service_tags()):
        yield from malformed(prefix, route.id, "addressPrefix")
    yield from _next_hop(route)
    if route.id.parent:
        yield from _twice(route, estate.children(route.id.parent, ROUTE))


def _next_hop(route: Resource) -> Iterator[Fault]:
    kind, address = route.properties.get("nextHopType"), route.properties.get("nextHopIpAddress", "")
    if kind == _APPLIANCE and not address:
        yield Fault("MissingNextHopIpAddress", f"NextHopIpAddress cannot be Null or Empty in route {route.id.name} "
                    f"when NextHopType is {_APPLIANCE}.", "nextHopIpAddress")
    elif kind == _APPLIANCE and not _is_address(address):
        yield Fault("InvalidNextHopIpAddress", f"NextHopIpAddress '{address[:80]}' in route {route.id.name} is not an "
                    "IP address; give one without prefix length, for example 10.0.0.4.", "nextHopIpAddress")
    elif kind == _APPLIANCE and "/" in (prefix := route.properties.get("addressPrefix", "")) and (
            family_of(address) != family_of(prefix)):
        yield Fault("InvalidNextHopIpAddress", f"NextHopIpAddress '{address}' in route {route.id.name} is not of the "
                    f"family of its addressPrefix {prefix}; give an address of the same.", "nextHopIpAddress")
    elif kind not in (None, _APPLIANCE) and address:
        yield Fault("NextHopIpAddressNotAllowed", f"NextHopIpAddress must be empty in route {route.id.name} when "
                    f"NextHopType is {kind}; only {_APPLIANCE} has one.", "nextHopIpAddress")
    if kind == "VirtualApplianceEcmp":
        yield Fault("VirtualApplianceEcmpNotSupported", f"NextHopType VirtualApplianceEcmp of route {route.id.name} is "
                    f"not offered here; use {_APPLIANCE} with one address.", "nextHopType")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _twice(route: Resource, others: tuple[Resource, ...]) -> Iterator[Fault]:
    prefix = route.properties.get("addressPrefix", "").lower()
    for other in others if prefix else ():
        taken = other.properties.get("addressPrefix", "").lower()
        if other.id.key != route.id.key and not other.deleting and taken == prefix:
            yield Fault("RouteConflict", f"Route {route.id.name} conflicts with route {other.id.name}. Routes cannot "
                        f"have the same address prefix {prefix}; change one, or delete it.", "addressPrefix")


ROUTE_TABLES = ResourceType(
    ROUTE_TABLE, model=ByShape, shape="RouteTablePropertiesFormat", realised=True, inline=(Inline("routes", ROUTE),),
    check=_check, defaults=filled(disableBgpRoutePropagation=False), generate=with_guid, in_use=_in_use, show=_show)

ROUTES = ResourceType(
    ROUTE, model=ByShape, shape="RoutePropertiesFormat", tracked=False, realised=True, check=_check_route,
    show=lambda _route, _estate: {"hasBgpOverride": False})
