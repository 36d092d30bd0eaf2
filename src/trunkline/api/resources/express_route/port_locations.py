"""ExpressRoutePortsLocations: where Direct ports are sold. Read-only."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import ResourceType
from trunkline.intent.view import NETWORK
from trunkline.model.port_location import PortLocation, port_locations
from trunkline.model.resource import Json, Properties, ResourceId

NAME = f"{NETWORK}/expressRoutePortsLocations"


def _row(subscription: str, place: PortLocation) -> Json:
    sizes = [{"offerName": f"{gbps} Gbps", "valueInGbps": gbps} for gbps in place.sizes_gbps]
    return {"name": place.name, "id": f"/subscriptions/{subscription}/providers/{NAME}/{place.name}", "type": NAME,
            "properties": {"provisioningState": "Succeeded", "address": place.address, "contact": place.contact,
                           "availableBandwidths": sizes}}


def _rows(parent: ResourceId) -> Iterator[Json]:
    """Buildings, then metros."""
    places = sorted(port_locations().values(), key=lambda place: place.metro)
    return (_row(parent.subscription, place) for place in places)


PORT_LOCATIONS = ResourceType(NAME, model=Properties, catalogue=_rows)
