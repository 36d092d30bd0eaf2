"""Who has an ipConfiguration in a subnet or at a public address: NICs, gateways, Route Servers."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.estate import Estate
from trunkline.intent.view import GATEWAY, HUB_IP_CONFIGURATION, NIC, referrers
from trunkline.model.network import IpConfiguration
from trunkline.model.resource import Resource, ResourceId


def attached(target: ResourceId, estate: Estate) -> Iterator[tuple[Resource, IpConfiguration]]:
    """Each owner with its ipConfiguration that names ``target``; a Route Server's is a resource of its own."""
    for user, configuration in (*_with_lists(target, estate), *_route_servers(target, estate)):
        wish = configuration.properties
        if target.key in {link.target.key for link in (wish.subnet, wish.public_ip_address) if link}:
            yield user, configuration


def _with_lists(target: ResourceId, estate: Estate) -> Iterator[tuple[Resource, IpConfiguration]]:
    for kind in (NIC, GATEWAY):
        for user in referrers(estate, target, kind):
            for raw in user.properties["ipConfigurations"]:
                yield user, IpConfiguration.model_validate(raw)


def _route_servers(target: ResourceId, estate: Estate) -> Iterator[tuple[Resource, IpConfiguration]]:
    for place in referrers(estate, target, HUB_IP_CONFIGURATION):
        hub = estate.get(place.id.parent) if place.id.parent else None
        if hub:
            yield hub, IpConfiguration.model_validate({"name": place.id.name, "properties": place.properties})
