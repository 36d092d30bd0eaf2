"""Virtual hubs in both kinds: a Route Server inside a virtual network, and the hub of a Virtual WAN."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trunkline.model.bgp import CustomerAsn, Ipv4, Prefix
from trunkline.model.network import AllocationMethod
from trunkline.model.resource import Properties, Reference

ROUTE_SERVER_SUBNET = "RouteServerSubnet"

#: The AS number of every hub's router, fixed (azure-facts 2.2).
HUB_ASN = 65515

#: Public AS numbers of the platform's own beside those no customer may have (route-server FAQ).
_PLATFORM_ASNS = (8074, 8075)


def _peer_asn(asn: int) -> int:
    if asn in _PLATFORM_ASNS:
        raise PydanticCustomError(
            "ReservedAsn", "AS number {asn} cannot be a peer's: it is the platform's own. Use another, such as a "
            "private one from 64512 to 65514.", {"asn": asn})
    return asn


class RoutingPreference(StrEnum):
    EXPRESS_ROUTE = "ExpressRoute"
    VPN_GATEWAY = "VpnGateway"
    AS_PATH = "ASPath"


class RouterScale(Properties):
    """``min_capacity``: routing infrastructure units."""

    min_capacity: Annotated[int, Field(ge=2, le=50)] = 2


class VirtualHub(Properties):
    """A hub without ``virtual_wan`` is a Route Server; it stands where its ipConfiguration puts it."""

    virtual_wan: Reference | None = None
    address_prefix: Prefix | None = None
    sku: str = "Standard"
    allow_branch_to_branch_traffic: bool = False
    hub_routing_preference: RoutingPreference = RoutingPreference.EXPRESS_ROUTE
    virtual_router_auto_scale_configuration: RouterScale = RouterScale()

    @property
    def route_server(self) -> bool:
        return self.virtual_wan is None

    @property
    def routes_in_wan(self) -> bool:
        """A Basic hub has no router."""
        return self.virtual_wan is not None and self.sku == "Standard"


class HubIpConfiguration(Properties):
    """Where a Route Server's two instances stand: a subnet named RouteServerSubnet."""

    subnet: Reference
    public_ip_address: Reference | None = Field(default=None, alias="publicIPAddress")
    private_ip_allocation_method: AllocationMethod = Field(
        default=AllocationMethod.DYNAMIC, alias="privateIPAllocationMethod")


class BgpConnection(Properties):
    """A router that the hub peers with. In a Virtual WAN hub it stands in a connected virtual network."""

    peer_ip: Ipv4
    peer_asn: Annotated[CustomerAsn, AfterValidator(_peer_asn)]
    hub_virtual_network_connection: Reference | None = None

    @property
    def of_route_server(self) -> bool:
        return self.hub_virtual_network_connection is None
