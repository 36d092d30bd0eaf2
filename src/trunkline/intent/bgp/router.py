"""A router: a daemon in a node, its sessions, what it originates, where it learns which origins are valid, and on
which links it speaks a link-state protocol.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from trunkline.intent.bgp.policy import Community, Policy
from trunkline.intent.network import Key
from trunkline.model.profile import Bfd, BfdMethod, LimitAction
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon


class PeerRole(StrEnum):
    """What *we* are to the peer (RFC 9234, section 3)."""

    PROVIDER = "provider"
    CUSTOMER = "customer"
    PEER = "peer"
    ROUTE_SERVER = "rs-server"
    ROUTE_SERVER_CLIENT = "rs-client"


@dataclass(frozen=True, slots=True)
class BfdKey:
    """RFC 5880, 6.7: one key, with id 1, the same at both ends."""

    method: BfdMethod
    key: Secret


@dataclass(frozen=True, slots=True)
class Session:
    """One BGP session, directly connected over ``interface``; without one it is routed, over any number of hops.
    Addresses without length.

    ``hold_time_s``: as between our own speakers, where it guards a session that is back before BFD is.
    ``group`` classes the routes learned here, for ``Rule.groups``. ``ttl_security``: RFC 5082, TTL 255 both ways;
    otherwise TTL 1. ``prefix_limit``: more received prefixes have ``limit_action`` as consequence; after a restart it
    comes back when tried again below the limit. ``enforce_first_as``: RFC 4271 6.3, drop routes whose path does not
    begin with the peer. ``reflects``: the peer is our route reflection client (RFC 4456). ``every_path``: RFC 7911, all
    paths and not the best alone. ``recursive``: a next hop may lie beyond the link; it is looked up among the router's
    own routes. ``heeds_communities``: NO_ADVERTISE and NO_EXPORT (RFC 1997) keep a route from this peer; else they are
    told on. ``route_server``: the peer is our route server client (RFC 7947): path, next hop and MED stay as they are,
    and what is not for this peer hides no other path (its own best is chosen for each client). ``role``: RFC 9234.
    ``peer_range``: not one peer but whoever opens a session from this prefix over any interface, each with a life of
    its own; ``peer_address`` is then the prefix's first. ``bfd_key``: nothing but what is signed with it counts as BFD.
    ``last_resort``: what it tells counts only for prefixes that no other session has, whatever the attributes (a VRF's
    daemon, BIRD, alone knows it). ``closed_by``: what keeps one down that is not ``enabled``, in words.
    """

    name: str
    group: str
    interface: str
    local_address: str
    peer_address: str
    local_asn: int
    peer_asn: int
    import_policy: Policy
    export_policy: Policy
    password: Secret | None = None
    bfd: Bfd | None = None
    hold_time_s: int = 15
    keepalive_time_s: int = 5
    ttl_security: bool = False
    prefix_limit: int | None = None
    limit_action: LimitAction = LimitAction.RESTART
    enforce_first_as: bool = True
    next_hop_self: bool = False
    enabled: bool = True
    closed_by: str = ""
    reflects: bool = False
    every_path: bool = False
    recursive: bool = False
    heeds_communities: bool = True
    route_server: bool = False
    role: PeerRole | None = None
    peer_range: str = ""
    bfd_key: BfdKey | None = None
    last_resort: bool = False

    def unless(self, closed: bool, by: str) -> Session:
        """The session, closed by ``by`` if it is; what closed it first stays."""
        return replace(self, enabled=False, closed_by=by) if closed and self.enabled else self


@dataclass(frozen=True, slots=True)
class Origin:
    """A prefix that a router originates: through ``next_hop``, on the link ``interface``, or to nowhere (an aggregate
    that drops the rest), with ``communities``."""

    prefix: str
    next_hop: str = ""
    interface: str = ""
    communities: tuple[Community, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidationSource:
    """An RTR cache (RFC 8210) over TCP."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class IgpInterface:
    """An end of a link between two routers; it need not be there yet. ``cost``: of sending out of it. ``hello_s``: so
    often it looks for the other end, and so late it finds one that has just begun."""

    name: str
    cost: int
    hello_s: int = 1


@dataclass(frozen=True, slots=True)
class Igp:
    """Link-state routing by OSPFv2 and OSPFv3 (RFC 2328, 5340), in one area. ``loopbacks``: the node's own addresses,
    which are told to all."""

    interfaces: tuple[IgpInterface, ...]
    bfd: Bfd
    loopbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Router:
    """A routing daemon in a node and all that it is told. ``down``: it ought not to run. ``lapses_at``: a moment of the
    clock at which the daemon goes back to what it was told before, whether or not anybody is there to say so; 0 for
    never."""

    node: str
    daemon: Daemon
    asn: int
    router_id: str
    sessions: tuple[Session, ...] = ()
    origins: tuple[Origin, ...] = ()
    ecmp: int = 8
    down: bool = False
    validation: tuple[ValidationSource, ...] = ()
    igp: Igp | None = None
    lapses_at: float = 0.0

    def session(self, name: str) -> Session | None:
        return next((session for session in self.sessions if session.name == name), None)

    @property
    def key(self) -> Key:
        return ("router", self.node)
