"""RFC 4271 words as types, and the rules Azure puts on them (azure-facts 2.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

#: The cloud's side of every customer session.
AZURE_ASN = 12076
#: Virtual network gateways and what stands behind them.
GATEWAY_ASN = 65515

#: An address without scope, and a length: no netmask, no bare address.
_CIDR = re.compile(r"[0-9a-fA-F:.]+/\d{1,3}", re.ASCII)

#: Why each AS number is refused as a customer's.
_RESERVED: dict[range, str] = {
    range(1): "AS 0 is reserved (RFC 7607)",
    range(AZURE_ASN, AZURE_ASN + 1): "AS 12076 is the cloud's own",
    range(23456, 23457): "AS 23456 is AS_TRANS (RFC 6793)",
    range(65515, 65521): "AS 65515 to 65520 are reserved by the service",
    range(65535, 65536): "AS 65535 is reserved (RFC 7300)",
    range(4294967295, 4294967296): "AS 4294967295 is reserved (RFC 7300)",
}


#: RFC 6996.
PRIVATE_ASNS = ((64512, 65534), (4_200_000_000, 4_294_967_294))


def is_private_asn(asn: int) -> bool:
    return any(first <= asn <= last for first, last in PRIVATE_ASNS)


def reserved_asn(asn: int) -> str:
    """Why ``asn`` cannot be a customer's; empty when it can."""
    return next((reason for numbers, reason in _RESERVED.items() if asn in numbers), "")


def _customer_asn(asn: int) -> int:
    if reason := reserved_asn(asn):
        raise PydanticCustomError(
            "ReservedAsn", "AS number {asn} cannot be a customer's: {reason}. Use another 2- or 4-byte AS number, "
            "such as a private one from 64512 to 65514.", {"asn": asn, "reason": reason})
    return asn


def _malformed(prefix: str) -> PydanticCustomError:
    return PydanticCustomError(
        "InvalidAddressPrefixFormat", "Address prefix {prefix} is not formatted correctly. It should follow CIDR "
        "notation, for example 10.0.0.0/24.", {"prefix": prefix})


def _prefix(text: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise _malformed(text) from error
    if not _CIDR.fullmatch(text):
        raise _malformed(text)
    if ip_address(text.partition("/")[0]) != network.network_address:
        raise PydanticCustomError(
            "InvalidCIDRNotation", "The address prefix {prefix} has an invalid CIDR notation. For the given prefix "
            "length, the address prefix should be {network}.", {"prefix": text, "network": str(network)})
    return str(network)


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError as error:
        raise PydanticCustomError(
            "InvalidIPAddressFormat", "'{address}' is not an IPv4 address. Give one without prefix length, for example "
            "10.0.0.4.", {"address": text}) from error


def _address6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError as error:
        raise PydanticCustomError(
            "InvalidIPAddressFormat", "'{address}' is not an IPv6 address. Give one without prefix length, for example "
            "fd00:1::4.", {"address": text}) from error


def _either(text: str) -> str:
    return _address6(text) if ":" in text else _address(text)


def _peering_prefix(text: str) -> str:
    network = ip_network(_prefix(text))
    wanted = 30 if network.version == 4 else 126
    if network.prefixlen != wanted:
        raise PydanticCustomError(
            "InvalidPeerAddressPrefixLength", "{prefix} is a /{length}; a peering subnet must be a /{wanted}, of which "
            "the customer's router takes the first usable address and the cloud's the second. Give one /{wanted} for "
            "each link, or one /{both} for both.",
            {"prefix": text, "length": network.prefixlen, "wanted": wanted, "both": wanted - 1})
    return str(network)


Asn = Annotated[int, Field(ge=0, le=4294967295)]
CustomerAsn = Annotated[Asn, AfterValidator(_customer_asn)]
Ipv4 = Annotated[str, AfterValidator(_address)]
Ipv6 = Annotated[str, AfterValidator(_address6)]
IpAddress = Annotated[str, AfterValidator(_either)]
Prefix = Annotated[str, AfterValidator(_prefix)]
PeeringPrefix = Annotated[str, AfterValidator(_peering_prefix)]
VlanId = Annotated[int, Field(ge=1, le=4094)]


def customer_address(prefix: str) -> str:
    """The customer's end of a peering subnet: the first usable address, with its length."""
    network = ip_network(prefix)
    return f"{network[1]}/{network.prefixlen}"


def edge_address(prefix: str) -> str:
    """The edge's end of a peering subnet: the second usable address, with its length."""
    network = ip_network(prefix)
    return f"{network[2]}/{network.prefixlen}"


def bare(address: str) -> str:
    """An address without its prefix length."""
    return address.partition("/")[0]


def family_of(text: str) -> int:
    """4 or 6, of an address or a prefix that is one."""
    return 6 if ":" in text else 4


def of_family(family: int, texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if family_of(text) == family)


def host_prefix(address: str) -> str:
    """Of one address alone."""
    return f"{address}/{32 if family_of(address) == 4 else 128}"


@lru_cache(maxsize=16_384)
def network(prefix: str) -> IPv4Network | IPv6Network:
    return ip_network(prefix, strict=False)


def overlaps(one: str, other: str) -> bool:
    """Whether two prefixes share an address; never across families."""
    a, b = network(one), network(other)
    if isinstance(a, IPv4Network) and isinstance(b, IPv4Network):
        return a.overlaps(b)
    return isinstance(a, IPv6Network) and isinstance(b, IPv6Network) and a.overlaps(b)


def within(inner: str, outer: str) -> bool:
    """Whether ``inner`` lies wholly inside ``outer``."""
    a, b = network(inner), network(outer)
    if isinstance(a, IPv4Network) and isinstance(b, IPv4Network):
        return a.subnet_of(b)
    return isinstance(a, IPv6Network) and isinstance(b, IPv6Network) and a.subnet_of(b)
