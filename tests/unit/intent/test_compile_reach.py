"""Compile: Global Reach links, what each end of one is and which routes may cross it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

import estates
import reaching
from trunkline.intent.bgp import RibEntry, Router, Session
from trunkline.intent.bgp.evaluate import evaluate
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.controls import SHUTTING_DOWN
from trunkline.intent.compile.draft import CUSTOMER, GATEWAY, REACH, backbone_scope, vrf_node
from trunkline.intent.compile.plant import core_of_edge, edge_node
from trunkline.intent.network import CrossConnect, Direction, Policer, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import PEERING
from trunkline.model.circuit import Leg
from trunkline.model.failover import LinkTest, TestCategory, with_link_tests
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource

ROUTE = RibEntry("10.20.0.0/16", "192.168.8.2", "x", as_path=(65020,))


def compiled(number: int = 1, leg: Leg = Leg.PRIMARY, estate: Iterable[Resource] = ()) -> Blueprint:
    known = estates.snapshot(*(estate or reaching.two_sites()))
    return compile(Scope(ScopeKind.LEG, reaching.circuit_id(number).key, leg), known, AZURE)


def router(number: int = 1, leg: Leg = Leg.PRIMARY, estate: Iterable[Resource] = ()) -> Router:
    found, = compiled(number, leg, estate).routers
    return found


def reach_sessions(number: int = 1, leg: Leg = Leg.PRIMARY, estate: Iterable[Resource] = ()) -> list[Session]:
    return [one for one in router(number, leg, estate).sessions if one.group == REACH]


@pytest.mark.parametrize(("leg", "first"), [(Leg.PRIMARY, 1), (Leg.SECONDARY, 5)])
def test_each_leg_has_its_half_of_the_prefix_and_the_maker_the_first_address(leg: Leg, first: int) -> None:
    near, far = (reach_sessions(number, leg) for number in (1, 2))
    assert [(one.local_address, one.peer_address) for one in near] == [
        (f"192.168.8.{first}", f"192.168.8.{first + 1}"), (f"fd00:29::{first}", f"fd00:29::{first + 1}")]
    assert [(one.local_address, one.peer_address) for one in far] == [
        (one.peer_address, one.local_address) for one in near]
    assert [one.name for one in near] == [one.name for one in far] == ["global_reach_1", "global_reach_1_v6"]


@pytest.mark.parametrize("leg", Leg)
def test_the_tunnels_ends_belong_together_and_stand_on_the_backbone_between_the_locations(leg: Leg) -> None:
    ends = [next(piece for piece in compiled(number, leg).pieces if isinstance(piece, Tunnel)) for number in (1, 2)]
    assert ends[0].vni == ends[1].vni
    assert (ends[0].local, ends[0].remote) == (ends[1].remote, ends[1].local)
    assert [one.underlay for one in ends] == [core_of_edge(place, leg) for place in ("Amsterdam", "London")]
    for number in (1, 2):
        assert backbone_scope("London", "Amsterdam", leg) in compiled(number, leg).requires


def test_legs_and_links_have_tunnel_numbers_of_their_own() -> None:
    estate = [*reaching.two_sites(), *reaching.premises(3), reaching.link(1, 3, 2, "192.168.8.8/29")]
    numbers = [piece.vni for leg in Leg for piece in compiled(1, leg, estate).pieces if isinstance(piece, Tunnel)]
    assert len(set(numbers)) == len(numbers) == 4


def test_it_is_counted_in_both_directions_by_itself() -> None:
    crossed = {piece.direction: (piece.ingress, piece.egress) for piece in compiled().pieces
               if isinstance(piece, CrossConnect) and piece.attachment == "reach1.primary"}
    assert crossed == {Direction.IN: ("gr1", "gt1"), Direction.OUT: ("gt1", "gr1")}


def test_only_the_own_customers_routes_are_told_to_the_other_circuit() -> None:
    estate = [*reaching.two_sites(), *estates.cloud(), estates.connection(),
              *reaching.premises(3), reaching.link(3, 1, 2, "192.168.8.8/29")]
    for session in reach_sessions(1, estate=estate):
        told = {group: evaluate(session.export_policy, ROUTE, group).permitted for group in (CUSTOMER, GATEWAY, REACH)}
        assert told == {CUSTOMER: True, GATEWAY: False, REACH: False}


def test_networks_are_not_told_of_the_other_circuits_customer() -> None:
    estate = [*reaching.two_sites(), *estates.cloud(), estates.connection()]
    gateways = [one for one in router(estate=estate).sessions if one.group == GATEWAY]
    assert gateways
    assert not any(evaluate(one.export_policy, ROUTE, REACH).permitted for one in gateways)


def test_a_customer_is_told_of_the_other_with_12076_once() -> None:
    customer = router().session("customer")
    assert customer
    verdict = evaluate(customer.export_policy, ROUTE, REACH)
    assert (verdict.permitted, verdict.entry.as_path) == (True, (65020,))
    alone = router(estate=[one for one in reaching.two_sites() if one.id.key != reaching.link().id.key])
    assert not evaluate(alone.sessions[0].export_policy, ROUTE, REACH).permitted


def test_marks_and_preferences_of_the_other_edge_mean_nothing_here() -> None:
    session, _ = reach_sessions()
    heard = replace(ROUTE, local_pref=900, communities=((12076, 100, 900), (65010, 7)))
    taken = evaluate(session.import_policy, heard, REACH).entry
    assert (taken.local_pref, taken.communities) == (100, ())


def test_what_the_other_edge_drains_is_the_last_choice_of_customers_too() -> None:
    session, _ = reach_sessions()
    taken = evaluate(session.import_policy, replace(ROUTE, communities=(SHUTTING_DOWN,)), REACH).entry
    assert (taken.local_pref, taken.as_path, taken.communities) == (0, (12076,) * 8 + (65020,), (SHUTTING_DOWN,))


def test_a_failover_test_by_longer_paths_at_one_end_makes_them_longer_at_the_other() -> None:
    estate = reaching.two_sites()
    test = LinkTest.model_construct(test_guid="t", start_time="2026-01-01T00:00:00+00:00", leg=Leg.PRIMARY,
                                    category=TestCategory.AS_PATH_PREPEND)
    tested = replace(estate[0], system=with_link_tests(estate[0], (test,)))
    session, _ = reach_sessions(2, estate=[tested, *estate[1:]])
    assert evaluate(session.import_policy, ROUTE, REACH).entry.as_path == (12076,) * 8 + (65020,)
    other, _ = reach_sessions(2, Leg.SECONDARY, estate=[tested, *estate[1:]])
    assert evaluate(other.import_policy, ROUTE, REACH).entry.as_path == (65020,)
    lapses = {(number, leg): router(number, leg, [tested, *estate[1:]]).lapses_at for number in (1, 2) for leg in Leg}
    ends = test.ends.timestamp()
    assert lapses == {(1, Leg.PRIMARY): ends, (2, Leg.PRIMARY): ends, (1, Leg.SECONDARY): 0, (2, Leg.SECONDARY): 0}


def test_a_link_that_was_not_admitted_or_is_going_does_not_exist() -> None:
    for link in (reaching.link(admitted=False), replace(reaching.link(), state=ProvisioningState.DELETING)):
        estate = [*reaching.premises(1), *reaching.premises(2), link]
        assert not reach_sessions(estate=estate)
        assert compiled(estate=estate).digest == compiled(estate=reaching.premises(1)).digest


def test_it_ends_with_either_peering() -> None:
    private = estates.rid(PEERING, "er2", "AzurePrivatePeering")
    gone = [replace(one, state=ProvisioningState.DELETING) if one.id.key == private.key else one
            for one in reaching.two_sites()]
    assert not reach_sessions(1, estate=gone)


def direct(limited: bool | None = None) -> list[Resource]:
    """The first circuit, of 1 Gbit/s, stands on a Direct port."""
    circuit = estates.on_port()
    mine = replace(circuit, properties={**circuit.properties, "enableDirectPortRateLimit": limited})
    return [estates.port(), mine, reaching.peering(1), reaching.site(1), estates.cable()]


@pytest.mark.parametrize(("estate", "mbps"), [
    pytest.param(reaching.two_sites(), None, id="both police themselves"),
    pytest.param([*direct(), *reaching.premises(2, bandwidthInMbps=2000), reaching.link()], 1000,
                 id="the smaller one does not"),
    pytest.param([*direct(limited=True), *reaching.premises(2, bandwidthInMbps=2000), reaching.link()], None,
                 id="the smaller one does, on a Direct port"),
    pytest.param([*direct(), *reaching.premises(2, bandwidthInMbps=500), reaching.link()], None,
                 id="the smaller one does, the other not")])
def test_the_smaller_circuit_bounds_it_by_a_policer_where_it_has_none_itself(
        estate: list[Resource], mbps: int | None) -> None:
    for number, place in ((1, "Amsterdam"), (2, "London")):
        blueprint = compiled(number, estate=estate)
        policers = [piece for piece in blueprint.pieces if isinstance(piece, Policer) and "reach" in piece.name]
        named = {piece.direction: piece.policer for piece in blueprint.pieces
                 if isinstance(piece, CrossConnect) and piece.attachment == "reach1.primary"}
        assert [(one.node, one.bandwidth_bps) for one in policers] == (
            [(edge_node(place, Leg.PRIMARY), mbps * 10**6)] if mbps else [])
        assert named == {Direction.IN: "reach1.primary" if mbps else "", Direction.OUT: ""}


def test_what_the_vrf_knows_itself_is_nearer() -> None:
    assert all(one.last_resort for one in reach_sessions())
    assert not any(one.last_resort for one in router().sessions if one.group != REACH)
    assert router().node == vrf_node(reaching.circuit_id(1), Leg.PRIMARY)
