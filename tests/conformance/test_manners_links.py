"""Links as clients write them and as they are answered; links followed for a client (``$expand``)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from arm import VERSION, Arm, lab


@pytest.fixture
def arm(tmp_path: Path) -> Any:
    with closing(Arm(tmp_path / "home", lab)) as one:
        one.create_group()
        one.make(one.at("boxes/BigBox"), {"location": "westus", "properties": {"lids": [{"name": "top"}]}})
        one.make(one.at("radios/Radio"), {"location": "westus", "properties": {"ipConfigurations": [{"name": "Ip"}]}})
        yield one


def strap(arm: Arm, box: str, **more: Any) -> Any:
    return arm.make(arm.at("straps/s"), {"location": "westus", "properties": {"box": {"id": box}, **more}})


def expanded(arm: Arm, path: str, expand: str) -> Any:
    got = arm.ask("GET", f"{path}?api-version={VERSION}&$expand={expand}")
    assert got.status == 200
    return got.body["properties"]


def test_a_link_is_answered_as_its_target_is_spelt(arm: Arm) -> None:
    wild = arm.at("boxes/BigBox").replace("resourceGroups", "RESOURCEGROUPS").lower()
    assert strap(arm, wild)["properties"]["box"] == {"id": arm.at("boxes/BigBox")}


def test_a_link_to_a_part_is_spelt_as_its_holder(arm: Arm) -> None:
    shown = strap(arm, arm.at("boxes/BigBox"), spare={"id": arm.at("RADIOS/radio/ipConfigurations/Ip")})
    assert shown["properties"]["spare"] == {"id": arm.at("radios/Radio/ipConfigurations/Ip")}


def test_a_link_to_nothing_yet_has_its_type_spelt_and_keeps_its_name(arm: Arm) -> None:
    shown = strap(arm, arm.at("boxes/BigBox"), spare={"id": arm.at("BOXES/Future")})
    assert shown["properties"]["spare"] == {"id": arm.at("boxes/Future")}


def test_expand_shows_what_a_link_leads_to(arm: Arm) -> None:
    strap(arm, arm.at("boxes/BigBox"), spare={"id": arm.at("radios/Radio/ipConfigurations/Ip")})
    assert expanded(arm, arm.at("straps/s"), "Box")["box"] == arm.ask("GET", arm.at("boxes/BigBox")).body
    part, = arm.ask("GET", arm.at("radios/Radio")).body["properties"]["ipConfigurations"]
    assert expanded(arm, arm.at("straps/s"), "spare,box/lids")["spare"] == part


@pytest.mark.parametrize("expand", ["nothing", "box/nothing/more", "/", "box,", "size"])
def test_expand_of_what_is_not_there_changes_no_link(arm: Arm, expand: str) -> None:
    strap(arm, arm.at("boxes/BigBox"))
    assert expanded(arm, arm.at("straps/s"), expand)["box"]["id"] == arm.at("boxes/BigBox")


def test_expand_does_not_look_into_other_subscriptions(arm: Arm) -> None:
    arm.account = "operator"
    twin = f"/subscriptions/{arm.accounts.provider_subscription}/resourceGroups/Views/providers/Test.Lab/views/BigBox"
    strap(arm, arm.at("boxes/BigBox"), spare={"id": twin})
    assert expanded(arm, arm.at("straps/s"), "spare")["spare"] == {"id": twin}
