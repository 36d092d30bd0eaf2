"""Which interface and which way an impairment means."""

from __future__ import annotations

import pytest

import estates
from trunkline.intent.compile import compile
from trunkline.intent.compile.impairments import links
from trunkline.intent.compile.plant import core_node, edge_node, port_interface, switch_node
from trunkline.intent.network import ANY_TAG, Impairment, Link
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.span import span_between, span_id
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
    ("handoff", "in", False), ("handoff", "out", True), ("trunk", "in", False), ("trunk", "out", True)])
def test_in_is_from_the_customer_wherever_it_is(at: str, direction: str, leaving: bool) -> None:
    assert [one.leaving for one in compiled(impairment(at=at, direction=direction))] == [leaving]


def test_on_the_trunk_only_the_circuits_own_frames_are_meant() -> None:
    one, = compiled(impairment(at="trunk", direction="in"))
    assert (one.node, one.interface, one.vid) == (
        edge_node("Amsterdam", Leg.PRIMARY), port_interface("Equinix"), 1)


def on_link(*impairments: Resource, leg: Leg = Leg.PRIMARY) -> tuple[Link, list[Impairment]]:
    found = compile(Scope(ScopeKind.SPAN, "amsterdam~westeurope", leg), estates.snapshot(*impairments), AZURE)
    link, = (piece for piece in found.pieces if isinstance(piece, Link))
    return link, [piece for piece in found.pieces if isinstance(piece, Impairment)]


def span_impairment(**changed: object) -> Resource:
    span = span_between("Amsterdam", "westeurope")
    assert span
    wish = {"at": "link", "site": "Amsterdam", "to": "westeurope", "lossInPercent": 2, **changed}
    return estates.resource(estates.rid(IMPAIRMENT, "bad"), wish, {
        "expiresAt": UNTIL, "link": {"id": str(span_id(span))}})


@pytest.mark.parametrize(("direction", "site"), [("in", "amsterdam"), ("out", "westeurope")])
def test_a_backbone_link_is_impaired_where_frames_come_in(direction: str, site: str) -> None:
    link, (one,) = on_link(span_impairment(direction=direction))
    assert one.node == core_node(site, Leg.PRIMARY)
    assert (one.node, one.interface) in {(end.node, end.name) for end in (link.a, link.b)}
    assert not one.leaving


@pytest.mark.parametrize(("named", "legs"), [(None, set(Leg)), ("secondary", {Leg.SECONDARY})])
def test_a_backbone_link_is_impaired_for_the_legs_that_are_named(named: str | None, legs: set[Leg]) -> None:
    assert {leg for leg in Leg if on_link(span_impairment(leg=named), leg=leg)[1]} == legs


def test_the_other_leg_is_whole() -> None:
    assert not compiled(impairment(), leg=Leg.SECONDARY)


def test_a_link_that_is_not_there_is_not_impaired() -> None:
    alone = [*estates.circuit(), estates.peering(), impairment()]
    found = compile(Scope(ScopeKind.LEG, ER1.key, Leg.PRIMARY), estates.snapshot(*alone), AZURE)
    assert not [piece for piece in found.pieces if isinstance(piece, Impairment)]


def test_a_leg_has_the_links_that_are_built() -> None:
    alone = estates.snapshot(*estates.circuit(), estates.peering())
    view = circuit_view(alone, ER1)
    assert view
    assert set(links(view, Leg.PRIMARY)) == {"trunk"}
    whole = estates.snapshot(*estates.whole())
    view = circuit_view(whole, ER1)
    assert view
    assert set(links(view, Leg.PRIMARY)) == {"handoff", "trunk"}


def test_a_direct_ports_link_is_impaired_for_the_circuits_own_frames() -> None:
    direct = estates.snapshot(estates.port(), estates.on_port(stag=7))
    view = circuit_view(direct, ER1)
    assert view
    found = links(view, Leg.PRIMARY)
    assert {name: {one.vid for one in ways.values()} for name, ways in found.items()} == {"handoff": {7}}
