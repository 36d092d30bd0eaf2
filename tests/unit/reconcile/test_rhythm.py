"""Repeated looks keep their interval, and never take more than their share of the time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trunkline.reconcile import rhythm
from trunkline.reconcile.rhythm import Rhythm


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(rhythm, "time", SimpleNamespace(monotonic=lambda: self.now))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_it_acts_once_in_each_interval(clock: Clock) -> None:
    acts: list[float] = []
    beating = Rhythm(2.0, lambda: acts.append(clock.now))
    for clock.now in (100.5, 101.9, 102.0, 103.0, 104.5):
        beating.beat()
    assert acts == [102.0, 104.5]


@pytest.mark.parametrize("fails", [False, True])
def test_what_takes_long_comes_less_often(clock: Clock, fails: bool) -> None:
    acts: list[float] = []

    def slow() -> None:
        acts.append(clock.now)
        clock.now += 1.0
        if fails:
            raise ValueError

    beating = Rhythm(0, slow)
    for clock.now in (100.0, 105.0, 109.9, 110.0):
        try:
            beating.beat()
        except ValueError:
            continue
    assert acts == [100.0, 110.0]
