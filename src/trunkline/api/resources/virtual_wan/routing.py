"""The routingConfiguration of what is attached to a Virtual WAN hub: what it points at, what it is by default."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.view import referrers
from trunkline.intent.wan import (
    BUILT_IN,
    DEFAULT_TABLE,
    HUB_ROUTE_TABLE,
    HUB_VNET_CONNECTION,
    WAN_CONNECTION,
    WAN_GATEWAY,
)
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.wan import Routed, RoutingConfiguration


def routing_of(attached: Resource) -> RoutingConfiguration:
    return Routed.model_validate(attached.properties).routing_configuration


def check_routing(attached: Resource, hub: ResourceId | None, estate: Estate) -> Iterator[Fault]:
    """Tables and maps are the hub's own."""
    for member, reference in routing_of(attached).references:
        kind = ROUTE_MAP if member.endswith("RouteMap") else HUB_ROUTE_TABLE
        found = linked(estate, attached.id, reference.id, kind)
        if found is None or hub is None or found.id.parent is None or found.id.parent.key != hub.key:
            yield missing(attached.id, reference.id, f"{kind} of its hub", f"routingConfiguration.{member}")
        elif kind == ROUTE_MAP:
            yield from _one_map(attached.id, found, member, estate)


def _one_map(attached: ResourceId, wanted: Resource, member: str, estate: Estate) -> Iterator[Fault]:
    """A connection may be named by a map as well."""
    way = "Inbound" if member.startswith("inbound") else "Outbound"
    for other in estate.children(wanted.id.parent, ROUTE_MAP) if wanted.id.parent else ():
        named = {str(one).lower() for one in other.properties.get(f"associated{way}Connections", ())}
        if other.id.key != wanted.id.key and attached.key in named:
            yield already_mapped(str(attached), way, other, f"routingConfiguration.{member}")


def already_mapped(connection: str, way: str, other: Resource, member: str) -> Fault:
    return Conflict("RouteMapAlreadyAssociated", f"{connection} has the {way.lower()} route map {other.id.name}, and "
                    "one is allowed for each way. Take it away there first.", member, status=400)


def shown_routing(attached: Resource, hub: ResourceId) -> Json:
    """What is not said is the hub's default route table."""
    table = {"id": str(hub.child("hubRouteTables", DEFAULT_TABLE))}
    said = attached.properties.get("routingConfiguration", {})
    propagated = {"labels": list(BUILT_IN[DEFAULT_TABLE]), "ids": [table]}
    return {"associatedRouteTable": table, **said,
            "propagatedRouteTables": {**propagated, **said.get("propagatedRouteTables", {})}}


def without_defaults(body: Json, connection: ResourceId) -> Json:
    """``defaults`` of a declaration: what a client read of the hub's default table is not its wish."""
    said = body.get("routingConfiguration")
    if not isinstance(said, dict):
        return body
    hub = connection.parent if connection.parent and connection.type.lower() == HUB_VNET_CONNECTION.lower() else None
    kept = {member: value for member, value in said.items()
            if not (_is_default(value, hub) or _is_propagated(value, hub))}
    return {**body, "routingConfiguration": kept} if kept else {
        member: value for member, value in body.items() if member != "routingConfiguration"}


def _is_default(link: object, hub: ResourceId | None) -> bool:
    """``hub``: whose table it must be, if that is known."""
    ending = f"{hub or ''}/hubRouteTables/{DEFAULT_TABLE}".lower()
    return isinstance(link, dict) and str(link.get("id")).lower().endswith(ending)


def _is_propagated(tables: object, hub: ResourceId | None) -> bool:
    if not isinstance(tables, dict) or tables.get("labels") != list(BUILT_IN[DEFAULT_TABLE]):
        return False
    ids = tables.get("ids")
    return isinstance(ids, list) and len(ids) == 1 and _is_default(ids[0], hub)


def routed_by(table: ResourceId, estate: Estate, member: str) -> Iterator[Resource]:
    """Connections of the table's hub that name it, or leave it unsaid that it is the default one."""
    hub = table.parent
    gateways = referrers(estate, hub, WAN_GATEWAY) if hub else ()
    for connection in (*(estate.children(hub, HUB_VNET_CONNECTION) if hub else ()),
                       *(link for gateway in gateways for link in estate.children(gateway.id, WAN_CONNECTION))):
        routing = RoutingConfiguration.model_validate(shown_routing(connection, hub)) if hub else None
        if routing and any(name == member and reference.id.lower() == table.key for name, reference in
                           routing.references):
            yield connection


def users(target: ResourceId, estate: Estate, *members: str) -> Iterator[Resource]:
    """Connections whose routingConfiguration names ``target`` in one of these members; in any, without."""
    for kind in (HUB_VNET_CONNECTION, WAN_CONNECTION):
        for user in referrers(estate, target, kind):
            if any(reference.id.lower() == target.key and (not members or member in members)
                   for member, reference in routing_of(user).references):
                yield user


def in_use_by(used: Resource, user: Resource) -> str:
    return f"{used.id} is in use by {user.id} and cannot be deleted. Change its routingConfiguration first."
