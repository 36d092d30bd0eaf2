"""A link failover test over simulated routers: one leg's session closes, the other's routes stay, and both are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import estates
from stage import Stage
from trunkline.intent.bgp import SessionState
from trunkline.intent.compile import compile
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.failover import (
    LinkTest,
    SiteTest,
    TestCategory,
    TestStatus,
    link_tests,
    with_link_tests,
    with_site_tests,
)
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource, ResourceId, now
from trunkline.reconcile.expiry import end_tests
from trunkline.reconcile.failover import FailoverTests
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.remembered import TestRoutes
from trunkline.reconcile.troubles import Troubles
from trunkline.settings import Places, Timing
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

TEST = LinkTest(test_guid="one", leg=Leg.PRIMARY, start_time="2026-01-01T00:00:00+00:00")
ENDED = TEST.model_copy(update={"status": TestStatus.COMPLETED, "end_time": "2026-01-01T00:05:00+00:00",
                                "was_simulation_successful": True})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    plane = SimulatedPlane()
    stage = Stage(Places(tmp_path / "home", tmp_path / "run", tmp_path / "bpf"), plane, SimulatedSpeaker(plane),
                  Timing(retry_first_s=0.01))
    stage.put(*estates.whole())
    yield stage
    stage.close()


def stored(stage: Stage, identity: ResourceId) -> Resource:
    with stage.store.reading() as reader:
        found = reader.get(identity)
    assert found
    return found


def leave(stage: Stage, *tests: LinkTest) -> None:
    circuit = stored(stage, estates.rid(CIRCUIT, "er1"))
    stage.put(replace(circuit, system=with_link_tests(circuit, tests)))


def told(stage: Stage, **parameters: str) -> tuple[Any, Any]:
    tests = FailoverTests(stage.speaker, AZURE, TestRoutes(stage.store, stage.speaker, AZURE))
    operation = Operation("op", estates.rid(CIRCUIT, "er1"), OperationKind.ACTION,
                          parameters={"failoverTestId": "one", **parameters})
    with stage.store.reading() as reader:
        return tests.links(operation, reader), tests.link(operation, reader)


def bgp(told_of: Any) -> dict[str, str]:
    return {row["link"]: row["status"] for row in told_of["bgpStatus"]}


def test_the_tested_link_is_disconnected_and_the_other_carries_the_routes(stage: Stage) -> None:
    leave(stage, TEST)
    (listed,), (one,) = told(stage)
    assert bgp(listed) == bgp(one) == {"Primary": "Disconnected", "Secondary": "Connected"}
    assert (one["status"], one["linkType"], "endTimeUtc" in one) == ("Running", "Primary", False)
    assert one["redundantRoutes"]["duringSimulation"] == []
    with stage.store.reading() as reader:
        look = Look(reader, stage.plane, stage.speaker, AZURE, Troubles())
        legs = overview(estates.SUBSCRIPTION, look)["circuits"][0]["legs"]
    assert {leg: shown["failoverTest"] for leg, shown in legs.items()} == {"primary": True, "secondary": False}
    routes = one["nonRedundantRoutes"]["duringSimulation"]
    assert routes
    assert all("secondaryASPath" in route and "primaryASPath" not in route for route in routes)


def test_after_its_end_both_links_are_up_and_the_test_is_remembered(stage: Stage) -> None:
    leave(stage, TEST)
    leave(stage, ENDED)
    (listed,), (one,) = told(stage)
    assert (one["status"], one["wasSimulationSuccessful"], one["endTimeUtc"]) == ("Completed", True, ENDED.end_time)
    assert listed["bgpStatus"] == one["bgpStatus"] == []
    leave(stage, ENDED, TEST.model_copy(update={"test_guid": "two", "leg": Leg.SECONDARY}))
    (latest,), _ = told(stage, fetchLatest="true")
    assert (latest["testGuid"], bgp(latest)) == ("two", {"Primary": "Connected", "Secondary": "Disconnected"})


def test_routes_from_before_and_during_the_test_outlive_it(stage: Stage) -> None:
    leave(stage, TEST)
    leave(stage, ENDED)
    _, (one,) = told(stage)
    both, alone = one["redundantRoutes"], one["nonRedundantRoutes"]
    assert both["beforeSimulation"]
    assert all({"primaryASPath", "secondaryASPath"} <= route.keys() for route in both["beforeSimulation"])
    assert alone["beforeSimulation"] == both["duringSimulation"] == []
    assert [route["route"] for route in alone["duringSimulation"]] == [
        route["route"] for route in both["beforeSimulation"]]


def test_prepending_leaves_the_session_up_and_both_sides_hear_a_longer_path(stage: Stage) -> None:
    def paths() -> dict[str, int]:
        with stage.store.reading() as reader:
            routers = {leg: router for leg in Leg for router in compile(
                Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg), reader, AZURE).routers}
        return {f"{leg} {session.group}": sum(len(rule.prepend) for rule in session.export_policy.rules)
                for leg, router in routers.items() for session in router.sessions}
    usual = paths()
    assert set(usual.values()) == {0}
    leave(stage, TEST.model_copy(update={"category": TestCategory.AS_PATH_PREPEND}))
    assert {where: 8 if where.startswith("primary") else 0 for where in usual} == paths()
    (listed,), (one,) = told(stage)
    assert bgp(listed) == {"Primary": "Connected", "Secondary": "Connected"}
    assert listed["circuitTestCategory"] == one["circuitTestCategory"] == "ASPathPrepend"


def test_a_test_that_nobody_stops_expires(stage: Stage) -> None:
    leave(stage, TEST.model_copy(update={"start_time": now().isoformat()}))
    assert end_tests(stage.store) == ()
    leave(stage, TEST)
    stage.reconciler.wake([str(ended) for ended in end_tests(stage.store)])
    (listed,), _ = told(stage)
    assert listed["status"] == "Expired"
    until(lambda: all_up(stage), 10, "the session is back")


def test_a_test_expires_on_a_circuit_that_failed_meanwhile(stage: Stage) -> None:
    circuit = stored(stage, estates.rid(CIRCUIT, "er1"))
    with stage.store.writing() as writer:
        writer.put(replace(circuit, system=with_link_tests(circuit, (TEST,)), state=ProvisioningState.FAILED),
                   circuit.etag)
    stage.reconciler.wake([str(circuit.id)])
    until(lambda: not all_up(stage), 10, "the tested leg's session is closed")
    stage.reconciler.wake([str(ended) for ended in end_tests(stage.store)])
    until(lambda: all_up(stage), 10, "the session is back")
    assert {test.status for test in link_tests(stored(stage, circuit.id))} == {TestStatus.EXPIRED}


def all_up(stage: Stage) -> bool:
    circuit = estates.rid(CIRCUIT, "er1")
    with stage.store.reading() as reader:
        states = [status.state for leg in Leg
                  for router in compile(Scope(ScopeKind.LEG, circuit.key, leg), reader, AZURE).routers
                  for status in stage.speaker.sessions(router)]
    return set(states) == {SessionState.ESTABLISHED}


SECOND = {"serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Frankfurt",
                                        "bandwidthInMbps": 1000}}
SITE_TEST = SiteTest(test_guid="one", peering_location="Amsterdam", start_time="2026-01-01T00:00:00+00:00")


@pytest.fixture
def two_locations(stage: Stage) -> Stage:
    """The gateway has a second circuit, at Frankfurt, to the same site."""
    circuit, twin = estates.circuit("er2", 2)
    stage.put(replace(circuit, properties=SECOND), twin, estates.peering("er2", vlanId=200),
              estates.order("er2", number=2), estates.connection(2, circuit_name="er2", name="con2"))
    return stage


def sites_told(stage: Stage, **more: str) -> tuple[Any, Any]:
    tests = FailoverTests(stage.speaker, AZURE, TestRoutes(stage.store, stage.speaker, AZURE))
    operation = Operation("op", estates.rid(GATEWAY, "gw1"), OperationKind.ACTION,
                          parameters={"failoverTestId": "one", **more})
    with stage.store.reading() as reader:
        return tests.sites(operation, reader), tests.site(operation, reader)


def gateway_sessions(stage: Stage) -> dict[str, bool]:
    """Whether each is Established, by its name."""
    with stage.store.reading() as reader:
        routers = compile(Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key), reader, AZURE).routers
    return {status.name: status.state is SessionState.ESTABLISHED for router in routers
            for status in stage.speaker.sessions(router)}


def test_a_site_test_closes_the_gateways_sessions_with_one_location_alone(two_locations: Stage) -> None:
    stage, gateway = two_locations, stored(two_locations, estates.rid(GATEWAY, "gw1"))
    assert all(gateway_sessions(stage).values())
    stage.put(replace(gateway, system=with_site_tests(gateway, (SITE_TEST,))))
    up = gateway_sessions(stage)
    first, second = (stored(stage, estates.rid(CONNECTION, name)).number for name in ("con1", "con2"))
    assert {name: state for name, state in up.items() if not state}.keys() == {
        name for name in up if name.startswith(f"circuit_{first}_")}
    assert any(name.startswith(f"circuit_{second}_") for name, state in up.items() if state)
    (listed,), (one,) = sites_told(stage)
    assert (listed["status"], [row["name"] for row in listed["circuits"]]) == ("Running", ["er1"])
    assert [(row["name"], row["status"]) for row in listed["connections"]] == [("con1", "Disconnected")]
    assert [group["peeringLocations"] for group in one["redundantRoutes"]] == [["Amsterdam", "Frankfurt"]]
    assert one["nonRedundantRoutes"] == []


def test_after_a_site_test_every_session_is_back(two_locations: Stage) -> None:
    stage, gateway = two_locations, stored(two_locations, estates.rid(GATEWAY, "gw1"))
    stage.put(replace(gateway, system=with_site_tests(gateway, (SITE_TEST,))))
    ended = SITE_TEST.model_copy(update={"status": TestStatus.COMPLETED, "end_time": "2026-01-01T00:05:00+00:00"})
    stage.put(replace(gateway, system=with_site_tests(gateway, (ended,))))
    assert all(gateway_sessions(stage).values())
    (listed,), (one,) = sites_told(stage)
    assert (listed["status"], one["endTimeUtc"]) == ("Completed", ended.end_time)
    assert one["redundantRoutes"]
    others = [ended.model_copy(update={"test_guid": guid, "peering_location": place})
              for guid, place in (("two", "Amsterdam"), ("three", "Frankfurt"))]
    stage.put(replace(gateway, system=with_site_tests(gateway, (ended, *others))))
    latest, _ = sites_told(stage, fetchLatest="True")
    assert [row["testGuid"] for row in latest] == ["three", "two"], "of each location"


def test_only_so_many_tests_are_remembered() -> None:
    circuit, *_ = estates.circuit()
    tests = tuple(TEST.model_copy(update={"test_guid": str(number)}) for number in range(50))
    kept = link_tests(replace(circuit, system=with_link_tests(circuit, tests)))
    assert (len(kept), kept[-1].test_guid) == (20, "49")
