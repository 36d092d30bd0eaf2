"""expressRouteCircuits/peerings: the BGP sessions of a circuit, one on each leg."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from trunkline.api.declaration import Action, Inline, Question, ResourceType
from trunkline.api.resources.express_route.global_reach import peered
from trunkline.api.resources.express_route.peering_rules import check, in_use, of_type
from trunkline.api.resources.express_route.words import CHANGING, fresh, without
from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.reach import CIRCUIT_CONNECTION
from trunkline.intent.session_policy import policies_of
from trunkline.intent.validation import PrefixState, Verdict, overall, validation_id, verdicts
from trunkline.intent.view import PEERING
from trunkline.model.circuit import Leg
from trunkline.model.peering import Peering, PeeringType
from trunkline.model.resource import Json, Resource, ResourceId

#: Members that an update need not repeat: az leaves them out when it edits IPv6, and empties routeFilter.
_KEPT = ("primaryPeerAddressPrefix", "secondaryPeerAddressPrefix", "microsoftPeeringConfig.advertisedPublicPrefixes",
         "routeFilter.id")


#: What the service says of a peering.
_NOT_THEIRS = ("azureASN", "primaryAzurePort", "secondaryAzurePort", "stats", "gatewayManagerEtag",
               "expressRouteConnection")


def _defaults(body: Json, peering: ResourceId) -> Json:
    """Clients may leave the type to the name, either spelling of the case will do; az writes back an empty
    ``microsoftPeeringConfig``, and an empty ``routeFilter`` beside the one of IPv6."""
    plain, six = _split(_without_empty(without(body, *_NOT_THEIRS)), 29), body.get("ipv6PeeringConfig")
    if isinstance(six, dict):
        plain["ipv6PeeringConfig"] = _split(_without_empty(six), 125)
    return {**plain, "peeringType": of_type(str(body.get("peeringType") or peering.name))}


def _split(config: Json, length: int) -> Json:
    """One subnet for both legs is cut in two (azure-facts 2.3: first half primary); what is none is left to the
    model."""
    first, second = (config.get(f"{leg}PeerAddressPrefix") for leg in Leg)
    if not isinstance(first, str) or second not in (None, "", first) or not first.endswith(f"/{length}"):
        return config
    try:
        halves = ip_network(first).subnets()
    except ValueError:
        return config
    return {**config, **{f"{leg}PeerAddressPrefix": str(half) for leg, half in zip(Leg, halves, strict=True)}}


def _without_empty(config: Json) -> Json:
    return without(config, *(name for name in ("microsoftPeeringConfig", "routeFilter") if not config.get(name)))


def show_peering(peering: Resource, _estate: Estate) -> Json:
    """Members common to the customer's and the provider's view."""
    status = peering.status
    shown = {"azureASN": status.get("azureASN", 0), "lastModifiedBy": status.get("lastModifiedBy", "")}
    if status.get("azureASN"):
        shown |= {"gatewayManagerEtag": "", **{f"{leg}AzurePort": status.get(f"{leg}AzurePort", "") for leg in Leg}}
        if "primaryPeerAddressPrefix" not in peering.properties:
            shown["state"] = "Disabled"
    return {**shown, **_validation(peering)}


def _validation(peering: Resource) -> Json:
    wish = peering.properties
    shown: Json = {}
    if config := wish.get("microsoftPeeringConfig"):
        shown["microsoftPeeringConfig"] = _validated(peering, config, verdicts(peering, 4))
    six = wish.get("ipv6PeeringConfig") or {}
    if config := six.get("microsoftPeeringConfig"):
        found = _validated(peering, config, verdicts(peering, 6))
        shown["ipv6PeeringConfig"] = {**six, "microsoftPeeringConfig": found}
    return shown


def _validated(peering: Resource, config: Json, found: tuple[Verdict, ...]) -> Json:
    """NotConfigured until the service has begun to look at it [REC]."""
    if fresh(peering) or (overall(found) is PrefixState.CONFIGURING and peering.state in CHANGING):
        found = ()
    given = {info["prefix"]: info for info in config.get("advertisedPublicPrefixInfo") or ()}
    infos = [{**given.get(one.prefix, {"prefix": one.prefix}), "validationId": validation_id(peering, one.prefix),
              "validationState": one.state.value} for one in found]
    shown = {**config, "advertisedPublicPrefixesState": overall(found).value}
    return {**shown, "advertisedPublicPrefixInfo": infos} if infos else shown


def _show(peering: Resource, estate: Estate) -> Json:
    return {**show_peering(peering, estate), "peeredConnections": list(peered(peering.id, estate))}


def _on_a_leg(_peering: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    path = question.parameters["devicePath"]
    if path.lower() not in tuple(Leg):
        yield Fault("InvalidDevicePath", f"devicePath '{path}' is not a leg of the circuit; it is 'primary' or "
                    "'secondary'.", "devicePath")


def _refreshable(peering: Resource, estate: Estate, question: Question) -> Iterator[Fault]:
    yield from _on_a_leg(peering, estate, question)
    if (way := question.parameters["direction"]).lower() not in ("", "in", "out", "both"):
        yield Fault("InvalidQueryParameter", f"direction '{way[:40]}' is not known; it is one of in, out, both.",
                    "direction")


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
    realised=True, secrets=("sharedKey",), defaults=_defaults, kept=_KEPT,
    inline=(Inline("connections", CIRCUIT_CONNECTION),), check=check, in_use=in_use, show=_show,
    dependents=lambda peering, estate: policies_of(estate, peering.id),
    actions=(*tables(), Action("stats", "GET", quick=True, absent=_unpeered), Action(
        "refreshSessions", segments=("devicePath",), query=("direction",), check=_refreshable, absent=_unpeered)))
