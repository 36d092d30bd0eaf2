"""Route maps of a hub, by the connections at which they stand."""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkline.intent.estate import Estate
from trunkline.model.resource import Reference, ResourceId
from trunkline.model.route_map import RouteMap

ROUTE_MAP = "Microsoft.Network/virtualHubs/routeMaps"


@dataclass(frozen=True, slots=True)
class RouteMaps:
    """By the key of a connection's id: what is done to its routes as they come in, and as they go out; ``known``: all
    of the hub, by the key of their own."""

    inbound: dict[str, RouteMap] = field(default_factory=dict)
    outbound: dict[str, RouteMap] = field(default_factory=dict)
    known: dict[str, RouteMap] = field(default_factory=dict)

    def named(self, reference: Reference | None) -> RouteMap | None:
        return self.known.get(reference.target.key) if reference else None


def maps_of(estate: Estate, hub: ResourceId) -> RouteMaps:
    found = RouteMaps()
    for child in estate.children(hub, ROUTE_MAP):
        if not child.deleting:
            model = found.known[child.id.key] = RouteMap.model_validate(child.properties)
            found.inbound.update({name.lower(): model for name in model.associated_inbound_connections})
            found.outbound.update({name.lower(): model for name in model.associated_outbound_connections})
    return found
