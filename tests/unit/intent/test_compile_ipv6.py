"""IPv6 as compiled: what each family has, and that IPv4 alone costs nothing more."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.bgp import Router, Session
from trunkline.intent.blueprint import Blueprint, to_json
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import LOOPBACK6
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Filter, Interface, Link, Node, Route, Tunnel, Whereabouts
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, NIC, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource

LEG = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.SECONDARY)
SITE_SCOPE = Scope(ScopeKind.SITE, estates.rid(SITE, "paris").key)
HUB = Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key)
GW1 = Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key)
ALONE = {"primaryPeerAddressPrefix": None, "secondaryPeerAddressPrefix": None}


def compiled(scope: Scope, *resources: Resource) -> Blueprint:
    return compile(scope, Snapshot(resources or estates.dual()), AZURE)


def sessions(router: Router, group: str) -> dict[str, Session]:
    return {session.name: session for session in router.sessions if session.group == group}


def interfaces(blueprint: Blueprint) -> list[Interface]:
    links = [piece for piece in blueprint.pieces if isinstance(piece, Link)]
    tunnels = [piece.end for piece in blueprint.pieces if isinstance(piece, Tunnel)]
    return [*(end for link in links for end in (link.a, link.b)), *tunnels]


@pytest.mark.parametrize("scope", [LEG, SITE_SCOPE, HUB, GW1], ids=lambda scope: scope.kind)
def test_without_ipv6_there_is_no_trace_of_it(scope: Scope) -> None:
    blueprint = compiled(scope, *estates.whole())
    assert not [address for end in interfaces(blueprint) for address in end.addresses if ":" in address.local]
    assert not [one for router in blueprint.routers for one in router.sessions if ":" in one.peer_address]
    assert "ipv6" not in str(to_json(blueprint))
    assert "::" not in str([piece for piece in blueprint.pieces if not isinstance(piece, Link)])


def test_a_leg_has_a_session_for_each_family_over_one_attachment() -> None:
    router, = compiled(LEG).routers
    found = sessions(router, "customer")
    assert list(found) == ["customer", "customer_v6"]
    four, six = found.values()
    assert (six.local_address, six.peer_address) == ("fd00:ac::6", "fd00:ac::5")
    assert (four.interface, four.bfd, four.password) == (six.interface, six.bfd, six.password)
    assert (four.prefix_limit, six.prefix_limit) == (4000, 100)
    limits = {one.prefix_limit for one in sessions(router, "gateway").values() if ":" in one.peer_address}
    assert limits == {100}
    customer = next(end for end in interfaces(compiled(LEG)) if end.name == "customer")
    assert [address.local for address in customer.addresses] == ["172.16.0.6/30", "fd00:ac::6/126"]


def test_a_peering_of_ipv6_alone_has_one_customer_session() -> None:
    router, = compiled(LEG, *estates.dual(**ALONE)).routers
    assert list(sessions(router, "customer")) == ["customer_v6"]


@pytest.mark.parametrize(("changed", "enabled"), [
    ({"state": "Disabled"}, [False, True]),
    ({"ipv6PeeringConfig": {**estates.SIX["ipv6PeeringConfig"], "state": "Disabled"}}, [True, False])])
def test_each_family_has_its_own_state(changed: dict[str, object], enabled: list[bool]) -> None:
    router, = compiled(LEG, *estates.dual(**changed)).routers
    assert [one.enabled for one in sessions(router, "customer").values()] == enabled


def test_both_routers_of_a_site_speak_both_families_with_the_cloud_and_each_other() -> None:
    for router in compiled(SITE_SCOPE).routers:
        assert len(sessions(router, "cloud")) == 2
        assert len(sessions(router, "partner")) == 2
        assert [origin.prefix for origin in router.origins] == ["10.10.0.0/16", "fd00:10::/48"]


def test_a_host_has_a_way_out_in_each_family_that_it_has() -> None:
    blueprint = compiled(SITE_SCOPE)
    ways = {piece.prefix: piece.next_hops for piece in blueprint.pieces if isinstance(piece, Route)}
    assert ways == {"0.0.0.0/0": ("10.10.1.1", "10.10.1.2"), "::/0": ("fd00:10:0:1::1", "fd00:10:0:1::2")}


def test_a_gateway_originates_what_it_can_lead_to() -> None:
    both = {origin.prefix: origin.next_hop for origin in compiled(GW1).routers[0].origins}
    assert both == {"10.1.0.0/16": "10.1.255.1", "fd00:1::/48": "fd00:1:0:ff::1"}
    plain = next(one for one in estates.whole() if one.id.name == "GatewaySubnet")
    alone, _ = compiled(GW1, *estates.with_changes(estates.dual(), [plain])).routers
    assert [origin.prefix for origin in alone.origins] == ["10.1.0.0/16"]
    assert not [one for one in alone.sessions if ":" in one.peer_address]


def test_routing_weight_counts_for_both_families_alike() -> None:
    heavy = estates.connection(routingWeight=50)
    router, _ = compiled(GW1, *estates.with_changes(estates.dual(), [heavy])).routers
    assert {one.import_policy.rules[-1].local_pref for one in sessions(router, "circuit").values()} == {150}


def test_tunnels_carry_ipv6_only_where_the_peering_has_it() -> None:
    estate = estates.with_changes(estates.dual(), [estates.peering()])
    router, _ = compiled(GW1, *estate).routers
    assert len(sessions(router, "circuit")) == 2
    assert len(sessions(compiled(GW1).routers[0], "circuit")) == 4
    assert [len(end.addresses) for end in interfaces(compiled(GW1, *estate)) if end.name.startswith("c1")] == [1] * 4


def test_a_machine_has_one_address_and_one_way_out_over_ipv6() -> None:
    blueprint, node = compiled(HUB), vm_node(estates.rid(NIC, "vm1"))
    eth0 = next(end for end in interfaces(blueprint) if end.node == node)
    assert [address.local for address in eth0.addresses] == ["10.1.0.4/24", "fd00:1::4/128"]
    way = next(piece for piece in blueprint.pieces if isinstance(piece, Route) and (piece.node, piece.prefix) == (
        node, "::/0"))
    assert (way.next_hops, way.interface) == (("fd00:1::1",), "eth0")
    assert next(piece for piece in blueprint.pieces if isinstance(piece, Node) and piece.name == node).loopback == (
        LOOPBACK6)
    near = next(end for end in interfaces(blueprint) if end.name == "n1")
    assert [address.local for address in near.addresses] == ["fd00:1::1/128"]


def test_sources_over_ipv6_are_checked_by_a_filter() -> None:
    found, = (piece for piece in compiled(HUB).pieces if isinstance(piece, Filter))
    guard, = found.guards
    assert guard.sources == Whereabouts(("10.1.0.4/32", "fd00:1::4/128"))
