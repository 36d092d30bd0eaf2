"""``Trunkline.Plant/plan``: told before anything is changed, and nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import GROUP, Window, provision

PEERING: dict[str, Any] = {
    "peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100, "sharedKey": "S3cret",
    "primaryPeerAddressPrefix": "172.16.0.0/30", "secondaryPeerAddressPrefix": "172.16.0.4/30"}
CIRCUIT: dict[str, Any] = {
    "location": "westus", "sku": {"name": "Standard_MeteredData", "tier": "Standard", "family": "MeteredData"},
    "properties": {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000}}}
AT = "expressRouteCircuits/er1"
PRIVATE = f"{AT}/peerings/AzurePrivatePeering"


@pytest.fixture
def peered(window: Window) -> Window:
    window.put(AT, **CIRCUIT)
    provision(window)
    window.put(PRIVATE, PEERING)
    return window


def ask(window: Window, *resources: dict[str, Any]) -> Any:
    reply = window.request("POST", f"{window.subscription}/providers/Trunkline.Plant/plan", {
        "resources": list(resources)}, {"api-version": "2026-01-01"})
    assert reply.status == 200, reply.body
    return reply.body


def peering(window: Window, **changed: Any) -> dict[str, Any]:
    return {"id": window.path(PRIVATE), "properties": {**PEERING, **changed}}


def test_a_change_is_told_by_field_with_what_it_touches(peered: Window) -> None:
    row, = ask(peered, peering(peered, primaryPeerAddressPrefix="172.16.8.0/30"))["changes"]
    field, = row["fields"]
    assert (field["path"], field["before"], field["after"], field["class"]) == (
        "properties.primaryPeerAddressPrefix", "172.16.0.0/30", "172.16.8.0/30", "recreate")
    assert [(leg["leg"], leg["interrupted"], leg["sessions"]) for leg in field["legs"]] == [
        ("primary", True, ["customer"])]
    assert (row["changeType"], row["otherLegCarries"], row["outageSeconds"]) == ("Modify", True, 0)


def test_nothing_of_a_plan_is_kept(peered: Window) -> None:
    before = peered.get(PRIVATE)
    ask(peered, peering(peered, vlanId=200), {"id": peered.path("expressRouteCircuits/er2"), **CIRCUIT})
    assert peered.get(PRIVATE) == before
    assert peered.request("GET", peered.path("expressRouteCircuits/er2")).status == 404
    with peered.store.reading() as reader:
        assert not reader.pending()


def test_what_is_the_same_is_no_change(peered: Window) -> None:
    found = ask(peered, peering(peered))
    assert (found["class"], [row["changeType"] for row in found["changes"]]) == ("none", ["NoChange"])


def test_a_secret_is_never_shown(peered: Window) -> None:
    found = ask(peered, peering(peered, sharedKey="An0therOne"))
    field, = found["changes"][0]["fields"]
    assert (field["path"], field["before"], field["after"], field["class"]) == (
        "properties.sharedKey", "(secret)", "(secret)", "hitless")
    assert "An0therOne" not in str(found)


def test_all_faults_are_told_and_none_hides_another(peered: Window) -> None:
    found = ask(peered, peering(peered, vlanId=9999), {"id": peered.path("virtualNetworks/v1"), "properties": {}})
    assert "changes" not in found
    assert [(fault["index"], fault["target"]) for fault in found["faults"]] == [
        (0, "properties.vlanId"), (1, "location"), (1, "properties.addressSpace")]


def test_a_whole_estate_is_planned_before_any_of_it_exists(window: Window) -> None:
    """A group, a circuit, its provider's consent, what needs the circuit's key, and a peering."""
    group = f"{window.subscription}/resourceGroups/new"
    circuit = f"{group}/providers/Microsoft.Network/{AT}"
    found = ask(
        window, {"id": group, "location": "westus"}, {"id": circuit, **CIRCUIT}, {"id": circuit, "provisioned": True},
        {"id": f"{group}/providers/Trunkline.Exchange/virtualCrossConnects/er1", "serviceKeyOf": circuit,
         "properties": {"primary": {"handoff": {"interface": "eth9", "create": True}}}},
        {"id": f"{circuit}/peerings/AzurePrivatePeering", "properties": PEERING})
    assert found.get("faults") is None, found
    assert {row["index"] for row in found["changes"]} == {1, 2, 3, 4}
    assert {row["class"] for row in found["changes"]} <= {"none", "hitless"}
    assert window.request("GET", group).status == 404


@pytest.mark.parametrize("body", [{}, {"resources": "x"}, {"resources": [{"properties": {}}]},
                                  {"resources": [{"id": "nowhere"}]}, {"resources": [{"id": "x"}] * 801}])
def test_what_is_no_list_of_resources_is_refused(window: Window, body: Any) -> None:
    reply = window.request("POST", f"{window.subscription}/providers/Trunkline.Plant/plan", body,
                           {"api-version": "2026-01-01"})
    assert reply.status == 400
    assert reply.error in ("InvalidRequestContent", "LinkedInvalidPropertyId")


def test_a_type_that_nobody_has_is_a_fault(window: Window) -> None:
    fault, = ask(window, {"id": window.path("flyingCarpets/one"), "properties": {}})["faults"]
    assert fault["code"] == "InvalidResourceType"
    assert GROUP in fault["id"]
