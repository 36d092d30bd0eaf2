"""Security events through the API: whose they are, which are wanted, following them, closing them; containment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.parse import quote

import pytest

from arm import Arm
from estates import rid
from trunkline.api.resources import registry
from trunkline.intent.view import CIRCUIT
from trunkline.model.event import Event, EventKind, EventState, Severity

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ELSEWHERE = "/subscriptions/99999999-9999-9999-9999-999999999999/resourceGroups/x/providers"
THEIRS = f"{ELSEWHERE}/Microsoft.Network/expressRouteCircuits/er9"


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    yield service
    service.close()


def mine(arm: Arm, name: str = "er1") -> str:
    return str(rid(CIRCUIT, name, group="rg1", subscription=arm.subscription.rpartition("/")[2]))


def saved(arm: Arm, name: str, **changed: Any) -> Event:
    event = Event(name, EventKind.PREFIX_HIJACK, Severity.CRITICAL, f"prefixHijack|{name}", "it was taken", mine(arm),
                  NOON, NOON, node="vrf-er1-p", session="customer", leg="primary", prefixes=("10.10.0.0/16",),
                  evidence={"node": "vrf-er1-p", "why": "origin"}, action="trunkline contain rg1/er1 primary")
    with arm.store.writing() as writer:
        return writer.save_event(replace(event, **changed))


def asked(arm: Arm, query: str = "") -> Any:
    return arm.ask("GET", f"{arm.subscription}/providers/Trunkline.Security/events?api-version=2026-01-01{query}")


def names(reply: Any) -> list[str]:
    assert reply.status == 200, reply.body
    return [one["name"] for one in reply.body["value"]]


def test_a_tenant_sees_what_concerns_its_circuits_and_nothing_else(arm: Arm) -> None:
    saved(arm, "e1")
    saved(arm, "e2", source=THEIRS)
    saved(arm, "e3", source=THEIRS, victims=(mine(arm),))
    assert names(asked(arm)) == ["e3", "e1"]


def test_a_victim_is_not_told_whose_circuit_and_which_node_it_was(arm: Arm) -> None:
    saved(arm, "e3", source=THEIRS, victims=(mine(arm),), evidence={"node": "vrf-er9-p", "peerAsn": 65020})
    told = asked(arm).body["value"][0]["properties"]
    assert "er9" not in str(told)
    assert (told["evidence"], told["source"], told["suggestedAction"]) == ({"peerAsn": 65020}, "another tenant's", "")
    assert [one["role"] for one in told["affected"]] == ["victim"]


@pytest.mark.parametrize(("text", "found"), [
    ("severity ge 'high'", ["e2"]), ("kind eq 'SESSIONFLAP'", ["e1"]), ("state eq 'closed'", ["e3"]),
    ("lastSeen ge '2026-01-01T12:05:00Z'", ["e3"]), ("severity ge 'low' and state eq 'open'", ["e2", "e1"])])
def test_events_are_filtered(arm: Arm, text: str, found: list[str]) -> None:
    saved(arm, "e1", kind=EventKind.SESSION_FLAP, severity=Severity.LOW)
    saved(arm, "e2")
    later = NOON + timedelta(minutes=10)
    saved(arm, "e3", severity=Severity.MEDIUM, state=EventState.CLOSED, last_seen=later, ended=later)
    assert names(asked(arm, f"&$filter={quote(text)}")) == found


@pytest.mark.parametrize("text", ["severity ge 'awful'", "kind eq 'x'", "size eq '1'", "lastSeen ge 'noon'", "what"])
def test_a_filter_that_is_none_says_what_may_be_written(arm: Arm, text: str) -> None:
    reply = asked(arm, f"&$filter={quote(text)}")
    assert (reply.status, reply.body["error"]["code"]) == (400, "BadRequest")


def test_events_come_in_pages(arm: Arm) -> None:
    for number in range(5):
        saved(arm, f"e{number}")
    first = asked(arm, "&$top=2")
    assert names(first) == ["e4", "e3"]
    second = arm.ask("GET", first.body["nextLink"].removeprefix(arm.url))
    assert names(second) == ["e2", "e1"]


def test_who_follows_gets_what_has_changed_since_in_its_order(arm: Arm) -> None:
    first, _ = saved(arm, "e1"), saved(arm, "e2")
    revision = asked(arm).body["revision"]
    assert names(asked(arm, f"&after={revision}")) == []
    saved(arm, "e3")
    saved(arm, "e1", count=2, revision=first.revision)
    reply = asked(arm, f"&after={revision}")
    assert names(reply) == ["e3", "e1"]
    assert names(asked(arm, f"&after={reply.body['revision']}")) == []


def test_a_question_waits_for_news(arm: Arm) -> None:
    Timer(0.3, saved, (arm, "e1")).start()
    assert names(asked(arm, "&after=0&wait=20")) == ["e1"]


def test_an_event_is_acknowledged_and_closed_once(arm: Arm) -> None:
    saved(arm, "e1")
    at = f"{arm.subscription}/providers/Trunkline.Security/events/e1"
    told = arm.ask("POST", f"{at}/acknowledge?api-version=2026-01-01").body["properties"]
    assert told["acknowledgedBy"]
    assert told["state"] == "open"
    assert arm.ask("POST", f"{at}/close?api-version=2026-01-01").body["properties"]["state"] == "closed"
    again = arm.ask("POST", f"{at}/close?api-version=2026-01-01")
    assert (again.status, again.body["error"]["code"]) == (409, "EventIsClosed")
    assert arm.ask("GET", f"{at}?api-version=2026-01-01").body["properties"]["ended"]


def test_an_event_of_others_is_not_there(arm: Arm) -> None:
    saved(arm, "e2", source=THEIRS)
    at = f"{arm.subscription}/providers/Trunkline.Security/events"
    assert arm.ask("GET", f"{at}/e2?api-version=2026-01-01").status == 404
    assert arm.ask("POST", f"{at}/e2/close?api-version=2026-01-01").status == 404


def test_all_events_are_the_operators_alone(arm: Arm) -> None:
    saved(arm, "e2", source=THEIRS)
    everywhere = "/providers/Trunkline.Security/events?api-version=2026-01-01"
    assert arm.ask("GET", everywhere).status == 403
    arm.account = "operator"
    assert names(arm.ask("GET", everywhere)) == ["e2"]


def test_one_tenant_closes_an_event_for_itself_and_not_for_the_other(arm: Arm) -> None:
    saved(arm, "e1", victims=(THEIRS,))
    at = f"{arm.subscription}/providers/Trunkline.Security/events/e1"
    assert arm.ask("POST", f"{at}/acknowledge?api-version=2026-01-01").status == 200
    told = arm.ask("POST", f"{at}/close?api-version=2026-01-01").body["properties"]
    assert told["state"] == "closed"
    assert arm.ask("POST", f"{at}/close?api-version=2026-01-01").status == 409
    assert names(asked(arm, "&$filter=" + quote("state eq 'closed'"))) == ["e1"]
    assert names(asked(arm, "&$filter=" + quote("state eq 'open'"))) == []
    with arm.store.reading() as reader:
        left = reader.event("e1")
        assert left is not None
        assert (left.state, left.as_of(THEIRS.split("/")[2]).state, left.acknowledged_by) == (
            EventState.OPEN, EventState.OPEN, "")
    arm.account = "operator"
    assert arm.ask("POST", f"{at}/close?api-version=2026-01-01").status == 200
    with arm.store.reading() as reader:
        assert [one.state for one in reader.events_going_on()] == []


def test_what_a_tenant_closed_is_not_told_to_it_again_while_it_goes_on(arm: Arm) -> None:
    saved(arm, "e1", victims=(THEIRS,))
    at = f"{arm.subscription}/providers/Trunkline.Security/events/e1"
    revision = arm.ask("POST", f"{at}/close?api-version=2026-01-01").body["properties"]["revision"]
    with arm.store.writing() as writer:
        again = writer.event("e1")
        assert again is not None
        writer.save_event(replace(again, last_seen=datetime.now(UTC) + timedelta(seconds=10)))
    reply = asked(arm, f"&after={revision}")
    assert (names(reply), reply.body["revision"]) == ([], revision + 1)


def test_when_all_whom_it_concerns_have_closed_it_it_is_closed() -> None:
    both = Event("e1", EventKind.PREFIX_HIJACK, Severity.CRITICAL, "x", "it was taken",
                 THEIRS.replace("9999-", "8888-", 1), NOON, NOON, victims=(THEIRS,))
    first, second = sorted(both.subscriptions)
    once = both.closed("a", NOON, first)
    assert (once.state, once.closed("b", NOON, second).state) == (EventState.OPEN, EventState.CLOSED)
