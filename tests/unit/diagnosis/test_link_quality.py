"""When traffic leaves a link, and when it comes back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from trunkline.diagnosis.link_quality import (
    GONE,
    LEAST,
    WINDOW,
    Quality,
    Reading,
    Verdict,
    is_bad,
    judge,
    quality,
    reading,
    reason,
    windowed,
)
from trunkline.intent.span import Standing
from trunkline.model.profile import LinkBounds

BOUNDS = LinkBounds(loss_percent=5, latency_ms=20, leave_s=2, return_s=10)


INNOCENT = Verdict()
T, A, R = Standing.TRUSTED, Standing.AVOIDED, Standing.RETURNING


def run(readings: list[tuple[float, Reading]], before: Verdict = INNOCENT) -> list[Standing]:
    found = []
    for at_s, one in readings:
        before = judge(before, one, at_s, BOUNDS)
        found.append(before.standing)
    return found


def seconds(start: int, count: int, found: Reading) -> list[tuple[float, Reading]]:
    return [(start + second, found) for second in range(count)]


def good_or_bad(bad: bool) -> Reading:
    return Reading.BAD if bad else Reading.GOOD


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


def test_it_leaves_what_was_bad_for_a_while_and_returns_in_two_steps_to_what_was_good_for_longer() -> None:
    bad, good = seconds(0, 5, Reading.BAD), seconds(5, 24, Reading.GOOD)
    assert run(bad + good) == [T, T, A, A, A, *[A] * 10, *[R] * 9, *[T] * 5]


def test_what_is_gone_returns_slowly_and_is_never_avoided() -> None:
    assert run([*seconds(0, 30, Reading.GONE), *seconds(30, 12, Reading.GOOD)]) == [*[R] * 30, *[R] * 8, *[T] * 4]


def test_what_is_avoided_and_loses_some_in_a_row_stays_avoided_until_it_was_good_for_long() -> None:
    bad, gone, good = seconds(0, 5, Reading.BAD), seconds(5, 3, Reading.GONE), seconds(8, 12, Reading.GOOD)
    assert run(bad + gone + good) == [T, T, A, A, A, *[A] * 3, *[A] * 10, *[R] * 2]


def test_what_comes_back_bad_is_avoided_however_good_it_was_before() -> None:
    assert run([(0, Reading.GONE), *seconds(1, 7, Reading.GOOD), *seconds(8, 4, Reading.BAD)]) == [
        R, *[R] * 7, R, R, A, A]


@pytest.mark.parametrize(("echoes", "expected"), [
    ((None,) * (GONE - 1), Reading.GOOD), ((None,) * GONE, Reading.GONE),
    ((0.001,) * 40 + (None,) * GONE, Reading.GONE), ((None,) * 40 + (0.001,), Reading.BAD),
    ((0.001,) * 40, Reading.GOOD)])
def test_gone_is_what_has_lost_the_latest_ones_all(echoes: tuple[float | None, ...], expected: Reading) -> None:
    assert reading(echoes, 1, BOUNDS) is expected


def test_a_link_that_is_back_is_judged_by_what_came_since() -> None:
    echoes = windowed((0.001,) * 40 + (None,) * GONE, (None, 0.002))
    assert echoes == (None, 0.002)
    assert windowed(echoes, (None,)) == (None, 0.002, None)


def test_what_goes_up_and_down_faster_than_that_never_moves_anything() -> None:
    assert set(run([(second, good_or_bad(second % 2 == 0)) for second in range(100)])) == {T}
    assert set(run([(second, good_or_bad(second % 10 == 0)) for second in range(100)], Verdict(A))) == {A}


def test_a_link_on_the_verge_moves_at_most_as_often_as_the_pauses_let_it() -> None:
    verdicts = run([(second / 10, good_or_bad(hash(second) % 7 < 3 or second // 60 % 2 == 0))
                    for second in range(10_000)])
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
