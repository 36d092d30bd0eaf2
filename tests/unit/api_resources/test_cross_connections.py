"""Cross connections: the provider moves the state, and nothing else of the customer's."""

from __future__ import annotations

import pytest

from trunkline.model.resource import ResourceId
from unit.api_resources.desk import ER1, STANDARD, Desk, an_order, codes, rid


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(ER1, an_order(), sku=STANDARD)
    return desk


def twin_of(desk: Desk) -> ResourceId:
    circuit = desk.get(ER1)
    assert circuit
    return ResourceId.parse(circuit.system["twin"]["id"])


def state(value: str) -> dict:
    return {"serviceProviderProvisioningState": value}


@pytest.mark.parametrize("way", [
    ["Provisioned", "NotProvisioned"], ["Provisioning", "Provisioned", "Deprovisioning", "NotProvisioned"],
    ["Provisioning", "NotProvisioned"], ["Provisioned", "Provisioned"]])
def test_a_provider_provisions_and_deprovisions(desk: Desk, way: list[str]) -> None:
    assert [desk.put(twin_of(desk), state(step)).properties["serviceProviderProvisioningState"] for step in way] == way


@pytest.mark.parametrize(("before", "after"), [
    ("NotProvisioned", "Deprovisioning"), ("Provisioned", "Provisioning"), ("Deprovisioning", "Provisioning")])
def test_steps_that_make_no_sense_are_refused(desk: Desk, before: str, after: str) -> None:
    twin = twin_of(desk)
    desk.change(twin, properties={"expressRouteCircuit": {"id": str(ER1)}, **state(before)})
    fault, = desk.refusal(twin, state(after))
    assert (fault.code, fault.status) == ("InvalidProvisioningStateTransition", 409)
    assert f"from {before} to {after}" in str(fault)


def test_an_update_need_not_repeat_state_and_circuit(desk: Desk) -> None:
    twin = twin_of(desk)
    desk.put(twin, state("Provisioned"))
    kept = desk.put(twin, {"serviceProviderNotes": "patched"})
    assert kept.properties["serviceProviderProvisioningState"] == "Provisioned"
    assert kept.properties["expressRouteCircuit"] == {"id": str(ER1)}


def test_a_twin_stays_with_its_circuit(desk: Desk) -> None:
    other = {**state("Provisioned"), "expressRouteCircuit": {"id": str(rid(ER1.type, "er2"))}}
    assert codes(desk.refusal(twin_of(desk), other)) == ["PropertyChangeNotAllowed"]


def test_a_twin_is_neither_created_nor_deleted_by_clients(desk: Desk) -> None:
    assert desk.kind(twin_of(desk)).updated_only
    fault, = desk.in_use(twin_of(desk))
    assert fault.status == 405


def test_a_twin_shows_what_the_provider_needs(desk: Desk) -> None:
    assert desk.shown(twin_of(desk)) == {
        "expressRouteCircuit": {"id": str(ER1)}, "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000, "sTag": 1,
        "primaryAzurePort": "", "secondaryAzurePort": "", "serviceProviderProvisioningState": "NotProvisioned"}
