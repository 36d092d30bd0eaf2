"""expressRouteCircuits/peerings: the BGP sessions of a circuit, one on each leg."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Action, Question, Register, ResourceType, Wish
from trunkline.api.resources.addressing import linked_vnets, unusable
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CONNECTION, PEERING, referrers
from trunkline.model.bgp import overlaps
from trunkline.model.circuit import Leg, Peering, PeeringType
from trunkline.model.resource import Json, Resource, ResourceId

#: Members that appear in an answer once the peering is realised [REC].
_REALISED = ("primaryAzurePort", "secondaryAzurePort")

_FIELDS = {Leg.PRIMARY: "primaryPeerAddressPrefix", Leg.SECONDARY: "secondaryPeerAddressPrefix"}


def type_from_name(body: Json, peering: ResourceId) -> Json:
    """Clients may leave the type to the name; either spelling of the case will do."""
    given = str(body.get("peeringType") or peering.name)
    canonical = next((kind.value for kind in PeeringType if kind.lower() == given.lower()), given)
    return {**body, "peeringType": canonical}


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    peering, model = wish.resource.id, Peering.model_validate(wish.resource.properties)
    yield from _kind(peering, model)
    if model.ipv6_peering_config is not None:
        yield Fault("IPv6NotSupported", "ipv6PeeringConfig is not offered in this release; leave it out and peer over "
                    "IPv4.",
                    "ipv6PeeringConfig")
    for leg in Leg:
        yield from unusable(model.prefix(leg), _FIELDS[leg])
    if overlaps(*(model.prefix(leg) for leg in Leg)):
        yield _overlap(Leg.SECONDARY, model, f"primaryPeerAddressPrefix {model.prefix(Leg.PRIMARY)}")
    if peering.parent:
        yield from _beside_siblings(peering, peering.parent, model, estate)
        yield from _beside_vnets(peering.parent, model, estate)


def _kind(peering: ResourceId, model: Peering) -> Iterator[Fault]:
    kind = model.peering_type
    if peering.name.lower() != kind.lower():
        yield Fault("InvalidPeeringName", f"Peering '{peering.name}' is of peeringType {kind}, but a peering bears the "
                    f"name of its type. Name it {kind}.", "peeringType")
    if kind is PeeringType.PUBLIC:
        yield Fault("PeeringTypeRetired", "peeringType AzurePublicPeering was retired on 31 March 2024. Use "
                    "AzurePrivatePeering.",
                    "peeringType")
    if kind is PeeringType.MICROSOFT:
        yield Fault("PeeringTypeNotSupported", "peeringType MicrosoftPeering is not offered in this release. Use "
                    "AzurePrivatePeering.", "peeringType")


def _beside_siblings(peering: ResourceId, circuit: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    for sibling in estate.children(circuit, PEERING):
        if sibling.id.key == peering.key:
            continue
        other = Peering.model_validate(sibling.properties)
        if other.vlan_id == model.vlan_id:
            yield Fault("VlanIdInUse", f"vlanId {model.vlan_id} is used by {sibling.id.name} of this circuit; each "
                        "peering needs its own. Choose another from 1 to 4094.", "vlanId")
        for leg in Leg:
            for taken in (other.prefix(far) for far in Leg):
                if overlaps(model.prefix(leg), taken):
                    yield _overlap(leg, model, f"{taken} of {sibling.id.name}")


def _beside_vnets(circuit: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    for vnet in linked_vnets(estate, circuit, but=circuit):
        for leg in Leg:
            for space in vnet.prefixes:
                if overlaps(model.prefix(leg), space):
                    yield _overlap(leg, model, f"address space {space} of linked {vnet.resource.id}")


def _overlap(leg: Leg, model: Peering, other: str) -> Fault:
    return Fault("PeerAddressPrefixOverlaps", f"{_FIELDS[leg]} {model.prefix(leg)} overlaps {other}. Choose a /30 that "
                 "is used nowhere else on this circuit.", _FIELDS[leg])


def _in_use(peering: Resource, estate: Estate) -> Iterator[Fault]:
    circuit = peering.id.parent
    for connection in referrers(estate, circuit, CONNECTION) if circuit else ():
        yield Conflict("InUsePeeringCannotBeDeleted", f"Peering {peering.id} is in use by {connection.id} and cannot "
                       "be deleted. Delete the connection first.")


def show_peering(peering: Resource, _estate: Estate) -> Json:
    """Members common to the customer's and the provider's view."""
    status = peering.status
    shown = {"azureASN": status.get("azureASN", 0), "lastModifiedBy": status.get("lastModifiedBy", "")}
    if status.get("azureASN"):
        shown |= {"gatewayManagerEtag": "", **{port: status.get(port, "") for port in _REALISED}}
    return shown


def _show(peering: Resource, estate: Estate) -> Json:
    return {**show_peering(peering, estate), "connections": [], "peeredConnections": []}


def _on_a_leg(_peering: Resource, _estate: Estate, question: Question) -> Iterator[Fault]:
    path = question.parameters["devicePath"]
    if path.lower() not in tuple(Leg):
        yield Fault("InvalidDevicePath", f"devicePath '{path}' is not a leg of the circuit; it is 'primary' or "
                    "'secondary'.", "devicePath")


def tables(**fixed: str) -> tuple[Action, ...]:
    """What is read from the routers of one leg."""
    return tuple(Action(name, segments=("devicePath",), check=_on_a_leg, fixed=tuple(fixed.items()))
                 for name in ("arpTables", "routeTables", "routeTablesSummary"))


PEERINGS = ResourceType(
    PEERING, model=Peering, tracked=False, realised=True, secrets=("sharedKey",), defaults=type_from_name,
    kept=tuple(_FIELDS.values()), check=_check, in_use=_in_use, show=_show,
    actions=(*tables(), Action("stats", "GET", quick=True)))
