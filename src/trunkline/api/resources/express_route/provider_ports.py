"""expressRouteProviderPorts: for providers, how much of each port pair their circuits take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial

from trunkline.api.declaration import Register, ResourceType
from trunkline.api.resources.express_route.words import model_of
from trunkline.intent.compile.plant import azure_port, port_interface
from trunkline.intent.view import CIRCUIT, NETWORK
from trunkline.model.circuit import Leg
from trunkline.model.provider import offers
from trunkline.model.resource import Json, Properties, ResourceId

NAME = f"{NETWORK}/expressRouteProviderPorts"

#: What is said of a port pair; an order is never refused for it (virtual links have no speed).
_PORT_MBPS, _OVERPROVISION = 100_000, 4


def provider_ports(subscription_of: Callable[[str], str]) -> ResourceType:
    """Of the providers whose subscription it is; a customer's has none."""
    return ResourceType(
        NAME, model=Properties, view=partial(_rows, subscription_of),
        filters={"location": "properties.peeringLocation", "peeringLocation": "properties.peeringLocation",
                 "name": "name"})


def _rows(subscription_of: Callable[[str], str], parent: ResourceId, register: Register) -> Iterator[Json]:
    own = [offer for offer in offers().values() if subscription_of(offer.name).lower() == parent.subscription.lower()]
    used = _used(register) if own else defaultdict(int)
    for offer in own:
        for place in offer.peering_locations:
            yield _row(parent.subscription, offer.name, place, used[offer.name, place])


def _used(register: Register) -> defaultdict[tuple[str, str], int]:
    """Mbps ordered, by provider and location."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    for circuit in register.list(CIRCUIT):
        order = model_of(circuit).service_provider_properties
        if order:
            found[order.service_provider_name, order.peering_location] += order.bandwidth_in_mbps
    return found


def _row(subscription: str, provider: str, place: str, used_mbps: int) -> Json:
    descriptor = f"{place.replace(' ', '-')}-{port_interface(provider)}"
    return {
        "name": descriptor, "id": f"/subscriptions/{subscription}/providers/{NAME}/{descriptor}", "type": NAME,
        "properties": {
            "portPairDescriptor": descriptor, "primaryAzurePort": azure_port(provider, place, Leg.PRIMARY),
            "secondaryAzurePort": azure_port(provider, place, Leg.SECONDARY), "peeringLocation": place,
            "overprovisionFactor": _OVERPROVISION, "portBandwidthInMbps": _PORT_MBPS, "usedBandwidthInMbps": used_mbps,
            "remainingBandwidthInMbps": max(0, _PORT_MBPS * _OVERPROVISION - used_mbps)}}
