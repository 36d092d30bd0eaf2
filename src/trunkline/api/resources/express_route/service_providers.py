"""expressRouteServiceProviders: who sells circuits, where, and with which bandwidths. Read-only."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import ResourceType
from trunkline.model.provider import ProviderOffer, offers
from trunkline.model.resource import Json, Properties, ResourceId

NAME = "Microsoft.Network/expressRouteServiceProviders"


def _row(offer: ProviderOffer) -> Json:
    """Azure writes the id of these without subscription, group and name."""
    return {
        "name": offer.name,
        "id": f"/subscriptions//resourceGroups//providers/{NAME}/",
        "type": NAME,
        "properties": {
            "provisioningState": "Succeeded",
            "peeringLocations": list(offer.peering_locations),
            "bandwidthsOffered": [{"offerName": _offer_name(mbps), "valueInMbps": mbps}
                                  for mbps in offer.bandwidths_mbps],
        },
    }


def _offer_name(mbps: int) -> str:
    return f"{mbps // 1000}Gbps" if mbps % 1000 == 0 else f"{mbps}Mbps"


def _rows(_parent: ResourceId) -> Iterator[Json]:
    return map(_row, offers().values())


SERVICE_PROVIDERS = ResourceType(NAME, model=Properties, catalogue=_rows)
