"""The backbone: who stands where, which links there are, and that the legs' planes share nothing but crossings."""

from __future__ import annotations

from ipaddress import ip_interface
from itertools import pairwise, product

import pytest

import estates
from trunkline.intent.allocation import core_loopback, crossing_addresses
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.backbone import _COSTS, _CROSSING_COST, span_cost
from trunkline.intent.compile.draft import backbone_scope, core_scope, crossing_scope, span_scope
from trunkline.intent.compile.plant import CROSSING, core_node
from trunkline.intent.network import Interface, Link, Node, Route
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.span import Standing
from trunkline.model.backbone import Span, backbone, site_of
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE

P, S = Leg.PRIMARY, Leg.SECONDARY


def compiled(scope: Scope) -> Blueprint:
    return compile(scope, estates.snapshot(), AZURE)


def reached(scope: Scope) -> set[Scope]:
    """All that a scope stands on."""
    found, todo = set[Scope](), [scope]
    while todo:
        one = todo.pop()
        todo += [each for each in compiled(one).requires if each not in found]
        found |= set(compiled(one).requires)
    return found


def link(scope: Scope) -> Link:
    found, = (piece for piece in compiled(scope).pieces if isinstance(piece, Link))
    return found


def networks(end: Interface) -> list[str]:
    return [str(ip_interface(address.local).network) for address in end.addresses]


@pytest.mark.parametrize("leg", Leg)
def test_a_router_knows_all_links_that_its_site_could_have(leg: Leg) -> None:
    router, = compiled(core_scope("amsterdam", leg)).routers
    assert router.igp
    neighbours = {span.other("amsterdam") for span in backbone().adjacent["amsterdam"]}
    ends = {link(span_scope("amsterdam", other, leg)).a if min("amsterdam", other) == "amsterdam"
            else link(span_scope("amsterdam", other, leg)).b for other in neighbours}
    assert {one.name for one in router.igp.interfaces} == {end.name for end in ends} | {CROSSING}
    assert {end.node for end in ends} == {router.node}


def test_both_ends_of_a_link_are_in_one_network_and_no_two_links_in_the_same() -> None:
    links = [link(span_scope(span.a, span.b, leg)) for span in backbone().spans for leg in Leg]
    links += [link(crossing_scope(site.name)) for site in backbone().sites]
    assert all(networks(one.a) == networks(one.b) for one in links)
    seen = [network for one in links for network in networks(one.a)]
    assert len(seen) == len(set(seen))


def test_what_two_sites_need_is_their_path_in_the_legs_plane() -> None:
    for leg in Leg:
        path = backbone().path("amsterdam", "westeurope", leg)
        found = reached(backbone_scope("westeurope", "Amsterdam", leg))
        assert {scope for scope in found if scope.kind is ScopeKind.SPAN} == {
            span_scope(*pair, leg) for pair in pairwise(path)}
        assert {core_scope(site, leg) for site in path} <= found


def test_the_planes_of_two_sites_share_no_node_but_by_crossings_at_both_ends() -> None:
    own = {leg: {end.node for scope in reached(backbone_scope("amsterdam", "eastus", leg))
                 if scope.kind is ScopeKind.SPAN for end in (link(scope).a, link(scope).b)} for leg in Leg}
    assert own[P]
    assert not own[P] & own[S]
    assert {crossing_scope("amsterdam"), crossing_scope("eastus")} == {
        scope for scope in reached(backbone_scope("amsterdam", "eastus", P)) if scope.kind is ScopeKind.CROSSING}


def test_a_crossing_joins_both_routers_of_a_site() -> None:
    found = link(crossing_scope("amsterdam"))
    assert (found.a.node, found.b.node) == (core_node("amsterdam", P), core_node("amsterdam", S))


def test_two_crossings_cost_more_than_any_path() -> None:
    router, = compiled(core_scope("amsterdam", P)).routers
    assert router.igp
    crossing = next(one.cost for one in router.igp.interfaces if one.name == CROSSING)
    farthest = backbone().path("london", "newzealandnorth", S)
    cost = sum(span_cost(span) for pair in pairwise(farthest) if (span := backbone().span(*pair)))
    assert cost < 2 * crossing
    assert all(one.cost < 65_536 for one in router.igp.interfaces)


@pytest.mark.parametrize("ends", [("london", "newzealandnorth"), ("amsterdam", "eastus"), ("chicago", "denver"),
                                  ("amsterdam", "westeurope"), ("seattle", "westeurope")])
def test_what_returns_draws_its_own_ends_before_the_other_plane_and_that_later(ends: tuple[str, str]) -> None:
    """Also with a router between them back, whose links both return."""
    primary, other = (sum(span_cost(span) for pair in pairwise(backbone().path(*ends, leg))
                          if (span := backbone().span(*pair))) for leg in Leg)
    returning = _COSTS[Standing.RETURNING]
    for own, beside in ((primary, other), (other, primary)):
        assert own + 2 * returning < beside + 2 * _CROSSING_COST
        assert own + returning > beside


def test_even_the_shortest_link_costs_something() -> None:
    assert span_cost(Span("a", "b", 0.1, 0)) == 1


def test_planned_routes_lead_hop_by_hop_to_both_ends_without_touching_those_of_other_pairs() -> None:
    routes = {leg: planned_routes("amsterdam", "eastus", leg) for leg in Leg}
    for leg in Leg:
        path = backbone().path("amsterdam", "eastus", leg)
        for last, towards in product((path[0], path[-1]), Leg):  # the other plane's router is beside the last
            leading = {one.node for one in routes[leg] if one.prefix == f"{core_loopback(last, towards)}/32"}
            assert leading == {core_node(site, leg) for site in path if site != last}
    assert not {one.key for one in routes[P]} & {one.key for one in planned_routes("amsterdam", "westus", P)}


def test_routers_of_a_site_know_each_other_before_ospf_does() -> None:
    found = {one.node: (one.prefix, one.next_hops) for one in compiled(crossing_scope("eastus")).pieces
             if isinstance(one, Route)}
    for leg, address in zip(Leg, crossing_addresses("eastus"), strict=True):
        assert found[core_node("eastus", leg.other)] == (f"{core_loopback('eastus', leg)}/32", (address,))


def planned_routes(one: str, other: str, leg: Leg) -> list[Route]:
    return [piece for piece in compiled(backbone_scope(one, other, leg)).pieces if isinstance(piece, Route)]


@pytest.mark.parametrize("leg", Leg)
def test_a_metros_legs_keep_out_of_each_others_building(leg: Leg) -> None:
    own, others = (site_of("Amsterdam Metro", each) for each in (leg, S if leg is P else P))
    path = backbone().path("amsterdam metro", "westeurope", leg)
    assert path[0] == own
    assert others not in path


def test_a_region_has_both_routers_and_their_crossing() -> None:
    found = reached(Scope(ScopeKind.REGION, "westeurope"))
    assert found == {core_scope("westeurope", P), core_scope("westeurope", S), crossing_scope("westeurope")}


def test_loopbacks_of_both_families_are_told() -> None:
    node, = (piece for piece in compiled(core_scope("westeurope", P)).pieces if isinstance(piece, Node))
    assert [":" in address for address in node.loopback] == [False, True]
    router, = compiled(core_scope("westeurope", P)).routers
    assert router.igp
    assert {address.partition("/")[0] for address in node.loopback} == set(router.igp.loopbacks)
