"""Jumps, limits and flaps over many looks, and what is none of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from looks import heard, route
from trunkline.diagnosis.evidence import Finding, Heard
from trunkline.diagnosis.sessions import History, Thresholds, after, check_session, with_routes
from trunkline.intent.bgp import SessionState
from trunkline.model.event import EventKind

LIMITS = Thresholds(first_s=3, usual_s=5, adopted_s=60)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def kinds(looks: Iterable[Heard], history: History | None = None) -> list[list[EventKind]]:
    """What each of many looks, a second apart, finds."""
    return [[one.kind for one in findings] for findings in judged(looks, history)]


def judged(looks: Iterable[Heard], history: History | None = None) -> list[list[Finding]]:
    found, known = [], history or History()
    for second, look in enumerate(looks):
        known = after(known, look, second, LIMITS)
        if look.routes:
            known = with_routes(known, look, second, second, LIMITS)
        found.append(list(check_session(look, known, second, LIMITS)))
    return found


def counts(*numbers: int) -> list[Heard]:
    free = heard()
    session = replace(free.session, prefix_limit=4000)
    return [replace(heard(prefixes_received=number), session=session) for number in numbers]


def test_many_more_prefixes_than_usual_is_a_jump_until_they_are_gone() -> None:
    found = kinds(counts(*[10] * 7, 200, 200, 16, 14, 10))
    assert found == [*[[]] * 7, [EventKind.PREFIX_JUMP], [EventKind.PREFIX_JUMP], [EventKind.PREFIX_JUMP], [], []]


def test_a_jump_tells_what_was_usual() -> None:
    finding = judged(counts(*[10] * 7, 200))[-1][0]
    assert (finding.evidence["usual"], finding.evidence["received"]) == (10, 200)


def test_a_jump_that_lasts_becomes_usual() -> None:
    found = kinds(counts(*[10] * 7, *[200] * 70))
    assert found[7:60] == [[EventKind.PREFIX_JUMP]] * 53
    assert found[-1] == []


def test_a_few_prefixes_more_are_none_however_many_times_the_usual() -> None:
    assert kinds(counts(*[1] * 7, 40, 40)) == [[]] * 9


def test_a_first_fill_and_a_return_after_a_loss_are_none() -> None:
    down = replace(heard(), status=replace(heard().status, state=SessionState.ACTIVE))
    assert kinds([*counts(*[0] * 2, 500, *[900] * 7), down, *counts(0, 450, 900)]) == [[]] * 14


def test_prefixes_that_go_and_come_back_are_none() -> None:
    assert kinds(counts(*[300] * 7, *[0] * 20, 300, 300)) == [[]] * 29


def test_a_slow_climb_is_seen_too() -> None:
    assert kinds(counts(*[10] * 7, *range(20, 120, 20)))[-1] == [EventKind.PREFIX_JUMP]


def test_the_limit_is_near_at_80_percent_and_far_again_below_75() -> None:
    looks = [heard(prefixes_received=number) for number in (79, 80, 76, 75, 74)]
    near = [EventKind.PREFIX_LIMIT_NEAR]
    assert kinds(looks) == [[], near, near, near, []]
    assert judged(looks)[1][0].evidence["percent"] == 80


def test_a_session_closed_by_its_limit_is_told() -> None:
    closed = heard(state=SessionState.IDLE, last_error="Route limit exceeded")
    assert kinds([heard(), closed]) == [[], [EventKind.PREFIX_LIMIT_EXCEEDED]]


@pytest.mark.parametrize("said", [
    "Automatic shutdown: Route limit exceeded", "Sent: Cease: Maximum Number of Prefixes Reached",
    "prefix limit exceeded"])
def test_each_daemons_word_for_its_limit_is_known(said: str) -> None:
    assert kinds([heard(), heard(state=SessionState.IDLE, last_error=said)])[1] == [EventKind.PREFIX_LIMIT_EXCEEDED]


@pytest.mark.parametrize("said", [
    "Received: Administrative shutdown: we have reached the limit of our patience",
    "Received: Cease: Maximum Number of Prefixes Reached", "Socket: Route limit exceeded"])
def test_a_limit_of_which_the_peer_speaks_is_not_ours(said: str) -> None:
    assert kinds([heard(), heard(state=SessionState.IDLE, last_error=said)]) == [[], []]


def test_three_losses_within_minutes_are_a_flap_and_one_is_none() -> None:
    up, down = heard(), heard(state=SessionState.ACTIVE)
    assert kinds([up, down, up, up]) == [[]] * 4
    assert kinds([up, down, up, down, up, down, up])[-2:] == [[EventKind.SESSION_FLAP], []]


def test_a_loss_between_two_looks_counts() -> None:
    looks = [heard(since=BEGIN + timedelta(seconds=n)) for n in range(4)]
    assert kinds(looks) == [[], [], [], [EventKind.SESSION_FLAP]]


def test_a_session_that_is_shut_on_purpose_does_not_flap() -> None:
    up = heard()
    shut = replace(heard(state=SessionState.IDLE), session=replace(up.session, enabled=False))
    assert kinds([up, shut, up, shut, up, shut]) == [[]] * 6


def test_a_prefix_that_comes_and_goes_flaps_and_one_that_moves_once_does_not() -> None:
    both, one = heard(route("10.0.0.0/8"), route("10.9.0.0/16")), heard(route("10.0.0.0/8"))
    assert kinds([both, one, both, both]) == [[]] * 4
    found = judged([both, one] * 4)
    assert [finding.prefixes for finding in found[-1]] == [("10.9.0.0/16",)]


def test_who_was_there_first_is_remembered_over_a_loss() -> None:
    history = with_routes(History(), heard(route("10.0.0.0/8")), 1, 0, LIMITS)
    gone = with_routes(history, heard(), 2, 10, LIMITS)
    assert with_routes(gone, heard(route("10.0.0.0/8")), 3, 20, LIMITS).first_seen == {"10.0.0.0/8": 1}
    assert with_routes(gone, heard(route("10.0.0.0/8")), 3, 900, LIMITS).first_seen == {"10.0.0.0/8": 3}


def lost_and_found(seconds: int, apart_s: float) -> list[Heard]:
    return [heard(since=BEGIN + timedelta(seconds=second * apart_s)) for second in range(seconds)]


def flaps(looks: Iterable[Heard]) -> bool:
    return any(EventKind.SESSION_FLAP in found for found in kinds(looks))


def test_a_clock_that_wanders_by_milliseconds_is_no_loss() -> None:
    assert not flaps(lost_and_found(8, 0.001))
    assert flaps(lost_and_found(8, 1))


def test_a_session_that_we_close_and_open_does_not_flap() -> None:
    looks = lost_and_found(8, 1)
    ours = [replace(one, session=replace(one.session, enabled=second % 2 == 0)) for second, one in enumerate(looks)]
    assert not flaps(ours)
