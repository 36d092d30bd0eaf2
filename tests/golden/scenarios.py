"""Routers as the compiler makes them, one per situation; rendered and compared in ``test_rendering``."""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.bgp import LOCAL, REJECT_ALL, Action, Origin, Policy, PrefixMatch, Router, Rule, Session
from trunkline.model.profile import Bfd
from trunkline.model.resource import Secret
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

SCENARIOS: dict[str, Router] = {
    "vrf": VRF,
    "vrf-disabled-session": replace(VRF, sessions=(replace(CUSTOMER, enabled=False), GATEWAY_0)),
    "vrf-empty": replace(VRF, sessions=()),
    "vrf-ipv6": replace(VRF, sessions=(CUSTOMER, _V6), origins=(Origin("2001:db8:50::/48"),)),
    "gateway": GATEWAY,
    "vnet-router": VNET_ROUTER,
    "vnet-router-with-peers": VNET_ROUTER_WITH_PEERS,
    "route-server": ROUTE_SERVER,
    "ce-bird": CE,
    "ce-frr": replace(CE, daemon=Daemon.FRR),
    "ce-frr-disabled-session": replace(
        CE, daemon=Daemon.FRR, sessions=(replace(_CE_SESSION, enabled=False, prefix_limit=100), _IBGP)),
    "ce-frr-other-asn": replace(CE, daemon=Daemon.FRR, sessions=(replace(_CE_SESSION, local_asn=65099),)),
    "ce-frr-down": replace(CE, daemon=Daemon.FRR, down=True),
    "vrf-frr": replace(VRF, daemon=Daemon.FRR, sessions=(CUSTOMER, replace(GATEWAY_0, ttl_security=False), _V6)),
}
