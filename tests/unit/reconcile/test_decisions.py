"""The pure decisions of a pass: difference, union, settling, and which operations wait for what."""

from __future__ import annotations

import time
from dataclasses import replace

import estates
from trunkline.intent.bgp import SessionState, SessionStatus
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.estate import Snapshot
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.reconcile.difference import differ, union
from trunkline.reconcile.pending import Pending
from trunkline.reconcile.settle import to_watch, waiting_for

LEG = Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, Leg.PRIMARY)
WHOLE = compile(LEG, estates.snapshot(), AZURE)
BARE = compile(LEG, Snapshot(estates.circuit()), AZURE)


def test_nothing_to_do_when_all_that_is_desired_was_observed() -> None:
    assert not differ(WHOLE, WHOLE, WHOLE.keys)


def test_only_what_was_not_observed_is_ensured() -> None:
    lost = WHOLE.pieces[-1]
    difference = differ(WHOLE, WHOLE, WHOLE.keys - {lost.key})
    assert difference.network.ensure == (lost,)
    assert not difference.network.remove
    assert not difference.start


def test_what_is_no_longer_desired_is_removed_and_its_plant_released() -> None:
    difference = differ(BARE, WHOLE, frozenset())
    assert {p.key for p in difference.network.remove} == {p.key for p in WHOLE.pieces}
    assert difference.stop == tuple(r.node for r in WHOLE.routers)
    assert difference.released == frozenset(WHOLE.requires) - frozenset(BARE.requires)


def test_a_pass_records_both_what_it_makes_and_what_it_removes() -> None:
    recorded = union(BARE, WHOLE)
    assert recorded.keys == WHOLE.keys | BARE.keys
    assert set(recorded.requires) == {*WHOLE.requires, *BARE.requires}
    assert union(WHOLE, Blueprint(LEG)).keys == WHOLE.keys


def statuses(state: SessionState, but: str = "") -> dict[object, tuple[SessionStatus, ...]]:
    return {router: tuple(SessionStatus(s.name, SessionState.ACTIVE if s.group == but else state)
                          for s in router.sessions) for router in to_watch(WHOLE)}


def test_a_leg_is_settled_when_its_inner_sessions_are_established_whatever_the_customer_does() -> None:
    assert not waiting_for(statuses(SessionState.ESTABLISHED, but="customer"))  # type: ignore[arg-type]


def test_a_leg_is_not_settled_while_a_gateway_session_is_down_and_says_which() -> None:
    missing = waiting_for(statuses(SessionState.ESTABLISHED, but="gateway"))  # type: ignore[arg-type]
    assert "gateway_1_0" in missing
    assert "Active" in missing


def test_a_router_that_is_meant_to_be_down_is_not_waited_for() -> None:
    down = replace(WHOLE, routers=tuple(replace(r, down=True) for r in WHOLE.routers))
    assert to_watch(down) == ()


def test_the_router_of_a_vnet_leaves_its_sessions_to_the_gateway() -> None:
    gateway = compile(Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key), estates.snapshot(), AZURE)
    assert len(to_watch(gateway)) == 2


def test_an_operation_waits_for_all_its_scopes_and_only_passes_begun_after_it_count() -> None:
    pending = Pending(deadline_s=60)
    other = Scope(ScopeKind.LEG, LEG.key, Leg.SECONDARY)
    before = time.monotonic()
    assert pending.add("op", (LEG, other))
    assert not pending.add("op", (LEG, other))
    assert pending.settled(LEG, before) == ()
    assert pending.settled(LEG, time.monotonic()) == ()
    assert pending.settled(other, time.monotonic()) == ("op",)


def test_an_operation_that_waits_too_long_is_overdue_with_its_reason() -> None:
    pending = Pending(deadline_s=-1)
    pending.add("op", (LEG,))
    pending.tried(LEG)
    assert pending.overdue() == (("op", ""),)
    pending.forget("op")
    assert pending.overdue() == ()


def test_waiting_for_a_turn_is_not_waiting_too_long() -> None:
    pending = Pending(deadline_s=-1)
    other = replace(LEG, leg=Leg.SECONDARY)
    pending.add("op", (LEG, other))
    pending.tried(LEG)
    assert pending.overdue() == ()
    pending.tried(other)
    assert pending.overdue() == (("op", ""),)
