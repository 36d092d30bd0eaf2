"""Estates with more than one way: circuits at several locations, a site's routers on them, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import estates
from trunkline.intent.connectivity.inventory import Inventory, inventory
from trunkline.intent.connectivity.model import Connectivity
from trunkline.intent.estate import Snapshot
from trunkline.intent.view import CIRCUIT, GATEWAY, PEERING, SITE, VNET
from trunkline.intent.wan import WAN_GATEWAY
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource


@dataclass(frozen=True, slots=True)
class Way:
    """A circuit: where it comes in, at which routers its legs end (empty: not ordered), and the provider."""

    location: str = "Amsterdam"
    routers: tuple[str, str] = ("ce1", "ce2")
    provider: str = "Equinix"
    mbps: int = 1000
    weight: int = 0
    policy: Json | None = None


def estate(*ways: Way, routers: int = 2, group: str = "rg1", number: int = 1, **site: object) -> list[Resource]:
    """One site, one virtual network, and a circuit ``er1`` … for each way between them. ``number``: the customer's."""
    found = [estates.site(number=number, group=group, routers=("bird",) * routers, **site),
             *estates.cloud(number, group)]
    for place, way in enumerate(ways, 1):
        found += circuit(place, way, group=group)
    return found


def circuit(number: int, way: Way, site_name: str = "paris", gateway: str = "gw1", group: str = "rg1",
            links: int | None = None) -> list[Resource]:
    """With its peering, order and connection. ``links``: which /29 of 172.16.0.0 it uses; by its number."""
    name, links = f"er{number}", number if links is None else links
    own, twin = estates.circuit(name, number, group)
    service = {"serviceProviderName": way.provider, "peeringLocation": way.location, "bandwidthInMbps": way.mbps}
    legs = {leg: {"router": router, **({"policy": way.policy} if way.policy else {})} if router else None
            for leg, router in zip(("primary", "secondary"), way.routers, strict=True)}
    return [
        replace(own, properties={**own.properties, "serviceProviderProperties": service}), twin,
        estates.resource(estates.rid(PEERING, name, "AzurePrivatePeering", group=group), {
            "peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100 + number % 3000,
            "primaryPeerAddressPrefix": f"172.16.{links // 32}.{links % 32 * 8}/30",
            "secondaryPeerAddressPrefix": f"172.16.{links // 32}.{links % 32 * 8 + 4}/30"}),
        estates.order(name, site_name, number, group, **legs),
        estates.connection(number, group, name, f"con{number}", gateway, slot=links, routingWeight=way.weight)]


def of_kind(resources: Iterable[Resource], kind: str) -> list[Resource]:
    return [one for one in resources if one.id.type.lower() == kind.lower()]


def connectivity(resources: Sequence[Resource], subscription: str = "") -> Connectivity:
    snapshot = Snapshot(resources)
    return Connectivity(everything(resources), snapshot, AZURE, subscription)


def everything(resources: Sequence[Resource]) -> Inventory:
    gateways = [*of_kind(resources, GATEWAY), *of_kind(resources, WAN_GATEWAY)]
    return inventory(of_kind(resources, CIRCUIT), gateways, of_kind(resources, SITE), of_kind(resources, VNET),
                     Snapshot(resources))
