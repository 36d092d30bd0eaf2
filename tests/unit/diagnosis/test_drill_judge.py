"""Verdicts, and what got better or worse."""

from __future__ import annotations

import pytest

from certificates import BEFORE, PAIR, certificate, measure, unprotected
from trunkline.diagnosis.drill.certificate import Bounds, Measure, PhaseLoss, Result, Routes, Verdict
from trunkline.diagnosis.drill.compare import Change, Tolerance, differences
from trunkline.diagnosis.drill.judge import Evidence, judge

BOUNDS = Bounds(outage_ms=1_900, healing_ms=1_000, abort_outage_s=3.9, abort_loss_percent=5)


def judged(*measures: Measure, **more: object) -> Verdict:
    return judge(Evidence(**{"measures": measures, "unprotected": {}, "bounds": BOUNDS, "restored": True,
                             **more}))


def lost_in(phase: str) -> Measure:
    return measure(lost=3, outage_ms=60.0, phases=(PhaseLoss(phase=phase, lost=3, outage_ms=60.0),))


def test_an_outage_within_the_bound_passes() -> None:
    assert judged(measure()) == Verdict(result=Result.PASSED)


def test_a_longer_one_fails_and_names_itself() -> None:
    found = judged(measure(outage_ms=2_400.0))
    assert found.result is Result.FAILED
    assert found.reasons == (f"towards 10.1.0.0/16 ({PAIR}) on er1 primary: 2,400 ms without packets, 1,900 ms are "
                             "allowed",)


def test_what_has_no_second_way_is_told_by_its_reason_and_not_by_its_outage() -> None:
    found = judged(measure(outage_ms=9_000.0), unprotected={PAIR: "one circuit"})
    assert found == Verdict(result=Result.FAILED, reasons=(f"{PAIR} has no second way: one circuit",))


@pytest.mark.parametrize(("phase", "drained", "result"), [
    ("baseline", False, Result.FAILED), ("fail", False, Result.PASSED), ("fail", True, Result.FAILED),
    ("drain", True, Result.FAILED), ("restore", True, Result.FAILED), ("restore", False, Result.PASSED)])
def test_a_drain_loses_nothing_and_before_a_failure_nobody_does(phase: str, drained: bool, result: Result) -> None:
    assert judged(lost_in(phase), drained=drained).result is result


def test_healing_has_a_bound_of_its_own_and_what_has_no_second_way_none() -> None:
    late = measure(lost=80, phases=(PhaseLoss(phase="fail", lost=54, outage_ms=880.0),
                                    PhaseLoss(phase="afterwards", lost=80, outage_ms=1_280.0)), outage_ms=1_280.0)
    assert judged(late).reasons == (f"towards 10.1.0.0/16 ({PAIR}) on er1 primary: 1,280 ms without packets while it "
                                    "healed, 1,000 ms are allowed",)
    assert len(judged(late, unprotected={PAIR: "one circuit"}).reasons) == 1


def test_the_headline_keeps_apart_what_has_a_second_way_and_what_has_none() -> None:
    other = "10.10.0.0/16 ↔ 10.2.0.0/16"
    found = certificate(unprotected=(unprotected(),), measures=(
        measure(outage_ms=7_000.0), measure(pair=other, prefix="10.2.0.0/16", outage_ms=640.0)))
    assert (found.protected_ms, found.unprotected_ms) == (640.0, 7_000.0)
    assert found.lone_prefixes == ("10.1.0.0/16", "10.10.0.0/16")
    assert certificate(unprotected=(unprotected(),), measures=(measure(),)).protected_ms is None


def test_not_restored_is_never_passed() -> None:
    assert judged(measure(), restored=False).reasons == ("not everything is as it was before",)


def test_an_abort_or_interruption_is_told_with_its_reason() -> None:
    assert judged(aborted="too dark", interrupted="later") == Verdict(result=Result.ABORTED, reasons=("too dark",))
    assert judged(interrupted="by hand", restored=False) == Verdict(
        result=Result.INTERRUPTED, reasons=("by hand", "not everything is as it was before"))


def changes(**after: object) -> dict[str, Change]:
    return {one.what: one.change for one in differences(certificate(), certificate(**after))}


def test_the_same_certificate_differs_in_nothing() -> None:
    assert changes() == {}


def test_a_shorter_outage_is_better_and_a_longer_one_worse() -> None:
    where = f"towards 10.1.0.0/16 ({PAIR})"
    rest = certificate().measures[1]
    lost = f"lost by each flow that was hit {where}"
    assert changes(measures=(measure(outage_ms=300.0, lost=20), rest)) == {f"outage {where}": Change.BETTER}
    assert changes(measures=(measure(outage_ms=1_500.0, lost=540), rest)) == {
        f"outage {where}": Change.WORSE, lost: Change.WORSE}


def test_two_runs_of_one_thing_are_the_same_whichever_legs_their_flows_took() -> None:
    """BFD at 300 ms: a failure may happen at any moment of an interval."""
    again = (measure(outage_ms=1_150.0, flows_hit=6, lost=300), certificate().measures[1])
    assert changes(measures=again) == {f"lost by each flow that was hit towards 10.1.0.0/16 ({PAIR})": Change.WORSE}
    assert changes(measures=(measure(outage_ms=1_150.0, flows_hit=6, lost=100), certificate().measures[1])) == {}


@pytest.mark.parametrize(("tolerance", "same"), [
    (Tolerance(ms=100), False), (Tolerance(ms=200), True), (Tolerance(percent=10), False),
    (Tolerance(percent=20), True)])
def test_how_near_is_the_same_can_be_said(tolerance: Tolerance, same: bool) -> None:
    later = certificate(measures=(measure(outage_ms=1_050.0), certificate().measures[1]))
    assert (differences(certificate(), later, tolerance) == ()) is same


def test_a_lost_second_way_is_worse_and_says_why() -> None:
    found, = differences(certificate(), certificate(unprotected=(unprotected(),)))
    assert (found.change, found.after) == (Change.WORSE, "none: no circuit at another location than Amsterdam")


def test_verdict_restoration_timers_and_routes_are_compared() -> None:
    failed = changes(
        verdict=Verdict(result=Result.FAILED), restored=False, routes=Routes(before=()),
        timers=(certificate().timers[0].model_copy(update={"bfd": ""}),))
    assert failed == {"verdict": Change.WORSE, "restored": Change.WORSE, "timers of er1 primary customer": Change.OTHER,
                      f"route to {BEFORE.prefix} at {BEFORE.router}": Change.OTHER}
