"""Circuits found by the names people use; the provider's side turned and turned back."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click
import pytest

from little_arm import Arm
from trunkline.cli import completing
from trunkline.cli.commands import counters, provider
from trunkline.cli.failure import Failed
from trunkline.cli.instance import locate
from trunkline.cli.lookup import circuit, complete_circuit, there
from trunkline.cli.options import in_seconds
from trunkline.cli.provisioning import service_key, turn

ROOT = "/subscriptions/sub-c/resourceGroups/{}/providers/Microsoft.Network/expressRouteCircuits/{}"
TWIN = "/subscriptions/sub-p/resourceGroups/x/providers/Microsoft.Network/expressRouteCrossConnections/key-a"


@pytest.fixture
def arm() -> Arm:
    found = Arm()
    for group, name, key in (("rg1", "er1", "key-a"), ("rg1", "er2", "key-b"), ("rg2", "er2", "key-c")):
        path = ROOT.format(group, name)
        found.resources[path.lower()] = {"id": path, "name": name, "properties": {"serviceKey": key}}
    found.resources[TWIN.lower()] = {"id": TWIN, "name": "key-a", "properties": {}}
    return found


@pytest.mark.parametrize("wanted", ["er1", "ER1", "rg1/er1", "key-a", ROOT.format("rg1", "er1")])
def test_a_circuit_is_found_by_name_group_key_or_id(wanted: str, arm: Arm) -> None:
    assert circuit(arm.clients(), wanted)["id"] == ROOT.format("rg1", "er1")


def test_two_of_a_name_are_told_apart_by_their_group(arm: Arm) -> None:
    with pytest.raises(Failed, match="rg1/er2, rg2/er2"):
        circuit(arm.clients(), "er2")


def test_a_missing_circuit_is_told_with_those_that_exist(arm: Arm) -> None:
    with pytest.raises(Failed, match="there are er1, er2\\."):
        circuit(arm.clients(), "er9")


def test_the_providers_side_is_turned_once(arm: Arm) -> None:
    clients = arm.clients()
    key = service_key(clients, "er1")
    turned = [turn(clients, key, "Provisioned", lambda _: None)[1] for _ in range(2)]
    assert turned == [True, False]
    assert arm.sent == [("provider", "PUT", TWIN)]


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), ("90s", 90), ("5m", 300), ("24h", 86_400)])
def test_durations(text: str, seconds: int) -> None:
    assert in_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1s", "25h", "soon", "1d"])
def test_no_durations(text: str) -> None:
    with pytest.raises(Exception, match="is no duration"):
        in_seconds(text)


def test_one_circuit_is_told_as_one() -> None:
    assert [there(names) for names in ((), ("er1",), ("er1", "er2"))] == [
        "there is none at all", "there is er1", "there are er1, er2"]


def test_circuits_are_completed_by_what_tells_them_apart(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "connected", lambda _instance: nullcontext(arm.clients()))
    for command in (counters.counters, *map(provider.provider.commands.get, (
            "provision", "deprovision", "throttle"))):
        assert command is not None
        argument = next(one for one in command.params if one.name == "circuit")
        found = argument.shell_complete(click.Context(command, obj=locate("/nowhere")), "")
        assert [item.value for item in found] == ["er1", "rg1/er2", "rg2/er2"], command.name


def test_without_a_service_nothing_is_completed(tmp_path: Path) -> None:
    context = click.Context(counters.counters, obj=locate(str(tmp_path)))
    assert complete_circuit(context, click.Argument(["circuit"]), "") == []


def test_a_circuit_on_a_direct_port_has_no_provider(arm: Arm) -> None:
    arm.resources[ROOT.format("rg1", "er1").lower()]["properties"]["expressRoutePort"] = {"id": "/port1"}
    for wanted in ("er1", "key-a"):
        with pytest.raises(Failed, match="is on a Direct port and has no provider"):
            service_key(arm.clients(), wanted)
