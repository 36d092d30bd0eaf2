"""expressRouteCircuits. With a circuit that a provider sells comes its twin, the provider's cross connection; one on a
Direct port has none, and nobody has to provision it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

from trunkline.api.declaration import Action, Inline, Ledger, ResourceType, Wish
from trunkline.api.resources.express_route import circuit_rules, direct
from trunkline.api.resources.express_route.failover_tests import FAILOVER_TESTS
from trunkline.api.resources.express_route.words import (
    AUTHORIZATION,
    CHANGING,
    fresh,
    model_of,
    order_of,
    twin_of,
    without,
)
from trunkline.api.resources.looking_glass import ROUTES
from trunkline.api.resources.session_policies import policies_below
from trunkline.errors import Conflict
from trunkline.intent.estate import Estate
from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.intent.reach import is_reaching
from trunkline.intent.resiliency_level import level
from trunkline.intent.view import CIRCUIT, PEERING, THROTTLE, referrers
from trunkline.model.circuit import Circuit, ProviderState
from trunkline.model.plant import location
from trunkline.model.port import VLAN_IDS
from trunkline.model.provider import offers
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

#: What the service and the provider say of a circuit, not its customer.
_NOT_THEIRS = ("circuitProvisioningState", "serviceProviderProvisioningState", "serviceProviderNotes", "serviceKey",
               "gatewayManagerEtag", "allowGlobalReach")


def circuits(subscription_of: Callable[[str], str], quota: int) -> ResourceType:
    """``subscription_of``: a provider's, by its name. ``quota``: circuits per subscription."""
    return ResourceType(
        CIRCUIT, model=Circuit, shape="ExpressRouteCircuitPropertiesFormat",
        realised=True,
        envelope=("sku",), secrets=("authorizationKey", "activationKey"), opened_by_key="expressRoutePort",
        inline=(Inline("peerings", PEERING), Inline("authorizations", AUTHORIZATION)),
        defaults=_canonical_names, envelope_defaults=_named_sku, check=partial(circuit_rules.check, quota),
        generate=partial(_generate, subscription_of), companions=_twin, in_use=circuit_rules.in_use, show=_show,
        dependents=lambda circuit, estate: (
            *referrers(estate, circuit.id, THROTTLE), *referrers(estate, circuit.id, PREFIX_APPROVAL),
            *policies_below(circuit, estate)),
        actions=(Action("stats", "GET", quick=True), *ROUTES, *FAILOVER_TESTS))


def _canonical_names(given: Json, _id: ResourceId) -> Json:
    """Provider and location as the catalogue spells them: they name switches and number pools."""
    body = without(given, *_NOT_THEIRS)
    order = body.get("serviceProviderProperties")
    if not isinstance(order, dict):
        return body
    offer = offers().get(str(order.get("serviceProviderName")))
    place = location(str(order.get("peeringLocation")))
    names = {"serviceProviderName": offer.name} if offer else {}
    names |= {"peeringLocation": place.name} if place else {}
    return {**body, "serviceProviderProperties": {**order, **names}}


def _named_sku(given: Json, kept: Json) -> Json:
    """A name that is left out, or as it was (``az network express-route update --sku-tier`` writes back the old one),
    follows tier and family."""
    sku = given.get("sku")
    if not isinstance(sku, dict):
        return given
    name = f"{sku.get('tier')}_{sku.get('family')}"
    said = str(sku.get("name") or name)
    known = {name.lower(), str(kept.get("sku", {}).get("name")).lower()}
    return {**given, "sku": {**sku, "name": name if said.lower() in known else said}}


def _generate(subscription_of: Callable[[str], str], wish: Wish, ledger: Ledger) -> Json:
    owner, key = wish.resource.id.key, str(uuid4())
    system: Json = {"number": ledger.allocate("circuit", owner), "serviceKey": key, "alias": key,
                    "resourceGuid": str(uuid4())}
    if model_of(wish.resource).direct:
        return {**system, **direct.generate(wish.resource, ledger)}
    order = order_of(wish.resource)
    port = f"{order.service_provider_name}@{order.peering_location}".lower()
    stag = ledger.allocate(f"stag:{port}", owner)
    if stag > VLAN_IDS:
        raise Conflict("PeeringLocationIsFull", f"All {VLAN_IDS} S-tags of {order.service_provider_name} at "
                       f"{order.peering_location} are taken. Order at another location or provider.")
    twin = ResourceId(subscription_of(order.service_provider_name),
                      f"CrossConnection-{order.peering_location.replace(' ', '')}", "Microsoft.Network",
                      ("expressRouteCrossConnections",), (key,))
    return {**system, "stag": stag, "twin": {"id": str(twin)}}


def _twin(wish: Wish, ledger: Ledger) -> Iterator[Resource]:
    if wish.existing or "twin" not in wish.resource.system:
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


def _show(circuit: Resource, estate: Estate) -> Json:
    twin, system, stag = twin_of(circuit, estate), circuit.system, circuit.status.get("stag")
    enabled = circuit.status.get("circuitProvisioningState", "Disabled")
    reaching = is_reaching(estate, circuit.id)
    shown = {
        "resourceGuid": system["resourceGuid"], "serviceKey": system["serviceKey"],
        "circuitProvisioningState": "Disabled" if circuit.state in CHANGING else enabled,
        "serviceProviderProvisioningState": twin.service_provider_provisioning_state.value,
        "allowGlobalReach": reaching, "globalReachEnabled": reaching,
        "resiliencyLevel": level(circuit, estate).value}
    if twin.service_provider_notes is not None:
        shown["serviceProviderNotes"] = twin.service_provider_notes
    if "authorization" in system:
        shown["authorizationStatus"] = "Enabled"
    if stag is not None or not ("twin" in system or fresh(circuit)):
        shown["gatewayManagerEtag"] = ""
    return shown if stag is None else {**shown, "stag": stag}
