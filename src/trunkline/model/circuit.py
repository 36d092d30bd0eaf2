"""Circuit, authorization, and the provider's twin of a circuit (cross connection); what may change about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.resource import Properties, Reference


class Leg(StrEnum):
    """The two links of every circuit, always in this order and by these names."""

    PRIMARY = "primary"
    SECONDARY = "secondary"

    @property
    def other(self) -> Leg:
        return Leg.SECONDARY if self is Leg.PRIMARY else Leg.PRIMARY


class ResiliencyLevel(StrEnum):
    """One location; two buildings of a city (metro); two circuits in two cities (azure-facts 2.2)."""

    STANDARD = "Standard"
    HIGH = "High"
    MAXIMUM = "Maximum"


class SkuTier(StrEnum):
    STANDARD = "Standard"
    PREMIUM = "Premium"
    BASIC = "Basic"
    LOCAL = "Local"
    MULTI_CLOUD = "MultiCloud"


class SkuFamily(StrEnum):
    UNLIMITED = "UnlimitedData"
    METERED = "MeteredData"


class ProviderState(StrEnum):
    """``serviceProviderProvisioningState``: what the connectivity provider has done."""

    NOT_PROVISIONED = "NotProvisioned"
    PROVISIONING = "Provisioning"
    PROVISIONED = "Provisioned"
    DEPROVISIONING = "Deprovisioning"
    DEPROVISIONED = "DeProvisioned"

    @property
    def idle(self) -> bool:
        """Whether the provider has nothing of the circuit in its network."""
        return self in (ProviderState.NOT_PROVISIONED, ProviderState.DEPROVISIONED)


class Sku(Properties):
    """``name`` is always ``{tier}_{family}``."""

    name: str = ""
    tier: SkuTier
    family: SkuFamily


class ServiceProvider(Properties):
    service_provider_name: str
    peering_location: str
    bandwidth_in_mbps: Annotated[int, Field(gt=0)]


class Circuit(Properties):
    """Sold by a provider (``service_provider_properties``), or on the customer's own Direct port."""

    service_provider_properties: ServiceProvider | None = None
    express_route_port: Reference | None = None
    bandwidth_in_gbps: Annotated[float, Field(gt=0)] | None = None
    allow_classic_operations: bool = False
    global_reach_enabled: bool = False
    authorization_key: str | None = None
    enable_direct_port_rate_limit: bool | None = None
    express_route_lag: Reference | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> Circuit:
        if self.express_route_lag:
            raise PydanticCustomError(
                "ExpressRouteLagNotSupported", "expressRouteLag is not offered: there are no link aggregation groups. "
                "Name an expressRoutePort instead.")
        if (self.service_provider_properties is None) == (self.express_route_port is None):
            raise PydanticCustomError(
                "InvalidCircuitOrder", "A circuit is ordered from a provider (serviceProviderProperties) or stands on "
                "an ExpressRoute Direct port (expressRoutePort with bandwidthInGbps). Give one of both.")
        if self.express_route_port and self.bandwidth_in_gbps is None:
            raise PydanticCustomError("MissingRequiredProperty", "bandwidthInGbps is required beside expressRoutePort; "
                                      "write how much of the port the circuit takes.")
        return self

    @property
    def direct(self) -> bool:
        return self.express_route_port is not None

    @property
    def service(self) -> ServiceProvider:
        """What was ordered; of a Direct circuit the bandwidth alone."""
        return self.service_provider_properties or ServiceProvider.model_construct(
            service_provider_name="", peering_location="", bandwidth_in_mbps=int((self.bandwidth_in_gbps or 0) * 1000))


#: VNet links of a Premium circuit, from each bandwidth on (azure-facts 2.2).
_PREMIUM_LINKS = {50: 20, 100: 25, 200: 25, 500: 40, 1_000: 50, 2_000: 60, 5_000: 75, 10_000: 100}


def link_limit(tier: SkuTier, bandwidth_mbps: int) -> int:
    """How many virtual networks may be linked to a circuit."""
    if tier is not SkuTier.PREMIUM:
        return 10
    return max((links for least, links in _PREMIUM_LINKS.items() if bandwidth_mbps >= least), default=20)


class Authorization(Properties):
    """The key is generated; nothing is the customer's to set."""


class CrossConnection(Properties):
    """What a provider may set on its side of a circuit."""

    service_provider_provisioning_state: ProviderState = ProviderState.NOT_PROVISIONED
    service_provider_notes: str | None = None
    express_route_circuit: Reference | None = None


_T = SkuTier

#: What a tier may become (azure-facts 2.1). Local and Basic are left, never entered.
TIER_MOVES = {
    _T.STANDARD: frozenset({_T.STANDARD, _T.PREMIUM}), _T.PREMIUM: frozenset({_T.PREMIUM, _T.STANDARD}),
    _T.BASIC: frozenset({_T.BASIC, _T.STANDARD, _T.PREMIUM}), _T.LOCAL: frozenset({_T.LOCAL, _T.STANDARD, _T.PREMIUM}),
    _T.MULTI_CLOUD: frozenset({_T.MULTI_CLOUD}),
}
