"""Locks: where they stand, what they stop, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arm import Arm
from trunkline.api.resources import registry

VNET = {"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
SUBNET = {"properties": {"addressPrefix": "10.0.0.0/24"}}


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    service.make(vnet(service), VNET)
    service.make(f"{vnet(service)}/subnets/a", SUBNET)
    yield service
    service.close()


def vnet(arm: Arm) -> str:
    return f"{arm.group}/providers/Microsoft.Network/virtualNetworks/v"


def lock(arm: Arm, scope: str, level: str, name: str = "l") -> str:
    path = f"{scope}/providers/Microsoft.Authorization/locks/{name}"
    made = arm.ask("PUT", path, {"properties": {"level": level, "notes": "why"}})
    assert (made.status, made.body["properties"]) == (201, {"level": level, "notes": "why"}), made.body
    return path


def scopes(arm: Arm) -> dict[str, str]:
    return {"subscription": arm.subscription, "group": arm.group, "resource": vnet(arm)}


@pytest.mark.parametrize("at", ["subscription", "group", "resource"])
def test_a_lock_forbids_deletion_at_its_scope_and_below(arm: Arm, at: str) -> None:
    scope = scopes(arm)[at]
    path = lock(arm, scope, "CanNotDelete")
    for target in (f"{vnet(arm)}/subnets/a", vnet(arm), arm.group):
        refused = arm.ask("DELETE", target)
        assert (refused.status, refused.code) == (409, "ScopeLocked")
        assert f"locked: '{scope}'." in refused.message
        assert "cannot perform delete operation" in refused.message
    assert arm.ask("PUT", vnet(arm), VNET).status == 200
    assert arm.ask("DELETE", path).status == 200
    assert arm.ask("DELETE", arm.group).status == 202


@pytest.mark.parametrize("at", ["subscription", "group", "resource"])
def test_a_read_only_lock_forbids_writes(arm: Arm, at: str) -> None:
    lock(arm, scopes(arm)[at], "ReadOnly")
    for method, path, body in (("PUT", vnet(arm), VNET), ("PATCH", vnet(arm), {"tags": {}}),
                               ("PUT", f"{vnet(arm)}/subnets/b", SUBNET), ("DELETE", vnet(arm), None)):
        refused = arm.ask(method, path, body)
        assert (refused.status, refused.code) == (409, "ScopeLocked"), (method, path)
    assert arm.ask("GET", vnet(arm)).status == 200


def test_a_locked_groups_tags_stay(arm: Arm) -> None:
    lock(arm, arm.group, "ReadOnly")
    assert arm.ask("PATCH", arm.group, {"tags": {"a": "b"}}).code == "ScopeLocked"
    assert arm.ask("PUT", arm.group, {"location": "westus"}).code == "ScopeLocked"


def test_a_lock_below_keeps_what_is_above(arm: Arm) -> None:
    lock(arm, f"{vnet(arm)}/subnets/a", "CanNotDelete")
    assert arm.ask("DELETE", vnet(arm)).code == "ScopeLocked"
    dropped = arm.ask("PUT", vnet(arm), {**VNET, "properties": {**VNET["properties"], "subnets": []}})
    assert dropped.code == "ScopeLocked"
    assert arm.ask("GET", f"{vnet(arm)}/subnets/a").status == 200


def test_a_lock_beside_stops_nothing(arm: Arm) -> None:
    other = f"{arm.group}/providers/Microsoft.Network/virtualNetworks/v2"
    arm.make(other, VNET)
    lock(arm, vnet(arm), "ReadOnly")
    assert arm.ask("DELETE", other).status == 202


def test_a_lock_can_be_changed_and_taken_away_under_a_lock(arm: Arm) -> None:
    lock(arm, arm.group, "ReadOnly")
    path = lock(arm, vnet(arm), "ReadOnly", "second")
    assert arm.ask("PUT", path, {"properties": {"level": "CanNotDelete"}}).status == 200
    assert arm.ask("DELETE", path).status == 200


def test_a_level_is_one_of_two(arm: Arm) -> None:
    path = f"{arm.group}/providers/Microsoft.Authorization/locks/l"
    for body in ({"properties": {"level": "Hard"}}, {"properties": {}}):
        assert arm.ask("PUT", path, body).status == 400


def test_a_template_does_not_write_under_a_read_only_lock(arm: Arm) -> None:
    lock(arm, arm.group, "ReadOnly")
    refused = arm.ask("PUT", f"{arm.group}/providers/Microsoft.Resources/deployments/d", {"properties": {
        "mode": "Incremental", "template": {"resources": []}}})
    assert (refused.status, refused.code) == (409, "ScopeLocked")
