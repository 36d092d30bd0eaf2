"""What a declaration may say beyond the five verbs: shapes, parts, refusals, bodies of actions, things at locations."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from arm import Arm, lab

IP = {"name": "ip1", "properties": {"privateIPAddress": "10.0.0.4", "primary": True}}


@pytest.fixture
def arm(tmp_path: Path) -> Any:
    with closing(Arm(tmp_path / "home", lab)) as one:
        one.create_group()
        yield one


def radio(arm: Arm, properties: Any = None, **top: Any) -> Any:
    return arm.make(arm.at("radios/r"), {"location": "westus", "properties": properties or {}, **top})


def test_a_shape_keeps_what_azure_knows_and_drops_the_rest(arm: Arm) -> None:
    shown = radio(arm, {"enableIPForwarding": True, "auxiliarymode": "floating", "macAddress": "me", "tuner": 1})
    assert shown["properties"] == {"provisioningState": "Succeeded", "enableIPForwarding": True, "knobs": [],
                                   "auxiliaryMode": "Floating"}


def test_members_are_read_in_any_case_and_answered_in_azures(arm: Arm) -> None:
    made = arm.ask("PUT", arm.at("radios/r"), {"LOCATION": "westus", "Tags": {"Ab": "c"}, "Properties": {
        "EnableIpForwarding": True, "IPCONFIGURATIONS": [{"NAME": "one", "Properties": {"PRIMARY": True}}],
        "Knobs": [{"Name": "left", "PROPERTIES": {"Colour": "red"}}]}})
    assert made.status == 201, made.body
    shown = arm.ask("GET", arm.at("radios/r")).body
    assert (shown["location"], shown["tags"]) == ("westus", {"Ab": "c"})
    part, = shown["properties"]["ipConfigurations"]
    assert (part["name"], part["properties"]["primary"]) == ("one", True)
    knob, = shown["properties"]["knobs"]
    assert (knob["name"], knob["properties"]["colour"], shown["properties"]["enableIPForwarding"]) == (
        "left", "red", True)


def test_all_that_a_shape_finds_wrong_is_told_together(arm: Arm) -> None:
    told = arm.ask("PUT", arm.at("radios/r"), {"location": "westus", "properties": {
        "enableIPForwarding": 1, "auxiliaryMode": "Loud"}})
    assert told.status == 400
    assert sorted(one["target"] for one in told.body["error"]["details"]) == [
        "properties.auxiliaryMode", "properties.enableIPForwarding"]


def test_parts_look_like_resources_and_go_back_as_they_came(arm: Arm) -> None:
    shown = radio(arm, {"ipConfigurations": [IP]})
    part, = shown["properties"]["ipConfigurations"]
    assert part == {
        "name": "ip1", "id": f"{arm.at('radios/r')}/ipConfigurations/ip1", "etag": shown["etag"],
        "type": "Test.Lab/radios/ipConfigurations",
        "properties": {"provisioningState": "Succeeded", "privateIPAddress": "10.0.0.4", "primary": True}}
    again = radio(arm, shown["properties"])
    assert {**again, "etag": ""}["properties"]["ipConfigurations"][0]["properties"] == part["properties"]


def test_what_is_read_only_can_only_be_read(arm: Arm) -> None:
    radio(arm, {"knobs": [{"name": "left", "properties": {"colour": "red"}}]})
    knob = arm.at("radios/r/knobs/left")
    assert arm.ask("GET", knob).body["properties"]["colour"] == "red"
    refused = arm.ask("DELETE", knob)
    assert (refused.status, refused.headers["allow"]) == (405, "GET")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_not_offered_says_why(arm: Arm, method: str) -> None:
    told = arm.ask(method, arm.at("ghosts/g"), {} if method == "PUT" else None)
    assert (told.status, told.body["error"]["code"]) == (501, "NoGhosts")
    assert "believe in boxes" in told.body["error"]["message"]


def test_a_refused_action_says_why(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), {"location": "westus", "properties": {}})
    told = arm.ask("POST", arm.at("boxes/b/burn"))
    assert (told.status, told.body["error"]["code"]) == (400, "NoFire")


def test_an_answer_that_is_known_is_polled_all_the_same(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), {"location": "westus", "properties": {}})
    asked = arm.ask("POST", arm.at("boxes/b/contents"))
    assert (asked.status, asked.body) == (202, None)
    assert arm.follow(asked.headers["location"]).body == {"of": "b"}


def test_an_action_changes_what_is_recorded_at_once(arm: Arm) -> None:
    radio(arm)
    told = arm.ask("PUT", arm.at("radios/r/volume"), {"value": 7})
    assert (told.status, told.body) == (200, {"value": 7})
    assert arm.follow(told.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}
    assert arm.ask("GET", arm.at("radios/r/volume")).body == {"value": 7}


def test_an_action_that_changes_the_network_ends_when_that_is_realised(arm: Arm) -> None:
    radio(arm, tags={"net": "1"})
    assert arm.ask("PUT", arm.at("radios/r/volume"), {"value": 7}).status == 200
    arm.network.settle()
    asked = arm.ask("POST", arm.at("radios/r/VOLUME/Reset"), {})
    assert arm.ask("GET", arm.at("radios/r")).body["properties"]["provisioningState"] == "Updating"
    assert arm.follow(asked.headers["location"]).status == 202
    arm.network.settle()
    told = arm.follow(asked.headers["location"])
    assert (told.status, told.body) == (200, {"value": 0})


@pytest.mark.parametrize(("body", "target"), [
    ({"value": 12}, "value"), ({}, "value"), ({"value": "loud"}, "value")])
def test_the_body_of_an_action_is_checked(arm: Arm, body: Any, target: str) -> None:
    radio(arm)
    told = arm.ask("PUT", arm.at("radios/r/volume"), body)
    assert (told.status, told.body["error"]["target"]) == (400, target)


def test_an_action_has_its_methods(arm: Arm) -> None:
    radio(arm)
    told = arm.ask("PATCH", arm.at("radios/r/volume"), {})
    assert (told.status, told.headers["allow"]) == (405, "GET, PUT")


def test_lists_stand_at_locations_that_are_no_resources(arm: Arm) -> None:
    at = f"{arm.subscription}/providers/Test.Lab/locations/westus"
    assert [row["name"] for row in arm.ask("GET", f"{at}/shelves").body["value"]] == ["westus0", "westus1"]
    assert arm.ask("GET", f"{at}/shelves/westus1").body["name"] == "westus1"
    assert arm.ask("GET", f"{at}/weather").body == {"at": "westus"}


def test_a_truth_value_is_no_number(arm: Arm) -> None:
    told = arm.ask("PUT", arm.at("boxes/b"), {"location": "westus", "properties": {"size": True}})
    assert (told.status, told.body["error"]["code"]) == (400, "InvalidRequestFormat")
    assert told.body["error"]["target"] == "properties.size"
