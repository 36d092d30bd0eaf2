"""Circuits found by the names people use; the provider's side turned and turned back."""

from __future__ import annotations

import pytest

from little_arm import Arm
from trunkline.cli.commands.faults import in_seconds
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import circuit
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
    with pytest.raises(Failed, match="there are er1, er2, er2"):
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
