"""Which address ranges must not meet: the peerings of a circuit and the virtual networks linked to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from trunkline.errors import Fault
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import gateway_of, gateway_view, links
from trunkline.intent.reach import link_prefixes
from trunkline.intent.view import PEERING, VnetView, vnet_view
from trunkline.model.bgp import family_of, network, overlaps, within
from trunkline.model.peering import Peering
from trunkline.model.resource import Resource, ResourceId

#: What no customer may use, and why (azure-facts 2.3: cloud-reserved ranges; RFC 6890).
_RESERVED = {
    "0.0.0.0/8": "'this network' (RFC 1122)", "127.0.0.0/8": "loopback (RFC 1122)",
    "169.254.0.0/16": "link-local (RFC 3927)", "168.63.129.16/32": "the platform's own address",
    "224.0.0.0/4": "multicast (RFC 5771)", "240.0.0.0/4": "reserved (RFC 1112)",
    "::/8": "unspecified, loopback or mapped IPv4 (RFC 4291)", "fe80::/10": "link-local (RFC 4291)",
    "ff00::/8": "multicast (RFC 4291)",
}
_INSTEAD = {4: "private (RFC 1918) or public unicast range", 6: "unique local (RFC 4193) or global unicast range"}


def unusable(prefix: str, target: str) -> Iterator[Fault]:
    """A fault if a well-formed prefix lies in a reserved range."""
    for reserved, reason in _RESERVED.items():
        if overlaps(prefix, reserved):
            yield Fault("AddressPrefixReserved", f"{target} '{prefix}' overlaps {reserved}, which is {reason}; use a "
                        f"{_INSTEAD[family_of(prefix)]}.", target)


def malformed(prefix: str, owner: ResourceId, target: str) -> Iterator[Fault]:
    """A fault if a text is no prefix, or one with host bits."""
    try:
        found = network(prefix)
    except ValueError:
        found = None
    if found is None or "/" not in prefix:
        yield Fault("InvalidAddressPrefixFormat", f"Address prefix {prefix[:80]} of resource {owner} is not formatted "
                    "correctly. It should follow CIDR notation, for example 10.0.0.0/24.", target)
    elif ip_address(prefix.partition("/")[0]) != found.network_address:
        yield Fault("InvalidCIDRNotation", f"The address prefix {prefix} in resource {owner} has an invalid CIDR "
                    f"notation. For the given prefix length, the address prefix should be {found}.", target)


def overlapping(prefixes: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each prefix that shares addresses with another, beside the smallest that it lies in.

    Prefixes are nested or apart, so in their order only those that are still open can hold the next.
    """
    around: list[str] = []
    for prefix in sorted(prefixes, key=_order):
        while around and not overlaps(around[-1], prefix):
            around.pop()
        if around:
            yield around[-1], prefix
        around.append(prefix)


def _order(prefix: str) -> tuple[int, int, int]:
    found = network(prefix)
    return found.version, int(found.network_address), found.prefixlen


def inside(prefix: str, spaces: Iterable[str]) -> bool:
    return any(within(prefix, space) for space in spaces)


def linked_vnets(estate: Estate, circuit: ResourceId, but: ResourceId) -> Iterator[VnetView]:
    """Virtual networks linked to a circuit, without the one that the connection, gateway or network ``but`` is of."""
    for connection in links(estate, circuit):
        gateway = None if connection.deleting else gateway_view(estate, gateway_of(connection))
        if gateway is None or but.key in (connection.id.key, gateway.resource.id.key, gateway.vnet.resource.id.key):
            continue
        at_hub = (vnet_view(estate, one.vnet.id) for one in (gateway.wan.networks if gateway.wan else ()))
        yield from (one for one in (gateway.vnet, *at_hub) if one and one.resource.id.key != but.key)


def circuit_collisions(estate: Estate, circuit: Resource, vnet: ResourceId, prefixes: Iterable[str]) -> Iterator[Fault]:
    """Faults of a virtual network's address space beside a circuit's peering subnets and other linked networks."""
    known = list(_taken(estate, circuit, vnet))
    for prefix in prefixes:
        for taken, what in known:
            if overlaps(prefix, taken):
                yield _collision(prefix, vnet, what)


def _taken(estate: Estate, circuit: Resource, vnet: ResourceId) -> Iterator[tuple[str, str]]:
    """Prefixes around a circuit, and what each is."""
    for peering in estate.children(circuit.id, PEERING):
        for _, leg, taken in Peering.model_validate(peering.properties).subnets:
            yield taken, f"the {leg} subnet {taken} of peering {peering.id}"
    for link, taken in link_prefixes(estate, circuit.id):
        yield taken, f"{taken} of Global Reach connection {link.id}"
    for other in linked_vnets(estate, circuit.id, vnet):
        for taken in other.prefixes:
            yield taken, f"{taken} of {other.resource.id}, linked to circuit {circuit.id.name}"


def _collision(prefix: str, vnet: ResourceId, other: str) -> Fault:
    return Fault(
        "VnetAddressSpaceOverlapsOnCircuit",
        f"Address space {prefix} of {vnet} overlaps {other}; routes would lead to only one of them. Link networks with "
        "distinct address spaces to a circuit.", "addressSpace")
