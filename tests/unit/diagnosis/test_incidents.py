"""Findings become events: one for what goes on, with a count, an end, and no second one for what was dismissed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from looks import ER1, ER2, PLACE
from trunkline.diagnosis.catalogue import GONE_S, KINDS, QUIET_S
from trunkline.diagnosis.evidence import Finding
from trunkline.diagnosis.incidents import Incidents, News, merged, recalled, told
from trunkline.model.event import EventKind, EventState, Severity

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HIJACK = Finding(EventKind.PREFIX_HIJACK, "prefixHijack|x", "er2 took it", PLACE, "customer", (ER1,), ("10.10.0.0/16",))
STRANGER = Finding(EventKind.STRANGER, "stranger|x", "somebody knocked", PLACE)


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def told_of(*looks: tuple[float, tuple[Finding, ...]]) -> tuple[Incidents, list[News]]:
    known, all_news = Incidents(), []
    for second, findings in looks:
        known, news = merged(known, findings, at(second))
        all_news.append(news)
    return known, all_news


def test_what_goes_on_is_one_event_with_a_beginning_and_an_end() -> None:
    _, (first, second, third) = told_of((0, (HIJACK,)), (1, (HIJACK,)), (1 + GONE_S, ()))
    assert second == News()
    begun, ended = first.begun[0], third.ended[0]
    assert (begun.state, ended.state, ended.id) == (EventState.OPEN, EventState.CLOSED, begun.id)
    assert (ended.first_seen, ended.ended) == (at(0), at(1))


def test_an_event_says_where_whom_it_harms_and_what_helps() -> None:
    event = told_of((0, (HIJACK,)))[1][0].begun[0]
    assert (event.source, event.victims, event.severity) == (ER2, (ER1,), Severity.CRITICAL)
    assert event.action == "trunkline contain rg1/er2 primary --drop 10.10.0.0/16 --for 1h"


def test_occurrences_are_counted_until_it_has_been_quiet() -> None:
    known, news = told_of((0, (STRANGER,)), (1, (STRANGER,)), (2, ()), (30, (STRANGER,)))
    assert [one.begun != () for one in news] == [True, False, False, False]
    assert known.going_on["stranger|x"].count == 3
    _, after = merged(known, (), at(30 + QUIET_S))
    assert after.ended[0].ended == at(30)


def test_an_occurrence_that_comes_again_is_told_within_two_seconds() -> None:
    _, news = told_of((0, (STRANGER,)), (1, (STRANGER,)), (2, ()), (5, (STRANGER,)), (6, ()))
    assert [[event.count for event in one.changed] for one in news] == [[], [], [2], [3], []], "be it quiet by then"


def test_another_prefix_is_news_and_the_same_again_is_not() -> None:
    more = replace(HIJACK, prefixes=("10.10.0.0/16", "10.11.0.0/16"))
    _, news = told_of((0, (HIJACK,)), (1, (more,)), (2, (more,)), (12, (more,)))
    assert [len(one.changed) for one in news] == [0, 1, 0, 1]


def test_what_somebody_closed_comes_not_back_while_it_goes_on_and_does_afterwards() -> None:
    known, news = told_of((0, (HIJACK,)))
    closed = told(known, replace(news[0].begun[0], state=EventState.CLOSED, ended=at(1)))
    for second in range(2, 30):
        closed, later = merged(closed, (HIJACK,), at(second))
        assert later == News()
    closed, _ = merged(closed, (), at(60))
    assert merged(closed, (HIJACK,), at(61))[1].begun


def test_after_a_start_what_goes_on_is_the_same_event() -> None:
    event = told_of((0, (HIJACK,)))[1][0].begun[0]
    known, news = merged(recalled([event]), (HIJACK,), at(3))
    assert (news.begun, known.going_on[event.subject].id) == ((), event.id)


def test_every_kind_has_its_line_in_the_catalogue() -> None:
    assert set(KINDS) == set(EventKind)


def test_what_was_closed_comes_not_back_when_looks_are_rare() -> None:
    known, news = told_of((0, (HIJACK,)))
    closed = told(known, replace(news[0].begun[0], state=EventState.CLOSED, ended=at(1)))
    for second in range(6, 60, int(GONE_S) + 2):
        closed, later = merged(closed, (HIJACK,), at(second))
        assert later == News()
    closed, _ = merged(closed, (), at(70))
    assert merged(closed, (HIJACK,), at(80))[1].begun
