"""When a connection may have FastPath (azure-facts 2.4): what ``expressRouteGatewayBypass`` needs of the gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.errors import Conflict, Fault
from trunkline.model.gateway_size import FAST_PATH_UNITS, SCALABLE, size_of
from trunkline.model.network import Connection, VirtualNetworkGateway
from trunkline.model.resource import Resource

_NEEDED = f"UltraPerformance, ErGw3AZ, or {SCALABLE} with autoScaleConfiguration.bounds.min {FAST_PATH_UNITS} or more"


def check_fast_path(model: Connection, gateway: VirtualNetworkGateway | None) -> Iterator[Fault]:
    if model.enable_private_link_fast_path:
        yield Fault("PrivateLinkFastPathNotSupported", "enablePrivateLinkFastPath 'true' leads past the gateway to "
                    "private endpoints, and none carries packets in this release; leave it out or set it to false.",
                    "enablePrivateLinkFastPath")
    if model.express_route_gateway_bypass and gateway and not size_of(gateway).fast_path:
        yield Fault("FastPathNotSupported", f"expressRouteGatewayBypass 'true' (FastPath) needs a gateway of SKU "
                    f"{_NEEDED}; {model.virtual_network_gateway1.id} has SKU {gateway.sku.name}. Change its SKU first, "
                    "or set expressRouteGatewayBypass to false.", "expressRouteGatewayBypass")


def check_fast_path_stays(gateway: VirtualNetworkGateway, links: Iterable[Resource]) -> Iterator[Fault]:
    """A gateway that becomes too small for the FastPath of its connections."""
    if size_of(gateway).fast_path:
        return
    for link in links:
        if link.properties.get("expressRouteGatewayBypass"):
            yield Conflict("InUseFastPath", f"{link.id} has FastPath, which needs SKU {_NEEDED}. Set its "
                           "expressRouteGatewayBypass to false first.", "sku")
