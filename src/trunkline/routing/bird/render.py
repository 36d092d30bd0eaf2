"""A router in BIRD's syntax: every decision is taken here, the template ``bird.conf.j2`` prints.

Each route carries ``tl_group``, the number of the group it was learned from; it lives inside BIRD alone and is never
sent. A session is a protocol ``'<name>'``; ours that belong to nobody begin with ``tl.``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from trunkline.intent.bgp import Origin, PrefixMatch, Router, Session
from trunkline.routing.naming import LOCAL_GROUP, families, family_of, group_number, identifier, password_text
from trunkline.routing.policy import Clause, export_clauses, import_clauses
from trunkline.routing.template import printed

#: Every pass asks for all routers again, nearly all unchanged: comparing two is 200 times cheaper than printing one.
_REMEMBERED = 4096
#: Seconds that the kernel's routes may wait for sessions after a death. Nothing changes in the kernel meanwhile, so a
#: session that never comes back must not hold up the others for long; those that come back need half a second.
_RECOVERY_WAIT_S = 5
#: Without communities of any kind (RFC 1997, 4360, 8092).
_BARE = ("unset(bgp_community)", "unset(bgp_ext_community)", "unset(bgp_large_community)")
#: Protocol that originates a family's prefixes.
ORIGINS = "tl.origins{}"


@dataclass(frozen=True, slots=True)
class FilterView:
    """Statements of a filter; one that ends without ``accept`` ends with ``reject``."""

    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChannelView:
    """One address family: its kernel table and what is originated. ``metric`` is the kernel's."""

    family: int
    metric: int
    origins: tuple[str, ...]


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
    imports: FilterView
    exports: FilterView


@dataclass(frozen=True, slots=True)
class BfdView:
    interface: str
    interval_ms: int
    multiplier: int


@dataclass(frozen=True, slots=True)
class RouterView:
    router_id: str
    merge: str
    local_group: int
    recovery_wait_s: int
    channels: tuple[ChannelView, ...]
    bfd: tuple[BfdView, ...]
    sessions: tuple[SessionView, ...]


@lru_cache(maxsize=_REMEMBERED)
def render(router: Router) -> str:
    return printed("bird/bird.conf.j2", view(router))


def view(router: Router) -> RouterView:
    return RouterView(
        router_id=str(ip_address(router.router_id)),
        merge=f"on limit {router.ecmp}" if router.ecmp > 1 else "off",
        local_group=LOCAL_GROUP,
        recovery_wait_s=_RECOVERY_WAIT_S,
        channels=tuple(_channel(router, family) for family in families(router)),
        bfd=_bfd(router),
        sessions=tuple(_session(session) for session in router.sessions),
    )


def protocol_of(session: Session) -> str:
    return identifier(session.name)


def _channel(router: Router, family: int) -> ChannelView:
    """IPv6 connected routes have metric 256: ours must be worse, or an aggregate would hide a connected subnet."""
    origins = tuple(_origin(origin) for origin in router.origins if family_of(origin.prefix) == family)
    return ChannelView(family, 32 if family == 4 else 1024, origins)


def _origin(origin: Origin) -> str:
    link = f'via "{origin.interface}"' if origin.interface else "unreachable"
    target = f"via {ip_address(origin.next_hop)}" if origin.next_hop else link
    return f"{ip_network(origin.prefix)} {target}"


def _bfd(router: Router) -> tuple[BfdView, ...]:
    """Timers belong to an interface; of several sessions over one the fastest decides."""
    fastest: dict[str, BfdView] = {}
    for session in router.sessions:
        if session.bfd is None:
            continue
        mine = BfdView(session.interface, session.bfd.interval_ms, session.bfd.multiplier)
        known = fastest.get(session.interface)
        if known is None or mine.interval_ms * mine.multiplier < known.interval_ms * known.multiplier:
            fastest[session.interface] = mine
    return tuple(fastest[name] for name in sorted(fastest))


def _session(session: Session) -> SessionView:
    return SessionView(
        name=protocol_of(session), family=family_of(session.peer_address),
        local=str(ip_address(session.local_address)), peer=str(ip_address(session.peer_address)),
        local_asn=session.local_asn, peer_asn=session.peer_asn,
        options=_options(session), channel_options=_channel_options(session),
        imports=_imports(session), exports=_exports(session))


def _options(session: Session) -> tuple[str, ...]:
    """Without ``ttl security`` a direct eBGP session has TTL 1. ``error wait``: a session that failed is tried again
    after one second, then every two; BIRD's own default waits a minute. ``startup hold time``: a peer that accepts but
    never answers (frames vanish, TTL wrong) blocks the session for that long; BIRD's own default is four minutes."""
    password = password_text(session.password)
    candidates = (
        (bool(session.interface), f'interface "{session.interface}"'),
        (True, "direct" if session.interface else "multihop"),
        (session.reflects, "rr client"),
        (not session.heeds_communities, "interpret communities off"),
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


def _channel_options(session: Session) -> tuple[str, ...]:
    """``receive limit`` counts what the peer sends; ``import limit`` would count what the policy left of it."""
    candidates = (
        (True, "import keep filtered"),
        (session.prefix_limit is not None, f"receive limit {session.prefix_limit} action restart"),
        (session.next_hop_self, "next hop self"),
        (session.every_path, "add paths on"),
        (session.recursive, "gateway recursive"),
    )
    return tuple(text for wanted, text in candidates if wanted)


def _imports(session: Session) -> FilterView:
    first = f"if bgp_path.first != {session.peer_asn} then reject;"
    external = session.local_asn != session.peer_asn
    return FilterView((
        *((first,) if external and session.enforce_first_as else ()),
        f"tl_group = {group_number(session.group)};",
        *(_statement(clause) for clause in import_clauses(session))))


def _exports(session: Session) -> FilterView:
    return FilterView(tuple(_statement(clause) for clause in export_clauses(session)))


def _statement(clause: Clause) -> str:
    body = "".join(f"{action}; " for action in (*_actions(clause), "accept" if clause.permit else "reject"))
    conditions = _conditions(clause)
    return f"if {' && '.join(conditions)} then {{ {body}}}" if conditions else body.rstrip()


def _conditions(clause: Clause) -> tuple[str, ...]:
    return (
        *((f"net ~ [{', '.join(map(_prefix, clause.prefixes))}]",) if clause.prefixes else ()),
        *((f"tl_group ~ [{', '.join(map(str, clause.groups))}]",) if clause.groups else ()),
        *((f"bgp_path ~ [{', '.join(f'{first}..{last}' for first, last in clause.asns)}]",) if clause.asns else ()),
    )


def _actions(clause: Clause) -> tuple[str, ...]:
    if not clause.permit:
        return ()
    return (
        *((f"bgp_local_pref = {clause.local_pref}",) if clause.local_pref is not None else ()),
        *((f"bgp_path.delete([{', '.join(map(str, clause.strip))}])",) if clause.strip else ()),
        *(_BARE if clause.strip_communities else ()),
    )


def _prefix(match: PrefixMatch) -> str:
    return f"{ip_network(match.prefix)}{{{match.at_least},{match.at_most}}}"
