"""The activity log: every write with its caller, before and after, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from arm import Arm, lab
from trunkline.api import activity


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    service.create_group()
    yield service
    service.close()


def box(size: int, **more: Any) -> Any:
    return {"location": "westus", "properties": {"size": size, **more}}


def events(arm: Arm, filtered: str = "") -> list[Any]:
    path = f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01"
    reply = arm.ask("GET", f"{path}&$filter={quote(filtered)}" if filtered else path)
    assert reply.status == 200, reply.body
    found: list[Any] = reply.body["value"]
    return found


def told(arm: Arm, name: str = "b") -> list[tuple[str, str]]:
    """Of one box, the oldest first."""
    return [(one["operationName"]["value"].rpartition("/")[2], one["status"]["value"]) for one in reversed(
        events(arm, f"resourceUri eq '{arm.at(f'boxes/{name}')}'"))]


def test_a_write_is_told_when_it_is_accepted_and_when_it_ended(arm: Arm) -> None:
    arm.ask("PUT", arm.at("boxes/b"), box(1))
    assert told(arm) == [("write", "Accepted")]
    arm.network.settle()
    assert told(arm) == [("write", "Accepted"), ("write", "Succeeded")]
    arm.ask("DELETE", arm.at("boxes/b"))
    arm.network.settle()
    assert told(arm)[2:] == [("delete", "Accepted"), ("delete", "Succeeded")]


def test_an_event_says_who_and_what_before_and_after(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), box(1))
    mark = "11111111-2222-4333-8444-555555555555"
    arm.ask("PUT", arm.at("boxes/b"), box(2), {"x-ms-correlation-request-id": mark})
    event, = events(arm, f"correlationId eq '{mark}'")
    customer = arm.accounts.accounts[0]
    assert event["caller"] == customer.client_id
    assert (event["claims"]["name"], event["claims"]["oid"]) == ("customer", customer.object_id)
    assert json.loads(event["properties"]["before"]) == {"properties.size": 1}
    assert json.loads(event["properties"]["after"]) == {"properties.size": 2}
    assert (event["resourceGroupName"], event["resourceProviderName"]["value"]) == ("rg1", "Test.Lab")


def test_a_changed_secret_is_told_but_not_what_it_is(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), box(1, password="hush1"))
    arm.make(arm.at("boxes/b"), box(1, password="hush2"))
    told = json.dumps(events(arm))
    assert "hush" not in told
    assert any("password" in one["properties"].get("secretsChanged", "") for one in events(arm))


def test_the_log_is_narrowed_by_time_group_and_outcome(arm: Arm) -> None:
    arm.create_group("rg2")
    arm.make(arm.at("boxes/b"), box(1))
    everything = events(arm)
    assert len(events(arm, "resourceGroupName eq 'RG2'")) == 1
    assert events(arm, "eventTimestamp ge '2001-01-01T00:00:00Z' and eventTimestamp le '2001-01-02T00:00:00Z'") == []
    assert events(arm, "eventTimestamp ge 2001-01-01T00:00:00Z") == everything
    assert {one["status"]["value"] for one in events(arm, "status eq 'Succeeded'")} == {"Succeeded"}
    refused = arm.ask("GET", f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
                             "?api-version=2015-04-01&$filter=nonsense")
    assert (refused.status, refused.code) == (400, "BadRequest")


def test_long_logs_come_in_pages(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "_PAGE", 2)
    for number in range(4):
        arm.create_group(f"more{number}")
    path = f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01"
    seen, page = [], arm.ask("GET", path).body
    while True:
        seen += [one["resourceGroupName"] for one in page["value"]]
        if "nextLink" not in page:
            break
        page = arm.follow(page["nextLink"]).body
    assert seen == ["more3", "more2", "more1", "more0", "rg1"]


def test_what_one_may_not_read_is_not_in_the_log(arm: Arm) -> None:
    arm.account = "provider"
    path = f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values?api-version=2015-04-01"
    assert arm.ask("GET", path).code == "AuthorizationFailed"
