"""Notices beside others who close and acknowledge events in the same store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from looks import ER1, PLACE
from trunkline.diagnosis.evidence import Finding
from trunkline.model.event import Event, EventKind, EventState
from trunkline.reconcile.monitor.notices import Notices
from trunkline.store import Store, Writer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HIJACK = Finding(EventKind.PREFIX_HIJACK, "prefixHijack|x", "er2 took it", PLACE, "customer", (ER1,), ("10.10.0.0/16",))
MORE = replace(HIJACK, prefixes=("10.10.0.0/16", "10.11.0.0/16"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Store(f"sqlite:///{tmp_path / 'trunkline.db'}")
    yield found
    found.close()


def close(store: Store, event: Event) -> None:
    with store.writing() as writer:
        writer.save_event(event.closed("somebody", NOON))


def stored(store: Store, event: Event) -> Event:
    with store.reading() as reader:
        found = reader.event(event.id)
    assert found is not None
    return found


def test_what_somebody_closed_before_something_was_done_about_it_stays_closed(store: Store) -> None:
    notices = Notices(store)
    event = notices.note([HIJACK], NOON).begun[0]
    close(store, event)
    assert notices.amend(event, state=EventState.CONTAINED, containments=("c1",)).state is EventState.CLOSED
    assert (stored(store, event).containments, notices.going_on) == (("c1",), ())
    assert notices.note([HIJACK], NOON + timedelta(seconds=1)).all == ()


def test_what_somebody_closed_between_reading_and_writing_stays_closed(store: Store) -> None:
    notices = Notices(store)
    event = notices.note([HIJACK], NOON).begun[0]
    writing = store.writing

    @contextmanager
    def after_somebody_else() -> Iterator[Writer]:
        with writing() as writer:
            writer.save_event(event.closed("somebody", NOON))
        with writing() as writer:
            yield writer

    with mock.patch.object(store, "writing", after_somebody_else):
        assert notices.note([MORE], NOON + timedelta(seconds=1)).all == ()
    assert stored(store, event).state is EventState.CLOSED


def test_of_very_many_changes_none_is_missed(store: Store) -> None:
    notices = Notices(store)
    many = [replace(HIJACK, subject=f"prefixHijack|{n}") for n in range(450)]
    events = notices.note(many, NOON).begun
    for event in events:
        close(store, event)
    assert notices.note(many, NOON + timedelta(seconds=1)).all == ()
    assert notices.going_on == ()
