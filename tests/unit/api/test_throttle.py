from __future__ import annotations

import pytest

from trunkline.api.throttle import Throttle, Throttled


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_empties_the_bucket_and_a_second_fills_it(clock: Clock) -> None:
    throttle = Throttle(3, clock)
    assert [throttle.take("s") for _ in range(3)] == [2, 1, 0]
    with pytest.raises(Throttled) as refused:
        throttle.take("s")
    assert (refused.value.status, refused.value.retry_after_s) == (429, 1)
    clock.now_s = 1.0
    assert throttle.take("s") == 2


def test_subscriptions_do_not_disturb_each_other(clock: Clock) -> None:
    throttle = Throttle(1, clock)
    throttle.take("a")
    assert throttle.take("b") == 0


def test_reads_and_writes_do_not_disturb_each_other(clock: Clock) -> None:
    throttle = Throttle(1, clock)
    throttle.take("a", "reads")
    assert throttle.take("a", "writes") == 0
    with pytest.raises(Throttled):
        throttle.take("a", "reads")


def test_a_bucket_never_holds_more_than_a_second(clock: Clock) -> None:
    throttle = Throttle(2, clock)
    throttle.take("s")
    clock.now_s = 1000.0
    assert throttle.take("s") == 1
