"""What a look found becomes events in the store, rows of the activity log, and lines for a SIEM."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from trunkline.diagnosis.evidence import Finding
from trunkline.diagnosis.incidents import News, merged, recalled, told
from trunkline.model.event import EVENT, Event, EventState
from trunkline.model.operation import Activity
from trunkline.model.resource import ResourceId
from trunkline.store import Reader, Store, Writer
from trunkline.store.events import Wanted

#: In whose name events stand in the activity log.
CALLER = "trunkline-monitor"
_EVER = Wanted(datetime.fromisoformat("1970-01-01T00:00:00+00:00"), datetime.fromisoformat("9999-01-01T00:00:00+00:00"))


class Notices:
    """Not thread-safe: one thread looks. ``tell``: where news goes besides; it never waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.tell: Callable[[Event], None] = lambda _event: None
        with store.reading() as reader:
            self._incidents = recalled(reader.events_going_on())
            self._revision = reader.newest_event()

    @property
    def going_on(self) -> tuple[Event, ...]:
        return tuple(self._incidents.going_on.values())

    def note(self, findings: Iterable[Finding], now: datetime) -> News:
        """What is new in this look, as it is stored."""
        found = tuple(findings)
        with self._store.reading() as reader:
            self._learn(reader)
        after, news = merged(self._incidents, found, now)
        if news.all:
            with self._store.writing() as writer:
                self._learn(writer)
                after, news = merged(self._incidents, found, now)
                for event in news.all:
                    self._revision = writer.save_event(event).revision
                for event in (*news.begun, *news.ended):
                    _log(writer, event, now)
        self._incidents = after
        for event in (*news.begun, *news.ended):
            self.tell(event)
        return news

    def amend(self, event: Event, **changed: object) -> Event:
        """Something was done about an event; if somebody has closed it meanwhile it stays closed."""
        with self._store.writing() as writer:
            self._learn(writer)
            mine = self._incidents.going_on.get(event.subject)
            if mine and mine.id == event.id:
                new = replace(mine, **changed)  # type: ignore[arg-type]
                self._incidents = replace(self._incidents, going_on={**self._incidents.going_on, event.subject: new})
            else:
                new = replace(writer.event(event.id) or event, **{**changed, "state": EventState.CLOSED})  # type: ignore[arg-type]
            self._revision = writer.save_event(new).revision
        self.tell(new)
        return new

    def _learn(self, reader: Reader) -> None:
        """Whoever closes or acknowledges an event does so in the store. All of it is read, and before anything of ours
        is written: a revision of ours is beyond theirs."""
        while news := reader.event_news(_EVER, self._revision):
            for event in news:
                self._incidents, self._revision = told(self._incidents, event), event.revision


def _log(writer: Writer, event: Event, now: datetime) -> None:
    """A row for each of those whom it concerns."""
    for affected in event.affected:
        writer.log(Activity(
            ResourceId.parse(affected), f"{EVENT}/write", CALLER, event.id,
            "Resolved" if event.ended else "Active", now, f"{event.severity} {event.kind}: {event.summary}"[:500]))
