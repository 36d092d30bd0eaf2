"""expressRouteCircuits/peerings: the BGP sessions of a circuit, one on each leg. Private peering over IPv4 is realised;
Microsoft peering and IPv6 are recorded."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Action, Inline, Question, ResourceType
from trunkline.api.resources.express_route.global_reach import peered
from trunkline.api.resources.express_route.peering_rules import check, in_use, of_type
from trunkline.api.resources.express_route.words import CHANGING, CIRCUIT_CONNECTION, fresh, model_of, without
from trunkline.errors import Fault
from trunkline.intent.compile.plant import azure_port
from trunkline.intent.estate import Estate
from trunkline.intent.view import PEERING
from trunkline.model.bgp import AZURE_ASN
from trunkline.model.circuit import Leg
from trunkline.model.peering import Peering, PeeringType
from trunkline.model.resource import Json, Resource, ResourceId

#: Members that an update need not repeat: az leaves them out when it edits IPv6.
_KEPT = ("primaryPeerAddressPrefix", "secondaryPeerAddressPrefix", "microsoftPeeringConfig.advertisedPublicPrefixes")


#: What the service says of a peering.
_NOT_THEIRS = ("azureASN", "primaryAzurePort", "secondaryAzurePort", "stats", "gatewayManagerEtag",
               "expressRouteConnection")


def _defaults(body: Json, peering: ResourceId) -> Json:
    """Clients may leave the type to the name, either spelling of the case will do; az writes back an empty
    ``microsoftPeeringConfig``."""
    plain, six = _without_empty(without(body, *_NOT_THEIRS)), body.get("ipv6PeeringConfig")
    if isinstance(six, dict):
        plain["ipv6PeeringConfig"] = _without_empty(six)
    return {**plain, "peeringType": of_type(str(body.get("peeringType") or peering.name))}


def _without_empty(config: Json) -> Json:
    return config if config.get("microsoftPeeringConfig") else without(config, "microsoftPeeringConfig")


def _routed(peering: Resource) -> bool:
    return (peering.properties.get("peeringType") == PeeringType.PRIVATE
            and "primaryPeerAddressPrefix" in peering.properties)


def show_peering(peering: Resource, estate: Estate) -> Json:
    """Members common to the customer's and the provider's view."""
    status = peering.status if _routed(peering) else _recorded(peering, estate)
    shown = {"azureASN": status.get("azureASN", 0), "lastModifiedBy": status.get("lastModifiedBy", "")}
    if status.get("azureASN"):
        shown |= {"gatewayManagerEtag": "", **{f"{leg}AzurePort": status.get(f"{leg}AzurePort", "") for leg in Leg}}
        if "primaryPeerAddressPrefix" not in peering.properties:
            shown["state"] = "Disabled"
    return {**shown, **_validation(peering)}


def _recorded(peering: Resource, estate: Estate) -> Json:
    """What the reconciler would have written."""
    circuit = estate.get(peering.id.parent) if peering.id.parent else None
    if fresh(peering) or circuit is None:
        return {}
    order, ports = model_of(circuit).service_provider_properties, {}
    if order:
        ports = {f"{leg}AzurePort": azure_port(order.service_provider_name, order.peering_location, leg) for leg in Leg}
    return {"azureASN": AZURE_ASN, "lastModifiedBy": "Customer", **ports}


def _validation(peering: Resource) -> Json:
    """Nobody vouches for prefixes here, so a registry's word stays needed; never Configured."""
    wish = peering.properties
    shown: Json = {}
    if config := wish.get("microsoftPeeringConfig"):
        shown["microsoftPeeringConfig"] = _unvalidated(config, asked=not fresh(peering))
    six = wish.get("ipv6PeeringConfig") or {}
    if config := six.get("microsoftPeeringConfig"):
        asked = peering.state not in CHANGING
        shown["ipv6PeeringConfig"] = {**six, "microsoftPeeringConfig": _unvalidated(config, asked)}
    return shown


def _unvalidated(config: Json, asked: bool) -> Json:
    state = "ValidationNeeded" if asked and config.get("advertisedPublicPrefixes") else "NotConfigured"
    infos = [{**info, "validationState": state} for info in config.get("advertisedPublicPrefixInfo", ())]
    shown = {**config, "advertisedPublicPrefixesState": state}
    return {**shown, "advertisedPublicPrefixInfo": infos} if infos else shown


def _show(peering: Resource, estate: Estate) -> Json:
    return {**show_peering(peering, estate), "peeredConnections": list(peered(peering.id, estate))}


def _on_a_leg(_peering: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    path = question.parameters["devicePath"]
    if path.lower() not in tuple(Leg):
        yield Fault("InvalidDevicePath", f"devicePath '{path}' is not a leg of the circuit; it is 'primary' or "
                    "'secondary'.", "devicePath")


def _unpeered(peering: ResourceId, estate: Estate) -> Fault | None:
    """A circuit, or its cross connection, without the peering that is asked. It is no 404 (azure-facts 1.4)."""
    owner = estate.get(peering.parent) if peering.parent else None
    kind = next((one for one in PeeringType if one.lower() == peering.name.lower()), None)
    if owner is None or kind is None:
        return None
    key = owner.system.get("serviceKey", owner.id.name)
    return Fault("BgpPeeringNotFound", f"The BGP Peering {kind} with Service Key {key} is not found. Create "
                 "it first.")


def tables(**fixed: str) -> tuple[Action, ...]:
    """What is read from the routers of one leg."""
    return tuple(Action(name, segments=("devicePath",), check=_on_a_leg, fixed=tuple(fixed.items()), absent=_unpeered)
                 for name in ("arpTables", "routeTables", "routeTablesSummary"))


PEERINGS = ResourceType(
    PEERING, model=Peering, shape="ExpressRouteCircuitPeeringPropertiesFormat", tracked=False,
    realised=_routed, secrets=("sharedKey",), defaults=_defaults, kept=_KEPT,
    inline=(Inline("connections", CIRCUIT_CONNECTION),), check=check, in_use=in_use, show=_show,
    actions=(*tables(), Action("stats", "GET", quick=True, absent=_unpeered)))
