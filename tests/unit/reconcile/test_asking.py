"""Questions to the network wait for their turn: who asks for much keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from threading import Event

import pytest

from trunkline.reconcile.turns import Turns


@pytest.fixture
def release() -> Iterator[Event]:
    found = Event()
    yield found
    found.set()


@pytest.fixture
def turns(release: Event) -> Iterator[Turns]:
    found = Turns(4, 2, "test")
    yield found
    release.set()
    found.close()


def waits(begun: list[str], name: str, release: Event) -> None:
    begun.append(name)
    release.wait(20)


def test_who_asks_for_much_keeps_nobody_waiting(turns: Turns, release: Event) -> None:
    answered = Event()
    for _ in range(100):
        turns.add("follower", partial(release.wait, 20))
    turns.add("other", answered.set)
    assert answered.wait(20)


def test_those_who_wait_are_served_in_turn_not_in_the_order_of_their_questions(release: Event) -> None:
    turns, order, done = Turns(1, 1, "test"), list[str](), Event()
    turns.add("first", partial(release.wait, 20))
    for name in ("many", "many", "many", "one"):
        turns.add(name, partial(order.append, name))
    turns.add("many", done.set)
    release.set()
    assert done.wait(20)
    assert order == ["many", "one", "many", "many"]
    turns.close()


def test_an_act_that_fails_frees_its_place(turns: Turns) -> None:
    answered = Event()
    for _ in range(10):
        turns.add("broken", partial(int, "no number"))
    turns.add("broken", answered.set)
    assert answered.wait(20)


def test_after_the_end_nothing_begins(turns: Turns, release: Event) -> None:
    begun: list[str] = []
    release.set()
    turns.close()
    turns.add("late", partial(waits, begun, "late", release))
    assert begun == []
