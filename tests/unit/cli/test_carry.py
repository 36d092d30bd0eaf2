"""Carrying an estate to the API: what is sent, by whom, and what is left alone."""

from __future__ import annotations

import pytest

from little_arm import Arm
from trunkline.cli.client import Clients
from trunkline.cli.estate.carry import Carrier, Outcome
from trunkline.cli.estate.document import parse
from trunkline.cli.estate.plan import Step, plan
from trunkline.cli.estate.sections import check
from trunkline.cli.failure import Failed
from trunkline.cli.progress import Progress

GROUP = "/subscriptions/sub-c/resourceGroups/rg1"
CIRCUIT = f"{GROUP}/providers/Microsoft.Network/expressRouteCircuits/er1"
TWIN = "/subscriptions/sub-p/resourceGroups/x/providers/Microsoft.Network/expressRouteCrossConnections/key-1"
ORDER = f"{GROUP}/providers/Trunkline.Exchange/virtualCrossConnects/er1"
FILE = """\
resourceGroup: rg1
circuits:
  - {name: er1, provider: Equinix, peeringLocation: Amsterdam, bandwidth: 50, provision: true,
     peering: {asn: 65010, vlan: 100, primary: 172.16.0.0/30, secondary: 172.16.0.4/30, sharedKey: hush}}
crossConnects:
  - {circuit: er1, primary: {handoff: {interface: eth1}}}
"""


@pytest.fixture
def arm() -> Arm:
    """It has the provider's side of the circuit, which a real service makes with the circuit."""
    found = Arm()
    found.resources[TWIN.lower()] = {"id": TWIN, "name": "key-1", "properties": {
        "serviceProviderProvisioningState": "NotProvisioned"}}
    return found


def steps(text: str = FILE) -> tuple[Step, ...]:
    document = parse(text)
    return plan(check(document), document, "sub-c")


def carrier(clients: Clients, dry_run: bool = False) -> Carrier:
    return Carrier(clients, Progress(quiet=True), dry_run)


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


def test_the_first_time_everything_is_created_each_by_its_account(arm: Arm) -> None:
    outcomes = carrier(arm.clients()).apply(steps())
    assert results(outcomes) == ["created", "created", "changed", "created", "created"]
    assert arm.sent == [
        ("customer", "PUT", GROUP), ("customer", "PUT", CIRCUIT), ("provider", "PUT", TWIN), ("customer", "PUT", ORDER),
        ("customer", "PUT", f"{CIRCUIT}/peerings/AzurePrivatePeering")]
    assert arm.resources[ORDER.lower()]["properties"]["serviceKey"] == "key-1"
    assert arm.resources[TWIN.lower()]["properties"]["serviceProviderProvisioningState"] == "Provisioned"


def test_the_second_time_only_what_cannot_be_compared_is_sent(arm: Arm) -> None:
    carrier(arm.clients()).apply(steps())
    arm.sent.clear()
    outcomes = carrier(arm.clients()).apply(steps())
    assert set(results(outcomes)) == {"unchanged"}
    assert arm.sent == [("customer", "PUT", f"{CIRCUIT}/peerings/AzurePrivatePeering")]


def test_a_difference_is_sent_as_a_change(arm: Arm) -> None:
    carrier(arm.clients()).apply(steps())
    outcomes = carrier(arm.clients()).apply(steps(FILE.replace("bandwidth: 50", "bandwidth: 100")))
    assert results(outcomes)[1] == "changed"
    assert arm.resources[CIRCUIT.lower()]["properties"]["serviceProviderProperties"]["bandwidthInMbps"] == 100


def test_a_dry_run_sends_nothing_and_says_what_would_happen(arm: Arm) -> None:
    outcomes = carrier(arm.clients(), dry_run=True).apply(steps())
    assert arm.sent == []
    assert results(outcomes) == ["would create", "would create", "would change", "would create", "would create"]


def test_deletion_goes_backwards_withdraws_consent_and_keeps_the_group(arm: Arm) -> None:
    carrier(arm.clients()).apply(steps())
    arm.sent.clear()
    outcomes = carrier(arm.clients()).delete(steps())
    assert [(outcome.resource, outcome.result) for outcome in outcomes] == [
        ("private peering of er1", "deleted"), ("cross connect er1", "deleted"),
        ("provider's consent to er1", "changed"), ("circuit er1", "deleted")]
    assert arm.sent[2] == ("provider", "PUT", TWIN)
    assert arm.resources[TWIN.lower()]["properties"]["serviceProviderProvisioningState"] == "NotProvisioned"
    assert GROUP.lower() in arm.resources


def test_deleting_what_is_not_there_is_no_failure(arm: Arm) -> None:
    assert set(results(carrier(arm.clients()).delete(steps()))) == {"absent"}
    assert arm.sent == []


def test_an_order_for_a_missing_circuit_says_what_to_do(arm: Arm) -> None:
    text = "resourceGroup: rg1\ncrossConnects:\n  - {circuit: er1, primary: {handoff: {interface: eth1}}}\n"
    with pytest.raises(Failed, match=r"no circuit er1 \(line 3\); create it first"):
        carrier(arm.clients()).apply(steps(text))


def test_a_failed_operation_ends_the_run_with_arms_words(arm: Arm) -> None:
    arm.failing["er1"] = ("PlatformIsFull", "no room")
    with pytest.raises(Failed, match="PlatformIsFull: no room"):
        carrier(arm.clients()).apply(steps())
    assert arm.sent[-1] == ("customer", "PUT", CIRCUIT)
