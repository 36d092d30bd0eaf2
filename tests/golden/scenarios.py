"""Routers as the compiler makes them, one per situation; rendered and compared in ``test_rendering``."""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.bgp import (
    LOCAL,
    PERMIT_ALL,
    REJECT_ALL,
    Action,
    CommunityMatch,
    Igp,
    IgpInterface,
    LimitAction,
    Origin,
    PeerRole,
    Policy,
    PrefixMatch,
    Refusal,
    Router,
    Rule,
    Session,
    ValidationSource,
    Validity,
)
from trunkline.intent.compile.route_maps import mapped
from trunkline.model.profile import Bfd
from trunkline.model.resource import Secret
from trunkline.model.route_map import RouteMap
from trunkline.model.site import Daemon

CUSTOMER_PREFIXES = (PrefixMatch("10.1.0.0/16", 16, 24), PrefixMatch.exactly("192.168.7.0/24"))
VNET = PrefixMatch.orlonger("10.50.0.0/16")

#: What a customer may announce: its prefixes, no private path through the service's own numbers.
FROM_CUSTOMER = Policy((
    Rule(Action.DENY, contains_asn=((12076, 12076), (65515, 65520))),
    Rule(Action.PERMIT, prefixes=CUSTOMER_PREFIXES, strip_communities=True),
))
TO_CUSTOMER = Policy((Rule(Action.PERMIT, groups=("gateway",), strip_asns=(65515,)),))
FROM_GATEWAY = Policy((Rule(Action.PERMIT, prefixes=(VNET,)),))
TO_GATEWAY = Policy((Rule(Action.PERMIT, groups=("customer",)),))

CUSTOMER = Session(
    "circuit-7-private", "customer", "cust", "172.16.0.2", "172.16.0.1", 12076, 65001, FROM_CUSTOMER, TO_CUSTOMER,
    password=Secret("sharedKey123"), bfd=Bfd(300, 3), prefix_limit=4000)
GATEWAY_0 = Session(
    "gw-3-0", "gateway", "gw0", "100.64.0.0", "100.64.0.1", 12076, 65515, FROM_GATEWAY, TO_GATEWAY,
    bfd=Bfd(100, 3), ttl_security=True, prefix_limit=1000)
GATEWAY_1 = replace(GATEWAY_0, name="gw-3-1", interface="gw1", local_address="100.64.0.2", peer_address="100.64.0.3")
VRF = Router("vrf-7-primary", Daemon.BIRD, 12076, "10.255.0.7", (CUSTOMER, GATEWAY_0, GATEWAY_1))

REACH = Session(
    "global_reach_1", "global_reach", "r1", "192.168.8.1", "192.168.8.2", 12076, 12076,
    Policy((Rule(Action.PERMIT, communities=(CommunityMatch.exactly((65535, 0)),), local_pref=0, prepend=(12076,) * 2),
            Rule(Action.PERMIT, local_pref=100, strip_communities=True))),
    TO_GATEWAY, bfd=Bfd(100, 3), ttl_security=True, next_hop_self=True, last_resort=True)
REACHING = (REACH, replace(REACH, name="global_reach_1_v6", local_address="fd00:29::1", peer_address="fd00:29::2"))

GATEWAY = Router("gw-3-0", Daemon.BIRD, 65515, "10.50.255.4", ecmp=4, sessions=(
    Session("vrf-7-primary", "circuit-7", "c7p", "100.64.0.1", "100.64.0.0", 65515, 12076,
            Policy((Rule(Action.PERMIT, local_pref=200),)), Policy((Rule(Action.PERMIT, groups=(LOCAL, "vnet")),)),
            bfd=Bfd(100, 3), ttl_security=True),
    Session("vrf-9-primary", "circuit-9", "c9p", "100.64.0.5", "100.64.0.4", 65515, 12076,
            Policy((Rule(Action.PERMIT, local_pref=100),)), Policy((Rule(Action.PERMIT, groups=(LOCAL, "vnet")),)),
            bfd=Bfd(100, 3), ttl_security=True),
    Session("vnet-3", "vnet", "vnet", "10.50.255.4", "10.50.255.1", 65515, 65515,
            REJECT_ALL, Policy((Rule(Action.PERMIT, groups=("circuit-7", "circuit-9")),)), next_hop_self=True),
), origins=(Origin("10.50.0.0/16", "10.50.255.1"),))

VNET_ROUTER = Router("vnet-3", Daemon.BIRD, 65515, "10.50.255.1", (
    Session("gw-3-0", "gateway", "gw0", "10.50.255.1", "10.50.255.4", 65515, 65515,
            Policy((Rule(Action.PERMIT),)), REJECT_ALL, bfd=Bfd(100, 3)),
    Session("gw-3-1", "gateway", "gw1", "10.50.255.1", "10.50.255.5", 65515, 65515,
            Policy((Rule(Action.PERMIT),)), REJECT_ALL, bfd=Bfd(100, 3)),
))

VNET_ROUTER_WITH_PEERS = replace(VNET_ROUTER, sessions=(
    *VNET_ROUTER.sessions,
    Session("transit-2", "transit", "p2", "10.50.0.1", "10.51.0.1", 65515, 65515, REJECT_ALL,
            Policy((Rule(Action.PERMIT, groups=("gateway", "hub")),)), bfd=Bfd(100, 3), ttl_security=True,
            reflects=True, every_path=True, recursive=True, heeds_communities=False),
    Session("hub-1-0", "hub", "r1i0", "10.50.254.1", "10.50.254.4", 65515, 65515, Policy((Rule(Action.PERMIT),)),
            REJECT_ALL, bfd=Bfd(100, 3), ttl_security=True, every_path=True, recursive=True),
), origins=(Origin("10.51.0.0/16", "10.51.0.1"), Origin("10.50.0.9/32", interface="n9")))

ROUTE_SERVER = Router("hub-1-0", Daemon.BIRD, 65515, "10.50.254.4", (
    Session("vnet-3", "vnet", "vnet", "10.50.254.4", "10.50.254.1", 65515, 65515, REJECT_ALL,
            Policy((Rule(Action.PERMIT, groups=("nva",)),)), bfd=Bfd(100, 3), ttl_security=True, every_path=True),
    Session("nva-1", "nva", "", "10.50.254.4", "10.50.0.9", 65515, 65009,
            Policy((Rule(Action.DENY, prefixes=(VNET,)), Rule(Action.PERMIT, local_pref=90))),
            Policy((Rule(Action.PERMIT, prefixes=(VNET,), groups=(LOCAL,)),)), prefix_limit=4000),
), origins=(Origin("10.50.0.0/16", "10.50.254.1"),))

_CE_SESSION = Session(
    "circuit-7-primary", "cloud", "wan0", "172.16.0.1", "172.16.0.2", 65001, 12076,
    Policy((Rule(Action.PERMIT, contains_asn=((12076, 12076),), local_pref=150),)),
    Policy((Rule(Action.PERMIT, groups=(LOCAL,)),)), password=Secret("sharedKey123"), bfd=Bfd(300, 3))
_IBGP = Session(
    "ce-2", "site", "lan0", "10.1.0.1", "10.1.0.2", 65001, 65001,
    Policy((Rule(Action.PERMIT),)), Policy((Rule(Action.PERMIT, groups=("cloud", LOCAL)),)), next_hop_self=True)
CE = Router("site-ce-1", Daemon.BIRD, 65001, "10.1.0.1", (_CE_SESSION, _IBGP),
            (Origin("10.1.0.0/16"), Origin("10.1.9.0/24", "10.1.0.9")))

_V6 = replace(
    CUSTOMER, name="circuit 7 / private, IPv6", local_address="2001:db8::2", peer_address="2001:db8::1", bfd=None,
    import_policy=Policy((Rule(Action.PERMIT, prefixes=(PrefixMatch.orlonger("2001:db8:1::/48"),)),)))

_DUAL = replace(
    CUSTOMER, name="customer_v6", local_address="fd00:ac::2", peer_address="fd00:ac::1", prefix_limit=100)
_GATEWAY6 = replace(
    GATEWAY_0, name="gw-3-0_v6", local_address="fd00:50:0:ff::4", peer_address="fd00:50:0:ff::c", prefix_limit=100,
    import_policy=Policy((Rule(Action.PERMIT, prefixes=(PrefixMatch.exactly("fd00:50::/48"),)),)))
_CE6 = replace(_CE_SESSION, name="cloud_7_primary_v6", local_address="fd00:ac::1", peer_address="fd00:ac::2")
_IBGP6 = replace(_IBGP, name="ce-2_v6", local_address="fd00:10::1", peer_address="fd00:10::2")
CE_DUAL = replace(CE, sessions=(_CE_SESSION, _CE6, _IBGP, _IBGP6), origins=(*CE.origins, Origin("fd00:10::/48")))

_BLACKHOLE, _ANY = CommunityMatch.exactly((65535, 666)), (0, 65535)
_ANY_LARGE = (0, 4294967295)
#: Each word of the policy language that both daemons have.
_FROM_PEER = Policy((
    Rule(Action.DENY, prefixes=(PrefixMatch.exactly("0.0.0.0/0"),), refusal=Refusal.DEFAULT_ROUTE),
    Rule(Action.DENY, as_set=True, refusal=Refusal.AS_SET),
    Rule(Action.DENY, longer_than=12, refusal=Refusal.PATH_TOO_LONG),
    Rule(Action.DENY, origin_asn=((64496, 64511), (0, 0)), refusal=Refusal.BOGON_ASN),
    Rule(Action.DENY, foreign_next_hop=True, refusal=Refusal.FOREIGN_NEXT_HOP),
    Rule(Action.DENY, communities=(_BLACKHOLE,), prefixes=(PrefixMatch("10.1.0.0/16", 16, 31),),
         refusal=Refusal.BLACKHOLE_NOT_OWN),
    Rule(Action.NEXT, remove_communities=(CommunityMatch(((12076, 12076), (50000, 52000))),
                                          CommunityMatch(((12076, 12076), _ANY_LARGE, _ANY_LARGE)))),
    Rule(Action.NEXT, communities=(CommunityMatch(((65001, 65001), (80, 80))),), local_pref=80),
    Rule(Action.PERMIT, prefixes=CUSTOMER_PREFIXES, med=50, add_communities=((12076, 1), (12076, 7, 1))),
))
_TO_PEER = Policy((
    Rule(Action.DENY, communities=(CommunityMatch(((12076, 12076), (1, 9), _ANY_LARGE)),),
         refusal=Refusal.NOT_FOR_PEER),
    Rule(Action.PERMIT, groups=("gateway", LOCAL), strip_asns=(65515,), prepend=(64500, 12076), med=10),
))
PUBLIC = replace(CUSTOMER, name="circuit-7-microsoft", import_policy=_FROM_PEER, export_policy=_TO_PEER,
                 role=PeerRole.PROVIDER, limit_action=LimitAction.SHUTDOWN)
_VALIDATING = Policy((
    Rule(Action.DENY, validity=(Validity.BLIND,), refusal=Refusal.RPKI_BLIND),
    Rule(Action.DENY, validity=(Validity.INVALID,), refusal=Refusal.RPKI_INVALID),
    # Sets of BIRD do not hold these: a first part of many values, and parts after a range.
    Rule(Action.NEXT, communities=(CommunityMatch((_ANY, (666, 666))), _BLACKHOLE), local_pref=1),
    Rule(Action.NEXT, remove_communities=(CommunityMatch((_ANY_LARGE, (1, 1), _ANY_LARGE)),)),
    *_FROM_PEER.rules,
))
_CACHES = (ValidationSource("validator-a", "100.64.9.1", 3323), ValidationSource("validator-b", "2001:db8:9::1", 3323))
VALIDATING = Router("er-7-microsoft", Daemon.BIRD, 12076, "10.255.0.7", (
    replace(PUBLIC, import_policy=_VALIDATING),
    replace(PUBLIC, name="circuit-7-microsoft-v6", local_address="2001:db8::2", peer_address="2001:db8::1", bfd=None,
            import_policy=_VALIDATING, limit_action=LimitAction.WARN),
), (Origin("13.107.6.0/24", communities=((12076, 5060), (12076, 5, 60))),), validation=_CACHES)
_CLIENT = replace(CUSTOMER, name="member-a", group="member-a", local_asn=64700, import_policy=_FROM_PEER,
                  export_policy=Policy((Rule(Action.DENY, communities=(CommunityMatch.exactly((0, 65001)),)),
                                        Rule(Action.PERMIT, groups=("member-b",)))),
                  route_server=True, role=PeerRole.ROUTE_SERVER, heeds_communities=False)
EXCHANGE = Router("ixp-rs1", Daemon.BIRD, 64700, "10.9.0.1", (
    _CLIENT, replace(_CLIENT, name="member-b", group="member-b", peer_address="172.16.0.3", peer_asn=65002)))

_MAP = RouteMap.model_validate({"rules": [
    {"name": "short", "nextStepIfMatched": "Terminate", "matchCriteria": [
        {"matchCondition": "NotContains", "routePrefix": ["10.0.0.0/8"]},
        {"matchCondition": "Equals", "community": ["65001:1", "65001:2:3"]},
        {"matchCondition": "Equals", "asPath": ["65001"]}],
     "actions": [{"type": "Replace", "parameters": [{"asPath": ["65001", "65002"]}, {"community": []}]}]},
    {"name": "rest", "actions": [{"type": "Drop"}]}]})

#: Whoever has a tunnel to it may open a session.
SERVICES = Router("services-westeurope", Daemon.BIRD, 12076, "100.96.0.53", (Session(
    "vrfs", "customer", "", "100.127.255.201", "100.64.0.0", 12076, 12076, PERMIT_ALL,
    Policy((Rule(Action.PERMIT, (PrefixMatch.exactly("20.38.108.0/23"),), groups=(LOCAL,)),)), bfd=Bfd(100, 3),
    ttl_security=True, peer_range="100.64.0.0/10"),),
    (Origin("20.38.108.0/23", communities=((12076, 51002), (12076, 52002))),))

CORE = Router("core-amsterdam-p", Daemon.BIRD, 12076, "100.64.0.5", ecmp=1, igp=Igp(
    (IgpInterface("b3fa2c1d0", 4), IgpInterface("b77aa0911", 390), IgpInterface("crossing", 10_000)), Bfd(100, 3),
    ("100.64.0.5", "fd74:6c63:6f72:6500::6440:5")))

SCENARIOS: dict[str, Router] = {
    "vrf": VRF,
    "core": CORE,
    "vrf-disabled-session": replace(VRF, sessions=(replace(CUSTOMER, enabled=False), GATEWAY_0)),
    "vrf-empty": replace(VRF, sessions=()),
    "vrf-ipv6": replace(VRF, sessions=(CUSTOMER, _V6), origins=(Origin("2001:db8:50::/48"),)),
    "vrf-dual": replace(VRF, sessions=(CUSTOMER, _DUAL, GATEWAY_0, _GATEWAY6)),
    "vrf-reach": replace(VRF, sessions=(replace(CUSTOMER, export_policy=Policy((
        *TO_CUSTOMER.rules, Rule(Action.PERMIT, groups=("global_reach",))))), *REACHING)),
    "ce-bird-dual": CE_DUAL,
    "ce-frr-dual": replace(CE_DUAL, daemon=Daemon.FRR),
    "gateway": GATEWAY,
    "vnet-router": VNET_ROUTER,
    "vnet-router-with-peers": VNET_ROUTER_WITH_PEERS,
    "route-server": ROUTE_SERVER,
    "route-server-mapped": replace(ROUTE_SERVER, sessions=(replace(
        ROUTE_SERVER.sessions[1], import_policy=mapped(ROUTE_SERVER.sessions[1].import_policy, _MAP)),)),
    "ce-bird": CE,
    "ce-frr": replace(CE, daemon=Daemon.FRR),
    "ce-frr-disabled-session": replace(
        CE, daemon=Daemon.FRR, sessions=(replace(_CE_SESSION, enabled=False, prefix_limit=100), _IBGP)),
    "ce-frr-other-asn": replace(CE, daemon=Daemon.FRR, sessions=(replace(_CE_SESSION, local_asn=65099),)),
    "ce-frr-down": replace(CE, daemon=Daemon.FRR, down=True),
    "vrf-microsoft": VALIDATING,
    "services": SERVICES,
    "exchange-route-server": EXCHANGE,
    "peer-frr": Router("site-ce-1", Daemon.FRR, 12076, "10.1.0.1", (replace(PUBLIC, bfd=None),), (
        Origin("10.2.0.0/16"), Origin("10.3.0.0/16", communities=((12076, 1), (12076, 7, 1))))),
    "vrf-frr": replace(VRF, daemon=Daemon.FRR, sessions=(CUSTOMER, replace(GATEWAY_0, ttl_security=False), _V6)),
}
