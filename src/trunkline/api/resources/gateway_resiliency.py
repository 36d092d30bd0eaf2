"""How resilient a gateway's way to its circuits is: Azure's question, answered by what is linked and up.

Azure does not publish its weights. Ours: circuits that carry traffic at two peering locations count 60 (at one 30),
connections that are up 20, a zone-redundant SKU 20.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.api.declaration import Question
from trunkline.api.resources.express_route.words import order_of
from trunkline.api.resources.gateway_skus import zone_redundant
from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, referrers
from trunkline.model.network import Connection, VirtualNetworkGateway
from trunkline.model.resource import Json, Resource, now

_LOCATIONS, _HEALTH, _ZONES = 60, 20, 20


@dataclass(frozen=True, slots=True)
class Part:
    """One component: what it counts, of how much, and what would make it count more."""

    name: str
    score: int
    most: int
    advice: str

    def shown(self) -> Json:
        missing = self.most - self.score
        severity = "High" if missing > self.most // 2 else "Medium"
        advice = [{"recommendationTitle": self.name, "recommendationId": self.name.replace(" ", ""),
                   "severity": severity, "recommendationText": self.advice, "callToActionText": self.advice,
                   "callToActionLink": ""}] if missing else []
        return {"name": self.name, "currentScore": str(self.score), "maxScore": str(self.most),
                "recommendations": advice}


def resiliency(gateway: Resource, estate: Estate, _question: Question) -> Json:
    parts = _parts(gateway, estate)
    gains = [part.most - part.score for part in parts if part.score < part.most]
    computed = now().isoformat()
    return {"overallScore": str(sum(part.score for part in parts)), "scoreChange": "0",
            "minScoreFromRecommendations": str(min(gains, default=0)), "maxScoreFromRecommendations": str(sum(gains)),
            "lastComputedTime": computed, "nextEligibleComputeTime": computed,
            "components": [part.shown() for part in parts]}


def _parts(gateway: Resource, estate: Estate) -> tuple[Part, ...]:
    model = VirtualNetworkGateway.model_validate(gateway.properties)
    links = referrers(estate, gateway.id, CONNECTION)
    up = [link for link in links if link.status.get("connectionStatus") == "Connected"]
    places = {_location(link, estate) for link in up}
    return (
        Part("Peering locations", _LOCATIONS * min(len(places), 2) // 2, _LOCATIONS, "Link the gateway to circuits at "
             "two peering locations."),
        Part("Connections", _HEALTH * len(up) // len(links) if links else 0, _HEALTH, "Bring every connection up: see "
             "its circuit's peering and the customer's routers."),
        Part("Zone redundancy", _ZONES if zone_redundant(model) else 0, _ZONES, "Use a zone-redundant SKU: ErGw1AZ, "
             "ErGw2AZ, ErGw3AZ or ErGwScale."))


def _location(link: Resource, estate: Estate) -> str:
    peer = Connection.model_validate(link.properties).peer
    circuit = estate.get(peer.target) if peer else None
    return order_of(circuit).peering_location if circuit else ""
