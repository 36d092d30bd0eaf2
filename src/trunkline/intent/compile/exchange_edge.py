"""The cloud's own edge at an internet exchange: a VRF on the peering LAN that tells route servers the prefixes of the
region's public services, and takes from them what others may announce.

    LAN m ═══ lan VRF s ~~ vxlan ~~ x services       no circuit; a sentry at lan, and what answers goes back there

What route servers have let through is judged once more here: by the same registries and VRPs, whatever the exchange's
own policy leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.allocation import exchange_index, exchange_vni, exchange_vrf_address, member_mac, node_name
from trunkline.intent.bgp import (
    Action,
    CommunityMatch,
    PeerRole,
    Policy,
    PrefixMatch,
    Refusal,
    Router,
    Rule,
    Session,
)
from trunkline.intent.compile.draft import (
    EXCHANGE,
    SERVICES,
    Draft,
    backbone_scope,
    default_route,
    in_family,
    inside,
    learned_from,
    router_id,
    sysctls,
)
from trunkline.intent.compile.exchange import lan_node, member_port, on_lan
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.route_server_policy import BLACKHOLE, GRACEFUL_SHUTDOWN
from trunkline.intent.compile.services import Asker, services_scope, towards_services, tunnels
from trunkline.intent.compile.validation import origin_rules, validated
from trunkline.intent.exchange import ExchangeView, MemberView, region_of
from trunkline.intent.network import Interface, Link, Node, Role, Sentry
from trunkline.model.bgp import AZURE_ASN, family_of, of_family
from trunkline.model.bogons import BOGON_ASNS, BOGON_PREFIXES
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.public_service import everywhere
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon

#: The VRF's interface on the peering LAN.
TO_LAN = "lan"
#: Below that of Microsoft peering: whoever has a circuit is answered over it.
_LOCAL_PREFERENCE = 80
#: BGP identifiers of edges, behind those of Microsoft peering's VRFs.
_IDENTIFIERS = 1 << 18
_LONGEST = {4: 32, 6: 128}


def add_edge(draft: Draft, view: ExchangeView, member: MemberView, profile: Profile) -> None:
    """Beside its port."""
    node, leg, place = edge_vrf(member), _leg(member), view.model.peering_location
    region, origins = region_of(view.model), validated(node, place, leg)
    asker = Asker(node, place, leg, (exchange_vrf_address(member.number, 4), exchange_vrf_address(member.number, 6)),
                  f"x{member.number}", exchange_vni(member.number, leg))
    index = exchange_index(member.number)
    sessions = (*_with_route_servers(view, member, profile), *_with_services(member, asker, region, profile))
    draft.pieces += [
        Node(node, Role.VRF, forwarding=True, sysctls=sysctls(member.addresses)),
        Link(Interface(node, TO_LAN, on_lan(view, member.addresses), mac=member_mac(member.number), index=index),
             Interface(lan_node(view.resource.id), member_port(member), bridged=True)),
        Sentry(node, TO_LAN, index, edge_node(place, leg), attachment(member), member.addresses,
               tuple(address for server in view.model.route_servers for address in server), shared=True),
        *tunnels(asker, region, profile), origins.link]
    draft.requires += [backbone_scope(place, region, leg), services_scope(region), origins.scope]
    draft.routers.append(Router(node, Daemon.BIRD, AZURE_ASN, router_id(_IDENTIFIERS | member.number, 0), sessions,
                                ecmp=profile.ecmp, validation=(origins.source,)))


def edge_vrf(member: MemberView) -> str:
    return node_name(Role.VRF, member.name, member.resource.id.key, "x")


def attachment(member: MemberView) -> str:
    """Name of its sentry's counters at the edge."""
    return f"x{member.number}.{_leg(member)}.exchange"


def _leg(member: MemberView) -> Leg:
    return member.model.edge or Leg.PRIMARY


def _with_services(member: MemberView, asker: Asker, region: str, profile: Profile) -> Iterator[Session]:
    for own in asker.addresses:
        carried = tuple(PrefixMatch.exactly(prefix) for prefix in of_family(family_of(own), member.services))
        yield replace(towards_services(own, region, profile),
                      import_policy=Policy((Rule(Action.PERMIT, carried),) if carried else ()),
                      export_policy=learned_from(EXCHANGE))


def _with_route_servers(view: ExchangeView, member: MemberView, profile: Profile) -> Iterator[Session]:
    """A route server is in no path, so the first AS number is another member's."""
    key = member.resource.secrets.get("sharedKey")
    for number, addresses in enumerate(view.model.route_servers, 1):
        for peer in addresses:
            if own := member.address(family_of(peer)):
                yield Session(
                    name=in_family(f"rs{number}", own), group=EXCHANGE, interface=TO_LAN, local_address=own,
                    peer_address=peer, local_asn=AZURE_ASN, peer_asn=view.model.asn,
                    import_policy=Policy(tuple(_imports(view, member, family_of(peer), profile))),
                    export_policy=learned_from(SERVICES), password=Secret(key) if key else None,
                    enforce_first_as=False, hold_time_s=profile.hold_time_s,
                    keepalive_time_s=profile.keepalive_time_s, role=PeerRole.ROUTE_SERVER_CLIENT,
                    prefix_limit=member.model.prefix_limit if family_of(peer) == 4 else member.model.prefix_limit6)


# ── from route servers ─────────────────────────────────────────────────────────────────────────────────────────────


def _imports(view: ExchangeView, member: MemberView, family: int, profile: Profile) -> Iterator[Rule]:
    """Communities of others mean nothing here but graceful shutdown and, of one address, BLACKHOLE."""
    whole, longest = default_route(member.address(family)), _LONGEST[family]
    lengths = view.model.policy.lengths if family == 4 else view.model.policy.lengths6
    yield Rule(Action.DENY, (PrefixMatch(whole, 0, 0),), refusal=Refusal.DEFAULT_ROUTE)
    yield Rule(Action.DENY, inside(of_family(family, (*everywhere(), *view.model.lans))), refusal=Refusal.OWN_SPACE)
    yield Rule(Action.DENY, inside(of_family(family, BOGON_PREFIXES)), refusal=Refusal.MARTIAN)
    yield Rule(Action.DENY, contains_asn=BOGON_ASNS, refusal=Refusal.BOGON_ASN)
    yield Rule(Action.DENY, as_set=True, refusal=Refusal.AS_SET)
    yield Rule(Action.DENY, longer_than=view.model.policy.longest_path, refusal=Refusal.PATH_TOO_LONG)
    yield Rule(Action.NEXT, local_pref=_LOCAL_PREFERENCE)
    yield Rule(Action.NEXT, communities=(CommunityMatch.exactly(GRACEFUL_SHUTDOWN),), local_pref=0)
    others = tuple(one for one in view.members if not one.model.edge)
    for other in others:
        yield from _of_other(other, of_family(family, other.prefixes), longest, longest, blackhole=True)
    if lengths.longest < longest:
        yield Rule(Action.DENY, (PrefixMatch(whole, lengths.longest + 1, longest),), refusal=Refusal.TOO_SPECIFIC)
    yield from origin_rules(profile)
    for other in others:
        yield from _of_other(other, of_family(family, other.prefixes), 0, lengths.longest)
    yield Rule(Action.DENY, refusal=Refusal.NOT_REGISTERED)


def _of_other(other: MemberView, prefixes: tuple[str, ...], shortest: int, longest: int, *,
              blackhole: bool = False) -> Iterator[Rule]:
    """What one member may announce, with an origin that it may announce."""
    found = tuple(PrefixMatch(prefix, max(shortest, own), longest) for prefix in prefixes
                  for own in (int(prefix.partition("/")[2]),) if own <= longest)
    if found:
        yield Rule(Action.PERMIT, found, origin_asn=tuple((asn, asn) for asn in other.origins),
                   communities=(CommunityMatch.exactly(BLACKHOLE),) if blackhole else (), strip_communities=True)
