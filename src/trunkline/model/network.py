"""The cloud's side: virtual networks, subnets, NICs, gateways, connections, public addresses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from trunkline.model.bgp import IpAddress, Prefix, of_family
from trunkline.model.resource import Properties, Reference

GATEWAY_SUBNET = "GatewaySubnet"


class AddressSpace(Properties):
    address_prefixes: tuple[Prefix, ...] = Field(min_length=1, max_length=100)


class VirtualNetwork(Properties):
    address_space: AddressSpace


class Subnet(Properties):
    """``addressPrefixes`` (newer api-versions) and ``addressPrefix`` mean the same for one prefix."""

    address_prefix: Prefix | None = None
    address_prefixes: tuple[Prefix, ...] | None = Field(default=None, max_length=100)
    network_security_group: Reference | None = None
    route_table: Reference | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        named = (self.address_prefix,) if self.address_prefix else ()
        return tuple(dict.fromkeys((*named, *(self.address_prefixes or ()))))

    @property
    def prefix(self) -> str:
        """IPv4's; empty without it."""
        return next(iter(of_family(4, self.prefixes)), "")

    @property
    def prefix6(self) -> str:
        return next(iter(of_family(6, self.prefixes)), "")


class AllocationMethod(StrEnum):
    STATIC = "Static"
    DYNAMIC = "Dynamic"


class AddressVersion(StrEnum):
    IPV4 = "IPv4"
    IPV6 = "IPv6"


class IpConfigurationProperties(Properties):
    subnet: Reference | None = None
    private_ip_address: IpAddress | None = Field(default=None, alias="privateIPAddress")
    private_ip_allocation_method: AllocationMethod = Field(
        default=AllocationMethod.DYNAMIC, alias="privateIPAllocationMethod")
    private_ip_address_version: AddressVersion = Field(default=AddressVersion.IPV4, alias="privateIPAddressVersion")
    public_ip_address: Reference | None = Field(default=None, alias="publicIPAddress")
    application_security_groups: tuple[Reference, ...] = ()


class IpConfiguration(Properties):
    name: str
    properties: IpConfigurationProperties


class NetworkInterface(Properties):
    ip_configurations: tuple[IpConfiguration, ...] = Field(min_length=1, max_length=256)
    network_security_group: Reference | None = None
    enable_ip_forwarding: bool = Field(default=False, alias="enableIPForwarding")


class PublicIpAddress(Properties):
    public_ip_allocation_method: AllocationMethod = Field(
        default=AllocationMethod.STATIC, alias="publicIPAllocationMethod")
    public_ip_address_version: AddressVersion = Field(default=AddressVersion.IPV4, alias="publicIPAddressVersion")
    idle_timeout_in_minutes: Annotated[int, Field(ge=4, le=30)] = 4


class GatewayType(StrEnum):
    EXPRESS_ROUTE = "ExpressRoute"
    VPN = "Vpn"


class GatewaySku(Properties):
    name: str
    tier: str


class GatewayScaleBounds(Properties):
    """Scale units of an ErGwScale gateway (azure-facts 2.2)."""

    min: Annotated[int, Field(ge=1, le=40)] = 1
    max: Annotated[int, Field(ge=1, le=40)] | None = None


class GatewayScale(Properties):
    bounds: GatewayScaleBounds = GatewayScaleBounds()


class VirtualNetworkGateway(Properties):
    gateway_type: GatewayType
    ip_configurations: tuple[IpConfiguration, ...] = Field(min_length=1, max_length=4)
    sku: GatewaySku = GatewaySku(name="Standard", tier="Standard")
    auto_scale_configuration: GatewayScale | None = None
    allow_remote_vnet_traffic: bool | None = None
    allow_virtual_wan_traffic: bool | None = None

    @property
    def subnet(self) -> Reference | None:
        return self.ip_configurations[0].properties.subnet


class ConnectionType(StrEnum):
    EXPRESS_ROUTE = "ExpressRoute"
    IPSEC = "IPsec"
    VNET2VNET = "Vnet2Vnet"
    VPN_CLIENT = "VPNClient"


class Connection(Properties):
    """Links a gateway (``virtualNetworkGateway1``) to a circuit (``peer``), or by VPN to a device or a gateway."""

    connection_type: ConnectionType
    virtual_network_gateway1: Reference
    virtual_network_gateway2: Reference | None = None
    local_network_gateway2: Reference | None = None
    peer: Reference | None = None
    routing_weight: Annotated[int, Field(ge=0, le=32000)] = 0
    authorization_key: str | None = None
    shared_key: Annotated[str, Field(max_length=128)] | None = None
    enable_bgp: bool = False
    express_route_gateway_bypass: bool = False
    enable_private_link_fast_path: bool = False

    def model_post_init(self, _context: Any) -> None:
        if self.connection_type is ConnectionType.EXPRESS_ROUTE and self.peer is None:
            raise ValueError("peer must name the circuit of an ExpressRoute connection")
