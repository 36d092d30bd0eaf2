"""A router in BIRD's syntax: every decision is taken here, the template ``bird.conf.j2`` prints.

Each route carries ``tl_group``, the number of the group it was learned from; it lives inside BIRD alone and is never
sent. A session is a protocol ``'<name>'``; ours that belong to nobody begin with ``tl.``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from trunkline.intent.bgp import BfdKey, IgpInterface, LimitAction, Origin, PeerRole, Router, Session, Validity
from trunkline.model.bgp import family_of, host_prefix
from trunkline.model.profile import BfdMethod
from trunkline.routing.bird import policy
from trunkline.routing.bird.policy import VALIDITIES
from trunkline.routing.naming import LOCAL_GROUP, families, group_number, identifier, password_text
from trunkline.routing.template import printed

#: Every pass asks for all routers again, nearly all unchanged: comparing two is 200 times cheaper than printing one.
_REMEMBERED = 4096
#: Seconds that the kernel's routes may wait for sessions after a death. Nothing changes in the kernel meanwhile, so a
#: session that never comes back must not hold up the others for long; those that come back need half a second.
_RECOVERY_WAIT_S = 5
#: BIRD writes them with an underscore.
_ROLE = {role: role.value.replace("-", "_") for role in PeerRole}
#: What BIRD does when a peer sends too much.
_LIMIT = {LimitAction.RESTART: "restart", LimitAction.SHUTDOWN: "disable", LimitAction.DROP: "block",
          LimitAction.WARN: "warn"}
#: BIRD compares it before everything else; of other BGP sessions it is 100.
_LAST_RESORT = 50
_METHODS = {BfdMethod.MD5: "keyed md5", BfdMethod.METICULOUS_MD5: "meticulous keyed md5",
            BfdMethod.SHA1: "keyed sha1", BfdMethod.METICULOUS_SHA1: "meticulous keyed sha1"}
#: Protocol that originates a family's prefixes; that learns them from a link-state router's neighbours.
ORIGINS, IGP = "tl.origins{}", "tl.ospf{}"


@dataclass(frozen=True, slots=True)
class ChannelView:
    """One address family: its kernel table and what is originated. ``metric`` is the kernel's."""

    family: int
    metric: int
    origins: tuple[str, ...]
    to_kernel: str


@dataclass(frozen=True, slots=True)
class SessionView:
    name: str
    family: int
    local: str
    peer: str
    local_asn: int
    peer_asn: int
    options: tuple[str, ...]
    channel_options: tuple[str, ...]
    imports: tuple[str, ...]
    exports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BfdView:
    interface: str
    interval_ms: int
    multiplier: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IgpView:
    """One protocol of a link-state router: OSPFv2 is IPv4's, OSPFv3 IPv6's. ``stubs``: networks of its own that BIRD
    does not find itself: for OSPFv3 a loopback, which has no link-local address, is no interface."""

    version: int
    name: str
    family: int
    stubs: tuple[str, ...]
    interfaces: tuple[IgpInterface, ...]


@dataclass(frozen=True, slots=True)
class CacheView:
    """An RTR cache."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class RouterView:
    """``attributes`` that routes carry inside BIRD. ``sorted``: tables in which each session finds its own best."""

    router_id: str
    attributes: tuple[str, ...]
    functions: tuple[str, ...]
    sorted: bool
    validity_of_own: str
    caches: tuple[CacheView, ...]
    merge: str
    local_group: int
    recovery_wait_s: int
    channels: tuple[ChannelView, ...]
    igps: tuple[IgpView, ...]
    bfd: tuple[BfdView, ...]
    sessions: tuple[SessionView, ...]


@lru_cache(maxsize=_REMEMBERED)
def render(router: Router) -> str:
    return printed("bird/bird.conf.j2", view(router))


def view(router: Router) -> RouterView:
    return RouterView(
        router_id=str(ip_address(router.router_id)),
        attributes=tuple(_attributes(router)),
        functions=policy.functions(router.sessions),
        sorted=_serves(router),
        validity_of_own=f"tl_validity = {VALIDITIES.index(Validity.BLIND)}; " if router.validation else "",
        caches=tuple(CacheView(identifier(f"tl.rpki.{one.name}"), str(ip_address(one.address)), one.port)
                     for one in router.validation),
        merge=f"on limit {router.ecmp}" if router.ecmp > 1 else "off",
        local_group=LOCAL_GROUP,
        recovery_wait_s=_RECOVERY_WAIT_S,
        channels=tuple(_channel(router, family) for family in families(router)),
        igps=tuple(_igps(router)),
        bfd=_bfd(router),
        sessions=tuple(_session(router, session) for session in router.sessions),
    )


def _attributes(router: Router) -> Iterator[str]:
    yield "tl_group"
    if router.validation:
        yield "tl_validity"
    if policy.refuses(router.sessions):
        yield "tl_refusal"


def _serves(router: Router) -> bool:
    return any(session.route_server for session in router.sessions)


def protocol_of(session: Session) -> str:
    return identifier(session.name)


def keeps_all(router: Router, session: Session) -> bool:
    """Whether what the peer said before the import policy is kept beside what the policy made of it. It must not depend
    on the policy, for a session is closed when this changes."""
    return session.route_server or bool(router.validation)


def _channel(router: Router, family: int) -> ChannelView:
    """IPv6 connected routes have metric 256: ours must be worse, or an aggregate would hide a connected subnet."""
    origins = tuple(_origin(origin) for origin in router.origins if family_of(origin.prefix) == family)
    return ChannelView(family, 32 if family == 4 else 1024, origins, _to_kernel(router))


def _to_kernel(router: Router) -> str:
    """A route server is on no packet's way (RFC 7947, 2)."""
    served = sorted({group_number(session.group) for session in router.sessions if session.route_server})
    if not served:
        return "all"
    return f"filter {{ if tl_group ~ [{', '.join(map(str, served))}] then reject; accept; }}"


def _origin(origin: Origin) -> str:
    link = f'via "{origin.interface}"' if origin.interface else "unreachable"
    target = f"via {ip_address(origin.next_hop)}" if origin.next_hop else link
    told = "".join(f" {policy.adding(one)};" for one in origin.communities)
    return f"{ip_network(origin.prefix)} {target}{f' {{{told} }}' if told else ''}"


def _igps(router: Router) -> Iterator[IgpView]:
    for version, family in ((2, 4), (3, 6)):
        if router.igp:
            own = tuple(host_prefix(one) for one in router.igp.loopbacks if family_of(one) == family == 6)
            yield IgpView(version, IGP.format(family), family, own, router.igp.interfaces)


def _bfd(router: Router) -> tuple[BfdView, ...]:
    """Timers belong to an interface; of several sessions over one the fastest decides."""
    fastest: dict[str, BfdView] = {}
    if igp := router.igp:
        fastest |= {one.name: BfdView(one.name, igp.bfd.interval_ms, igp.bfd.multiplier) for one in igp.interfaces}
    for session in router.sessions:
        if session.bfd is None:
            continue
        mine = BfdView(session.interface or "*", session.bfd.interval_ms, session.bfd.multiplier,
                       _authentication(session.bfd_key) if session.bfd_key else ())
        known = fastest.get(mine.interface)
        if known is None or mine.interval_ms * mine.multiplier < known.interval_ms * known.multiplier:
            fastest[mine.interface] = mine
    return tuple(fastest[name] for name in sorted(fastest))


def _authentication(known: BfdKey) -> tuple[str, ...]:
    return f"authentication {_METHODS[known.method]}", f'password "{password_text(known.key)}" {{ id 1; }}'


def _session(router: Router, session: Session) -> SessionView:
    validated = bool(router.validation)
    return SessionView(
        name=protocol_of(session), family=family_of(session.peer_address),
        local=str(ip_address(session.local_address)), peer=_peer(session),
        local_asn=session.local_asn, peer_asn=session.peer_asn,
        options=_options(session), channel_options=_channel_options(router, session),
        imports=policy.imports(session, validated=validated), exports=policy.exports(session, validated=validated))


def _peer(session: Session) -> str:
    return f"range {ip_network(session.peer_range)}" if session.peer_range else str(ip_address(session.peer_address))


def _options(session: Session) -> tuple[str, ...]:
    """Without ``ttl security`` a direct eBGP session has TTL 1. ``error wait``: a session that failed is tried again
    after one second, then every two; BIRD's own default waits a minute. ``allow local as``: our own number in a path is
    the policy's to refuse; BIRD would drop it without a word. ``startup hold time``: a peer that accepts but
    never answers (frames vanish, TTL wrong) blocks the session for that long; BIRD's own default is four minutes."""
    password = password_text(session.password)
    candidates = (
        (bool(session.interface), f'interface "{session.interface}"'),
        (True, "direct" if session.interface or session.peer_range else "multihop"),
        (bool(session.peer_range), f'dynamic name "{protocol_of(session)}."'),
        (bool(session.peer_range), "passive on"),
        (session.reflects, "rr client"),
        (session.route_server, "rs client"),
        (session.role is not None, f"local role {_ROLE[session.role or PeerRole.PEER]}"),
        (not session.heeds_communities, "interpret communities off"),
        (policy.refuses_loops(session), "allow local as"),
        (not session.enabled, "disabled on"),
        (session.ttl_security, "ttl security on"),
        (bool(password), f'password "{password}"'),
        (session.bfd is not None, "bfd on"),
        (True, f"hold time {session.hold_time_s}"),
        (True, f"keepalive time {session.keepalive_time_s}"),
        (True, "startup hold time 10"),
        (True, "connect delay time 0"),
        (True, "connect retry time 1"),
        (True, "error wait time 1, 2"),
    )
    return tuple(text for wanted, text in candidates if wanted)


def _channel_options(router: Router, session: Session) -> tuple[str, ...]:
    """``receive limit`` counts what the peer sends; ``import limit`` would count what the policy left of it.
    ``import table``: only with one does BIRD 2.0 ask a filter again when VRPs have changed.
    ``secondary``: where the best path is not for this peer, the next one that is."""
    candidates = (
        (True, "import keep filtered"),
        (keeps_all(router, session), "import table on"),
        (session.prefix_limit is not None,
         f"receive limit {session.prefix_limit} action {_LIMIT[session.limit_action]}"),
        (session.next_hop_self, "next hop self"),
        (session.every_path, "add paths on"),
        (session.route_server, "secondary on"),
        (session.recursive, "gateway recursive"),
        (session.last_resort, f"preference {_LAST_RESORT}"),
    )
    return tuple(text for wanted, text in candidates if wanted)
