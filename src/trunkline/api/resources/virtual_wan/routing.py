"""The routingConfiguration of what is attached to a Virtual WAN hub: what it points at, what it is by default."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import VIRTUAL_HUB, WAN_CONNECTION, referrers
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.wan import Routed, RoutingConfiguration

HUB_ROUTE_TABLE = f"{VIRTUAL_HUB}/hubRouteTables"
ROUTE_MAP = f"{VIRTUAL_HUB}/routeMaps"
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


def users(target: ResourceId, estate: Estate, *members: str) -> Iterator[Resource]:
    """Connections whose routingConfiguration names ``target`` in one of these members; in any, without."""
    for kind in (HUB_VNET_CONNECTION, WAN_CONNECTION):
        for user in referrers(estate, target, kind):
            if any(reference.id.lower() == target.key and (not members or member in members)
                   for member, reference in routing_of(user).references):
                yield user
