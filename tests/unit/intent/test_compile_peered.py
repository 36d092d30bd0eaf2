"""Compile: virtual networks that are peered, what one lends the other, and Route Servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.bgp import Router, Session
from trunkline.intent.blueprint import Blueprint, from_json, to_json
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import hub_node, instance_node, vnet_node
from trunkline.intent.compile.vnet_peering import vnet_peering_scope
from trunkline.intent.dependency import awaited, touched
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Interface, Link, Node, Route
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource
from trunkline.reconcile.settle import to_watch

HUB_NET, SECOND = estates.rid(VNET, "hub"), estates.rid(VNET, "second")
PAIR = vnet_peering_scope(HUB_NET, SECOND)
GATEWAY_SCOPE = Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key)
SERVER = Scope(ScopeKind.HUB, estates.rid(VIRTUAL_HUB, "rs1").key)
LEGS = {Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg}
BOTH = (estates.vnet_peering("hub", "second"), estates.vnet_peering("second", "hub"))


def estate(*resources: Resource) -> Snapshot:
    return Snapshot([*estates.whole(), *estates.spoke("second", 2, "10.2"), *resources])


def compiled(scope: Scope, *resources: Resource) -> Blueprint:
    return compile(scope, estate(*resources), AZURE)


def vnet(name: str) -> Scope:
    return Scope(ScopeKind.VNET, estates.rid(VNET, name).key)


def session(blueprint: Blueprint, name: str, router: int = 0) -> Session:
    return next(one for one in blueprint.routers[router].sessions if one.name == name)


def prefixes(one: Session) -> set[str]:
    return {match.prefix for rule in one.import_policy.rules for match in rule.prefixes}


# ── peering ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_peering_is_one_link_and_a_route_at_each_end_the_same_from_both_sides() -> None:
    blueprint = compiled(PAIR, *BOTH)
    assert vnet_peering_scope(SECOND, HUB_NET) == PAIR == Scope.parse(str(PAIR))
    assert set(blueprint.requires) == {vnet("hub"), vnet("second")}
    link, *routes = blueprint.pieces
    assert isinstance(link, Link)
    assert {(end.node, end.name, end.addresses[0].local, end.addresses[0].peer) for end in (link.a, link.b)} == {
        (vnet_node(HUB_NET), "p2", "10.1.0.1/32", "10.2.0.1"), (vnet_node(SECOND), "p1", "10.2.0.1/32", "10.1.0.1")}
    assert {(r.node, r.prefix, r.next_hops) for r in routes if isinstance(r, Route)} == {
        (vnet_node(HUB_NET), "10.2.0.0/16", ("10.2.0.1",)), (vnet_node(SECOND), "10.1.0.0/16", ("10.1.0.1",))}
    assert from_json(to_json(blueprint)) == blueprint


@pytest.mark.parametrize("sides", [
    (), BOTH[:1], BOTH[1:],
    (BOTH[0], replace(BOTH[1], state=ProvisioningState.DELETING)),
    (BOTH[0], estates.vnet_peering("second", "hub", allowVirtualNetworkAccess=False)),
    (BOTH[1], estates.vnet_peering("hub", "second", allowVirtualNetworkAccess=False)),
    (BOTH[0], replace(BOTH[1], system={**BOTH[1].system, "met": "one that was deleted"})),
], ids=["none", "one", "other", "deleting", "refused", "refusing", "disconnected"])
def test_without_the_will_of_both_sides_there_is_nothing(sides: tuple[Resource, ...]) -> None:
    assert not compiled(PAIR, *sides)


def test_networks_of_two_subscriptions_may_be_peered() -> None:
    other = "22222222-2222-2222-2222-222222222222"
    theirs = [replace(one, id=replace(one.id, subscription=other)) for one in estates.spoke("second", 2, "10.2")[:2]]
    far = theirs[0].id
    there = replace(BOTH[0], properties={"remoteVirtualNetwork": {"id": str(far)}})
    back = replace(BOTH[1], id=replace(BOTH[1].id, subscription=other))
    snapshot = Snapshot([*estates.whole(), *theirs, there, back])
    assert len(compile(vnet_peering_scope(HUB_NET, far), snapshot, AZURE).pieces) == 3


def test_only_the_synced_address_space_is_routed_as_long_as_the_remote_has_it() -> None:
    grown = replace(estates.spoke("second", 2, "10.2")[0],
                    properties={"addressSpace": {"addressPrefixes": ["10.2.0.0/16", "10.22.0.0/16"]}})
    blueprint = compiled(PAIR, estates.vnet_peering("hub", "second", gained=("10.77.0.0/16",)), BOTH[1], grown)
    routes = {(piece.node, piece.prefix) for piece in blueprint.pieces if isinstance(piece, Route)}
    assert routes == {(vnet_node(HUB_NET), "10.2.0.0/16"), (vnet_node(SECOND), "10.1.0.0/16")}


# ── gateway transit ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sides", [
    BOTH, (estates.lending("hub", "second")[0], BOTH[1]), (BOTH[0], estates.lending("hub", "second")[1])],
    ids=["neither", "offered", "wanted"])
def test_a_gateway_is_lent_only_when_one_offers_and_the_other_uses_it(sides: tuple[Resource, ...]) -> None:
    for router in compiled(GATEWAY_SCOPE, *sides).routers:
        assert [origin.prefix for origin in router.origins] == ["10.1.0.0/16"]
    assert not compiled(vnet("second"), *sides).routers


def test_a_lent_gateway_advertises_the_spoke_and_takes_nothing_inside_it_from_circuits() -> None:
    for router in compiled(GATEWAY_SCOPE, *estates.lending("hub", "second")).routers:
        assert [(origin.prefix, origin.next_hop) for origin in router.origins] == [
            ("10.1.0.0/16", "10.1.255.1"), ("10.2.0.0/16", "10.1.255.1")]
        for one in (s for s in router.sessions if s.group == "circuit"):
            assert prefixes(one) == {"10.1.0.0/16", "10.2.0.0/16"}
            assert [p.prefix for rule in one.export_policy.rules for p in rule.prefixes] == [
                "10.1.0.0/16", "10.2.0.0/16"]
    for leg in LEGS:
        assert prefixes(session(compiled(leg, *estates.lending("hub", "second")), "gateway_1_0")) == {
            "10.1.0.0/16", "10.2.0.0/16"}


def test_the_lender_reflects_what_its_gateways_say_and_the_borrower_says_nothing() -> None:
    lending = estates.lending("hub", "second")
    lender, borrower = (compiled(vnet(name), *lending) for name in ("hub", "second"))
    gives, takes = session(lender, "transit_2"), session(borrower, "transit_1")
    assert (gives.reflects, takes.reflects) == (True, False)
    assert gives.import_policy.rules == () == takes.export_policy.rules
    assert {rule.groups for rule in gives.export_policy.rules} == {("gateway", "hub")}
    assert (gives.local_address, gives.interface) == (takes.peer_address, "p2")
    assert [router.sessions for router in to_watch(borrower)] == [(takes,)]
    assert [router.sessions for router in to_watch(lender)] == [(gives,)]


# ── Route Server ───────────────────────────────────────────────────────────────────────────────────────────────────

PEERS = (estates.bgp_connection("one", 1, "10.1.0.4", 65001), estates.bgp_connection("two", 2, "10.1.0.5", 65001))


def test_a_route_server_is_two_speakers_in_its_subnet_that_forward_nothing() -> None:
    blueprint = compiled(SERVER, *estates.route_server(), *PEERS)
    assert blueprint.requires == (vnet("hub"),)
    assert [(piece.name, piece.forwarding) for piece in blueprint.pieces if isinstance(piece, Node)] == [
        (hub_node(estates.rid(VIRTUAL_HUB, "rs1"), instance), False) for instance in (0, 1)]
    ends = [end for piece in blueprint.pieces if isinstance(piece, Link) for end in (piece.a, piece.b)]
    assert {end.addresses[0].local for end in ends if isinstance(end, Interface) and end.name == "vnet"} == {
        "10.1.254.4/32", "10.1.254.5/32"}
    for router in blueprint.routers:
        assert [(s.name, s.peer_address, s.peer_asn, s.prefix_limit) for s in router.sessions if s.group == "nva"] == [
            ("nva_1", "10.1.0.4", 65001, 4000), ("nva_2", "10.1.0.5", 65001, 4000)]
        assert router.asn == 65515


def test_an_nva_is_told_the_address_space_and_branches_only_when_allowed() -> None:
    def told(branches: bool) -> set[tuple[str, ...]]:
        server = estates.route_server(allowBranchToBranchTraffic=branches)
        rules = session(compiled(SERVER, *server, *PEERS), "nva_1").export_policy.rules
        return {rule.groups for rule in rules}
    assert told(False) == {("local",), ("nva",)}
    assert told(True) == {("local",), ("nva",), ("gateway",)}


def test_gateway_and_route_server_meet_only_with_branch_to_branch_traffic() -> None:
    def meets(branches: bool) -> tuple[bool, bool]:
        server = estates.route_server(allowBranchToBranchTraffic=branches)
        groups = [{s.group for router in compiled(scope, *server).routers for s in router.sessions}
                  for scope in (GATEWAY_SCOPE, SERVER)]
        return "hub" in groups[0], "gateway" in groups[1]
    assert meets(False) == (False, False)
    assert meets(True) == (True, True)


@pytest.mark.parametrize(("wanted", "preference"), [("ExpressRoute", 90), ("ASPath", 100), ("VpnGateway", 65_000)])
def test_the_hubs_routing_preference_ranks_nvas_against_gateways(wanted: str, preference: int) -> None:
    one = session(compiled(SERVER, *estates.route_server(hubRoutingPreference=wanted), *PEERS), "nva_1")
    assert [rule.local_pref for rule in one.import_policy.rules] == [None, preference]


def test_the_vnet_router_finds_the_nvas_of_its_route_server() -> None:
    router = compiled(vnet("hub"), *estates.route_server(), *PEERS).routers[0]
    assert [(origin.prefix, origin.interface) for origin in router.origins] == [("10.1.0.4/32", "n1")]
    assert [s.peer_address for s in router.sessions if s.group == "hub"] == ["10.1.254.4", "10.1.254.5"]


def test_the_hub_of_a_virtual_wan_has_no_network() -> None:
    server = list(estates.route_server())
    wan = estates.rid("Microsoft.Network/virtualWans", "wan")
    server[1] = replace(server[1], properties={"virtualWan": {"id": str(wan)}})
    assert not compiled(SERVER, *server)


# ── what waits for what ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_peering_is_there_when_its_link_both_networks_and_a_lent_gateway_are() -> None:
    plain, lent = BOTH[0], estates.lending("hub", "second")[0]
    assert awaited(plain, estate(*BOTH)) == {PAIR, vnet("hub"), vnet("second")}
    assert awaited(lent, estate(lent)) == {PAIR, vnet("hub"), vnet("second"), GATEWAY_SCOPE, *LEGS}
    assert touched(plain, estate(*BOTH)) >= {GATEWAY_SCOPE, *LEGS}  # perhaps it was lent before


def test_a_change_of_a_network_is_felt_by_its_peers_and_the_gateways_that_they_use() -> None:
    snapshot = estate(*estates.lending("hub", "second"))
    second = snapshot.get(SECOND)
    assert second
    assert touched(second, snapshot) >= {PAIR, vnet("hub"), GATEWAY_SCOPE, *LEGS}


@pytest.mark.parametrize("part", [1, 2])
def test_a_route_server_and_all_below_it_wait_for_its_speakers_and_its_network(part: int) -> None:
    for branches, more in ((False, set()), (True, {GATEWAY_SCOPE, *LEGS})):
        server = estates.route_server(allowBranchToBranchTraffic=branches)
        snapshot = estate(*server, *PEERS)
        for one in (server[part], PEERS[0]):
            assert awaited(one, snapshot) == {SERVER, vnet("hub"), *more}


def test_routers_of_gateways_are_watched_with_their_sessions_to_the_route_server() -> None:
    server = estates.route_server(allowBranchToBranchTraffic=True)
    for router in to_watch(compiled(GATEWAY_SCOPE, *server)):
        assert isinstance(router, Router)
        assert {one.group for one in router.sessions} == {"vnet", "circuit", "hub"}
    assert router.node == instance_node(estates.rid(GATEWAY, "gw1"), 1)
    for router in to_watch(compiled(SERVER, *server, *PEERS)):
        assert {one.group for one in router.sessions} == {"vnet", "gateway"}
