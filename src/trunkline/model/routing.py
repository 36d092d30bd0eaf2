"""User-defined routes: route tables of subnets."""

from __future__ import annotations

from enum import StrEnum

from trunkline.model.resource import Properties


class NextHop(StrEnum):
    GATEWAY = "VirtualNetworkGateway"
    VNET_LOCAL = "VnetLocal"
    INTERNET = "Internet"
    APPLIANCE = "VirtualAppliance"
    NONE = "None"


class RouteTable(Properties):
    disable_bgp_route_propagation: bool = False


class UserRoute(Properties):
    """``next_hop_ip_address`` belongs to APPLIANCE."""

    address_prefix: str
    next_hop_type: str
    next_hop_ip_address: str | None = None
