"""The queue of due scopes."""

from __future__ import annotations

import threading

from trunkline.intent.scope import Scope, ScopeKind
from trunkline.reconcile.queue import ScopeQueue

A, B, C = (Scope(ScopeKind.REGION, key) for key in "abc")


def test_a_scope_added_twice_is_due_once() -> None:
    queue = ScopeQueue()
    queue.add(A)
    queue.add(A)
    assert queue.get() == A
    queue.done(A)
    assert len(queue) == 0


def test_an_earlier_appointment_overtakes_a_later_one() -> None:
    queue = ScopeQueue()
    queue.add(A, delay_s=60)
    queue.add(B)
    queue.add(A)
    assert {queue.get(), queue.get()} == {A, B}


def test_a_later_appointment_does_not_postpone_an_earlier_one() -> None:
    queue = ScopeQueue()
    queue.add(A)
    queue.add(A, delay_s=60)
    assert queue.get() == A


def test_a_scope_in_hand_is_given_to_nobody_else_and_comes_again_when_done() -> None:
    queue = ScopeQueue()
    queue.add(A)
    assert queue.get() == A
    queue.add(A)
    queue.add(B)
    assert queue.get() == B
    queue.done(A)
    assert queue.get() == A


def test_close_frees_everybody_who_waits() -> None:
    queue = ScopeQueue()
    answers: list[Scope | None] = []
    waiting = threading.Thread(target=lambda: answers.append(queue.get()))
    waiting.start()
    queue.close()
    waiting.join(5)
    assert answers == [None]


def test_what_nobody_waits_for_comes_after_all_that_is_due() -> None:
    queue = ScopeQueue()
    queue.add(A, idle=True)
    queue.add(B)
    assert [queue.get(), queue.get()] == [B, A]


def test_only_one_hand_takes_what_nobody_waits_for() -> None:
    queue = ScopeQueue()
    queue.add(A, idle=True)
    queue.add(B, idle=True)
    assert queue.get() == A
    queue.add(C)
    assert queue.get() == C
    queue.done(A)
    assert queue.get() == B


def test_a_scope_that_somebody_comes_to_wait_for_is_taken_once_and_at_once() -> None:
    queue = ScopeQueue()
    queue.add(A, idle=True)
    queue.add(B, idle=True)
    queue.add(B)
    assert queue.get() == B
    queue.done(B)
    assert queue.get() == A
    queue.done(A)
    assert len(queue) == 0
