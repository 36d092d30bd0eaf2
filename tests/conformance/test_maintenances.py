"""``Trunkline.Plant/maintenances``: announced in time, one leg at a time, and told to those whom it concerns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.test_plan import AT, CIRCUIT
from conformance.window import Reply, Window

PLANT = "Trunkline.Plant"


def at(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def wish(days: float = 15, hours: float = 2, **told: Any) -> dict[str, Any]:
    return {"kind": "edge", "location": "Amsterdam", "leg": "primary", "startTime": at(days),
            "endTime": at(days + hours / 24), "reason": "optics", **told}


def put(window: Window, name: str, properties: dict[str, Any]) -> Reply:
    return window.request("PUT", window.path(f"maintenances/{name}", PLANT), {"properties": properties})


def notices(window: Window) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = window.request(
        "GET", f"{window.subscription}/providers/{PLANT}/notices").body["value"]
    return found


@pytest.fixture
def ordered(window: Window) -> Window:
    window.put(AT, **CIRCUIT)
    return window


def test_it_is_announced_and_names_what_it_takes(ordered: Window) -> None:
    reply = put(ordered, "m1", wish())
    assert reply.status == 201
    told = reply.body["properties"]
    assert (told["state"], told["why"]) == ("Announced", "")
    assert [(one["id"].rpartition("/")[2], one["leg"]) for one in told["affected"]] == [("er1", "primary")]


def test_customers_see_a_notice_of_what_concerns_them(ordered: Window) -> None:
    put(ordered, "m1", wish())
    put(ordered, "elsewhere", wish(location="London"))
    notice, = notices(ordered)
    assert notice["name"] == "m1"
    assert notice["properties"]["summary"] == "optics: primary of er1; the other leg carries"


def test_of_what_nobody_uses_it_is_said(window: Window) -> None:
    told = put(window, "m1", wish()).body["properties"]
    assert told["affected"] == []
    assert told["why"].startswith("no circuit ends there: nothing is drained")


@pytest.mark.parametrize(("properties", "code"), [
    (wish(days=13), "MaintenanceNoticeTooShort"),
    (wish(days=-1, emergency=True), "MaintenanceNoticeTooShort"),
    (wish(hours=-1), "InvalidMaintenanceWindow"),
    (wish(circuit={"id": "/subscriptions/x"}), "InvalidMaintenanceTarget"),
    (wish(location="Atlantis"), "PeeringLocationNotFound"),
    ({**wish(), "kind": "switch", "provider": "Nobody"}, "ExpressRouteCircuitServiceProviderDoesNotExist"),
])
def test_what_cannot_be_announced_is_refused(ordered: Window, properties: dict[str, Any], code: str) -> None:
    reply = put(ordered, "m1", properties)
    assert (reply.status, reply.error) == (400, code)
    assert notices(ordered) == []


def test_an_emergency_needs_no_notice(ordered: Window) -> None:
    assert put(ordered, "m1", wish(days=0, emergency=True)).status == 201


def test_both_legs_of_a_circuit_are_never_taken_at_a_time(ordered: Window) -> None:
    put(ordered, "m1", wish())
    other = put(ordered, "m2", wish(leg="secondary"))
    assert (other.status, other.error) == (409, "MaintenanceOfBothLegs")
    assert "m1" in other.body["error"]["message"]
    assert put(ordered, "m2", wish(days=16, leg="secondary")).status == 201


def test_it_is_cancelled_and_only_then_deleted(ordered: Window) -> None:
    put(ordered, "m1", wish())
    path = ordered.path("maintenances/m1", PLANT)
    assert ordered.request("DELETE", path).error == "MaintenanceIsAnnounced"
    assert ordered.request("POST", f"{path}/cancel").status == 200
    with ordered.store.writing() as writer:
        writer.set_status(*_ended(ordered))
    assert ordered.request("POST", f"{path}/cancel").error == "MaintenanceHasEnded"
    assert ordered.request("DELETE", path).status == 202


def _ended(window: Window) -> tuple[Any, dict[str, Any]]:
    with window.store.reading() as reader:
        found, = reader.list("Trunkline.Plant/maintenances")
    return found.id, {"state": "Cancelled"}


def test_one_that_has_begun_is_not_changed(ordered: Window) -> None:
    put(ordered, "m1", wish())
    with ordered.store.writing() as writer:
        writer.set_status(_ended(ordered)[0], {"state": "InProgress"})
    assert put(ordered, "m1", wish(days=20)).error == "MaintenanceHasBegun"
