"""How far the peering of two virtual networks has come, read from both of its sides.

A side notes in ``system["met"]`` the resourceGuid of the other that it was connected to: when that is gone, or another
has its place, the side is Disconnected until it is written anew.
"""

from __future__ import annotations

from enum import StrEnum

from trunkline.intent.estate import Estate
from trunkline.model.resource import Resource, ResourceId


class PeeringState(StrEnum):
    INITIATED = "Initiated"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"


def remote(peering: Resource) -> ResourceId:
    return ResourceId.parse(peering.properties["remoteVirtualNetwork"]["id"])


def counterpart(estate: Estate, peering: Resource) -> Resource | None:
    """The peering of the remote network that leads back."""
    home = peering.id.parent
    found = estate.referrers(home, peering.id.type) if home else ()
    return next((one for one in found if not one.deleting and one.id.parent
                 and one.id.parent.key == remote(peering).key), None)


def guid(peering: Resource) -> str:
    return str(peering.system["shown"]["resourceGuid"])


def state(estate: Estate, peering: Resource) -> PeeringState:
    met, other = peering.system.get("met", ""), counterpart(estate, peering)
    if other and met == guid(other):
        return PeeringState.CONNECTED
    return PeeringState.DISCONNECTED if met else PeeringState.INITIATED


def synced(peering: Resource) -> tuple[str, ...]:
    """The remote's address space as of the last sync: what it gained since is not routed."""
    return tuple(peering.system["shown"].get("remoteAddressSpace", {}).get("addressPrefixes", ()))
