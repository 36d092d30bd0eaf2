"""expressRouteCircuits and their authorizations. With a circuit comes its twin, the provider's cross connection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

from pydantic import ValidationError

from trunkline.api.declaration import Action, Inline, Ledger, Register, ResourceType, Wish
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT, CONNECTION, EXCHANGE_ORDER, PEERING, referrers
from trunkline.model.circuit import (
    Authorization,
    Circuit,
    CrossConnection,
    ProviderState,
    ServiceProvider,
    Sku,
    SkuFamily,
    SkuTier,
    link_limit,
)
from trunkline.model.plant import location
from trunkline.model.provider import offers
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

AUTHORIZATION = f"{CIRCUIT}/authorizations"

#: S-tags of one port pair (IEEE 802.1Q).
_STAGS = 4094

_CHANGING = (ProvisioningState.CREATING, ProvisioningState.UPDATING)


def circuits(provider_subscription: str, quota: int) -> ResourceType:
    """``quota``: circuits per subscription."""
    return ResourceType(
        CIRCUIT, model=Circuit, realised=True, envelope=("sku",), secrets=("authorizationKey",),
        inline=(Inline("peerings", PEERING), Inline("authorizations", AUTHORIZATION)),
        defaults=_canonical_names, envelope_defaults=_named_sku, check=partial(_check, quota),
        generate=partial(_generate, provider_subscription), companions=_twin, in_use=_in_use, show=_show,
        actions=(Action("stats", "GET", quick=True),))


def order_of(circuit: Resource) -> ServiceProvider:
    return Circuit.model_validate(circuit.properties).service_provider_properties


def sku_of(circuit: Resource) -> Sku | None:
    """``None`` if what the client wrote is no SKU."""
    try:
        return Sku.model_validate(circuit.envelope.get("sku"))
    except ValidationError:
        return None


def provider_state(circuit: Resource, estate: Estate) -> ProviderState:
    return _twin_wish(circuit, estate).service_provider_provisioning_state


def _twin_wish(circuit: Resource, estate: Estate) -> CrossConnection:
    twin = estate.get(ResourceId.parse(circuit.system["twin"]["id"]))
    return CrossConnection.model_validate(twin.properties if twin else {})


def _canonical_names(body: Json, _id: ResourceId) -> Json:
    """Provider and location as the catalogue spells them: they name switches and number pools."""
    order = body.get("serviceProviderProperties")
    if not isinstance(order, dict):
        return body
    offer = offers().get(str(order.get("serviceProviderName")))
    place = location(str(order.get("peeringLocation")))
    names = {"serviceProviderName": offer.name} if offer else {}
    names |= {"peeringLocation": place.name} if place else {}
    return {**body, "serviceProviderProperties": {**order, **names}}


def _named_sku(envelope: Json) -> Json:
    sku = envelope.get("sku")
    if not isinstance(sku, dict) or sku.get("name"):
        return envelope
    return {**envelope, "sku": {**sku, "name": f"{sku.get('tier')}_{sku.get('family')}"}}


def _check(quota: int, wish: Wish, estate: Register) -> Iterator[Fault]:
    circuit, order = wish.resource, order_of(wish.resource)
    sku = sku_of(circuit)
    yield from _offered(circuit.id, order)
    if sku is None or sku.name != f"{sku.tier}_{sku.family}":
        yield Fault("InvalidCircuitSku", f"sku {circuit.envelope.get('sku')} is not valid: it needs a tier "
                    f"({', '.join(SkuTier)}), a family ({', '.join(SkuFamily)}) and the name 'tier_family', for "
                    "example Standard_MeteredData.", "sku")
    elif wish.existing:
        yield from _changes(wish.existing, order, sku, len(referrers(estate, circuit.id, CONNECTION)))
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
            "not exist. 'az network express-route list-service-providers' lists those that do.",
            "serviceProviderProperties.serviceProviderName")
        return
    if not offer.serves(order.peering_location):
        yield Fault(
            "PeeringLocationNotOffered",
            f"peeringLocation '{order.peering_location}' is not offered by {offer.name}. It offers: "
            f"{', '.join(offer.peering_locations)}.", "serviceProviderProperties.peeringLocation")
    if order.bandwidth_in_mbps not in offer.bandwidths_mbps:
        yield Fault(
            "BandwidthNotOffered",
            f"bandwidthInMbps {order.bandwidth_in_mbps} is not offered by {offer.name}. It offers: "
            f"{', '.join(map(str, offer.bandwidths_mbps))}.", "serviceProviderProperties.bandwidthInMbps")


def _changes(old: Resource, order: ServiceProvider, sku: Sku, links: int) -> Iterator[Fault]:
    before, was = order_of(old), sku_of(old) or sku
    another = "Order a new circuit and delete this one."
    if before.service_provider_name != order.service_provider_name:
        yield immovable("serviceProviderName", before.service_provider_name, order.service_provider_name, another,
                        "serviceProviderProperties.serviceProviderName")
    if before.peering_location != order.peering_location:
        yield immovable("peeringLocation", before.peering_location, order.peering_location, another,
                        "serviceProviderProperties.peeringLocation")
    if order.bandwidth_in_mbps < before.bandwidth_in_mbps:
        yield Fault("BandwidthDecreaseNotAllowed", "bandwidthInMbps cannot be decreased from "
                    f"{before.bandwidth_in_mbps} to {order.bandwidth_in_mbps}; it can only grow. {another}",
                    "serviceProviderProperties.bandwidthInMbps")
    if was.family is SkuFamily.UNLIMITED and sku.family is SkuFamily.METERED:
        yield Fault("SkuFamilyChangeNotAllowed", "sku.family cannot be changed from UnlimitedData to MeteredData, only "
                    f"the other way. {another}", "sku.family")
    if sku.tier is SkuTier.LOCAL and was.tier is not SkuTier.LOCAL:
        yield immovable("sku.tier", was.tier, sku.tier, another, "sku.tier")
    limit = link_limit(sku.tier, order.bandwidth_in_mbps)
    if links > limit:
        yield Conflict("SkuTierChangeNotAllowed", f"sku.tier cannot be changed from {was.tier} to {sku.tier}: {links} "
                       f"virtual networks are linked, {sku.tier} allows {limit}. Delete connections first.", "sku.tier")


def _generate(provider_subscription: str, wish: Wish, ledger: Ledger) -> Json:
    order, owner = order_of(wish.resource), wish.resource.id.key
    port = f"{order.service_provider_name}@{order.peering_location}".lower()
    stag = ledger.allocate(f"stag:{port}", owner)
    if stag > _STAGS:
        raise Conflict("PeeringLocationIsFull", f"All {_STAGS} S-tags of {order.service_provider_name} at "
                       f"{order.peering_location} are taken. Order at another location or provider.")
    key = str(uuid4())
    twin = ResourceId(provider_subscription, f"CrossConnection-{order.peering_location.replace(' ', '')}",
                      "Microsoft.Network", ("expressRouteCrossConnections",), (key,))
    return {"number": ledger.allocate("circuit", owner), "stag": stag, "serviceKey": key, "alias": key,
            "resourceGuid": str(uuid4()), "twin": {"id": str(twin)}}


def _twin(wish: Wish, ledger: Ledger) -> Iterator[Resource]:
    if wish.existing:
        return
    twin = ResourceId.parse(wish.resource.system["twin"]["id"])
    group = ResourceId(twin.subscription, twin.group)
    if ledger.get(group) is None:
        yield Resource(group, location=wish.resource.location, state=ProvisioningState.SUCCEEDED)
    circuit = {"id": str(wish.resource.id)}
    yield Resource(
        twin, location=wish.resource.location, system={"circuit": circuit}, state=ProvisioningState.SUCCEEDED,
        properties={"expressRouteCircuit": circuit,
                    "serviceProviderProvisioningState": ProviderState.NOT_PROVISIONED.value})


def _in_use(circuit: Resource, estate: Estate) -> Iterator[Fault]:
    state = provider_state(circuit, estate)
    if state is not ProviderState.NOT_PROVISIONED:
        yield Conflict(
            "ExpressRouteCircuitIsProvisioned",
            f"Circuit {circuit.id} cannot be deleted while its serviceProviderProvisioningState is {state}. Ask the "
            "provider to deprovision it (NotProvisioned) first.")
    for connection in referrers(estate, circuit.id, CONNECTION):
        yield Conflict("InUseExpressRouteCircuitCannotBeDeleted",
                       f"Circuit {circuit.id} is in use by {connection.id} and cannot be deleted. Delete the "
                       "connection first.")
    for order in referrers(estate, circuit.id, EXCHANGE_ORDER):
        yield Conflict("InUseExpressRouteCircuitCannotBeDeleted",
                       f"Circuit {circuit.id} is in use by {order.id} and cannot be deleted. Delete the virtual cross "
                       "connect first.")


def _show(circuit: Resource, estate: Estate) -> Json:
    twin, system, stag = _twin_wish(circuit, estate), circuit.system, circuit.status.get("stag")
    enabled = "Disabled" if circuit.state in _CHANGING else circuit.status.get("circuitProvisioningState", "Disabled")
    shown = {
        "resourceGuid": system["resourceGuid"], "circuitProvisioningState": enabled, "serviceKey": system["serviceKey"],
        "serviceProviderProvisioningState": twin.service_provider_provisioning_state.value, "allowGlobalReach": False}
    if twin.service_provider_notes is not None:
        shown["serviceProviderNotes"] = twin.service_provider_notes
    return shown if stag is None else {**shown, "gatewayManagerEtag": "", "stag": stag}


def _redeemed(authorization: Resource, estate: Estate) -> tuple[Resource, ...]:
    """The connection that uses an authorization's key, if any."""
    return referrers(estate, authorization.id, CONNECTION)


def _show_authorization(authorization: Resource, estate: Estate) -> Json:
    used = _redeemed(authorization, estate)
    shown = {"authorizationKey": authorization.system["authorizationKey"],
             "authorizationUseStatus": "InUse" if used else "Available"}
    return {**shown, "connectionResourceUri": str(used[0].id)} if used else shown


AUTHORIZATIONS = ResourceType(
    AUTHORIZATION, model=Authorization, tracked=False, show=_show_authorization, dependents=_redeemed,
    generate=lambda _wish, _ledger: {"authorizationKey": str(uuid4())},
    actions=(Action("listKeys", quick=True, answer=lambda authorization, _estate, _question: {
        "authorizationKey": authorization.system["authorizationKey"]}),))
