"""A scope: the part of the network that one reconcile pass compiles and applies as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ScopeKind(StrEnum):
    """``key`` of each kind in brackets. The first are plant: they exist while some other scope requires them."""

    CORE = "core"  #: [site] a leg's backbone router at a peering location or in a region
    REGION = "region"  #: [region] both backbone routers of a region
    EDGE = "edge"  #: [location] one edge router
    PORT = "port"  #: [provider@location] the provider's switch and its trunk to the edge
    SPAN = "span"  #: [site~site] a leg's link between the backbone routers of two neighbouring sites
    CROSSING = "crossing"  #: [site] the link between both backbone routers of a site
    BACKBONE = "backbone"  #: [place~place] what a leg's tunnels between places lead over, in the alphabet's order
    VALIDATOR = "validator"  #: [location] the cache from which the routers of a leg learn which origins are valid
    SERVICES = "services"  #: [region] the region's public services, and who announces them
    DIRECT = "direct"  #: [port id] one link of a Direct port, with what is plugged into it
    SITE = "site"  #: [site id] a customer's LAN, hosts and routers
    VNET = "vnet"  #: [virtual network id] its router and virtual machines
    VNET_PEERING = "vnet-peering"  #: [virtual network id~virtual network id] the link between their routers
    GATEWAY = "gateway"  #: [gateway id] both instances
    HUB = "hub"  #: [virtual hub id] both instances of a Route Server, or the routers of a Virtual WAN hub
    EXCHANGE = "exchange"  #: [exchange id] the peering LAN of an internet exchange and its route servers
    MEMBER = "member"  #: [member id] a member's port on such a LAN
    LEG = "leg"  #: [circuit id] one leg of a circuit: VRF, attachments, tunnels
    FAULT = "fault"  #: [fault id] what fails on purpose, on nodes of others


PLANT = frozenset({
    ScopeKind.CORE, ScopeKind.SPAN, ScopeKind.CROSSING, ScopeKind.REGION, ScopeKind.EDGE, ScopeKind.PORT,
    ScopeKind.BACKBONE, ScopeKind.SERVICES, ScopeKind.VALIDATOR})


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """``leg`` is ``primary`` or ``secondary`` where the kind has legs, else empty."""

    kind: ScopeKind
    key: str
    leg: str = ""

    def __str__(self) -> str:
        return f"{self.kind}|{self.key}|{self.leg}"

    @classmethod
    def parse(cls, text: str) -> Scope:
        kind, key, leg = text.split("|")
        return cls(ScopeKind(kind), key, leg)
