"""What a peering must be: its type, subnets, VLAN and prefixes, by themselves and beside what is on the circuit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Network, ip_network

from trunkline.api.declaration import Register, Wish
from trunkline.api.resources.addressing import linked_vnets, unusable
from trunkline.api.resources.express_route.direct import circuits_on
from trunkline.api.resources.express_route.words import model_of, sku_of
from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.reach import CIRCUIT_CONNECTION, link_prefixes
from trunkline.intent.view import CONNECTION, NETWORK, PEERING, ROUTE_FILTER_RULE, referrers
from trunkline.intent.wan import WAN_CONNECTION
from trunkline.model.bgp import overlaps
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.peering import MicrosoftConfig, Peering, PeeringType
from trunkline.model.port import VLAN_IDS, Encapsulation
from trunkline.model.public_service import needing_premium
from trunkline.model.resource import Reference, Resource, ResourceId

_ROUTE_FILTER = f"{NETWORK}/routeFilters"

#: IPv6 that no peering subnet may be in beside what nobody may use, and why.
_RESERVED = {"2001:db8::/32": "for documentation (RFC 3849)"}

#: IPv6 that nobody routes on the internet.
_UNIQUE_LOCAL = IPv6Network("fc00::/7")


def of_type(name: str) -> str:
    """A type's own spelling; the name as it is if there is none such."""
    return next((kind.value for kind in PeeringType if kind.lower() == name.lower()), name)


def check(wish: Wish, estate: Register) -> Iterator[Fault]:
    peering, model = wish.resource.id, Peering.model_validate(wish.resource.properties)
    yield from _kind(peering, model)
    yield from _microsoft(model) if model.peering_type is PeeringType.MICROSOFT else _not_microsoft(model)
    yield from _route_filters(peering, model, estate)
    yield from _usable(model)
    yield from _legs_apart(model)
    if peering.parent:
        yield from _beside_siblings(peering, peering.parent, model, estate)
        yield from _beside_vnets(peering.parent, model, estate)
        yield from _beside_links(peering.parent, model, estate)
        yield from _alone_on_port(peering.parent, model, estate)


def _kind(peering: ResourceId, model: Peering) -> Iterator[Fault]:
    kind = model.peering_type
    if peering.name.lower() != kind.lower():
        yield Fault("InvalidPeeringName", f"Peering '{peering.name}' is of peeringType {kind}, but a peering bears the "
                    f"name of its type. Name it {kind}.", "peeringType")
    if kind is PeeringType.PUBLIC:
        yield Fault("PeeringTypeRetired", "peeringType AzurePublicPeering was retired on 31 March 2024. Use "
                    "AzurePrivatePeering.",
                    "peeringType")


def _microsoft(model: Peering) -> Iterator[Fault]:
    six = model.ipv6_peering_config
    configs = [(4, "microsoftPeeringConfig", model.microsoft_peering_config)] if model.has_ipv4 else []
    configs += [(6, "ipv6PeeringConfig.microsoftPeeringConfig", six.microsoft_peering_config)] if six else []
    for version, member, config in configs:
        if config is None or not config.advertised_public_prefixes:
            yield Fault("MissingRequiredProperty", f"Property '{member}.advertisedPublicPrefixes' is required on "
                        "MicrosoftPeering; name the public prefixes that you will announce.",
                        f"{member}.advertisedPublicPrefixes")
        else:
            yield from _of_family(config, version, member)
    for member, _, prefix in model.subnets:
        found = ip_network(prefix)
        if _UNIQUE_LOCAL.overlaps(found) if isinstance(found, IPv6Network) else found.is_private:
            yield Fault("PublicPrefixRequired", f"{member} {prefix} is not public; Microsoft peering is over addresses "
                        "that are registered to you. Give such a subnet.", member)


def _of_family(config: MicrosoftConfig, version: int, member: str) -> Iterator[Fault]:
    for prefix in config.others(version):
        yield Fault("AddressFamilyMismatch", f"{member}.advertisedPublicPrefixes '{prefix}' is not IPv{version}; write "
                    "it into the configuration of its own family.", f"{member}.advertisedPublicPrefixes")


def _not_microsoft(model: Peering) -> Iterator[Fault]:
    six = model.ipv6_peering_config
    for member, given in (("microsoftPeeringConfig", model.microsoft_peering_config),
                          ("routeFilter", model.route_filter),
                          ("ipv6PeeringConfig.microsoftPeeringConfig", six.microsoft_peering_config if six else None),
                          ("ipv6PeeringConfig.routeFilter", six.route_filter if six else None)):
        if given is not None:
            yield Fault("PropertyNotApplicable", f"{member} belongs to MicrosoftPeering; {model.peering_type} has "
                        "none. Leave it out.", member)


def _route_filters(peering: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    six = model.ipv6_peering_config
    named: list[tuple[str, Reference | None]] = [
        ("routeFilter", model.route_filter), ("ipv6PeeringConfig.routeFilter", six.route_filter if six else None)]
    for member, reference in named:
        if reference and linked(estate, peering, reference.id, _ROUTE_FILTER) is None:
            yield missing(peering, reference.id, _ROUTE_FILTER, member)
        elif reference and peering.parent:
            allowed = (rule.properties.get("communities", ()) for rule in
                       estate.children(reference.target, ROUTE_FILTER_RULE) if not rule.deleting)
            yield from premium_for((one for told in allowed for one in told), peering.parent, estate, member)


def premium_for(communities: Iterable[str], circuit: ResourceId, estate: Estate, member: str) -> Iterator[Fault]:
    """Microsoft 365 is told to Premium circuits alone (azure-facts 3)."""
    found, wanting = estate.get(circuit), needing_premium(communities)
    sku = sku_of(found) if found else None
    if wanting and sku and sku.tier is not SkuTier.PREMIUM:
        yield Fault("RouteFilterRequiresPremium", f"Communities {', '.join(wanting)} of Microsoft 365 need a Premium "
                    f"circuit, and {circuit.name} is {sku.tier}. Change its sku.tier to Premium, or leave them out of "
                    "the route filter.", member)


def _usable(model: Peering) -> Iterator[Fault]:
    for member, _, prefix in model.subnets:
        yield from unusable(prefix, member)
        for reserved, reason in _RESERVED.items():
            if overlaps(prefix, reserved):
                yield Fault("AddressPrefixReserved", f"{member} '{prefix}' overlaps {reserved}, which is {reason}; use "
                            "a unique local or global unicast range.", member)


def _legs_apart(model: Peering) -> Iterator[Fault]:
    for member, leg, prefix in model.subnets:
        for other, far, taken in model.subnets:
            if leg is Leg.SECONDARY and far is Leg.PRIMARY and overlaps(prefix, taken):
                yield _overlap(member, prefix, f"{other} {taken}")


def _beside_siblings(peering: ResourceId, circuit: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    for sibling in estate.children(circuit, PEERING):
        if sibling.id.key == peering.key:
            continue
        other = Peering.model_validate(sibling.properties)
        if other.vlan_id == model.vlan_id:
            yield Fault("VlanIdInUse", f"vlanId {model.vlan_id} is used by {sibling.id.name} of this circuit; each "
                        "peering needs its own. Choose another from 1 to 4094.", "vlanId")
        for member, _, prefix in model.subnets:
            for _, _, taken in other.subnets:
                if overlaps(prefix, taken):
                    yield _overlap(member, prefix, f"{taken} of {sibling.id.name}")


def _beside_vnets(circuit: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    for vnet in linked_vnets(estate, circuit, but=circuit):
        for member, _, prefix in model.subnets:
            for space in vnet.prefixes:
                if overlaps(prefix, space):
                    yield _overlap(member, prefix, f"address space {space} of linked {vnet.resource.id}")


def _beside_links(circuit: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    for link, taken in link_prefixes(estate, circuit):
        for member, _, prefix in model.subnets:
            if overlaps(prefix, taken):
                yield _overlap(member, prefix, f"{taken} of Global Reach connection {link.id}")


def _alone_on_port(circuit: ResourceId, model: Peering, estate: Estate) -> Iterator[Fault]:
    """In Dot1Q mode the C-tag is the only tag on the wire of a Direct port."""
    found = estate.get(circuit)
    port = model_of(found).express_route_port if found else None
    if found is None or port is None or found.system.get("encapsulation") != Encapsulation.DOT1Q:
        return
    others = [peering for other in circuits_on(port.target, estate) if other.id.key != circuit.key
              for peering in estate.children(other.id, PEERING)]
    taken = [one for one in others if one.properties.get("vlanId") == model.vlan_id]
    if taken and len({one.properties.get("vlanId") for one in others}) >= VLAN_IDS:
        yield Conflict("ExpressRoutePortTagsExhausted", f"All {VLAN_IDS} VLAN ids of port {port.id} are taken: in "
                       "Dot1Q mode each peering of its circuits has its own. Delete a peering, or use a port with QinQ "
                       "encapsulation.", "vlanId")
    elif taken:
        yield Fault("VlanIdInUse", f"vlanId {model.vlan_id} is used by {taken[0].id} on the same port, whose "
                    "encapsulation is Dot1Q: there each peering needs its own. Choose another from 1 to 4094.",
                    "vlanId")


def _overlap(member: str, prefix: str, other: str) -> Fault:
    length = prefix.partition("/")[2]
    return Fault("PeerAddressPrefixOverlaps", f"{member} {prefix} overlaps {other}. Choose a /{length} that is used "
                 "nowhere else on this circuit.", member)


def in_use(peering: Resource, estate: Estate) -> Iterator[Fault]:
    circuit = peering.id.parent
    users = [*referrers(estate, peering.id, CIRCUIT_CONNECTION), *referrers(estate, peering.id, WAN_CONNECTION)]
    if Peering.model_validate(peering.properties).peering_type is PeeringType.PRIVATE and circuit:
        users += referrers(estate, circuit, CONNECTION)
    for connection in users:
        yield Conflict("InUsePeeringCannotBeDeleted", f"Peering {peering.id} is in use by {connection.id} and cannot "
                       "be deleted. Delete the connection first.")
