"""A router in FRR's syntax: every decision is taken here, the template ``frr.conf.j2`` prints."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from trunkline.errors import Unsupported
from trunkline.intent.bgp import LimitAction, Origin, Router, Session
from trunkline.model.bgp import family_of
from trunkline.model.profile import Bfd
from trunkline.routing.frr.policy import EntryView, adding, maps
from trunkline.routing.naming import LOCAL_GROUP, identifier, password_text
from trunkline.routing.template import printed

#: Every pass asks for all routers again, nearly all unchanged: comparing two is 200 times cheaper than printing one.
_REMEMBERED = 4096
#: What FRR does when a peer sends too much; by itself it closes the session until somebody clears it.
_LIMIT = {LimitAction.RESTART: " restart 1", LimitAction.SHUTDOWN: "", LimitAction.DROP: "",
          LimitAction.WARN: " warning-only"}
#: Route map of what the router originates.
ORIGINS = "tl-origins"


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
    if router.validation:
        raise Unsupported(f"router {router.node}: this machine's FRR has no module for origin validation; run BIRD")
    for session in router.sessions:
        _check(router, session)
    parts = tuple(part for session in router.sessions for part in maps(session))
    profiles = {session.bfd for session in router.sessions if session.bfd}
    return RouterView(
        asn=router.asn, router_id=str(ip_address(router.router_id)), ecmp=router.ecmp,
        statics=tuple(_static(origin) for origin in router.origins),
        lists=tuple(line for lists, _ in parts for line in lists),
        entries=(*_origin_entries(router), *(entry for _, entry in parts)),
        profiles=tuple(sorted(profiles, key=lambda bfd: (bfd.interval_ms, bfd.multiplier))),
        neighbors=tuple(line for session in router.sessions for line in _neighbor(router, session)),
        families=tuple(_family(router, family) for family in (4, 6)))


def _origin_entries(router: Router) -> tuple[EntryView, ...]:
    """One route map for all origins, and another for each that has communities."""
    tag = f"set tag {LOCAL_GROUP}"
    special = (EntryView(_origin_map(origin), "permit", 10, (*adding(origin.communities), tag))
               for origin in router.origins if origin.communities)
    return EntryView(ORIGINS, "permit", 10, (tag,)), *special


def _origin_map(origin: Origin) -> str:
    return f"{ORIGINS}-{identifier(origin.prefix.replace('/', '-'))}" if origin.communities else ORIGINS


def _check(router: Router, session: Session) -> None:
    if session.ttl_security and session.bfd:
        raise Unsupported(f"session {session.name}: FRR 8 runs BFD multi-hop beside ttl-security and then meets no "
                          "single-hop peer; give one of them up or run BIRD")
    if session.bfd and session.bfd_key:
        raise Unsupported(f"session {session.name}: FRR 8 cannot authenticate BFD; do without or run BIRD")
    if (not session.interface or session.reflects or session.every_path or session.recursive
            or not session.heeds_communities or session.route_server):
        raise Unsupported(f"session {session.name}: routed sessions, reflection, several paths, recursive next hops, "
                          "unheeded communities and route servers are BIRD's here; run BIRD")
    if session.limit_action is LimitAction.DROP:
        raise Unsupported(f"session {session.name}: FRR closes a session beyond its prefix limit or takes all; run "
                          "BIRD where what is beyond is to be dropped")
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
        (session.role is not None, f"local-role {session.role}"),
        (session.bfd is not None, "bfd"),
        (session.bfd is not None, f"bfd profile {profile_name(session.bfd or Bfd())}"),
    )
    return tuple(f"neighbor {peer} {text}" for wanted, text in candidates if wanted)


def profile_name(bfd: Bfd) -> str:
    return f"every-{bfd.interval_ms}-ms-by-{bfd.multiplier}"


def _family(router: Router, family: int) -> FamilyView:
    origins = (origin for origin in router.origins if family_of(origin.prefix) == family)
    sessions = (session for session in router.sessions if family_of(session.peer_address) == family)
    return FamilyView(
        family, tuple(f"network {ip_network(origin.prefix)} route-map {_origin_map(origin)}" for origin in origins),
        tuple(line for session in sessions for line in _activation(session)))


def _activation(session: Session) -> tuple[str, ...]:
    """``restart`` counts minutes and one is the least. ``force`` counts what is received, not what is accepted."""
    peer, name = str(ip_address(session.peer_address)), identifier(session.name)
    limit = f"maximum-prefix {session.prefix_limit}{_LIMIT[session.limit_action]} force"
    candidates = (
        (True, "activate"),
        (session.next_hop_self, "next-hop-self"),
        (True, "soft-reconfiguration inbound"),
        (session.prefix_limit is not None, limit),
        (True, f"route-map {name}-import in"),
        (True, f"route-map {name}-export out"),
    )
    return tuple(f"neighbor {peer} {text}" for wanted, text in candidates if wanted)
