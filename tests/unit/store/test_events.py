"""Events in the store: by subscription, time and severity, in pages, and what has changed since."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from estates import rid
from trunkline.intent.view import CIRCUIT
from trunkline.model.event import Event, EventKind, EventState, Severity
from trunkline.store import Store
from trunkline.store.events import Wanted

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINE, OTHERS = rid(CIRCUIT, "er1"), rid(CIRCUIT, "er9", subscription="22222222-2222-2222-2222-222222222222")
ALL = Wanted(NOON - timedelta(days=1), NOON + timedelta(days=1))
OF_OTHERS = replace(ALL, subscription=OTHERS.subscription)


def event(name: str = "e1", **changed: object) -> Event:
    whole = Event(name, EventKind.PREFIX_HIJACK, Severity.CRITICAL, f"prefixHijack|{name}", "somebody took it",
                  str(MINE), NOON, NOON, node="vrf", session="customer", leg="primary", prefixes=("10.0.0.0/8",),
                  evidence={"why": "origin"}, action="trunkline contain")
    return replace(whole, **changed)  # type: ignore[arg-type]


def saved(store: Store, *events: Event) -> list[Event]:
    with store.writing() as writer:
        return [writer.save_event(one) for one in events]


def test_an_event_comes_back_as_it_was_saved(store: Store) -> None:
    stored = saved(store, event())[0]
    with store.reading() as reader:
        assert reader.event("e1") == stored
        assert reader.event("e2") is None


def test_whoever_is_harmed_is_told_too(store: Store) -> None:
    saved(store, event("mine"), event("both", victims=(str(OTHERS),)))
    with store.reading() as reader:
        assert [one.id for one in reader.events(ALL)] == ["both", "mine"]
        assert [one.id for one in reader.events(OF_OTHERS)] == ["both"]
        assert reader.event("mine", OTHERS.subscription) is None


def test_events_are_wanted_by_severity_kind_state_and_time(store: Store) -> None:
    ended = NOON + timedelta(minutes=5)
    saved(store, event("low", severity=Severity.LOW), event("flap", kind=EventKind.SESSION_FLAP),
          event("over", state=EventState.CLOSED, last_seen=ended, ended=ended))
    with store.reading() as reader:
        def names(**wanted: object) -> set[str]:
            return {one.id for one in reader.events(replace(ALL, **wanted))}  # type: ignore[arg-type]

        assert names(severity=Severity.HIGH) == {"flap", "over"}
        assert names(kind="sessionFlap") == {"flap"}
        assert names(state="open") == {"low", "flap"}
        assert names(since=NOON + timedelta(minutes=1)) == {"over"}
        assert [one.id for one in reader.events_going_on()] == ["flap", "low"]


def test_pages_and_news_follow_revisions(store: Store) -> None:
    first, second, third = saved(store, event("e1"), event("e2"), event("e3"))
    again = saved(store, replace(first, count=2))[0]
    with store.reading() as reader:
        page = reader.events(ALL, most=2)
        assert [one.id for one in page] == ["e1", "e3"]
        assert [one.id for one in reader.events(ALL, before=page[-1].revision)] == ["e2"]
        assert [one.id for one in reader.event_news(ALL, second.revision)] == ["e3", "e1"]
        assert reader.newest_event() == again.revision > third.revision


def test_what_has_ended_is_forgotten_after_its_time(store: Store) -> None:
    saved(store, event("old", state=EventState.CLOSED, ended=NOON), event("going-on"))
    with store.writing() as writer:
        writer.prune(NOON, NOON + timedelta(seconds=1))
    with store.reading() as reader:
        assert [one.id for one in reader.events(ALL)] == ["going-on"]
