"""Who may plan what, and who announces work on the plant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from arm import Arm
from conformance.test_plan import CIRCUIT
from trunkline.api.access.roles import CONTRIBUTOR
from trunkline.api.accounts import PrincipalType
from trunkline.api.resources import registry

PLANT = "providers/Trunkline.Plant"


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    service.create_group("rg2")
    yield service
    service.close()


def circuit(arm: Arm, group: str = "rg1") -> str:
    return f"{arm.subscription}/resourceGroups/{group}/providers/Microsoft.Network/expressRouteCircuits/er1"


def ask(arm: Arm, *resources: dict[str, Any]) -> Any:
    reply = arm.ask("POST", f"{arm.subscription}/{PLANT}/plan", {"resources": list(resources)})
    assert reply.status == 200, reply.body
    return reply.body


def test_an_owner_plans_in_the_own_subscription_and_only_there(arm: Arm) -> None:
    arm.account = "customer"
    assert ask(arm, {"id": circuit(arm), **CIRCUIT})["changes"]
    foreign = circuit(arm).replace(arm.subscription.rpartition("/")[2], str(uuid4()))
    fault, = ask(arm, {"id": foreign, **CIRCUIT})["faults"]
    assert fault["code"] == "AuthorizationFailed"


def test_a_plan_needs_the_right_to_write_each_resource(arm: Arm) -> None:
    """Of one group its contributor plans; of the other not, nor what is an operator's."""
    mallory = arm.directory.create("mallory", PrincipalType.SERVICE_PRINCIPAL)[0]
    arm.account = "customer"
    for scope, role in ((arm.group, CONTRIBUTOR), (arm.subscription, "acdd72a7-3385-48ef-bd42-f606fba81ae7")):
        arm.ask("PUT", f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}", {"properties": {
            "roleDefinitionId": role, "principalId": mallory.object_id}})
    arm.account = "mallory"
    denied = arm.ask("POST", f"{arm.subscription}/{PLANT}/plan", {"resources": []})
    assert denied.code == "AuthorizationFailed", "a reader of the subscription plans nothing"
    mine, others = ({"id": circuit(arm, group), **CIRCUIT} for group in ("rg1", "rg2"))
    reply = arm.ask("POST", f"{arm.group}/{PLANT}/plan", {"resources": [mine, others]})
    assert [(fault["index"], fault["code"]) for fault in reply.body["faults"]] == [(1, "AuthorizationFailed")]
    arm.account = "customer"
    throttle = {"id": f"{arm.group}/{PLANT}/throttles/er1", "properties": {
        "circuit": {"id": circuit(arm)}, "bandwidthInMbps": 50}}
    fault, = ask(arm, {"id": circuit(arm), **CIRCUIT}, throttle)["faults"]
    assert (fault["index"], fault["code"]) == (1, "AuthorizationFailed")


def test_a_plan_tells_no_strangers_service_key_and_supposes_no_strangers_consent(arm: Arm) -> None:
    arm.account = "customer"
    key = arm.make(circuit(arm, "rg2"), CIRCUIT)["properties"]["serviceKey"]
    mallory = arm.directory.create("mallory", PrincipalType.SERVICE_PRINCIPAL)[0]
    arm.ask("PUT", f"{arm.group}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}", {"properties": {
        "roleDefinitionId": CONTRIBUTOR, "principalId": mallory.object_id}})
    arm.account = "mallory"
    order = {"id": f"{arm.group}/providers/Trunkline.Exchange/virtualCrossConnects/x", "properties": {},
             "serviceKeyOf": circuit(arm, "rg2")}
    reply = arm.ask("POST", f"{arm.group}/{PLANT}/plan", {"resources": [order, {
        "id": circuit(arm, "rg2"), "provisioned": True}]})
    assert key not in str(reply.body)
    assert {fault["index"] for fault in reply.body["faults"]} == {0, 1}


def test_where_nodes_are_is_told_to_operators_alone(arm: Arm) -> None:
    arm.account = "customer"
    assert "effects" not in ask(arm, {"id": circuit(arm), **CIRCUIT})["changes"][0]
    arm.account = "operator"
    assert "effects" in ask(arm, {"id": circuit(arm), **CIRCUIT})["changes"][0]


def test_a_tenant_announces_no_work_and_takes_none_back(arm: Arm) -> None:
    begin = datetime.now(UTC) + timedelta(days=20)
    wish = {"properties": {"kind": "edge", "location": "Amsterdam", "leg": "primary", "startTime": begin.isoformat(),
                           "endTime": (begin + timedelta(hours=1)).isoformat(), "reason": "optics"}}
    path = f"{arm.group}/{PLANT}/maintenances/m1"
    arm.account = "customer"
    arm.make(circuit(arm), CIRCUIT)
    assert arm.ask("PUT", path, wish).code == "AuthorizationFailed"
    arm.account = "operator"
    assert arm.ask("PUT", path, wish).status == 201
    arm.account = "customer"
    assert arm.ask("POST", f"{path}/cancel").code == "AuthorizationFailed"
    assert arm.ask("DELETE", path).code == "AuthorizationFailed"
    notice, = arm.ask("GET", f"{arm.subscription}/{PLANT}/notices").body["value"]
    assert notice["properties"]["affected"] == [{"id": circuit(arm).lower(), "leg": "primary"}]


def test_a_provider_is_told_of_its_own_sides_of_circuits_and_reads_no_announcement(arm: Arm) -> None:
    """Also of one that stands in its own subscription, where it may read everything else."""
    begin = datetime.now(UTC) + timedelta(days=20)
    arm.account = "customer"
    key = arm.make(circuit(arm), CIRCUIT)["properties"]["serviceKey"]
    arm.account = "operator"
    own = f"/subscriptions/{arm.accounts.provider_subscription}"
    arm.ask("PUT", f"{own}/resourceGroups/work", {"location": "westeurope"})
    path = f"{own}/resourceGroups/work/{PLANT}/maintenances/m1"
    assert arm.ask("PUT", path, {"properties": {
        "kind": "edge", "location": "Amsterdam", "leg": "primary", "startTime": begin.isoformat(),
        "endTime": (begin + timedelta(hours=1)).isoformat(), "reason": "optics"}}).status == 201
    arm.account = "provider"
    assert arm.ask("GET", path).code == "AuthorizationFailed"
    assert arm.ask("GET", f"{own}/{PLANT}/maintenances").body.get("value", []) == []
    notice, = arm.ask("GET", f"{own}/{PLANT}/notices").body["value"]
    side, = notice["properties"]["affected"]
    assert side["id"].endswith(f"/expressroutecrossconnections/{key}")
    assert circuit(arm).lower() not in str(notice).lower()
