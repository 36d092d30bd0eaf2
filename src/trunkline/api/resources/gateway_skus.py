"""SKUs of virtual network gateways: which there are, what may become of which, how many circuits they take."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.resources.linked import immovable
from trunkline.errors import Fault
from trunkline.model.gateway_size import SCALABLE
from trunkline.model.network import GatewayScale, GatewayType, VirtualNetworkGateway
from trunkline.model.resource import Resource

#: ExpressRoute SKUs by family, small to large. Inside a family a gateway grows; it shrinks from the second to the first
#: only; from one family to another leads a migration (Microsoft Learn, "About ExpressRoute virtual network gateways").
_FAMILIES = (("Standard", "HighPerformance", "UltraPerformance"), ("ErGw1AZ", "ErGw2AZ", "ErGw3AZ"), (SCALABLE,))

_EXPRESS_ROUTE = tuple(sku for family in _FAMILIES for sku in family)

_VPN = ("Basic", "Standard", "HighPerformance", *(f"VpnGw{size}{zone}" for zone in ("", "AZ") for size in range(1, 6)))

#: Circuits of different locations that a gateway may be linked to, by SKU (azure-facts 2.2).
_CIRCUITS = {"Standard": 4, "ErGw1AZ": 4, "HighPerformance": 8, "ErGw2AZ": 8, "UltraPerformance": 16, "ErGw3AZ": 16}

#: The same of a scalable gateway, by the least scale units it may have.
_CIRCUITS_BY_UNITS = ((10, 16), (2, 8), (1, 4))


def circuit_limit(gateway: VirtualNetworkGateway) -> int:
    units = (gateway.auto_scale_configuration or GatewayScale()).bounds.min
    scaled = next(circuits for least, circuits in _CIRCUITS_BY_UNITS if units >= least)
    return _CIRCUITS.get(gateway.sku.name, scaled)


def zone_redundant(gateway: VirtualNetworkGateway) -> bool:
    return gateway.sku.name.endswith("AZ") or gateway.sku.name == SCALABLE


def check_sku(gateway: Resource, model: VirtualNetworkGateway) -> Iterator[Fault]:
    offered = _EXPRESS_ROUTE if model.gateway_type is GatewayType.EXPRESS_ROUTE else _VPN
    if model.sku.name not in offered or model.sku.tier != model.sku.name:
        yield Fault(
            "InvalidGatewaySkuSpecifiedForGatewayDeploymentType",
            f"Virtual network gateway Sku specified is not valid for gateway {gateway.id} with DeploymentType "
            f"VMScaleSet. The allowed Skus are {', '.join(offered)}. sku.name '{model.sku.name}' and sku.tier "
            f"'{model.sku.tier}' must both be the same one of them.", "sku")
    if model.auto_scale_configuration:
        yield from _check_scale(model, model.auto_scale_configuration)


def _check_scale(model: VirtualNetworkGateway, scale: GatewayScale) -> Iterator[Fault]:
    low, high = scale.bounds.min, scale.bounds.max
    if model.sku.name != SCALABLE:
        yield Fault("AutoScaleConfigurationNotSupported", f"autoScaleConfiguration is not possible with sku "
                    f"{model.sku.name}; use {SCALABLE}, or leave it out.", "autoScaleConfiguration")
    elif high is not None and (high < low or low == 1 < high):
        yield Fault("InvalidAutoScaleConfiguration", f"autoScaleConfiguration.bounds min {low} and max {high} do not "
                    "go together: max is min or more, and a gateway that scales by itself has min 2 or more.",
                    "autoScaleConfiguration")


def check_sku_change(old: VirtualNetworkGateway, new: VirtualNetworkGateway, links: int) -> Iterator[Fault]:
    """``links``: connections that the gateway has."""
    was, now = old.sku.name, new.sku.name
    if old.gateway_type is GatewayType.EXPRESS_ROUTE and not _may_become(was, now):
        yield immovable("sku.name", was, now, "A gateway grows inside its family (Standard, HighPerformance, "
                        "UltraPerformance or ErGw1AZ, ErGw2AZ, ErGw3AZ) and shrinks from its second to its first only. "
                        "Create a new gateway and delete this one.", "sku")
    elif links > circuit_limit(new):
        yield Fault("GatewayConnectionLimitExceeded", f"The existing gateway has {links} connections, which exceed the "
                    f"limit of {circuit_limit(new)} connections for the new gateway size {now}. Delete connections, or "
                    "choose a larger SKU.", "sku")


def _may_become(was: str, now: str) -> bool:
    if was == now or was not in _EXPRESS_ROUTE or now not in _EXPRESS_ROUTE:
        return True
    family = next(family for family in _FAMILIES if was in family)
    if now not in family:
        return False
    step = family.index(now) - family.index(was)
    return step > 0 or family.index(was) == 1
