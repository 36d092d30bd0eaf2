"""Findings of many looks become events with a beginning, a count and an end. Pure.

What lasts is one event from the first look that sees it to the last; what occurs is one event until it has been quiet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from trunkline.diagnosis.catalogue import GONE_S, KINDS, QUIET_S
from trunkline.diagnosis.evidence import Finding
from trunkline.model.event import Event, EventState
from trunkline.model.resource import ResourceId

#: So often an event that goes on is written again if nothing but its time has changed; seconds.
_RENEWED_S = 10.0
#: And so soon if it has occurred again: whoever follows events is to know in time that somebody attacks anew.
_RECOUNTED_S = 2.0


@dataclass(frozen=True, slots=True)
class Written:
    """As an event was last told."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Incidents:
    """Events that have not ended, by subject. ``written``: as they were last told. ``dismissed``: subjects whose event
    somebody closed while it went on, and when they were last seen: no new one until it has been gone for a while."""

    going_on: Mapping[str, Event] = field(default_factory=dict)
    written: Mapping[str, Written] = field(default_factory=dict)
    dismissed: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class News:
    """Events as they are now: begun, ended, grown in what they are about, or merely going on."""

    begun: tuple[Event, ...] = ()
    changed: tuple[Event, ...] = ()
    ended: tuple[Event, ...] = ()

    @property
    def all(self) -> tuple[Event, ...]:
        return (*self.begun, *self.changed, *self.ended)


def merged(known: Incidents, findings: Iterable[Finding], now: datetime) -> tuple[Incidents, News]:
    going_on, written = dict(known.going_on), dict(known.written)
    found = {one.subject: one for one in findings}
    dismissed = {subject: now if subject in found else at for subject, at in known.dismissed.items()
                 if subject in found or not _over(subject, at, now)}
    begun, changed, ended = [], [], []
    for finding in found.values():
        if finding.subject in dismissed:
            continue
        was = going_on.get(finding.subject)
        event = _again(was, finding, now) if was else _begun(finding, now)
        going_on[event.subject] = event
        if was is None:
            begun.append(event)
        elif _is_news(was, event, written[event.subject], now):
            changed.append(event)
        else:
            continue
        written[event.subject] = Written(now, event.count)
    for event in _recounted(going_on, written, now):
        changed.append(event)
        written[event.subject] = Written(now, event.count)
    for subject, event in list(going_on.items()):
        if _over(subject, event.last_seen, now):
            ended.append(replace(event, state=EventState.CLOSED, ended=event.last_seen))
            del going_on[subject], written[subject]
    return Incidents(going_on, written, dismissed), News(tuple(begun), tuple(changed), tuple(ended))


def recalled(events: Iterable[Event]) -> Incidents:
    """After a start: events that had not ended."""
    found = {event.subject: event for event in events}
    return Incidents(found, {subject: Written(event.last_seen, event.count) for subject, event in found.items()})


def told(known: Incidents, event: Event) -> Incidents:
    """Somebody else has changed an event: closed it, or acknowledged it."""
    mine = known.going_on.get(event.subject)
    if mine is None or mine.id != event.id:
        return known
    if event.state is not EventState.CLOSED:
        newer = replace(mine, acknowledged_by=event.acknowledged_by, state=event.state,
                        acknowledgements=event.acknowledgements, closings=event.closings)
        return replace(known, going_on={**known.going_on, event.subject: newer})
    return Incidents({subject: one for subject, one in known.going_on.items() if subject != event.subject},
                     known.written, {**known.dismissed, event.subject: mine.last_seen})


def _begun(finding: Finding, now: datetime) -> Event:
    kind = KINDS[finding.kind]
    name = hashlib.blake2b(f"{finding.subject}|{now.isoformat()}".encode(), digest_size=8).hexdigest()
    return Event(
        name, finding.kind, finding.severity or kind.severity, finding.subject, finding.summary, finding.place.owner,
        now, now, victims=finding.victims, node=finding.place.node, session=finding.session, leg=finding.place.leg,
        prefixes=finding.prefixes, evidence=finding.evidence, action=_action(finding))


def _again(was: Event, finding: Finding, now: datetime) -> Event:
    """An occurrence counts; what lasts is still one."""
    return replace(
        was, summary=finding.summary, severity=finding.severity or KINDS[finding.kind].severity, last_seen=now,
        prefixes=finding.prefixes, evidence=finding.evidence, action=_action(finding),
        count=was.count if KINDS[finding.kind].lasts else was.count + 1)


def _is_news(was: Event, event: Event, written: Written, now: datetime) -> bool:
    if (was.severity, was.prefixes) != (event.severity, event.prefixes):
        return True
    return now - written.at >= timedelta(seconds=_RENEWED_S)


def _recounted(going_on: Mapping[str, Event], written: Mapping[str, Written], now: datetime) -> Iterator[Event]:
    """What has occurred again since it was told, be it before this look."""
    for subject, event in going_on.items():
        last = written[subject]
        if event.count > last.count and now - last.at >= timedelta(seconds=_RECOUNTED_S):
            yield event


def _over(subject: str, last_seen: datetime, now: datetime) -> bool:
    lasts = next((kind.lasts for name, kind in KINDS.items() if name == subject.partition("|")[0]), False)
    return now - last_seen >= timedelta(seconds=GONE_S if lasts else QUIET_S)


def _action(finding: Finding) -> str:
    owner = ResourceId.parse(finding.place.owner)
    circuit = owner.parent or owner
    return KINDS[finding.kind].action.format(
        circuit=f"{circuit.group}/{circuit.name}", leg=finding.place.leg or "primary",
        prefix=finding.prefixes[0] if finding.prefixes else "")
