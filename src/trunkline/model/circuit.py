"""Circuit, peering, authorization, and the provider's twin of a circuit (cross connection)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from trunkline.model.bgp import CustomerAsn, PeeringPrefix, VlanId
from trunkline.model.resource import Json, Properties, Reference


class Leg(StrEnum):
    """The two links of every circuit, always in this order and by these names."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class SkuTier(StrEnum):
    STANDARD = "Standard"
    PREMIUM = "Premium"
    BASIC = "Basic"
    LOCAL = "Local"


class SkuFamily(StrEnum):
    UNLIMITED = "UnlimitedData"
    METERED = "MeteredData"


class ProviderState(StrEnum):
    """``serviceProviderProvisioningState``: what the connectivity provider has done."""

    NOT_PROVISIONED = "NotProvisioned"
    PROVISIONING = "Provisioning"
    PROVISIONED = "Provisioned"
    DEPROVISIONING = "Deprovisioning"


class PeeringType(StrEnum):
    PUBLIC = "AzurePublicPeering"
    PRIVATE = "AzurePrivatePeering"
    MICROSOFT = "MicrosoftPeering"


class PeeringState(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


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
    service_provider_properties: ServiceProvider
    allow_classic_operations: bool = False
    global_reach_enabled: bool = False
    authorization_key: str | None = None


#: VNet links of a Premium circuit, from each bandwidth on (azure-facts 2.2).
_PREMIUM_LINKS = {50: 20, 100: 25, 200: 25, 500: 40, 1_000: 50, 2_000: 60, 5_000: 75, 10_000: 100}


def link_limit(tier: SkuTier, bandwidth_mbps: int) -> int:
    """How many virtual networks may be linked to a circuit."""
    if tier is not SkuTier.PREMIUM:
        return 10
    return max((links for least, links in _PREMIUM_LINKS.items() if bandwidth_mbps >= least), default=20)


def _shared_key(key: str) -> str:
    """The message never repeats the key."""
    if len(key) > 25 or not (key.isascii() and key.isalnum()):
        raise PydanticCustomError(
            "InvalidSharedKey", "sharedKey has {length} characters; it may have 1 to 25, letters and digits only. "
            "Choose another key, the same on both routers.", {"length": len(key)})
    return key


#: Optional MD5 key (azure-facts 2.3).
SharedKey = Annotated[str, AfterValidator(_shared_key)]


class Peering(Properties):
    peering_type: PeeringType
    state: PeeringState = PeeringState.ENABLED
    peer_asn: CustomerAsn = Field(alias="peerASN")
    primary_peer_address_prefix: PeeringPrefix
    secondary_peer_address_prefix: PeeringPrefix
    vlan_id: VlanId
    shared_key: SharedKey | None = None
    ipv6_peering_config: Json | None = None

    def prefix(self, leg: Leg) -> str:
        return self.primary_peer_address_prefix if leg is Leg.PRIMARY else self.secondary_peer_address_prefix


class Authorization(Properties):
    """The key is generated; nothing is the customer's to set."""


class CrossConnection(Properties):
    """What a provider may set on its side of a circuit."""

    service_provider_provisioning_state: ProviderState = ProviderState.NOT_PROVISIONED
    service_provider_notes: str | None = None
    express_route_circuit: Reference | None = None
