"""The numbers of the service, by profile; ``azure`` holds the documented values (azure-facts 2)."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.model.circuit import SkuTier


@dataclass(frozen=True, slots=True)
class Bfd:
    """RFC 5880 timers of one session."""

    interval_ms: int = 300
    multiplier: int = 3


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    hold_time_s: int
    keepalive_time_s: int
    customer_bfd: Bfd
    inner_bfd: Bfd  #: between our own speakers
    private_prefix_limit: int  #: routes a customer may announce on private peering, Standard and Local
    private_prefix_limit_premium: int
    gateway_prefix_limit: int  #: VNet prefixes one connection may advertise
    ecmp: int  #: most equal paths
    route_server_prefix_limit: int = 4_000  #: routes that one peer of a Route Server may announce

    def prefix_limit(self, tier: SkuTier) -> int:
        return self.private_prefix_limit_premium if tier is SkuTier.PREMIUM else self.private_prefix_limit


AZURE = Profile(
    name="azure", hold_time_s=180, keepalive_time_s=60, customer_bfd=Bfd(), inner_bfd=Bfd(interval_ms=100),
    private_prefix_limit=4_000, private_prefix_limit_premium=10_000, gateway_prefix_limit=1_000, ecmp=8)
