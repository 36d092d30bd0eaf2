"""A Virtual WAN and what hangs on its hubs: ExpressRoute gateways and their connections, routing intent."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.bgp import Ipv4, Prefix
from trunkline.model.resource import Properties, Reference

#: Scale units of an ExpressRoute gateway in a hub, 2 Gbit/s each (azure-facts 2.2).
_MOST_SCALE_UNITS = 10

RoutingWeight = Annotated[int, Field(ge=0, le=32000)]


class WanKind(StrEnum):
    STANDARD = "Standard"
    BASIC = "Basic"


class VirtualWan(Properties):
    type: WanKind = WanKind.STANDARD
    disable_vpn_encryption: bool = False
    allow_branch_to_branch_traffic: bool = True


class ScaleBounds(Properties):
    min: Annotated[int, Field(ge=1, le=_MOST_SCALE_UNITS)] = 1
    max: Annotated[int, Field(ge=1, le=_MOST_SCALE_UNITS)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> ScaleBounds:
        if self.max is not None and self.max < self.min:
            raise PydanticCustomError(
                "InvalidAutoScaleConfiguration", "bounds.max {max} is less than bounds.min {min}; it must be as great "
                "or greater.", {"max": self.max, "min": self.min})
        return self


class AutoScale(Properties):
    bounds: ScaleBounds = ScaleBounds()


class ExpressRouteGateway(Properties):
    """In a Virtual WAN hub; not to be taken for a virtual network gateway of type ExpressRoute."""

    virtual_hub: Reference
    auto_scale_configuration: AutoScale | None = None
    allow_non_virtual_wan_traffic: bool | None = None


class PropagatedRouteTables(Properties):
    labels: tuple[str, ...] | None = None
    ids: tuple[Reference, ...] | None = None


class StaticRoute(Properties):
    name: str
    address_prefixes: tuple[Prefix, ...] = Field(min_length=1, max_length=100)
    next_hop_ip_address: Ipv4


class StaticRoutesConfig(Properties):
    propagate_static_routes: bool | None = None


class NetworkRoutes(Properties):
    """Towards appliances in a connected network."""

    static_routes: tuple[StaticRoute, ...] = ()
    static_routes_config: StaticRoutesConfig | None = None

    @property
    def propagated(self) -> bool:
        """Unless it is said that they are not."""
        return self.static_routes_config is None or self.static_routes_config.propagate_static_routes is not False


class RoutingConfiguration(Properties):
    associated_route_table: Reference | None = None
    propagated_route_tables: PropagatedRouteTables | None = None
    inbound_route_map: Reference | None = None
    outbound_route_map: Reference | None = None
    vnet_routes: NetworkRoutes | None = None

    @property
    def static_routes(self) -> tuple[StaticRoute, ...]:
        return self.vnet_routes.static_routes if self.vnet_routes else ()

    @property
    def references(self) -> tuple[tuple[str, Reference], ...]:
        """What it points at, with the member that does."""
        tables = self.propagated_route_tables
        found = (("associatedRouteTable", self.associated_route_table), ("inboundRouteMap", self.inbound_route_map),
                 ("outboundRouteMap", self.outbound_route_map),
                 *(("propagatedRouteTables", one) for one in (tables.ids if tables and tables.ids else ())))
        return tuple((member, reference) for member, reference in found if reference)


class Routed(Properties):
    """What is attached to a hub's routing."""

    routing_configuration: RoutingConfiguration = RoutingConfiguration()
    enable_internet_security: bool = False


class ExpressRouteConnection(Routed):
    express_route_circuit_peering: Reference
    routing_weight: RoutingWeight = 0
    authorization_key: str | None = None
    express_route_gateway_bypass: bool = False


class HubVnetConnection(Routed):
    remote_virtual_network: Reference


class HubRoute(Properties):
    """``next_hop``: an id."""

    name: str
    destination_type: str
    destinations: tuple[Prefix, ...] = Field(min_length=1, max_length=100)
    next_hop_type: str
    next_hop: str


class HubRouteTable(Properties):
    routes: tuple[HubRoute, ...] = ()
    labels: tuple[str, ...] = ()


class RoutingPolicy(Properties):
    name: str
    destinations: tuple[str, ...] = Field(min_length=1)
    next_hop: str


class RoutingIntent(Properties):
    routing_policies: tuple[RoutingPolicy, ...] = ()
