"""When traffic leaves a link, and when it comes back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from trunkline.diagnosis.link_quality import LEAST, WINDOW, Quality, Verdict, is_bad, judge, quality, reason, windowed
from trunkline.model.profile import LinkBounds

BOUNDS = LinkBounds(loss_percent=5, latency_ms=20, leave_s=2, return_s=10)


INNOCENT = Verdict()


def run(readings: list[tuple[float, bool]], before: Verdict = INNOCENT) -> list[bool]:
    found = []
    for at_s, bad in readings:
        before = judge(before, bad, at_s, BOUNDS)
        found.append(before.avoided)
    return found


@pytest.mark.parametrize(("echoes", "expected"), [
    ((), Quality()),
    ((0.001, None, 0.003), Quality(33.3, 2.0, 3)),
    ((None, None), Quality(100.0, None, 2)),
    ((None,) * WINDOW + (0.001,) * WINDOW, Quality(0.0, 1.0, WINDOW))])
def test_quality_is_of_the_latest_echoes(echoes: tuple[float | None, ...], expected: Quality) -> None:
    assert quality(echoes) == expected


@pytest.mark.parametrize(("found", "bad"), [
    (Quality(100, None, LEAST - 1), False), (Quality(100, None, LEAST), True), (Quality(5, 1, WINDOW), False),
    (Quality(6, 1, WINDOW), True), (Quality(0, 50, WINDOW), False), (Quality(0, 51, WINDOW), True)])
def test_bad_is_more_than_the_bounds_and_never_what_was_hardly_measured(found: Quality, bad: bool) -> None:
    assert is_bad(found, 30, BOUNDS) is bad


def test_it_leaves_what_was_bad_for_a_while_and_returns_to_what_was_good_for_longer() -> None:
    bad, good = [(second, True) for second in range(5)], [(5 + second, False) for second in range(12)]
    assert run(bad + good) == [False, False, True, True, True, *[True] * 10, False, False]


def test_what_goes_up_and_down_faster_than_that_never_moves_anything() -> None:
    assert not any(run([(second, second % 2 == 0) for second in range(100)]))
    assert all(run([(second, second % 10 == 0) for second in range(100)], Verdict(avoided=True)))


def test_a_link_on_the_verge_moves_at_most_as_often_as_the_pauses_let_it() -> None:
    verdicts = run([(second / 10, hash(second) % 7 < 3 or second // 60 % 2 == 0) for second in range(10_000)])
    moves = sum(one is not other for one, other in pairwise(verdicts))
    assert moves <= 2 * (1000 / (BOUNDS.leave_s + BOUNDS.return_s)) + 1


def test_the_window_forgets_what_is_old() -> None:
    echoes: tuple[float | None, ...] = ()
    for number in range(WINDOW + 3):
        echoes = windowed(echoes, (float(number),))
    assert (len(echoes), echoes[0]) == (WINDOW, 3.0)


def test_the_reason_names_what_was_measured() -> None:
    assert reason(Quality(12.5, 3.2, 50), 1.0) == (
        "12.5 % of 50 echoes lost, round trip 3.2 ms where 1 ms are expected")
    assert reason(Quality(100, None, 50), 1.0) == "100 % of 50 echoes lost"
