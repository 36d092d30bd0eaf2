"""The hub of a Virtual WAN, brought up in memory: who reaches whom by which table, and what maps change."""

from __future__ import annotations

import pytest

import estates
import wans
from trunkline.intent.bgp import Router
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import GATEWAY, WAN, ce_node, instance_node, vnet_node, vrf_node
from trunkline.intent.drivers import Change
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Capacity
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, SITE, VNET
from trunkline.intent.wan import gateway_part, router_part
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE, LimitAction
from trunkline.model.resource import Resource, ResourceId
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

ONE, TWO, HUB = vnet_node(estates.rid(VNET, "one")), vnet_node(estates.rid(VNET, "two")), vnet_node(wans.HUB)
APART = vnet_node(wans.table("apart"))
CE1, VRF1 = ce_node(estates.rid(SITE, "paris"), "ce1"), vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
SCOPES = [
    Scope(ScopeKind.SITE, estates.rid(SITE, "paris").key), Scope(ScopeKind.GATEWAY, wans.GATEWAY.key),
    *(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg)]
SITE_PREFIX = "10.10.0.0/16"


class Realm:
    """``gateways``: of virtual networks, beside the hub's."""

    def __init__(self, *resources: Resource, gateways: tuple[ResourceId, ...] = ()) -> None:
        blueprints = _compiled(Snapshot({one.id.key: one for one in resources}.values()),
                               [*SCOPES, *(Scope(ScopeKind.GATEWAY, one.key) for one in gateways)])
        plane = SimulatedPlane()
        plane.apply(Change(ensure=tuple(piece for one in blueprints for piece in one.pieces)))
        self.speaker = SimulatedSpeaker(plane)
        self.routers: dict[str, Router] = {router.node: router for one in blueprints for router in one.routers}
        for router in self.routers.values():
            self.speaker.apply(router)

    @property
    def down(self) -> set[tuple[str, str]]:
        return {(node, status.name) for node, router in self.routers.items()
                for status in self.speaker.sessions(router) if status.state != "Established"}

    def knows(self, node: str) -> dict[str, str]:
        """AS path by prefix of what a router has learned."""
        router = self.routers[node]
        return {entry.prefix: " ".join(map(str, entry.as_path)) for entry in self.speaker.routes(router)
                if router.session(entry.session)}

    def communities(self, node: str, prefix: str) -> set[tuple[int, ...]]:
        return {one for entry in self.speaker.routes(self.routers[node]) if entry.prefix == prefix
                for one in entry.communities}


def _compiled(estate: Snapshot, scopes: list[Scope]) -> list[Blueprint]:
    found: dict[Scope, Blueprint] = {}
    waiting = list(scopes)
    while waiting:
        scope = waiting.pop()
        if scope not in found:
            found[scope] = compile(scope, estate, AZURE)
            waiting += found[scope].requires
    return list(found.values())


def rule(kind: str, *criteria: object, **parameters: list[str]) -> dict[str, object]:
    return {"matchCriteria": list(criteria), "actions": [
        {"type": kind, "parameters": [parameters] if parameters else []}]}


def test_site_and_networks_know_each_other_through_the_hub() -> None:
    realm = Realm(*wans.whole())
    assert not realm.down
    assert realm.knows(ONE) == {SITE_PREFIX: "12076 65010", "10.2.0.0/16": "", wans.PREFIX: ""}
    assert {prefix: path for prefix, path in realm.knows(CE1).items() if prefix != SITE_PREFIX} == {
        "10.1.0.0/16": "12076", "10.2.0.0/16": "12076", wans.PREFIX: "12076"}


def test_a_second_circuit_learns_nothing_of_the_first() -> None:
    other = estates.peering("er2", primaryPeerAddressPrefix="172.16.1.0/30", secondaryPeerAddressPrefix="172.16.1.4/30")
    estate = Snapshot([*wans.whole(), *estates.circuit("er2", 2), other, wans.circuit_link(10, 2, "er2")])
    legs = [compile(Scope(ScopeKind.GATEWAY, wans.GATEWAY.key), estate, AZURE)]
    told = {group for blueprint in legs for router in blueprint.routers for session in router.sessions
            if session.group == "circuit" for one in session.export_policy.rules for group in one.groups}
    assert told == {"wan"}, "what the hub tells, and that tells nothing of circuits"


def test_a_network_of_another_table_knows_what_is_propagated_there_alone() -> None:
    apart = wans.associated("apart")
    realm = Realm(*wans.whole(), wans.custom_table(), wans.connected("one", associatedRouteTable=apart),
                  wans.circuit_link(propagatedRouteTables={
                      "ids": [wans.associated("defaultRouteTable"), apart], "labels": []}))
    assert not realm.down
    assert realm.knows(ONE) == {SITE_PREFIX: "12076 65010", wans.PREFIX: ""}, "not the other network"
    assert set(realm.knows(TWO)) == {SITE_PREFIX, "10.1.0.0/16", wans.PREFIX}
    assert "10.1.0.0/16" in realm.knows(CE1)


@pytest.mark.parametrize(("propagated", "known"), [
    ({"labels": ["shared"], "ids": []}, True), ({"labels": [], "ids": [wans.associated("apart")]}, True),
    ({"labels": ["default"]}, False), ({"labels": ["none"], "ids": [wans.associated("noneRouteTable")]}, False)])
def test_labels_and_ids_say_to_which_tables_a_connection_is_propagated(propagated: object, known: bool) -> None:
    realm = Realm(*wans.whole(), wans.custom_table(labels=("shared",)),
                  wans.connected("two", propagatedRouteTables=propagated))
    assert ("10.2.0.0/16" in realm.knows(APART)) is known
    assert "10.2.0.0/16" not in realm.knows(ONE) or not known


def test_a_network_of_the_none_table_learns_nothing() -> None:
    realm = Realm(*wans.whole(), wans.connected("one", associatedRouteTable=wans.associated("noneRouteTable")))
    assert not realm.down
    assert realm.knows(ONE) == {}


def test_maps_change_what_comes_in_and_goes_out_at_circuits_and_networks() -> None:
    of_site = {"matchCondition": "Contains", "routePrefix": [SITE_PREFIX]}
    of_two = {"matchCondition": "Equals", "routePrefix": ["10.2.0.0/16"]}
    realm = Realm(
        *wans.whole(),
        wans.route_map("in", inbound=(wans.CIRCUIT_LINK,), rules=(
            rule("Add", of_site, community=["65010:7"]), rule("Replace", of_site, asPath=["64600", "64601"]))),
        wans.route_map("out", outbound=(wans.CIRCUIT_LINK,), rules=(
            rule("Drop", of_two), rule("Add", asPath=["64700"], community=["65515:9"]))),
        wans.route_map("network", outbound=(wans.network_link("two"),), rules=(rule("Drop", of_site),)))
    assert realm.knows(ONE)[SITE_PREFIX] == "64600 64601"
    assert realm.communities(ONE, SITE_PREFIX) == {(65010, 7)}, "and no mark of ours"
    assert SITE_PREFIX not in realm.knows(TWO)
    assert realm.knows(VRF1)["10.1.0.0/16"] == "65515 64700"
    assert realm.communities(CE1, "10.1.0.0/16") == {(65515, 9)}
    assert "10.2.0.0/16" not in realm.knows(CE1)


def test_a_map_is_named_by_the_connection_as_well() -> None:
    named = {"outboundRouteMap": {"id": str(wans.HUB.child("routeMaps", "m"))}}
    realm = Realm(*wans.whole(), wans.route_map("m", rules=(rule("Drop", {
        "matchCondition": "Contains", "routePrefix": ["10.2.0.0/16"]}),)), wans.connected("one", **named))
    assert "10.2.0.0/16" not in realm.knows(ONE)


def test_a_static_route_is_told_to_all_but_the_network_that_it_leads_to() -> None:
    realm = Realm(*wans.whole(), wans.default_table("10.9.0.0/16", towards="two"))
    assert "10.9.0.0/16" in realm.knows(ONE)
    assert "10.9.0.0/16" in realm.knows(CE1)
    assert "10.9.0.0/16" not in realm.knows(TWO)


@pytest.mark.parametrize("told", [True, False])
def test_what_stands_behind_an_appliance_is_told_where_its_network_is_propagated(told: bool) -> None:
    routes = wans.behind("10.2.0.9", "10.9.0.0/16", propagateStaticRoutes=told)
    realm = Realm(*wans.whole(), wans.custom_table(), wans.connected("two", vnetRoutes=routes))
    assert ("10.9.0.0/16" in realm.knows(ONE)) is told
    assert "10.9.0.0/16" not in realm.knows(APART)


def test_a_table_that_leads_to_a_network_has_a_link_to_it() -> None:
    apart = estates.resource(wans.table("apart"), {"labels": [], "routes": [{
        "name": "r", "destinationType": "CIDR", "destinations": ["10.9.0.0/16"], "nextHopType": "ResourceId",
        "nextHop": str(wans.network_link("two"))}]}, {"number": 10, "slot": 1})
    realm = Realm(*wans.whole(), apart, wans.connected("one", associatedRouteTable=wans.associated("apart")))
    assert not realm.down
    assert set(realm.knows(ONE)) == {"10.9.0.0/16", wans.PREFIX}


def test_scale_units_bound_the_gateway() -> None:
    grown = estates.resource(wans.GATEWAY, {"virtualHub": {"id": str(wans.HUB)}, "autoScaleConfiguration": {
        "bounds": {"min": 1, "max": 3}}}, {"number": 9})
    blueprint = compile(Scope(ScopeKind.GATEWAY, wans.GATEWAY.key), Snapshot(
        {one.id.key: one for one in (*wans.whole(), grown)}.values()), AZURE)
    bounds = [piece for piece in blueprint.pieces if isinstance(piece, Capacity)]
    assert {(one.bandwidth_bps * AZURE.gateway_divisor, one.shared) for one in bounds} == {
        (6_000_000_000, instance_node(wans.GATEWAY, 0))}


def test_gateway_and_routers_have_parts_of_their_own_in_the_smallest_hub() -> None:
    assert (gateway_part("10.50.0.0/24"), router_part("10.50.0.0/24")) == ("10.50.0.0/26", "10.50.0.64/26")


def test_no_table_of_a_hub_takes_routes_without_bound_and_beyond_it_nobody_is_cut_off() -> None:
    realm = Realm(*wans.whole(), wans.custom_table())
    bounded = {(node, session.group): (session.prefix_limit, session.limit_action) for node in (HUB, ONE)
               for session in realm.routers[node].sessions if session.group in (GATEWAY, WAN)}
    assert bounded == {(HUB, GATEWAY): (9_500, LimitAction.DROP), (ONE, WAN): (11_000, LimitAction.DROP)}
