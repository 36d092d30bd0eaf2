"""Which policers a circuit's legs have."""

from __future__ import annotations

from collections.abc import Iterable

import estates
from trunkline.intent.compile import compile
from trunkline.intent.compile.plant import edge_node, switch_node
from trunkline.intent.compile.policing import policed_by, policers
from trunkline.intent.network import CrossConnect, Direction, Policer
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource

EDGE, SWITCH = edge_node("Amsterdam", Leg.PRIMARY), switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
PORT = {"expressRoutePort": {"id": str(estates.rid(CIRCUIT, "port1"))}, "bandwidthInGbps": 2}


def pieces(resources: Iterable[Resource]) -> tuple[list[Policer], list[CrossConnect]]:
    leg = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.PRIMARY)
    found = compile(leg, estates.snapshot(*resources), AZURE).pieces
    return ([piece for piece in found if isinstance(piece, Policer)],
            [piece for piece in found if isinstance(piece, CrossConnect)])


def test_a_leg_has_the_ordered_bandwidth_in_each_direction() -> None:
    made, entries = pieces(estates.whole())
    assert made == [Policer(EDGE, f"c1.primary.{direction}", 10**9, AZURE.burst_ms) for direction in ("in", "out")]
    assert {entry.policer for entry in entries if entry.node == EDGE} == {"c1.primary.in", "c1.primary.out"}
    assert {entry.policer for entry in entries if entry.node != EDGE} == {""}


def test_the_provider_may_let_less_through_at_its_own_switch() -> None:
    made, entries = pieces([*estates.whole(), estates.throttle(200)])
    assert {(piece.node, piece.bandwidth_bps) for piece in made} == {(EDGE, 10**9), (SWITCH, 200 * 10**6)}
    assert {(entry.direction, entry.policer) for entry in entries if entry.node == SWITCH} == {
        (Direction.IN, "c1.primary.in"), (Direction.OUT, "c1.primary.out")}


def direct(**more: object) -> Circuit:
    properties: Json = {**PORT, **more}
    return Circuit.model_validate(properties)


def test_a_direct_circuit_is_not_limited_unless_it_asks() -> None:
    assert policers("edge", 1, direct(), Leg.PRIMARY, AZURE) == ()
    assert policed_by(1, direct(), Leg.PRIMARY, Direction.IN) == ""


def test_a_limited_direct_circuit_may_take_a_fifth_more_before_it_is_brought_down() -> None:
    limited = direct(enableDirectPortRateLimit=True)
    made = policers("edge", 1, limited, Leg.SECONDARY, AZURE)
    assert [(piece.bandwidth_bps, piece.tolerance_percent) for piece in made] == [(2 * 10**9, 20)] * 2
    assert policed_by(1, limited, Leg.SECONDARY, Direction.OUT) == made[1].name
