"""Security events as rows: which there are of a subscription, what has changed since, and writing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Select, Text, bindparam, delete, exists, insert, or_, select

from trunkline.model.event import Event, EventKind, EventState, Severity
from trunkline.store import schema
from trunkline.store.question import Question
from trunkline.store.rows import Values, parse_time, render_time

_E, _C = schema.events.c, schema.concerns.c
_COLUMNS = tuple(_E[name] for name in (
    "id", "revision", "kind", "severity", "state", "source", "first_us", "last_us", "ended_us", "acknowledged_by",
    "document"))
_DOCUMENT = ("subject", "summary", "victims", "node", "session", "leg", "prefixes", "evidence", "action", "count",
             "containments", "released", "acknowledgements", "closings")
_MAPS = ("acknowledgements", "closings")
_LISTS = ("victims", "prefixes", "containments")


def _concerning(statement: Select[Any]) -> Select[Any]:
    """Of a subscription; of all, if none is named."""
    mine = exists().where(_C.event == _E.id, _C.subscription == bindparam("subscription", type_=Text))
    return statement.where(or_(bindparam("subscription", type_=Text) == "", mine))


_wanted = _concerning(select(*_COLUMNS)).where(
    _E.rank >= bindparam("rank", type_=Integer), _E.last_us >= bindparam("since_us", type_=BigInteger),
    _E.first_us <= bindparam("until_us", type_=BigInteger),
    or_(bindparam("kind", type_=Text) == "", _E.kind == bindparam("kind", type_=Text)),
    or_(bindparam("state", type_=Text) == "", _E.state == bindparam("state", type_=Text)))
_PAGE = Question(_wanted.where(_E.revision < bindparam("revision", type_=BigInteger))
                 .order_by(_E.revision.desc()).limit(bindparam("most", type_=Integer)))
_NEWS = Question(_wanted.where(_E.revision > bindparam("revision", type_=BigInteger))
                 .order_by(_E.revision).limit(bindparam("most", type_=Integer)))
_ONE = Question(_concerning(select(*_COLUMNS)).where(_E.id == bindparam("id")))
_GOING_ON = Question(
    select(*_COLUMNS).order_by(_E.first_us, _E.id)
    .where(or_(_E.state == EventState.OPEN.value, _E.state == EventState.CONTAINED.value)))
_NEWEST = Question(select(_E.revision).order_by(_E.revision.desc()).limit(1))
_FORGET = delete(schema.events).where(_E.id == bindparam("of_id"))
_FORGET_CONCERNS = delete(schema.concerns).where(_C.event == bindparam("of_id"))
_PRUNE = delete(schema.events).where(_E.ended_us < bindparam("before_us"))
_PRUNE_CONCERNS = delete(schema.concerns).where(_C.event.in_(
    select(_E.id).where(_E.ended_us < bindparam("before_us"))))

#: Before every revision there is, and beyond.
FIRST, BEYOND = 0, 2 ** 62


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of a subscription or all, seen between two times, at least as severe. Empty words want any."""

    since: datetime
    until: datetime
    subscription: str = ""
    severity: Severity = Severity.INFORMATIONAL
    kind: str = ""
    state: str = ""

    @property
    def values(self) -> Values:
        return {"subscription": self.subscription.lower(), "rank": self.severity.rank, "kind": self.kind,
                "state": self.state, "since_us": render_time(self.since), "until_us": render_time(self.until)}


def page(connection: Connection, wanted: Wanted, before: int, most: int) -> tuple[Event, ...]:
    """What was changed last comes first; ``before``: a revision, or ``BEYOND`` for the first page."""
    return _parsed(_PAGE.rows(connection, revision=before, most=most, **wanted.values))


def news(connection: Connection, wanted: Wanted, after: int, most: int) -> tuple[Event, ...]:
    """What has changed after a revision, in the order of the changes."""
    return _parsed(_NEWS.rows(connection, revision=after, most=most, **wanted.values))


def one(connection: Connection, event: str, subscription: str = "") -> Event | None:
    found = _parsed(_ONE.rows(connection, id=event, subscription=subscription.lower()))
    return found[0] if found else None


def going_on(connection: Connection) -> tuple[Event, ...]:
    return _parsed(_GOING_ON.rows(connection))


def newest(connection: Connection) -> int:
    """The last revision given out."""
    return int(next(iter(_NEWEST.column(connection)), 0))


def save(connection: Connection, event: Event) -> int:
    """Insert or replace; the revision that it has now."""
    revision = newest(connection) + 1
    connection.execute(_FORGET, {"of_id": event.id})
    connection.execute(_FORGET_CONCERNS, {"of_id": event.id})
    connection.execute(insert(schema.events), _rendered(event, revision))
    connection.execute(insert(schema.concerns), [
        {"event": event.id, "subscription": subscription} for subscription in sorted(event.subscriptions)])
    return revision


def prune(connection: Connection, ended_before: datetime) -> None:
    before = {"before_us": render_time(ended_before)}
    connection.execute(_PRUNE_CONCERNS, before)
    connection.execute(_PRUNE, before)


def _rendered(event: Event, revision: int) -> Values:
    return {
        "id": event.id, "revision": revision, "kind": event.kind.value, "severity": event.severity.value,
        "rank": event.severity.rank, "state": event.state.value, "source": event.source.lower(),
        "first_us": render_time(event.first_seen), "last_us": render_time(event.last_seen),
        "ended_us": render_time(event.ended) if event.ended else None, "acknowledged_by": event.acknowledged_by,
        "document": {"source": event.source, **{
            name: list(getattr(event, name)) if name in _LISTS else dict(getattr(event, name)) if name in _MAPS
            else getattr(event, name) for name in _DOCUMENT}}}


def _parsed(rows: Sequence[Sequence[Any]]) -> tuple[Event, ...]:
    return tuple(map(_event, rows))


def _event(row: Sequence[Any]) -> Event:
    name, revision, kind, severity, state, _, first_us, last_us, ended_us, acknowledged_by, document = row
    rest: dict[str, Any] = {word: tuple(value) if word in _LISTS else value for word, value in document.items()}
    return Event(
        name, EventKind(kind), Severity(severity), first_seen=parse_time(first_us), last_seen=parse_time(last_us),
        state=EventState(state), ended=None if ended_us is None else parse_time(ended_us),
        acknowledged_by=acknowledged_by, revision=revision, **rest)
