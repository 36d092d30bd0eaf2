"""The numbers of the service, by profile; ``azure`` holds the documented values (azure-facts 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from trunkline.errors import Unsupported
from trunkline.model.circuit import SkuTier

#: Largest IP packet on a hand-off, tags not counted.
HANDOFF_MTU = 1500


@dataclass(frozen=True, slots=True)
class Bfd:
    """RFC 5880 timers of one session."""

    interval_ms: int = 300
    multiplier: int = 3


class BfdMethod(StrEnum):
    """How BFD packets are authenticated (RFC 5880, 6.7); ``METICULOUS``: each has a higher number than the last."""

    MD5 = "KeyedMd5"
    METICULOUS_MD5 = "MeticulousKeyedMd5"
    SHA1 = "KeyedSha1"
    METICULOUS_SHA1 = "MeticulousKeyedSha1"

    @property
    def longest(self) -> int:
        """Bytes of a key (RFC 5880, 4.3 and 4.4)."""
        return 16 if self in (BfdMethod.MD5, BfdMethod.METICULOUS_MD5) else 20


class LimitAction(StrEnum):
    """What follows when a peer sends more prefixes than the limit."""

    RESTART = "restart"  #: the session is closed, and tried again until fewer come
    SHUTDOWN = "shutdown"  #: the session is closed until somebody switches it off and on
    DROP = "drop"  #: what is beyond is not taken; the session stays
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class LinkBounds:
    """When traffic keeps off a link of the backbone: ``latency_ms`` is of the round trip, beyond what is expected;
    it leaves a link that was bad for ``leave_s``, and returns to one that was good for ``return_s``."""

    loss_percent: float = 5.0
    latency_ms: float = 20.0
    leave_s: float = 2.0
    return_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    hold_time_s: int
    keepalive_time_s: int
    customer_bfd: Bfd | None
    inner_bfd: Bfd  #: between our own speakers
    #: On links of the backbone: slower than what rides on it, which takes its other leg first, so that a link is not
    #: left, for seconds of OSPF, because a machine paused.
    backbone_bfd: Bfd
    private_prefix_limit: int  #: routes a customer may announce on private peering, Standard and Local
    private_prefix_limit_premium: int
    gateway_prefix_limit: int  #: VNet prefixes one connection may advertise
    ecmp: int  #: most equal paths
    route_server_prefix_limit: int = 4_000  #: routes that one peer of a Route Server may announce
    hub_prefix_limit: int = 11_000  #: routes of a hub's table: all that ExpressRoute may come to (azure-facts 2)
    burst_ms: int = 300  #: how long a leg's whole bandwidth may be saved up (docs/decisions/policing.md)
    direct_tolerance_percent: int = 20  #: more than its bandwidth that a limited circuit on a Direct port may take
    ipv6_prefix_limit: int = 100  #: IPv6 routes of a customer, and of a gateway in one connection
    limit_action: LimitAction = LimitAction.RESTART  #: on a customer's session
    refuses_unknown_origins: bool = False  #: routes without any VRP, where origins are validated
    mtu: int = HANDOFF_MTU  #: largest IP packet between edge and gateway; more is answered with "too big"
    maintenance_notice_days: int = 14  #: how long before planned work its customers are told (azure-facts, 4)
    gateway_burst_ms: int = 300  #: what a gateway lets through at once, at the rates of its size
    gateway_flow_idle_s: int = 240  #: a flow without packets for longer counts no more
    link_bounds: LinkBounds = LinkBounds()
    felt_latency: bool = False  #: links of the backbone take as long as light in fibre does
    gateway_divisor: int = 1  #: by which all bounds of gateways' sizes are divided, for machines that cannot reach them
    #: Addresses behind FastPath, by the Gbit/s (from … on) of the circuit's Direct port; 0 is a provider's circuit.
    fast_path_addresses: tuple[tuple[int, int], ...] = ((100, 200_000), (10, 100_000), (0, 25_000))

    def prefix_limit(self, tier: SkuTier, family: int = 4) -> int:
        """Of a customer's session."""
        if family == 6:
            return self.ipv6_prefix_limit
        return self.private_prefix_limit_premium if tier is SkuTier.PREMIUM else self.private_prefix_limit

    @property
    def hub_limit(self) -> int:
        return max(1, self.hub_prefix_limit // self.gateway_divisor)

    def connection_limit(self, family: int) -> int:
        """Of a gateway's session with an edge."""
        return self.ipv6_prefix_limit if family == 6 else self.gateway_prefix_limit


AZURE = Profile(
    name="azure", hold_time_s=180, keepalive_time_s=60, customer_bfd=Bfd(), inner_bfd=Bfd(interval_ms=100),
    backbone_bfd=Bfd(), private_prefix_limit=4_000, private_prefix_limit_premium=10_000, gateway_prefix_limit=1_000,
    ecmp=8)

#: Of packets Azure documents 1,400 bytes, and of the hand-off 1,500.
AZURE_1400 = replace(AZURE, name="azure-1400", mtu=1400)

#: Direct Connect, by its user guide: 100 routes of each family on a private virtual interface, more put the session
#: into Idle (directconnect/latest/UserGuide/limits.html); hold time 90 s, keepalive 30 s, BFD from 300 ms × 3
#: (…/bgp-specific-settings.html).
AWS = replace(
    AZURE, name="aws", hold_time_s=90, keepalive_time_s=30, private_prefix_limit=100, private_prefix_limit_premium=100,
    ipv6_prefix_limit=100, limit_action=LimitAction.SHUTDOWN)

#: Cloud Router: keepalives every 20 s and three times that as hold time, by default
#: (network-connectivity/docs/router/how-to/managing-bgp-timers); no BFD unless it is asked for. Its quotas are by
#: network and region, for both families together (…/docs/router/quotas), with numbers that its console alone shows:
#: 250 is ours.
GCP = replace(
    AZURE, name="gcp", hold_time_s=60, keepalive_time_s=20, customer_bfd=None, private_prefix_limit=250,
    private_prefix_limit_premium=250, ipv6_prefix_limit=250, limit_action=LimitAction.DROP)

PROFILES = {profile.name: profile for profile in (AZURE, AZURE_1400, AWS, GCP)}


def profile_named(name: str) -> Profile:
    if name not in PROFILES:
        raise Unsupported(f"there is no profile '{name}'; choose one of {', '.join(PROFILES)} (TRUNKLINE_PROFILE).")
    return PROFILES[name]
