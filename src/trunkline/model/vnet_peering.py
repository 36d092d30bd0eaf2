"""The peering of two virtual networks, as one of them wishes it: it works when the other wishes it too."""

from __future__ import annotations

from pydantic import Field

from trunkline.model.resource import Properties, Reference


class VirtualNetworkPeering(Properties):
    """``allow_forwarded_traffic``: whether this network takes what others than the remote have sent through it."""

    remote_virtual_network: Reference
    allow_virtual_network_access: bool = True
    allow_forwarded_traffic: bool = False
    allow_gateway_transit: bool = False
    use_remote_gateways: bool = False
    enable_only_ipv6_peering: bool = Field(default=False, alias="enableOnlyIPv6Peering")
