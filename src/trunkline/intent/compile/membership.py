"""A site at an internet exchange: its router's sessions with both route servers, and with members directly.

    CE ══ route server 1, route server 2       own prefixes out, in what others tell; the route servers in no path
    CE ══ CE of another member                 where both say so (bilateral)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.intent.bgp import LOCAL, Action, CommunityMatch, Origin, PeerRole, Policy, PrefixMatch, Rule, Session
from trunkline.intent.compile.draft import EXCHANGE, in_family, inside, session_name
from trunkline.intent.compile.exchange import member_interface
from trunkline.intent.compile.route_server_policy import BLACKHOLE, GRACEFUL_SHUTDOWN
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import ExchangeView, MemberView, memberships
from trunkline.model.bgp import family_of
from trunkline.model.exchange import parse_community
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, Secret
from trunkline.model.site import Daemon, Site

#: Never taken from an exchange: the default route, and what is special on every link.
_NEVER = (PrefixMatch("0.0.0.0/0", 0, 0), PrefixMatch("::/0", 0, 0), *inside((
    "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "fe80::/10", "ff00::/8")))


@dataclass(frozen=True, slots=True)
class Membership:
    """What a site's router says and hears at exchanges."""

    sessions: tuple[Session, ...] = ()
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class _Port:
    """A router of a site at one exchange."""

    view: ExchangeView
    member: MemberView
    site: Site
    daemon: Daemon
    profile: Profile


def membership(estate: Estate, site: Resource, model: Site, router: str, profile: Profile) -> Membership:
    """Of one router of a site, at all exchanges where it has a port."""
    daemon = next(one.daemon for one in model.routers if one.name == router)
    ports = [_Port(view, member, model, daemon, profile) for view, member in memberships(estate, site.id)
             if member.model.router == router]
    return Membership(
        tuple(session for port in ports for session in (*_with_route_servers(port), *_with_members(port))),
        tuple(dict.fromkeys(Origin(prefix, communities=(BLACKHOLE,)) for port in ports
                            for prefix in port.member.model.blackholes)))


def _with_route_servers(port: _Port) -> Iterator[Session]:
    """FRR 8 has no roles (RFC 9234). A route server is in no path, so the first AS number is another member's."""
    key = port.member.resource.secrets.get("sharedKey")
    for number, addresses in enumerate(port.view.model.route_servers, 1):
        for peer in addresses:
            if own := port.member.address(family_of(peer)):
                yield Session(
                    name=in_family(session_name(EXCHANGE, port.member.number, f"rs{number}"), own), group=EXCHANGE,
                    interface=member_interface(port.member), local_address=own, peer_address=peer,
                    local_asn=port.site.asn, peer_asn=port.view.model.asn, import_policy=_imports(port),
                    export_policy=_exports(port), password=Secret(key) if key else None, enforce_first_as=False,
                    hold_time_s=port.profile.hold_time_s, keepalive_time_s=port.profile.keepalive_time_s,
                    role=PeerRole.ROUTE_SERVER_CLIENT if port.daemon is Daemon.BIRD else None)


def _with_members(port: _Port) -> Iterator[Session]:
    """Only what both announce of their own, so its local preference is above that of route servers."""
    for other in port.view.bilateral(port.member):
        for own in port.member.addresses:
            if peer := other.address(family_of(own)):
                yield Session(
                    name=in_family(session_name(EXCHANGE, port.member.number, f"m{other.number}"), own),
                    group=EXCHANGE, interface=member_interface(port.member), local_address=own, peer_address=peer,
                    local_asn=port.site.asn, peer_asn=other.asn, import_policy=_imports(port, local_pref=110),
                    export_policy=_exports(port), hold_time_s=port.profile.hold_time_s,
                    keepalive_time_s=port.profile.keepalive_time_s, ttl_security=port.member.model.ttl_security,
                    prefix_limit=port.view.prefix_limit(other, family_of(own)),
                    role=PeerRole.PEER if port.daemon is Daemon.BIRD else None)


def _imports(port: _Port, local_pref: int | None = None) -> Policy:
    """Not what is its own. A peer's graceful shutdown (RFC 8326) makes its routes the last choice."""
    return Policy((
        Rule(Action.DENY, _NEVER), Rule(Action.DENY, inside((*port.site.prefixes, *port.view.model.lans))),
        Rule(Action.PERMIT, communities=(CommunityMatch.exactly(GRACEFUL_SHUTDOWN),), local_pref=0),
        Rule(Action.PERMIT, local_pref=local_pref)))


def _exports(port: _Port) -> Policy:
    """Its prefixes with the communities that it wants on them, and its addresses that nobody shall send to."""
    said = tuple(parse_community(text) for text in port.member.model.communities)
    blackholed, own = port.member.model.blackholes, port.site.prefixes
    rules = [Rule(Action.PERMIT, tuple(map(PrefixMatch.exactly, prefixes)), groups=(LOCAL,), add_communities=added)
             for prefixes, added in ((blackholed, (BLACKHOLE,)), (own, said)) if prefixes]
    return Policy(tuple(rules))
