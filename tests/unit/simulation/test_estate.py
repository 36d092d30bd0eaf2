"""A compiled estate, whole, in memory: what the compiler writes down does come up."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.bgp import Router
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import ce_node, hub_node, vnet_node, vrf_node
from trunkline.intent.compile.services import services_node
from trunkline.intent.compile.vnet_peering import vnet_peering_scope
from trunkline.intent.drivers import Change
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, FAULT, GATEWAY, ROUTE_FILTER, ROUTE_FILTER_RULE, SITE, VNET
from trunkline.intent.wan import VIRTUAL_HUB
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

SCOPES = [
    Scope(ScopeKind.SITE, estates.rid(SITE, "paris").key), Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key),
    Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key),
    Scope(ScopeKind.HUB, estates.rid(VIRTUAL_HUB, "rs1").key),
    vnet_peering_scope(estates.rid(VNET, "hub"), estates.rid(VNET, "second")),
    *(Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg)]


def compiled(estate: Snapshot) -> list[Blueprint]:
    """The scopes and, first, all that they require."""
    found: dict[Scope, Blueprint] = {}
    waiting = [*SCOPES, *(Scope(ScopeKind.FAULT, fault.id.key) for fault in estate.list(FAULT))]
    while waiting:
        scope = waiting.pop()
        if scope not in found:
            found[scope] = compile(scope, estate, AZURE)
            waiting += found[scope].requires
    return list(found.values())


def realised(*resources: Resource) -> tuple[SimulatedSpeaker, dict[str, Router]]:
    blueprints = compiled(Snapshot(resources))
    plane = SimulatedPlane()
    plane.apply(Change(ensure=tuple(piece for blueprint in blueprints for piece in blueprint.pieces)))
    speaker = SimulatedSpeaker(plane)
    routers = {router.node: router for blueprint in blueprints for router in blueprint.routers}
    for router in routers.values():
        speaker.apply(router)
    return speaker, routers


def states(speaker: SimulatedSpeaker, routers: dict[str, Router]) -> dict[tuple[str, str], str]:
    return {(node, status.name): status.state
            for node, router in routers.items() for status in speaker.sessions(router)}


CE1 = ce_node(estates.rid(SITE, "paris"), "ce1")
VRF1, VRF2 = (vrf_node(estates.rid(CIRCUIT, "er1"), leg) for leg in Leg)
ROUTER = vnet_node(estates.rid(VNET, "hub"))


def test_every_session_comes_up_and_both_ends_know_each_other() -> None:
    speaker, routers = realised(*estates.whole())
    assert set(states(speaker, routers).values()) == {"Established"}
    learned = [entry for entry in speaker.routes(routers[CE1]) if entry.prefix == "10.1.0.0/16"]
    assert (12076,) in {entry.as_path for entry in learned}
    assert "10.10.0.0/16" in {entry.prefix for entry in speaker.routes(routers[ROUTER])}


def test_both_families_come_up_and_each_carries_its_own() -> None:
    speaker, routers = realised(*estates.dual())
    assert set(states(speaker, routers).values()) == {"Established"}
    entries = speaker.routes(routers[VRF1])
    assert {(entry.prefix, entry.session) for entry in entries} == {
        ("10.10.0.0/16", "customer"), ("fd00:10::/48", "customer_v6"),
        *((prefix, f"gateway_1_{instance}{suffix}") for instance in (0, 1)
          for prefix, suffix in (("10.1.0.0/16", ""), ("fd00:1::/48", "_v6")))}
    assert "fd00:10::/48" in {entry.prefix for entry in speaker.routes(routers[ROUTER])}


@pytest.mark.parametrize("fault", [
    {}, {"circuit": estates.link(CIRCUIT, "er1"), "leg": "primary", "direction": "in"},
    {"kind": "edge", "location": "Amsterdam", "leg": "primary"},
    {"kind": "switch", "provider": "Equinix", "location": "Amsterdam", "leg": "primary"}])
def test_a_rehearsed_fault_takes_one_leg_and_leaves_the_other(fault: Json) -> None:
    speaker, routers = realised(*estates.whole(), estates.fault(**fault))
    found = states(speaker, routers)
    assert (found[VRF1, "customer"], found[VRF2, "customer"]) == ("Active", "Established")
    assert "10.10.0.0/16" in {entry.prefix for entry in speaker.routes(routers[ROUTER])}
    assert "10.1.0.0/16" in {entry.prefix for entry in speaker.routes(routers[CE1])}  # through the other router


@pytest.mark.parametrize("fault", [{"kind": "location", "location": "Amsterdam"},
                                   {"kind": "region", "region": "West Europe"}])
def test_without_its_location_or_region_a_site_has_no_way_to_its_network(fault: Json) -> None:
    speaker, routers = realised(*estates.whole(), estates.fault(**fault))
    assert "10.1.0.0/16" not in {entry.prefix for entry in speaker.routes(routers[CE1])}
    assert "10.10.0.0/16" not in {entry.prefix for entry in speaker.routes(routers[ROUTER])}


def test_a_gateway_instance_that_fails_leaves_the_other() -> None:
    gateway = {"kind": "gatewayInstance", "gateway": estates.link(GATEWAY, "gw1"), "instance": 0}
    speaker, routers = realised(*estates.whole(), estates.fault(**gateway))
    found = states(speaker, routers)
    assert {found[VRF1, "gateway_1_0"], found[VRF1, "gateway_1_1"]} == {"Active", "Established"}
    assert "10.10.0.0/16" in {entry.prefix for entry in speaker.routes(routers[ROUTER])}


@pytest.mark.parametrize("wrong", [{"vlanId": 101}, {"sharedKey": "Other"}, {"peerASN": 65011}])
def test_a_customer_who_configures_a_leg_otherwise_loses_that_leg(wrong: dict[str, object]) -> None:
    key = {"primary.sharedKey": str(wrong["sharedKey"])} if "sharedKey" in wrong else {}
    mistaken = estates.order(primary={"router": "ce1"} | {k: v for k, v in wrong.items() if k != "sharedKey"})
    others = [one for one in estates.whole() if one.id != mistaken.id]
    speaker, routers = realised(*others, Resource(
        mistaken.id, properties=mistaken.properties, system=mistaken.system, secrets=key))
    found = states(speaker, routers)
    assert (found[VRF1, "customer"], found[VRF2, "customer"]) == ("Active", "Established")


def test_a_spoke_learns_through_the_hub_and_the_customer_sees_its_address_space() -> None:
    speaker, routers = realised(*estates.whole(), *estates.spoke("second", 2, "10.2"),
                                *estates.lending("hub", "second"))
    assert set(states(speaker, routers).values()) == {"Established"}
    spoke = routers[vnet_node(estates.rid(VNET, "second"))]
    assert [entry.next_hop for entry in speaker.routes(spoke) if entry.prefix == "10.10.0.0/16"]
    assert (12076,) in {entry.as_path for entry in speaker.routes(routers[CE1]) if entry.prefix == "10.2.0.0/16"}


def test_a_route_server_meets_the_gateway_over_several_hops_and_waits_for_its_peers() -> None:
    server = estates.route_server(allowBranchToBranchTraffic=True)
    speaker, routers = realised(*estates.whole(), *server, estates.bgp_connection("one", 1, "10.1.0.4", 65001))
    found = states(speaker, routers)
    assert {name for (_, name), state in found.items() if state != "Established"} == {"nva_1"}
    instance = routers[hub_node(estates.rid(VIRTUAL_HUB, "rs1"), 0)]
    assert "10.10.0.0/16" in {entry.prefix for entry in speaker.routes(instance)}


def test_with_fast_path_both_ends_lead_past_the_gateway_in_memory_too() -> None:
    speaker, routers = realised(*estates.large(expressRouteGatewayBypass=True))
    assert set(states(speaker, routers).values()) == {"Established"}
    on_premises = {e.next_hop for e in speaker.routes(routers[ROUTER]) if e.prefix == "10.10.0.0/16"}
    assert on_premises == {"10.1.255.4", "10.1.255.5"}
    assert {e.next_hop for e in speaker.routes(routers[VRF1]) if e.prefix == "10.1.0.0/16"} == {"10.1.255.1"}


def test_services_take_a_session_from_each_leg_and_tell_what_the_filter_names_but_nothing_of_customers() -> None:
    route_filter = (estates.resource(estates.rid(ROUTE_FILTER, "rf1"), {}), estates.resource(
        estates.rid(ROUTE_FILTER_RULE, "rf1", "r1"), {"access": "Allow", "communities": ["12076:52002"]}))
    paris = estates.site(advertisedPublicPrefixes=["104.1.0.0/24"])
    others = [one for one in estates.whole() if one.id.key != paris.id.key]
    speaker, routers = realised(*others, paris, *route_filter, estates.microsoft(
        words={"104.1.0.0/24": "Configured"}, routeFilter=estates.link(ROUTE_FILTER, "rf1")))
    found = states(speaker, routers)
    assert {state for (_, name), state in found.items() if not name.startswith("vrfs")} == {"Established"}
    told = {entry.prefix for entry in speaker.routes(routers[CE1]) if entry.session == "internet_1_primary"}
    assert told == {"20.38.108.0/23", "20.60.26.0/23", "20.60.150.0/23", "52.239.140.0/22"}
    services = speaker.routes(routers[services_node("westeurope")])
    assert {entry.session for entry in services if entry.prefix == "104.1.0.0/24"} == {"vrfs.1", "vrfs.2"}
    public = [vrf_node(estates.rid(CIRCUIT, "er1"), leg, PeeringType.MICROSOFT) for leg in Leg]
    assert {entry.session for node in public for entry in speaker.routes(routers[node])
            if entry.prefix == "104.1.0.0/24"} == {"customer"}
