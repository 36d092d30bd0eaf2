"""What a circuit's SKU lets it be linked to: which regions, and how many networks and circuits (azure-facts 2.1, 2.2).

A Local circuit reaches the regions next to its peering location, a Standard one those of the same geopolitical area, a
Premium one all. Of test locations no area is published, so nothing bounds circuits there.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.resources.express_route.words import order_of, sku_of
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.reach import CIRCUIT_CONNECTION, linked_circuits
from trunkline.intent.view import CONNECTION, PEERING, referrers
from trunkline.intent.wan import WAN_CONNECTION
from trunkline.model import plant
from trunkline.model.circuit import SkuTier, link_limit
from trunkline.model.reach import beyond
from trunkline.model.resource import Resource, ResourceId


def check_link(circuit: Resource, region: str, estate: Estate, member: str) -> Iterator[Fault]:
    """``region``: of the gateway. ``member``: what names the circuit in the request."""
    place, tier = order_of(circuit).peering_location, tier_of(circuit)
    if limits := beyond(tier, place, region):
        yield Fault("CircuitScopeExceeded", f"Circuit {circuit.id} cannot be linked to a gateway in {region}: "
                    f"{limits}. Upgrade it to {_enough(place, region)}, or use a circuit at another location.", member)
    yield from check_room(circuit, estate, member)


def check_room(circuit: Resource, estate: Estate, member: str) -> Iterator[Fault]:
    """For one more network or circuit."""
    tier, links = tier_of(circuit), links_of(circuit.id, estate)
    if links >= link_limit(tier, order_of(circuit).bandwidth_in_mbps):
        yield Conflict("VnetLinkLimitExceeded", f"Circuit {circuit.id} ({tier}) is linked to {links} virtual networks, "
                       "with circuits linked by Global Reach among them, as many as it may be. Use Premium or more "
                       "bandwidth, or delete a connection.", member)


def unsold_local(tier: SkuTier, place: str) -> Iterator[Fault]:
    near = plant.location(place)
    if tier is SkuTier.LOCAL and near and near.area and not near.local_regions:
        yield Fault("SkuTierNotSupported", f"sku.tier Local is not sold at {near.name}, which has no region nearby. "
                    "Use Standard or Premium.", "sku.tier")


def stretched(circuit: Resource, tier: SkuTier, estate: Estate) -> Iterator[str]:
    """Why links that a circuit has would be out of its reach if it were of a tier."""
    for link in _connections(circuit.id, estate):
        if limits := beyond(tier, order_of(circuit).peering_location, _region(link, estate)):
            yield f"{link.id} leads to a gateway in {_region(link, estate)}, and {limits}"
    for other in (estate.get(one) for one in linked_circuits(estate, circuit.id)):
        if other and tier is not SkuTier.PREMIUM and (apart := areas_apart(circuit, other)):
            yield f"Global Reach links it to {other.id}, and between geopolitical areas ({apart}) that needs Premium"


def areas_apart(one: Resource, other: Resource) -> str:
    """The geopolitical areas of two circuits, if they are not the same; empty where none is published."""
    areas = area_of(one), area_of(other)
    return ", ".join(areas) if all(areas) and areas[0] != areas[1] else ""


def links_of(circuit: ResourceId, estate: Estate) -> int:
    """Networks and, by Global Reach, circuits that a circuit is linked to: they count alike."""
    reached = {link.id.key for peering in estate.children(circuit, PEERING)
               for link in referrers(estate, peering.id, CIRCUIT_CONNECTION)}
    return len(_connections(circuit, estate)) + len(reached)


def tier_of(circuit: Resource) -> SkuTier:
    sku = sku_of(circuit)
    return sku.tier if sku else SkuTier.STANDARD


def area_of(circuit: Resource) -> str:
    """Geopolitical; empty where none is published."""
    place = plant.location(order_of(circuit).peering_location)
    return place.area if place else ""


def _connections(circuit: ResourceId, estate: Estate) -> tuple[Resource, ...]:
    return (*referrers(estate, circuit, CONNECTION), *referrers(estate, circuit, WAN_CONNECTION))


def _region(link: Resource, estate: Estate) -> str:
    """Of its gateway: a connection names one, a hub's connection is one's child."""
    named = link.properties.get("virtualNetworkGateway1")
    gateway = ResourceId.parse(named["id"]) if named else link.id.parent
    found = estate.get(gateway) if gateway else None
    return found.location if found else ""


def _enough(place: str, region: str) -> SkuTier:
    return SkuTier.PREMIUM if beyond(SkuTier.STANDARD, place, region) else SkuTier.STANDARD
