"""Site failover tests of a gateway: what may be tested, one at a time, until the customer stops it."""

from __future__ import annotations

import pytest

from conformance.test_family_types import ORDER, PEERING, SKU, build
from conformance.window import Reply, Window, provision
from trunkline.model.failover import SiteTest, site_tests

FAR = {"serviceProviderProperties": {**ORDER["serviceProviderProperties"], "peeringLocation": "Frankfurt"}}
GATEWAY = "virtualNetworkGateways/gw1"


@pytest.fixture
def linked(window: Window) -> Window:
    """A gateway with a circuit at one location."""
    build(window)
    return window


@pytest.fixture
def linked_twice(linked: Window) -> Window:
    """With another one at a second."""
    linked.put("expressRouteCircuits/er2", FAR, sku=SKU)
    provision(linked, "er2", location="Frankfurt")
    linked.put("expressRouteCircuits/er2/peerings/AzurePrivatePeering", {**PEERING, "vlanId": 200})
    linked.put("connections/con2", {
        "connectionType": "ExpressRoute", "virtualNetworkGateway1": {"id": linked.path(GATEWAY)},
        "peer": {"id": linked.path("expressRouteCircuits/er2")}})
    return linked


def start(window: Window, location: str) -> Reply:
    return window.request("POST", window.path(f"{GATEWAY}/startSiteFailoverTest"), query={"peeringLocation": location})


def stop(window: Window, **said: object) -> Reply:
    return window.request("POST", window.path(f"{GATEWAY}/stopSiteFailoverTest"), said)


def stored(window: Window) -> tuple[SiteTest, ...]:
    with window.store.reading() as reader:
        return site_tests(reader.list("Microsoft.Network/virtualNetworkGateways")[0])


def test_a_gateway_with_circuits_at_one_location_is_not_tested(linked: Window) -> None:
    refused = start(linked, "Amsterdam")
    assert (refused.error, refused.status) == ("SecondPeeringLocationRequired", 400)
    assert stored(linked) == ()


def test_only_a_location_of_its_own_circuits_can_be_tested(linked_twice: Window) -> None:
    assert start(linked_twice, "London").error == start(linked_twice, "").error == "InvalidPeeringLocation"


def test_a_test_runs_until_it_is_stopped_with_the_customers_word(linked_twice: Window) -> None:
    assert start(linked_twice, "amsterdam").status == 202
    linked_twice.settle()
    assert [(one.peering_location, one.running) for one in stored(linked_twice)] == [("Amsterdam", True)]
    assert start(linked_twice, "Frankfurt").error == "FailoverTestIsRunning"
    assert stop(linked_twice, peeringLocation="Frankfurt").error == "FailoverTestNotRunning"
    seen = {"failoverConnectionName": "con2", "failoverLocation": "Frankfurt", "isVerified": True}
    assert stop(linked_twice, peeringLocation="Amsterdam", wasSimulationSuccessful=True, details=[seen]).status == 202
    linked_twice.settle()
    ended, = stored(linked_twice)
    assert (ended.status, ended.was_simulation_successful, ended.details[0].is_verified) == ("Completed", True, True)
    assert stop(linked_twice).error == "FailoverTestNotRunning"


@pytest.mark.parametrize("action", ["getFailoverAllTestsDetails", "getFailoverSingleTestDetails"])
def test_its_details_are_asked_of_the_network(linked_twice: Window, action: str) -> None:
    start(linked_twice, "Amsterdam")
    linked_twice.settle()
    query = {"failoverTestId": stored(linked_twice)[0].test_guid, "peeringLocation": "Amsterdam"}
    asked = linked_twice.request("POST", linked_twice.path(f"{GATEWAY}/{action}"), query=query)
    assert asked.status == 202
    with linked_twice.store.reading() as reader:
        waiting, = reader.pending()
    assert waiting.action == action


def test_a_test_that_nobody_knows_is_not_found(linked_twice: Window) -> None:
    path = linked_twice.path(f"{GATEWAY}/getFailoverSingleTestDetails")
    missing = linked_twice.request("POST", path, query={"failoverTestId": "none"})
    assert (missing.status, missing.error) == (404, "FailoverTestNotFound")
