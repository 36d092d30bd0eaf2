"""What a circuit must be to be sold, what about it may change, and what stands in the way of its deletion."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Register, Wish
from trunkline.api.resources.express_route import direct, scope
from trunkline.api.resources.express_route.words import model_of, order_of, provider_state, sku_of
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.direct import CABLE
from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT, CONNECTION, EXCHANGE_ORDER, referrers
from trunkline.intent.wan import WAN_CONNECTION
from trunkline.model.circuit import (
    TIER_MOVES,
    Circuit,
    ServiceProvider,
    Sku,
    SkuFamily,
    SkuTier,
    link_limit,
)
from trunkline.model.closest import closest_first, did_you_mean
from trunkline.model.provider import offers
from trunkline.model.resource import Resource, ResourceId

_ANOTHER = "Order a new circuit and delete this one."


def check(quota: int, wish: Wish, estate: Register) -> Iterator[Fault]:
    """``quota``: circuits per subscription."""
    circuit, model = wish.resource, model_of(wish.resource)
    sku = sku_of(circuit)
    if model.direct:
        yield from direct.check(wish, estate)
    else:
        yield from _offered(circuit.id, order_of(circuit))
    if sku is None or sku.name != f"{sku.tier}_{sku.family}":
        yield Fault("InvalidCircuitSku", f"sku {circuit.envelope.get('sku')} is not valid: it needs a tier "
                    f"({', '.join(SkuTier)}), a family ({', '.join(SkuFamily)}) and the name 'tier_family', for "
                    "example Standard_MeteredData.", "sku")
    elif sku.tier is SkuTier.MULTI_CLOUD:
        yield Fault("SkuTierNotSupported", "sku.tier MultiCloud links to other clouds, of which there are none here. "
                    "Use Standard or Premium.", "sku.tier")
    elif wish.existing:
        yield from _moved(model_of(wish.existing), model, wish.existing)
        yield from _changed_sku(wish.existing, sku, model.service.bandwidth_in_mbps, estate)
    else:
        yield from scope.unsold_local(sku.tier, order_of(circuit).peering_location)
    if not wish.existing and estate.count(CIRCUIT, circuit.id.subscription) >= quota:
        yield Conflict("ExpressRouteCircuitQuotaExceeded", f"Subscription {circuit.id.subscription} has {quota} "
                       "circuits, as many as it may have. Delete one, use another subscription, or have the quota "
                       "raised.")


def _offered(circuit: ResourceId, order: ServiceProvider) -> Iterator[Fault]:
    offer = offers().get(order.service_provider_name)
    if offer is None:
        yield Fault(
            "ExpressRouteCircuitServiceProviderDoesNotExist",
            f"The Service Provider {order.service_provider_name} specified for Express Route Circuit {circuit} does "
            f"not exist.{did_you_mean(order.service_provider_name, offers())} 'az network express-route "
            "list-service-providers' lists those that do.",
            "serviceProviderProperties.serviceProviderName")
        return
    if not offer.serves(order.peering_location):
        yield Fault(
            "PeeringLocationNotOffered",
            f"peeringLocation '{order.peering_location}' is not offered by {offer.name}. It offers: "
            f"{', '.join(closest_first(order.peering_location, offer.peering_locations))}.",
            "serviceProviderProperties.peeringLocation")
    if order.bandwidth_in_mbps not in offer.bandwidths_mbps:
        yield Fault(
            "BandwidthNotOffered",
            f"bandwidthInMbps {order.bandwidth_in_mbps} is not offered by {offer.name}. It offers: "
            f"{', '.join(map(str, offer.bandwidths_mbps))}.", "serviceProviderProperties.bandwidthInMbps")


def _moved(old: Circuit, new: Circuit, before: Resource) -> Iterator[Fault]:
    """Provider, location and port stay; bandwidth only grows."""
    if old.direct != new.direct:
        was, wanted = (("a Direct port", "a provider") if old.direct else ("a provider", "a Direct port"))
        yield immovable("the circuit", was, wanted, _ANOTHER, "expressRoutePort")
        return
    port = old.express_route_port, new.express_route_port
    if port[0] and port[1] and port[0].id.lower() != port[1].id.lower():
        yield immovable("expressRoutePort", port[0].id, port[1].id, _ANOTHER, "expressRoutePort")
    for member, was, wanted in (
            ("serviceProviderName", old.service.service_provider_name, new.service.service_provider_name),
            ("peeringLocation", old.service.peering_location, new.service.peering_location)):
        if was != wanted:
            yield immovable(member, was, wanted, _ANOTHER, f"serviceProviderProperties.{member}")
    if new.service.bandwidth_in_mbps < order_of(before).bandwidth_in_mbps:
        member, was_wide, wide = ("bandwidthInGbps", old.bandwidth_in_gbps, new.bandwidth_in_gbps) if new.direct else (
            "bandwidthInMbps", old.service.bandwidth_in_mbps, new.service.bandwidth_in_mbps)
        yield Fault("BandwidthDecreaseNotAllowed", f"{member} cannot be decreased from {was_wide} to {wide}; it can "
                    f"only grow. {_ANOTHER}", member if new.direct else f"serviceProviderProperties.{member}")


def _changed_sku(old: Resource, sku: Sku, bandwidth_mbps: int, estate: Estate) -> Iterator[Fault]:
    was, links = sku_of(old) or sku, scope.links_of(old.id, estate)
    if was.family is SkuFamily.UNLIMITED and sku.family is SkuFamily.METERED:
        yield Fault("SkuFamilyChangeNotAllowed", "sku.family cannot be changed from UnlimitedData to MeteredData, only "
                    f"the other way. {_ANOTHER}", "sku.family")
    if sku.tier not in TIER_MOVES[was.tier]:
        yield immovable("sku.tier", was.tier, sku.tier, _ANOTHER, "sku.tier")
    limit = link_limit(sku.tier, bandwidth_mbps)
    if links > limit:
        yield Conflict("SkuTierChangeNotAllowed", f"sku.tier cannot be changed from {was.tier} to {sku.tier}: {links} "
                       f"virtual networks are linked, {sku.tier} allows {limit}, with circuits linked by Global "
                       "Reach among them. Delete connections first.", "sku.tier")
    if sku.tier is not was.tier:
        for why in scope.stretched(old, sku.tier, estate):
            yield Conflict("SkuTierChangeNotAllowed", f"sku.tier cannot be changed from {was.tier} to {sku.tier}: "
                           f"{why}. Delete that connection first.", "sku.tier")


def in_use(circuit: Resource, estate: Estate) -> Iterator[Fault]:
    state = provider_state(circuit, estate)
    if "twin" in circuit.system and not state.idle:
        yield Conflict(
            "ExpressRouteCircuitIsProvisioned",
            f"Circuit {circuit.id} cannot be deleted while its serviceProviderProvisioningState is {state}. Ask the "
            "provider to deprovision it (NotProvisioned) first.")
    for kind, what in ((CONNECTION, "connection"), (WAN_CONNECTION, "connection"),
                       (EXCHANGE_ORDER, "virtual cross connect"), (CABLE, "cable")):
        for user in referrers(estate, circuit.id, kind):
            yield Conflict("InUseExpressRouteCircuitCannotBeDeleted",
                           f"Circuit {circuit.id} is in use by {user.id} and cannot be deleted. Delete the {what} "
                           "first.")
