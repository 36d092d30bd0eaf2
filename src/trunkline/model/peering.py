"""Peerings of a circuit: private, Microsoft and (retired) public, IPv4 and IPv6; and what links two of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.bgp import Asn, CustomerAsn, PeeringPrefix, Prefix, VlanId, within
from trunkline.model.bogons import BOGON_PREFIXES
from trunkline.model.circuit import Leg
from trunkline.model.resource import Properties, Reference

#: Prefixes that Microsoft peering takes of each family, before the session is closed (azure-facts 2.3).
PUBLIC_PREFIXES = 200
#: Shortest length, by family, that a registry gives to one holder: IANA gives an IPv4 /8, and no IPv6 wider than a /19
#: was ever given on.
WIDEST = {4: 8, 6: 19}


class PeeringType(StrEnum):
    PUBLIC = "AzurePublicPeering"
    PRIVATE = "AzurePrivatePeering"
    MICROSOFT = "MicrosoftPeering"

    @property
    def word(self) -> str:
        """As operators and counters call it."""
        return self.removeprefix("Azure").removesuffix("Peering").lower()


class PeeringState(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


class RoutingRegistry(StrEnum):
    """Who may vouch for a prefix (azure-facts 1.1)."""

    NONE = "NONE"
    ARIN = "ARIN"
    APNIC = "APNIC"
    AFRINIC = "AFRINIC"
    LACNIC = "LACNIC"
    RIPENCC = "RIPENCC"
    RADB = "RADB"
    ALTDB = "ALTDB"
    LEVEL3 = "LEVEL3"


def _shared_key(key: str) -> str:
    """The message never repeats the key."""
    if len(key) > 25 or not (key.isascii() and key.isalnum()):
        raise PydanticCustomError(
            "InvalidSharedKey", "sharedKey has {length} characters; it may have 1 to 25, letters and digits only. "
            "Choose another key, the same on both routers.", {"length": len(key)})
    return key


#: Optional MD5 key (azure-facts 2.3).
SharedKey = Annotated[str, AfterValidator(_shared_key)]


def _of_version(version: int, prefix: str) -> str:
    if ip_network(prefix).version != version:
        raise PydanticCustomError(
            "AddressFamilyMismatch", "{prefix} is not IPv{version}; IPv4 prefixes stand in the peering itself, IPv6 "
            "prefixes in ipv6PeeringConfig. Move it.", {"prefix": prefix, "version": version})
    return prefix


Prefix4 = Annotated[PeeringPrefix, AfterValidator(lambda prefix: _of_version(4, prefix))]
Prefix6 = Annotated[PeeringPrefix, AfterValidator(lambda prefix: _of_version(6, prefix))]


def _public(prefix: str) -> str:
    found = ip_network(prefix)
    if found.prefixlen < WIDEST[found.version]:
        raise PydanticCustomError(
            "PublicPrefixTooWide", "{prefix} is wider than a /{widest}, which no registry gives to one holder; over "
            "Microsoft peering nobody announces the default route or half of the internet. Name the prefixes that are "
            "registered to you.", {"prefix": prefix, "widest": WIDEST[found.version]})
    if found.is_private or any(within(prefix, bogon) for bogon in BOGON_PREFIXES):
        raise PydanticCustomError(
            "PublicPrefixRequired", "{prefix} is not a public prefix; Microsoft peering is over addresses that are "
            "registered to you. Give such a prefix.", {"prefix": prefix})
    return prefix


PublicPrefix = Annotated[Prefix, AfterValidator(_public)]


def _few(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    if len(prefixes) > PUBLIC_PREFIXES:
        raise PydanticCustomError(
            "PublicPrefixLimitExceeded", "advertisedPublicPrefixes names {count} prefixes; Microsoft peering takes at "
            "most {most} of each family. Name fewer, summarised ones.",
            {"count": len(prefixes), "most": PUBLIC_PREFIXES})
    return prefixes


class PublicPrefixInfo(Properties):
    """How the owner of a prefix proves that it is theirs."""

    prefix: PublicPrefix
    validation_id: str | None = None
    signature: str | None = None


class MicrosoftConfig(Properties):
    """``microsoftPeeringConfig``: the prefixes that a customer means to announce, and who vouches for them."""

    advertised_public_prefixes: Annotated[tuple[PublicPrefix, ...], AfterValidator(_few)] = ()
    advertised_communities: tuple[str, ...] | None = None
    customer_asn: Asn = Field(0, alias="customerASN")
    legacy_mode: Annotated[int, Field(ge=0, le=1)] = 0
    routing_registry_name: Annotated[RoutingRegistry, BeforeValidator(
        lambda name: name.upper() if isinstance(name, str) else name)] = RoutingRegistry.NONE
    advertised_public_prefix_info: tuple[PublicPrefixInfo, ...] | None = None

    def others(self, version: int) -> Iterator[str]:
        """Prefixes of another family than ``version``."""
        return (prefix for prefix in self.advertised_public_prefixes if ip_network(prefix).version != version)


class Ipv6Config(Properties):
    primary_peer_address_prefix: Prefix6
    secondary_peer_address_prefix: Prefix6
    microsoft_peering_config: MicrosoftConfig | None = None
    route_filter: Reference | None = None
    state: PeeringState = PeeringState.ENABLED

    def prefix(self, leg: Leg) -> str:
        return self.primary_peer_address_prefix if leg is Leg.PRIMARY else self.secondary_peer_address_prefix


@dataclass(frozen=True, slots=True)
class LegSubnet:
    """What one family has on one leg: a subnet, and whether its session may be up."""

    prefix: str
    enabled: bool


class Peering(Properties):
    """IPv4 prefixes on both legs or on none; then ``ipv6_peering_config`` has those of IPv6."""

    peering_type: PeeringType
    state: PeeringState = PeeringState.ENABLED
    peer_asn: CustomerAsn = Field(alias="peerASN")
    primary_peer_address_prefix: Prefix4 | None = None
    secondary_peer_address_prefix: Prefix4 | None = None
    vlan_id: VlanId
    shared_key: SharedKey | None = None
    microsoft_peering_config: MicrosoftConfig | None = None
    route_filter: Reference | None = None
    ipv6_peering_config: Ipv6Config | None = None

    @model_validator(mode="after")
    def _complete(self) -> Peering:
        given = (self.primary_peer_address_prefix, self.secondary_peer_address_prefix)
        if None in given and (any(given) or self.ipv6_peering_config is None):
            raise PydanticCustomError(
                "MissingRequiredProperty", "primaryPeerAddressPrefix and secondaryPeerAddressPrefix are required, one "
                "for each link; only a peering with ipv6PeeringConfig can be without both.")
        return self

    def prefix(self, leg: Leg) -> str:
        """Empty without IPv4."""
        return (self.primary_peer_address_prefix if leg is Leg.PRIMARY else self.secondary_peer_address_prefix) or ""

    @property
    def has_ipv4(self) -> bool:
        return self.primary_peer_address_prefix is not None

    @property
    def route_filters(self) -> tuple[tuple[int, Reference], ...]:
        """By family."""
        six = self.ipv6_peering_config
        named = ((4, self.route_filter), (6, six.route_filter if six else None))
        return tuple((family, reference) for family, reference in named if reference)

    def on(self, leg: Leg) -> tuple[LegSubnet, ...]:
        """One for each family that it has, IPv4 first. ``state`` is of IPv4; IPv6 has its own (azure-facts 1.2)."""
        six = self.ipv6_peering_config
        return (*((LegSubnet(self.prefix(leg), self.state is PeeringState.ENABLED),) if self.has_ipv4 else ()),
                *((LegSubnet(six.prefix(leg), six.state is PeeringState.ENABLED),) if six else ()))

    @property
    def subnets(self) -> tuple[tuple[str, Leg, str], ...]:
        """(member, leg, prefix) of every subnet in use."""
        ipv4 = [(f"{leg}PeerAddressPrefix", leg, self.prefix(leg)) for leg in Leg if self.has_ipv4]
        six = self.ipv6_peering_config
        return (*ipv4, *((f"ipv6PeeringConfig.{leg}PeerAddressPrefix", leg, six.prefix(leg)) for leg in Leg if six))


def _of_length(length: int, prefix: str) -> str:
    if ip_network(prefix).prefixlen != length:
        raise PydanticCustomError(
            "InvalidCircuitConnectionPrefixLength", "addressPrefix {prefix} must be a /{length}; Global Reach takes "
            "one for the links between both circuits. Give an unused /{length}.", {"prefix": prefix, "length": length})
    return prefix


#: Of the links between two circuits, for both legs.
ReachPrefix = Annotated[Prefix, AfterValidator(lambda prefix: _of_version(4, prefix)),
                        AfterValidator(lambda prefix: _of_length(29, prefix))]
ReachPrefix6 = Annotated[Prefix, AfterValidator(lambda prefix: _of_version(6, prefix)),
                         AfterValidator(lambda prefix: _of_length(125, prefix))]


class Ipv6CircuitConnection(Properties):
    address_prefix: ReachPrefix6


class CircuitConnection(Properties):
    """Global Reach: two private peerings of circuits at different peering locations."""

    express_route_circuit_peering: Reference | None = None
    peer_express_route_circuit_peering: Reference
    address_prefix: ReachPrefix
    authorization_key: str | None = None
    ipv6_circuit_connection_config: Ipv6CircuitConnection | None = None
