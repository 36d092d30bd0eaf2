"""Circuit, peering, authorization, and the provider's twin of a circuit (cross connection)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from trunkline.model.bgp import CustomerAsn, PeeringPrefix, VlanId
from trunkline.model.resource import Properties, Reference


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


#: Optional MD5 key: at most 25 letters and digits (azure-facts 2.3).
SharedKey = Annotated[str, StringConstraints(max_length=25, pattern=r"^[A-Za-z0-9]+$")]


class Peering(Properties):
    peering_type: PeeringType
    state: PeeringState = PeeringState.ENABLED
    peer_asn: CustomerAsn = Field(alias="peerASN")
    primary_peer_address_prefix: PeeringPrefix
    secondary_peer_address_prefix: PeeringPrefix
    vlan_id: VlanId
    shared_key: SharedKey | None = None

    def prefix(self, leg: Leg) -> str:
        return self.primary_peer_address_prefix if leg is Leg.PRIMARY else self.secondary_peer_address_prefix


class Authorization(Properties):
    """The key is generated; nothing is the customer's to set."""


class CrossConnection(Properties):
    """What a provider may set on its side of a circuit."""

    service_provider_provisioning_state: ProviderState = ProviderState.NOT_PROVISIONED
    service_provider_notes: str | None = None
    express_route_circuit: Reference | None = None
