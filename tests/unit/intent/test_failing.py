"""What each thing that can fail takes with it, and what of the plant is in use."""

from __future__ import annotations

import pytest

import estates
import wans
from trunkline.intent.blueprint import from_json, to_json
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import instance_node, vnet_node
from trunkline.intent.compile.failing import Cut, carriers, cuts
from trunkline.intent.compile.plant import core_node, edge_node, switch_node
from trunkline.intent.dependency import awaited, touched
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import ANY_TAG, Node, Outage
from trunkline.intent.scope import PLANT, Scope, ScopeKind
from trunkline.intent.usage import in_use
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.model.circuit import Leg
from trunkline.model.fault import RehearsedFault
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json

ESTATE = estates.snapshot()
GW1, HUB = estates.rid(GATEWAY, "gw1"), estates.rid(VNET, "hub")
TARGETS: dict[str, tuple[Json, set[str]]] = {
    "leg": ({"circuit": estates.link(CIRCUIT, "er1"), "leg": "secondary"},
            {edge_node("Amsterdam", Leg.SECONDARY)}),
    "edge": ({"kind": "edge", "location": "AMSTERDAM", "leg": "primary"},
             {edge_node("Amsterdam", Leg.PRIMARY), core_node("Amsterdam", Leg.PRIMARY)}),
    "switch": ({"kind": "switch", "provider": "Equinix", "location": "Amsterdam", "leg": "primary"},
               {switch_node("Equinix", "Amsterdam", Leg.PRIMARY)}),
    "instance": ({"kind": "gatewayInstance", "gateway": {"id": str(GW1)}, "instance": 1}, {instance_node(GW1, 1)}),
    "core": ({"kind": "backboneNode", "site": "Amsterdam", "leg": "secondary"},
             {core_node("Amsterdam", Leg.SECONDARY)}),
    "span": ({"kind": "backboneLink", "site": "West Europe", "to": "Amsterdam"},
             {core_node("amsterdam", leg) for leg in Leg}),
    "span of a leg": ({"kind": "backboneLink", "site": "Amsterdam", "to": "westeurope", "leg": "primary"},
                      {core_node("amsterdam", Leg.PRIMARY)}),
    "location": ({"kind": "location", "location": "amsterdam"},
                 {node for leg in Leg for node in (edge_node("Amsterdam", leg), core_node("Amsterdam", leg),
                                                   switch_node("Equinix", "Amsterdam", leg))}),
}


def taken(properties: Json, estate: Snapshot = ESTATE) -> tuple[Cut, ...]:
    return cuts(RehearsedFault.model_validate(estates.fault(**properties).properties).target, estate)


#: What would fail were it there: the secondary leg goes another way from Amsterdam.
UNUSED = {"span": {core_node("amsterdam", Leg.SECONDARY)}}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_its_nodes_with_it_and_no_others(name: str) -> None:
    properties, nodes = TARGETS[name]
    found = taken(properties)
    assert {cut.node for cut in found} == nodes
    used = set(in_use(ESTATE, AZURE))
    assert {cut.node for cut in found if (cut.node, cut.interface) in used} == nodes - UNUSED.get(name, set())


def test_a_region_takes_its_networks_and_gateways_of_other_regions_it_takes_none() -> None:
    own = {vnet_node(HUB), *(instance_node(GW1, number) for number in (0, 1))}
    assert own < {cut.node for cut in taken({"kind": "region", "region": "West Europe"})}
    assert not own & {cut.node for cut in taken({"kind": "region", "region": "North Europe"})}


def test_a_region_takes_its_hubs_with_the_routers_of_all_their_tables() -> None:
    estate = Snapshot([*wans.whole(), wans.custom_table()])
    own = {vnet_node(wans.HUB), vnet_node(wans.table("apart")),
           *(instance_node(wans.GATEWAY, number) for number in (0, 1))}
    assert own < {cut.node for cut in taken({"kind": "region", "region": "West Europe"}, estate)}
    found = taken({"kind": "gatewayInstance", "gateway": {"id": str(wans.GATEWAY)}, "instance": 0}, estate)
    assert [cut.node for cut in found] == [instance_node(wans.GATEWAY, 0)]


def test_a_leg_fails_for_its_own_tag_alone() -> None:
    cut, = taken(TARGETS["leg"][0])
    circuit = ESTATE.get(estates.rid(CIRCUIT, "er1"))
    assert circuit
    assert (cut.vid, bool(cut.interface)) == (circuit.system["stag"], True)


def test_a_leg_of_a_port_with_one_tag_fails_for_its_peerings_tags() -> None:
    estate = Snapshot(estates.on_direct("Dot1Q"))
    assert [cut.vid for cut in taken({}, estate)] == [100]


def test_what_is_gone_takes_nothing_with_it() -> None:
    assert taken(TARGETS["leg"][0], Snapshot()) == taken(TARGETS["instance"][0], Snapshot()) == ()


def test_a_fault_is_outages_with_its_times_on_nodes_of_others() -> None:
    fault = estates.fault(**TARGETS["edge"][0], downInSeconds=0.5, upInSeconds=2)
    scope, = awaited(fault, ESTATE)
    blueprint = compile(scope, Snapshot([*estates.whole(), fault]), AZURE)
    times = {(one.begun, one.expires, one.down_ms, one.up_ms) for one in blueprint.pieces if isinstance(one, Outage)}
    assert times == {("2020-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00", 500, 2000)}
    assert not [piece for piece in blueprint.pieces if isinstance(piece, Node)]
    assert from_json(to_json(blueprint)) == blueprint


@pytest.mark.parametrize(("direction", "ways"), [("in", (True, False)), ("out", (False, True)), ("both", (True, True))])
def test_a_direction_is_as_the_edge_sees_it(direction: str, ways: tuple[bool, bool]) -> None:
    fault = estates.fault(direction=direction)
    scope, = awaited(fault, ESTATE)
    piece, = compile(scope, Snapshot([*estates.whole(), fault]), AZURE).pieces
    assert isinstance(piece, Outage)
    assert (piece.coming, piece.leaving) == ways


def test_a_link_fails_as_its_first_site_sees_it() -> None:
    """The outage is at the end that comes first in the alphabet, whichever is named first."""
    ways = []
    for ends in ({"site": "Amsterdam", "to": "westeurope"}, {"site": "westeurope", "to": "Amsterdam"}):
        fault = estates.fault(kind="backboneLink", leg="primary", direction="in", **ends)
        scope, = awaited(fault, ESTATE)
        piece, = compile(scope, Snapshot([*estates.whole(), fault]), AZURE).pieces
        assert isinstance(piece, Outage)
        ways.append((piece.coming, piece.leaving))
    assert ways == [(True, False), (False, True)]


def test_a_fault_is_looked_at_again_when_anything_comes_or_goes_that_it_may_take() -> None:
    fault = estates.fault(**TARGETS["location"][0])
    estate = Snapshot([*estates.whole(), fault])
    for changed in (estates.rid(CIRCUIT, "er1"), GW1, HUB):
        resource = estate.get(changed)
        assert resource
        assert Scope(ScopeKind.FAULT, fault.id.key) in touched(resource, estate)


def test_nothing_stands_because_it_fails() -> None:
    """Faults require no plant: what nobody else needs goes, and comes back failing."""
    fault = estates.fault(**TARGETS["edge"][0])
    scope, = awaited(fault, ESTATE)
    assert not [one for one in compile(scope, Snapshot([fault]), AZURE).requires if one.kind in PLANT]


def test_an_empty_estate_uses_nothing() -> None:
    assert not list(in_use(Snapshot(), AZURE))


# ── carrier ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def down(properties: Json, estate: Snapshot = ESTATE) -> tuple[Cut, ...]:
    return carriers(RehearsedFault.model_validate(estates.fault(**properties).properties).target, estate)


def test_a_leg_loses_its_carrier_at_the_customers_hand_off_and_other_circuits_keep_theirs() -> None:
    cut, = down({})
    assert (cut.node, cut.interface, cut.vid) == (switch_node("Equinix", "Amsterdam", Leg.PRIMARY), "c1", ANY_TAG)


def test_on_a_direct_port_it_is_the_ports_link() -> None:
    cut, = down({}, Snapshot(estates.on_direct()))
    assert cut.node == edge_node("Amsterdam", Leg.PRIMARY)
    assert cut.vid == ANY_TAG


@pytest.mark.parametrize("name", ["edge", "switch", "instance", "core", "span", "location"])
def test_anything_else_loses_it_where_its_frames_would_vanish(name: str) -> None:
    properties, _ = TARGETS[name]
    assert down(properties) == taken(properties) != ()
