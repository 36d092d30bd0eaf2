"""The routingConfiguration of what is attached to a Virtual WAN hub: what it points at, what it is by default."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.view import VIRTUAL_HUB, WAN_CONNECTION, WAN_GATEWAY, referrers
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.wan import Routed, RoutingConfiguration

HUB_ROUTE_TABLE = f"{VIRTUAL_HUB}/hubRouteTables"
HUB_VNET_CONNECTION = f"{VIRTUAL_HUB}/hubVirtualNetworkConnections"

#: Route tables that every Virtual WAN hub has, with their labels.
BUILT_IN = {"defaultRouteTable": ("default",), "noneRouteTable": ("none",)}

_DEFAULT = "defaultRouteTable"


def routing_of(attached: Resource) -> RoutingConfiguration:
    return Routed.model_validate(attached.properties).routing_configuration


def check_routing(attached: Resource, estate: Estate) -> Iterator[Fault]:
    for member, reference in routing_of(attached).references:
        kind = ROUTE_MAP if member.endswith("RouteMap") else HUB_ROUTE_TABLE
        if linked(estate, attached.id, reference.id, kind) is None:
            yield missing(attached.id, reference.id, kind, f"routingConfiguration.{member}")


def shown_routing(attached: Resource, hub: ResourceId) -> Json:
    """What is not said is the hub's default route table."""
    table = {"id": str(hub.child("hubRouteTables", _DEFAULT))}
    said = attached.properties.get("routingConfiguration", {})
    propagated = {"labels": list(BUILT_IN[_DEFAULT]), "ids": [table]}
    return {"associatedRouteTable": table, **said,
            "propagatedRouteTables": {**propagated, **said.get("propagatedRouteTables", {})}}


def without_defaults(body: Json, _id: ResourceId) -> Json:
    """``defaults`` of a declaration: what a client read of the hub's default table is not its wish."""
    said = body.get("routingConfiguration")
    if not isinstance(said, dict):
        return body
    kept = {member: value for member, value in said.items() if not (_is_default(value) or _is_propagated(value))}
    return {**body, "routingConfiguration": kept} if kept else {
        member: value for member, value in body.items() if member != "routingConfiguration"}


def _is_default(link: object) -> bool:
    return isinstance(link, dict) and str(link.get("id")).lower().endswith(f"/hubroutetables/{_DEFAULT}".lower())


def _is_propagated(tables: object) -> bool:
    if not isinstance(tables, dict) or tables.get("labels") != list(BUILT_IN[_DEFAULT]):
        return False
    ids = tables.get("ids")
    return isinstance(ids, list) and len(ids) == 1 and _is_default(ids[0])


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
