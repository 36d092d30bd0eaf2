"""What a gateway's SKU or scale units bound, of the whole gateway (azure-facts 2.2, "Gateway SKUs")."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trunkline.model.network import GatewayScale, VirtualNetworkGateway
from trunkline.model.wan import AutoScale, ExpressRouteGateway

#: The SKU that is bought by scale units.
SCALABLE = "ErGwScale"

#: From this many scale units on a gateway is large enough for FastPath; a unit beyond takes more packets.
FAST_PATH_UNITS, _SMALL_UNITS = 10, 10


@dataclass(frozen=True, slots=True)
class GatewaySize:
    """``fast_path``: it may be left out of the data path. ``routes``: learned from circuits."""

    bandwidth_bps: int
    packets_per_s: int
    flows: int
    routes: int
    fast_path: bool = False

    def divided(self, by: int) -> GatewaySize:
        return replace(self, bandwidth_bps=self.bandwidth_bps // by, packets_per_s=self.packets_per_s // by,
                       flows=self.flows // by, routes=max(1, self.routes // by))


_SMALL = GatewaySize(1_000_000_000, 100_000, 200_000, 4_000)
_MIDDLE = GatewaySize(2_000_000_000, 200_000, 400_000, 9_500)
_LARGE = GatewaySize(10_000_000_000, 1_000_000, 1_000_000, 9_500, fast_path=True)
_SIZES = {"Standard": _SMALL, "ErGw1AZ": _SMALL, "HighPerformance": _MIDDLE, "ErGw2AZ": _MIDDLE,
          "UltraPerformance": _LARGE, "ErGw3AZ": _LARGE}


def size_of(gateway: VirtualNetworkGateway) -> GatewaySize:
    """A scalable gateway is bounded by the most units that it may grow to, for it grows at once; what it must always
    be able to do (FastPath) depends on the fewest."""
    if gateway.sku.name in _SIZES:
        return _SIZES[gateway.sku.name]
    bounds = (gateway.auto_scale_configuration or GatewayScale()).bounds
    units = bounds.max or bounds.min
    return GatewaySize(units * 1_000_000_000, (units + max(0, units - _SMALL_UNITS)) * 100_000, units * 100_000, 9_500,
                       bounds.min >= FAST_PATH_UNITS)


def size_in_hub(gateway: ExpressRouteGateway) -> tuple[GatewaySize, int]:
    """With the scale units that it may grow to. Of flows and routes nothing is published; they are those of a scalable
    gateway with the same bandwidth."""
    bounds = (gateway.auto_scale_configuration or AutoScale()).bounds
    units = bounds.max or bounds.min
    return GatewaySize(units * 2_000_000_000, units * 200_000, units * 200_000, 9_500), units
