"""Which interface and which way an impairment means."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.compile import compile
from trunkline.intent.compile.impairments import stretches
from trunkline.intent.compile.plant import core_of_edge, edge_node, port_interface, switch_node
from trunkline.intent.gateways import connections
from trunkline.intent.network import ANY_TAG, Impairment, Link
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, IMPAIRMENT, circuit_view
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource

ER1 = estates.rid(CIRCUIT, "er1")
UNTIL = "2026-01-01T00:05:00+00:00"


def impairment(**changed: object) -> Resource:
    wish: Json = {"circuit": {"id": str(ER1)}, "leg": "primary", "lossInPercent": 2.5, "delayInMilliseconds": 20.125}
    return estates.resource(estates.rid(IMPAIRMENT, "bad"), {**wish, **changed}, {"expiresAt": UNTIL})


def compiled(*resources: Resource, leg: Leg = Leg.PRIMARY) -> list[Impairment]:
    found = compile(Scope(ScopeKind.LEG, ER1.key, leg), estates.snapshot(*estates.whole(), *resources), AZURE)
    return [piece for piece in found.pieces if isinstance(piece, Impairment)]


def test_a_hand_off_is_impaired_both_ways_at_the_providers_switch() -> None:
    switch = switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
    assert [(one.node, one.interface, one.leaving, one.vid) for one in compiled(impairment())] == [
        (switch, "c1", False, ANY_TAG), (switch, "c1", True, ANY_TAG)]


def test_what_is_asked_for_is_exact() -> None:
    one = compiled(impairment(corruptionInPercent=0.001, jitterInMilliseconds=1, direction="in"))
    assert [(p.loss_ppm, p.corruption_ppm, p.delay_us, p.jitter_us, p.hold_us, p.expires) for p in one] == [
        (25_000, 10, 20_125, 1000, 0, UNTIL)]


@pytest.mark.parametrize(("at", "direction", "leaving"), [
    ("handoff", "in", False), ("handoff", "out", True), ("trunk", "in", False), ("trunk", "out", True),
    ("backbone", "in", True), ("backbone", "out", False)])
def test_in_is_from_the_customer_wherever_it_is(at: str, direction: str, leaving: bool) -> None:
    assert [one.leaving for one in compiled(impairment(at=at, direction=direction))] == [leaving]


def test_on_the_trunk_only_the_circuits_own_frames_are_meant() -> None:
    one, = compiled(impairment(at="trunk", direction="in"))
    assert (one.node, one.interface, one.vid) == (
        edge_node("Amsterdam", Leg.PRIMARY), port_interface("Equinix"), 1)


def test_a_backbone_link_is_the_one_that_the_plant_has() -> None:
    one, = compiled(impairment(at="backbone", direction="in"))
    plant = compile(Scope(ScopeKind.BACKBONE, "amsterdam~westeurope", Leg.PRIMARY),
                    estates.snapshot(*estates.whole()), AZURE)
    link = next(piece for piece in plant.pieces if isinstance(piece, Link))
    assert (one.node, one.interface) == (link.a.node, link.a.name)
    assert one.node == core_of_edge("Amsterdam", Leg.PRIMARY)


def test_the_other_leg_is_whole() -> None:
    assert not compiled(impairment(), leg=Leg.SECONDARY)


def test_a_link_that_is_not_there_is_not_impaired() -> None:
    assert not compiled(impairment(at="backbone", region="eastus"))


def test_a_leg_has_the_links_that_are_built() -> None:
    alone = estates.snapshot(*estates.circuit(), estates.peering())
    view = circuit_view(alone, ER1)
    assert view
    assert set(stretches(view, connections(alone, ER1), Leg.PRIMARY)) == {"trunk"}
    whole = estates.snapshot(*estates.whole())
    view = circuit_view(whole, ER1)
    assert view
    assert set(stretches(view, connections(whole, ER1), Leg.PRIMARY)) == {"handoff", "trunk", "backbone westeurope"}


def test_a_direct_ports_link_is_impaired_for_the_circuits_own_frames() -> None:
    direct = estates.snapshot(estates.port(), estates.on_port(stag=7))
    view = circuit_view(direct, ER1)
    assert view
    found = stretches(view, (), Leg.PRIMARY)
    assert {name: one.vid for name, one in found.items()} == {"handoff": 7}
