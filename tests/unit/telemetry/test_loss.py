"""The accounting of a prober, without any socket."""

from __future__ import annotations

import pytest

from trunkline.telemetry.loss import Flow, percentiles, report

MS = 1_000_000


def flow(count: int, answered: list[int], rtt_ms: int = 1) -> Flow:
    """``count`` datagrams, one every 10 ms; ``answered`` in the order of their answers."""
    made = Flow()
    for sequence in range(count):
        made.sent(sequence * 10 * MS)
    for sequence in answered:
        made.answered(sequence, made.sent_ns[sequence] + rtt_ms * MS)
    return made


@pytest.mark.parametrize(("answered", "lost", "gap_ms"), [
    ([0, 1, 2, 3, 4], 0, 0),
    ([0, 1, 3, 4], 1, 20),
    ([0, 4], 3, 40),
    ([2, 3, 4], 2, 20),
    ([0, 1], 3, 30),
    ([1, 2, 3], 2, 10),
    ([], 5, 40),
], ids=["no loss", "one lost", "three in a row", "at the beginning", "at the end", "both ends", "all"])
def test_the_longest_gap_spans_the_lost_datagrams(answered: list[int], lost: int, gap_ms: int) -> None:
    found = flow(5, answered)
    assert (found.lost, found.longest_gap_ns) == (lost, gap_ms * MS)


def test_a_late_pause_of_the_sender_without_loss_is_no_gap() -> None:
    paused = Flow()
    for at in (0, 10 * MS, 900 * MS):
        paused.answered(paused.sent(at), at + MS)
    assert paused.longest_gap_ns == 0


def test_an_answer_after_a_later_one_counts_as_reordered() -> None:
    assert flow(4, [0, 2, 1, 3]).reordered == 1


def test_the_same_answer_twice_counts_once_and_as_duplicate() -> None:
    found = flow(2, [0, 1, 1])
    assert (found.lost, found.duplicates) == (0, 1)


def test_an_answer_to_nothing_is_ignored() -> None:
    found = flow(1, [0])
    found.answered(7, MS)
    assert (found.lost, found.duplicates) == (0, 0)


def test_the_report_takes_the_worst_flow_and_all_losses() -> None:
    found = report([(40001, flow(5, [0, 1, 2, 3, 4])), (40002, flow(5, [0, 4]))], interval_ms=10)
    assert (found.sent, found.received, found.lost, found.longest_gap_ms) == (10, 7, 3, 40.0)
    assert [row.lost for row in found.flows] == [0, 3]


def test_percentiles_are_nearest_rank() -> None:
    found = percentiles(n * MS for n in range(1, 101))
    assert found == {"min": 1.0, "p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 100.0}


def test_nothing_answered_has_no_percentiles() -> None:
    assert percentiles([]) == {}
