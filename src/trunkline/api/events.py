"""Security events: a subscription's, for whoever may read a resource that one concerns; all, for operators.

``GET …/Trunkline.Security/events`` lists them, what was changed last first, in pages; with ``after`` (a revision) it
answers what has changed since, in the order of the changes, and waits for it up to ``wait`` seconds. ``close`` and
``acknowledge`` are written into the event and the activity log: for the subscription that was asked, and for all only
by an operator, or when all whom it concerns have closed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial

from trunkline.api.access.changes import claims
from trunkline.api.exchange import Answer, Call, Later, answer
from trunkline.api.paging import next_link
from trunkline.api.service import Service
from trunkline.errors import Conflict, Fault, NotFound
from trunkline.model.event import EVENT, Event, EventKind, EventState, Severity, event_id
from trunkline.model.operation import Activity
from trunkline.model.resource import Json, ResourceId, now
from trunkline.store.events import BEYOND, Wanted

_PAGE, _LONGEST_WAIT_S = 200, 25
_COMPARISON = re.compile(r"\s*([A-Za-z]+)\s+(eq|ge|le)\s+(?:'([^']*)'|([^\s']+))\s*", re.IGNORECASE)
_FIELDS = {("lastseen", "ge"): "since", ("firstseen", "le"): "until", ("severity", "ge"): "severity",
           ("kind", "eq"): "kind", ("state", "eq"): "state"}
_HIDDEN = "another tenant's"


@dataclass(frozen=True, slots=True)
class _Asked:
    """``sees``: whether the client may read a resource. ``party``: the subscription as which it asks; none, for an
    operator. ``state``: the wanted one, as the party has left events."""

    wanted: Wanted
    party: str
    state: str
    sees: Callable[[ResourceId], bool]
    most: int


def list_all(service: Service, call: Call) -> Answer | Later:
    wanted, party = _wanted(call), _party(call)
    asked = _Asked(replace(wanted, state="") if party else wanted, party, wanted.state, _sees(service, call),
                   _number(call, "$top", _PAGE, 1, _PAGE))
    if "after" not in call.query:
        return _page(service, call, asked)
    after, wait_s = _number(call, "after", 0, 0, BEYOND), _number(call, "wait", 0, 0, _LONGEST_WAIT_S)
    nothing = answer({"value": [], "revision": after})
    return Later(partial(_news, service, asked, after), nothing, wait_s)


def get(service: Service, call: Call) -> Answer:
    return answer(_show(_found(service, call), _sees(service, call), _party(call)))


def acknowledge(service: Service, call: Call) -> Answer:
    return _amended(service, call, lambda event: event.acknowledged(call.account.client_id, _party(call)))


def close(service: Service, call: Call) -> Answer:
    """What goes on is not told again until it has been gone for a while; what is contained stays so."""
    return _amended(service, call, lambda event: event.closed(call.account.client_id, now(), _party(call)))


def _amended(service: Service, call: Call, change: Callable[[Event], Event]) -> Answer:
    """Who did so is told in the logs of those whom the client may see, and in nobody else's."""
    word, sees, party = call.path.rpartition("/")[2].lower(), _sees(service, call), _party(call)
    name = _found(service, call).id
    with service.store.writing() as writer:
        event = writer.event(name)
        if event is None or (shown := event.as_of(party)).state is EventState.CLOSED:
            raise Conflict("EventIsClosed", f"Event {name} has ended at {_moment(shown.ended if event else now())}; "
                           f"there is nothing to {word}.")
        stored = writer.save_event(change(event))
        for affected in filter(sees, map(ResourceId.parse, stored.affected)):
            writer.log(Activity(affected, f"{EVENT}/{word}/action", call.account.client_id,
                                call.correlation_id, "Succeeded", detail=stored.summary[:500],
                                more={"claims": claims(call.account)}))
    return answer(_show(stored, sees, party))


def _party(call: Call) -> str:
    return "" if call.account.operator else call.names.get("subscription", "")


def _found(service: Service, call: Call) -> Event:
    with service.store.reading() as reader:
        event = reader.event(call.names["event"].lower(), call.names.get("subscription", ""))
    if event is None or not any(map(_sees(service, call), map(ResourceId.parse, event.affected))):
        raise NotFound(f"There is no event '{call.names['event'][:60]}' here; 'trunkline events' lists those that are.")
    return event


def _sees(service: Service, call: Call) -> Callable[[ResourceId], bool]:
    """Of the subscription that was asked, and what its lists may show; everything, for an operator."""
    if call.account.operator:
        return lambda _resource: True
    subscription = call.names.get("subscription", "").lower()
    if not subscription:
        raise Fault("AuthorizationFailed", f"The client '{call.account.client_id}' is no operator; ask for a "
                    "subscription's events, at /subscriptions/{subscription}/providers/Trunkline.Security/events.",
                    status=403)
    permits = partial(service.permissions.sees, call.account)
    return lambda resource: resource.subscription.lower() == subscription and permits(resource)


def _page(service: Service, call: Call, asked: _Asked) -> Answer:
    before = _number(call, "$skiptoken", BEYOND, 0, BEYOND)
    with service.store.reading() as reader:
        found, newest = reader.events(asked.wanted, before, asked.most + 1), reader.newest_event()
    body: Json = {"value": _visible(found[:asked.most], asked), "revision": newest}
    if len(found) > asked.most:
        body["nextLink"] = next_link(call, found[asked.most - 1].revision)
    return answer(body)


def _news(service: Service, asked: _Asked, after: int) -> Answer | None:
    with service.store.reading() as reader:
        found = reader.event_news(asked.wanted, after, asked.most)
    if not found:
        return None
    news = [one for one in found if not _is_dismissed(one, asked.party)]
    return answer({"value": _visible(news, asked), "revision": found[-1].revision})


def _is_dismissed(event: Event, party: str) -> bool:
    """Closed by the party while it goes on: it is not told again."""
    closed = event.closings.get(party.lower())
    return closed is not None and event.last_seen > datetime.fromisoformat(closed)


def _visible(events: Iterable[Event], asked: _Asked) -> list[Json]:
    return [_show(event, asked.sees, asked.party) for event in events
            if any(map(asked.sees, map(ResourceId.parse, event.affected)))
            and asked.state in ("", event.as_of(asked.party).state)]


def _show(event: Event, sees: Callable[[ResourceId], bool], party: str) -> Json:
    """Whose circuit it was seen at is told only to those who may read it, and so is on which node. A victim learns the
    peer's AS number, session and routes, which are what it is harmed by."""
    event, mine = event.as_of(party), sees(ResourceId.parse(event.source))
    evidence = {name: value for name, value in event.evidence.items() if mine or name not in ("node", "dryRun")}
    if isinstance(expected := evidence.get("expected"), dict) and not sees(ResourceId.parse(expected["owner"])):
        evidence["expected"] = {**expected, "owner": _HIDDEN}
    return {
        "id": str(_own_id(event, sees)), "name": event.id, "type": EVENT, "properties": {
            "kind": event.kind, "severity": event.severity, "state": event.state, "summary": event.summary,
            "firstSeen": _moment(event.first_seen), "lastSeen": _moment(event.last_seen),
            "ended": _moment(event.ended), "count": event.count, "source": event.source if mine else _HIDDEN,
            "affected": [{"id": one, "role": "source" if one == event.source else "victim",
                          "subscription": ResourceId.parse(one).subscription}
                         for one in event.affected if sees(ResourceId.parse(one))],
            "session": event.session, "leg": event.leg, "prefixes": list(event.prefixes[:100]),
            "prefixCount": len(event.prefixes), "evidence": evidence, "suggestedAction": event.action if mine else "",
            "acknowledgedBy": event.acknowledged_by, "containments": list(event.containments) if mine else [],
            "revision": event.revision}}


def _own_id(event: Event, sees: Callable[[ResourceId], bool]) -> ResourceId:
    own = next((one for one in map(ResourceId.parse, event.affected) if sees(one)), ResourceId.parse(event.source))
    return event_id(own.subscription, event.id)


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _wanted(call: Call) -> Wanted:
    found = _compared(call.query.get("$filter", ""))
    subscription = call.names.get("subscription", "")
    return Wanted(
        _time(found, "since", datetime(1970, 1, 1, tzinfo=UTC)), _time(found, "until", now() + timedelta(minutes=5)),
        subscription, Severity(_word(found, "severity", Severity, Severity.INFORMATIONAL)),
        _word(found, "kind", EventKind, ""), _word(found, "state", EventState, ""))


def _compared(text: str) -> dict[str, str]:
    found = {}
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else ():
        one = _COMPARISON.fullmatch(part)
        name = _FIELDS.get((one[1].lower(), one[2].lower())) if one else None
        if one is None or name is None:
            raise Fault("BadRequest", f"The $filter '{text[:200]}' is not offered. Compare severity by ge, kind and "
                        "state by eq, lastSeen by ge and firstSeen by le, joined by 'and'.", "$filter")
        found[name] = one[3] if one[3] is not None else one[4]
    return found


def _word(found: Mapping[str, str], name: str, words: type[StrEnum], otherwise: str) -> str:
    text = found.get(name)
    if text is None:
        return otherwise
    known = {one.value.lower(): one.value for one in words}
    if text.lower() not in known:
        raise Fault("BadRequest", f"'{text[:60]}' is no {name}; write one of {', '.join(known.values())}.", "$filter")
    return known[text.lower()]


def _time(found: Mapping[str, str], name: str, otherwise: datetime) -> datetime:
    text = found.get(name)
    if not text:
        return otherwise
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("BadRequest", f"'{text[:60]}' is no time; write one like 2026-01-31T12:00:00Z.",
                    "$filter") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(call: Call, name: str, otherwise: int, least: int, most: int) -> int:
    text = call.query.get(name, "")
    if not text:
        return otherwise
    if not text.isdecimal() or len(text) > 19 or not least <= int(text) <= most:
        raise Fault("BadRequest", f"{name} is '{text[:60]}'; write a whole number from {least} to {most}.", name)
    return int(text)
