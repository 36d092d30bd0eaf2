"""Outage and loss from what arrived, by phase, way and direction."""

from __future__ import annotations

from trunkline.diagnosis.drill.certificate import Direction
from trunkline.diagnosis.drill.measure import Flow, Span, measures

MS = 1_000_000
INTERVAL = 10.0
PHASES = (Span("baseline", 0, 1_000 * MS), Span("fail", 1_000 * MS, 3_000 * MS), Span("restore", 3_000 * MS,
                                                                                       4_000 * MS))


def flow(*runs: tuple[int, int], sent: int = 400, way: str = "er1 primary", **more: int) -> Flow:
    """Each datagram leaves 10 ms after the last."""
    return Flow("pair", "10.1.0.0/16", Direction.TO_CLOUD, way, sent, (sent - 1) * 10 * MS,
                tuple((first, last, first * 10 * MS, last * 10 * MS) for first, last in runs), **more)


def test_nothing_lost_is_no_outage() -> None:
    found, = measures([flow((0, 399))], PHASES, INTERVAL)
    assert (found.sent, found.lost, found.outage_ms, found.flows_hit, found.phases) == (400, 0, 0.0, 0, ())


def test_an_outage_lies_between_two_that_arrived_and_belongs_to_the_phase_in_which_it_began() -> None:
    found, = measures([flow((0, 109), (200, 399))], PHASES, INTERVAL)
    assert (found.lost, found.outage_ms) == (90, 910.0)
    assert [(one.phase, one.lost, one.outage_ms) for one in found.phases] == [("fail", 90, 910.0)]


def test_what_was_lost_until_all_was_calm_is_told_and_no_outage_of_what_failed() -> None:
    found, = measures([flow((0, 9), (50, 399))], (Span("settle", 0, 600 * MS), Span("baseline", 600 * MS, 1_000 * MS),
                                                  *PHASES[1:]), INTERVAL)
    assert (found.outage_ms, [(one.phase, one.lost) for one in found.phases]) == (0.0, [("settle", 40)])


def test_the_worst_flow_counts_and_losses_add_up() -> None:
    found, = measures([flow((0, 109), (120, 399)), flow((0, 104), (155, 399)), flow((0, 399))], PHASES, INTERVAL)
    assert (found.flows, found.flows_hit, found.lost, found.outage_ms) == (3, 2, 60, 510.0)


def test_what_is_dark_to_the_end_lasts_to_the_end() -> None:
    found, = measures([flow((0, 299))], PHASES, INTERVAL)
    assert (found.lost, found.outage_ms) == (100, 1_000.0)


def test_what_never_arrived_is_dark_from_the_beginning() -> None:
    found, = measures([flow()], PHASES, INTERVAL)
    assert (found.lost, [one.phase for one in found.phases]) == (400, ["baseline"])
    assert found.outage_ms >= 3_990.0


def test_ways_and_directions_are_rows_of_their_own() -> None:
    back = Flow("pair", "10.10.0.0/16", Direction.TO_SITE, "er1 primary", 1, 0, ((0, 0, 0, 0),), 0, 0)
    rows = measures([flow((0, 399)), flow((0, 399), way="er1 secondary", reordered=2), back], PHASES, INTERVAL)
    assert [(one.prefix, one.leg, one.reordered) for one in rows] == [
        ("10.1.0.0/16", "er1 primary", 0), ("10.1.0.0/16", "er1 secondary", 2), ("10.10.0.0/16", "er1 primary", 0)]
