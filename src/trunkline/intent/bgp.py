"""BGP values: a router, its sessions, and the policies without which a session passes nothing (RFC 8212)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trunkline.intent.network import Key
from trunkline.model.profile import Bfd
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon


class Action(StrEnum):
    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class PrefixMatch:
    """Prefixes inside ``prefix`` whose length is ``at_least`` … ``at_most``."""

    prefix: str
    at_least: int
    at_most: int

    @classmethod
    def exactly(cls, prefix: str) -> PrefixMatch:
        length = int(prefix.partition("/")[2])
        return cls(prefix, length, length)

    @classmethod
    def orlonger(cls, prefix: str) -> PrefixMatch:
        return cls(prefix, int(prefix.partition("/")[2]), 128 if ":" in prefix else 32)


@dataclass(frozen=True, slots=True)
class Rule:
    """One clause: what it matches (all that is given must hold; nothing given matches everything) and what it does.

    ``groups``: the route came from a session of one of these groups; the word ``local`` means originated here.
    ``contains_asn``: an AS number of these ranges (first, last) stands in the AS path.
    ``strip_asns``: removed from the AS path before export (RFC 6996 style, for any number).
    ``strip_communities``: all communities are taken off, so that they mean nothing here (NO_EXPORT, RFC 1997).
    """

    action: Action
    prefixes: tuple[PrefixMatch, ...] = ()
    groups: tuple[str, ...] = ()
    contains_asn: tuple[tuple[int, int], ...] = ()
    local_pref: int | None = None
    strip_asns: tuple[int, ...] = ()
    strip_communities: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """First matching rule wins; what no rule matches is rejected."""

    rules: tuple[Rule, ...] = ()


PERMIT_ALL = Policy((Rule(Action.PERMIT),))
REJECT_ALL = Policy()

#: Group of routes a router originates itself.
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Session:
    """One BGP session, directly connected over ``interface``; without one it is routed, over any number of hops.
    Addresses without length.

    ``group`` classes the routes learned here, for ``Rule.groups``. ``ttl_security``: RFC 5082, TTL 255 both ways;
    otherwise TTL 1. ``prefix_limit``: more received prefixes tear the session down; it comes back when tried again
    below the limit. ``enforce_first_as``: RFC 4271 6.3, drop routes whose path does not begin with the peer.
    ``reflects``: the peer is our route reflection client (RFC 4456). ``every_path``: RFC 7911, all paths and not the
    best alone. ``recursive``: a next hop may lie beyond the link; it is looked up among the router's own routes.
    ``heeds_communities``: NO_ADVERTISE and NO_EXPORT (RFC 1997) keep a route from this peer; else they are told on.
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
    hold_time_s: int = 180
    keepalive_time_s: int = 60
    ttl_security: bool = False
    prefix_limit: int | None = None
    enforce_first_as: bool = True
    next_hop_self: bool = False
    enabled: bool = True
    reflects: bool = False
    every_path: bool = False
    recursive: bool = False
    heeds_communities: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """A prefix that a router originates: through ``next_hop``, on the link ``interface``, or to nowhere (an aggregate
    that drops the rest)."""

    prefix: str
    next_hop: str = ""
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Router:
    """A BGP daemon in a node and all that it is told. ``down``: it ought not to run."""

    node: str
    daemon: Daemon
    asn: int
    router_id: str
    sessions: tuple[Session, ...] = ()
    origins: tuple[Origin, ...] = ()
    ecmp: int = 8
    down: bool = False

    @property
    def key(self) -> Key:
        return ("router", self.node)


class SessionState(StrEnum):
    """RFC 4271, section 8.2.2, in its own words."""

    IDLE = "Idle"
    CONNECT = "Connect"
    ACTIVE = "Active"
    OPEN_SENT = "OpenSent"
    OPEN_CONFIRM = "OpenConfirm"
    ESTABLISHED = "Established"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """What a daemon says of one session. ``since``: start of the present state. Counts are prefixes and messages."""

    name: str
    state: SessionState
    since: datetime | None = None
    prefixes_received: int = 0
    prefixes_accepted: int = 0
    prefixes_sent: int = 0
    last_error: str = ""
    bfd: str = ""  #: Up, Down, Init, AdminDown; empty without BFD


@dataclass(frozen=True, slots=True)
class RibEntry:
    """One path of a Loc-RIB. ``session`` is the name it was learned from, ``local`` for own routes."""

    prefix: str
    next_hop: str
    session: str
    as_path: tuple[int, ...] = ()
    local_pref: int = 100
    med: int = 0
    origin: str = "IGP"
    best: bool = False
