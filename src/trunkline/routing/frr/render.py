"""A router in FRR's syntax: every decision is taken here, the template ``frr.conf.j2`` prints.

Each route carries the number of the group it was learned from as its tag; bgpd never sends tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from trunkline.errors import Unsupported
from trunkline.intent.bgp import Origin, PrefixMatch, Router, Session
from trunkline.model.profile import Bfd
from trunkline.routing.frr.ranges import patterns
from trunkline.routing.naming import LOCAL_GROUP, family_of, group_number, identifier, password_text
from trunkline.routing.policy import Clause, export_clauses, import_clauses
from trunkline.routing.template import printed

#: Every pass asks for all routers again, nearly all unchanged: comparing two is 200 times cheaper than printing one.
_REMEMBERED = 4096
#: Without communities of any kind (RFC 1997, 4360, 8092).
_BARE = ("set community none", "set large-community none", "set extcommunity none")
#: Route map of what the router originates.
ORIGINS = "tl-origins"


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry of a route map."""

    name: str
    action: str
    sequence: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FamilyView:
    family: int
    networks: tuple[str, ...]
    neighbors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouterView:
    asn: int
    router_id: str
    ecmp: int
    statics: tuple[str, ...]
    lists: tuple[str, ...]
    entries: tuple[EntryView, ...]
    profiles: tuple[Bfd, ...]
    neighbors: tuple[str, ...]
    families: tuple[FamilyView, ...]


@lru_cache(maxsize=_REMEMBERED)
def render(router: Router) -> str:
    return printed("frr/frr.conf.j2", view(router))


def view(router: Router) -> RouterView:
    """Raises Unsupported for what FRR cannot express."""
    for session in router.sessions:
        _check(router, session)
    maps = tuple(part for session in router.sessions for part in _maps(session))
    profiles = {session.bfd for session in router.sessions if session.bfd}
    return RouterView(
        asn=router.asn, router_id=str(ip_address(router.router_id)), ecmp=router.ecmp,
        statics=tuple(_static(origin) for origin in router.origins),
        lists=tuple(line for lists, _ in maps for line in lists),
        entries=(EntryView(ORIGINS, "permit", 10, (f"set tag {LOCAL_GROUP}",)), *(entry for _, entry in maps)),
        profiles=tuple(sorted(profiles, key=lambda bfd: (bfd.interval_ms, bfd.multiplier))),
        neighbors=tuple(line for session in router.sessions for line in _neighbor(router, session)),
        families=tuple(_family(router, family) for family in (4, 6)))


def _check(router: Router, session: Session) -> None:
    if session.ttl_security and session.bfd:
        raise Unsupported(f"session {session.name}: FRR 8 runs BFD multi-hop beside ttl-security and then meets no "
                          "single-hop peer; give one of them up or run BIRD")
    if (not session.interface or session.reflects or session.every_path or session.recursive
            or not session.heeds_communities):
        raise Unsupported(f"session {session.name}: routed sessions, reflection, several paths, recursive next hops "
                          "and unheeded communities are BIRD's here; run BIRD")
    if session.local_asn == session.peer_asn and session.local_asn != router.asn:
        raise Unsupported(f"session {session.name}: FRR has no iBGP under another AS number than its own")


def _static(origin: Origin) -> str:
    word = "ip" if family_of(origin.prefix) == 4 else "ipv6"
    target = str(ip_address(origin.next_hop)) if origin.next_hop else "reject"
    return f"{word} route {ip_network(origin.prefix)} {target}"


def _neighbor(router: Router, session: Session) -> tuple[str, ...]:
    """``remote-as`` comes first: it is what creates the neighbor."""
    peer, password = str(ip_address(session.peer_address)), password_text(session.password)
    external = session.local_asn != session.peer_asn
    candidates = (
        (True, f"remote-as {session.peer_asn}"),
        (session.local_asn != router.asn, f"local-as {session.local_asn} no-prepend replace-as"),
        (not session.enabled, "shutdown"),
        (True, f"update-source {ip_address(session.local_address)}"),
        (bool(password), f"password {password}"),
        (True, f"timers {session.keepalive_time_s} {session.hold_time_s}"),
        (True, "timers connect 1"),
        (True, "advertisement-interval 0"),
        (session.ttl_security, "ttl-security hops 1"),
        (external and session.enforce_first_as, "enforce-first-as"),
        (session.bfd is not None, "bfd"),
        (session.bfd is not None, f"bfd profile {profile_name(session.bfd or Bfd())}"),
    )
    return tuple(f"neighbor {peer} {text}" for wanted, text in candidates if wanted)


def profile_name(bfd: Bfd) -> str:
    return f"every-{bfd.interval_ms}-ms-by-{bfd.multiplier}"


def _family(router: Router, family: int) -> FamilyView:
    origins = (origin.prefix for origin in router.origins if family_of(origin.prefix) == family)
    sessions = (session for session in router.sessions if family_of(session.peer_address) == family)
    return FamilyView(
        family, tuple(f"network {ip_network(prefix)} route-map {ORIGINS}" for prefix in origins),
        tuple(line for session in sessions for line in _activation(session)))


def _activation(session: Session) -> tuple[str, ...]:
    """``restart`` counts minutes and one is the least. ``force`` counts what is received, not what is accepted."""
    peer, name = str(ip_address(session.peer_address)), identifier(session.name)
    candidates = (
        (True, "activate"),
        (session.next_hop_self, "next-hop-self"),
        (True, "soft-reconfiguration inbound"),
        (session.prefix_limit is not None, f"maximum-prefix {session.prefix_limit} restart 1 force"),
        (True, f"route-map {name}-import in"),
        (True, f"route-map {name}-export out"),
    )
    return tuple(f"neighbor {peer} {text}" for wanted, text in candidates if wanted)


_Part = tuple[tuple[str, ...], EntryView]


def _maps(session: Session) -> Iterator[_Part]:
    """Route maps of a session, each entry with the lists it matches. Entries without match permit nothing alone: a
    map that ends rejects, as RFC 8212 wants."""
    name, tag = identifier(session.name), f"set tag {group_number(session.group)}"
    family = family_of(session.peer_address)
    yield from _map(f"{name}-import", import_clauses(session), family, tag)
    yield from _map(f"{name}-export", export_clauses(session), family, "")


def _map(name: str, clauses: tuple[Clause, ...], family: int, tag: str) -> Iterator[_Part]:
    """``match tag`` takes one tag: a clause for several groups becomes as many entries."""
    sequence = 0
    for clause in clauses:
        for group in clause.groups or (0,):
            sequence += 10
            own = f"{name}-{sequence}"
            lists, matches = _matches(own, clause, family)
            grouped = (f"match tag {group}",) if group else ()
            sets = (*_sets(clause), *((tag,) if tag else ())) if clause.permit else ()
            yield lists, EntryView(name, "permit" if clause.permit else "deny", sequence, (*matches, *grouped, *sets))
    if not clauses:  # a map that does not exist would be an error to FRR, not a refusal
        yield (), EntryView(name, "deny", 10, ())


def _matches(name: str, clause: Clause, family: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lists a clause needs, and the ``match`` lines that use them."""
    word = "ip" if family == 4 else "ipv6"
    prefixes = tuple(f"{word} prefix-list {name} seq {5 * number} permit {_prefix(match)}"
                     for number, match in enumerate(clause.prefixes, 1))
    regexes = (text for first, last in clause.asns for text in patterns(first, last))
    asns = tuple(f"bgp as-path access-list {name} seq {5 * number} permit _{regex}_"
                 for number, regex in enumerate(regexes, 1))
    matches = (*((f"match {word} address prefix-list {name}",) if prefixes else ()),
               *((f"match as-path {name}",) if asns else ()))
    return (*prefixes, *asns), matches


def _sets(clause: Clause) -> tuple[str, ...]:
    return (
        *((f"set local-preference {clause.local_pref}",) if clause.local_pref is not None else ()),
        *((f"set as-path exclude {' '.join(map(str, clause.strip))}",) if clause.strip else ()),
        *(_BARE if clause.strip_communities else ()),
    )


def _prefix(match: PrefixMatch) -> str:
    """FRR takes bounds only beyond the prefix's own length."""
    network = ip_network(match.prefix)
    lower = f" ge {match.at_least}" if match.at_least > network.prefixlen else ""
    upper = f" le {match.at_most}" if match.at_most > network.prefixlen else ""
    return f"{network}{lower}{upper}"
