"""When a drill stops at once."""

from __future__ import annotations

from trunkline.diagnosis.drill.certificate import Bounds
from trunkline.diagnosis.drill.conditions import Conditions, Observed, Sample, Seen, Watched, happened
from trunkline.diagnosis.drill.ways import CircuitLeg

BOUNDS = Bounds(outage_ms=1_900, healing_ms=1_000, abort_outage_s=3, abort_loss_percent=5)
FALLING, LEFT = (0, 0), (0, 1)
FLOWS = {FALLING: Watched("a flow on er1 primary", protected=True, falling=True),
         LEFT: Watched("a flow on er1 secondary", protected=True, falling=False)}


def played(*heard: tuple[float, int, int, int], flows: dict[tuple[int, int], Watched] | None = None) -> str:
    """``heard``: (seconds, sent on each flow, heard of the falling one, of the one that is left)."""
    conditions = Conditions(BOUNDS, FLOWS if flows is None else flows)
    found = ""
    for at, sent, falling, left in heard:
        found = found or conditions.broken(Sample(at, {FALLING: sent, LEFT: sent}, {FALLING: falling, LEFT: left}))
    return found


def test_an_outage_of_what_was_failed_is_no_reason_while_it_is_short() -> None:
    assert played((0, 0, 0, 0), (1, 100, 50, 100), (2, 200, 50, 200), (3.5, 350, 60, 350)) == ""


def test_the_dark_lasts_too_long_for_what_has_a_second_way() -> None:
    found = played((0, 0, 0, 0), (1, 100, 50, 100), (3, 300, 50, 300), (4.5, 450, 50, 450))
    assert found == "a flow on er1 primary has heard nothing for 3.5 s, though it has a second way; 3 s are allowed"


def test_without_a_second_way_the_dark_may_last() -> None:
    alone = {FALLING: Watched("alone", protected=False, falling=True)}
    assert played((0, 0, 0, 0), (1, 100, 50, 0), (60, 6_000, 50, 0), flows=alone) == ""


def test_loss_on_what_was_not_failed_stops_the_drill() -> None:
    assert "er1 secondary, which was not failed, lost 25 of 80" in played(
        (0, 0, 0, 0), (0.7, 80, 0, 50), (0.9, 100, 0, 55))


def test_a_few_datagrams_that_are_still_on_the_way_are_no_loss() -> None:
    assert played((0, 0, 0, 0), (0.2, 100, 20, 16), (0.4, 200, 40, 110)) == ""


def test_loss_counts_within_a_second_and_not_since_the_beginning() -> None:
    assert played((0, 0, 0, 0), (0.5, 1_000, 1_000, 990), (2, 2_000, 2_000, 1_990), (3, 3_000, 3_000, 2_990)) == ""


FIRST, SECOND = (Seen("/circuits/er1", leg, "customer", "er1") for leg in ("primary", "secondary"))
#: Of another circuit of the same name.
NAMESAKE = Seen("/other/circuits/er1", "primary", "customer", "rg2/er1")
UP = {FIRST: True, SECOND: True, NAMESAKE: True}
FAILED = frozenset({CircuitLeg("/circuits/er1", "er1", "primary", "Equinix", "Amsterdam")})


def test_only_sessions_on_what_was_failed_may_fall() -> None:
    before = Observed(UP)
    assert happened(before, Observed({**UP, FIRST: False}), "own", FAILED) == ""
    found = happened(before, Observed({**UP, SECOND: False}), "own", FAILED)
    assert found == "session customer of er1 secondary, which was not failed, is no longer Established"
    assert "rg2/er1 primary" in happened(before, Observed({**UP, NAMESAKE: False}), "own", FAILED)


def test_another_failure_or_a_grave_event_stops_the_drill_but_not_its_own_fault_and_nothing_older() -> None:
    before = Observed(UP, frozenset({"old"}), frozenset({"old alarm"}))
    assert happened(before, Observed(UP, frozenset({"old", "own"}), frozenset({"old alarm"})), "own", FAILED) == ""
    assert happened(before, Observed(UP, frozenset({"old", "other"})), "own", FAILED) == (
        "another failure was begun: other")
    assert happened(before, Observed(UP, alarms=frozenset({"prefixHijack"})), "own", FAILED) == (
        "the monitor raised an event: prefixHijack")
