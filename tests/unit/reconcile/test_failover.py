"""A link failover test over simulated routers: one leg's session closes, the other's routes stay, and both are told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import estates
from stage import Stage
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.failover import LinkTest, TestStatus, link_tests, with_tests
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.profile import AZURE
from trunkline.reconcile.failover import FailoverTests
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.troubles import Troubles
from trunkline.settings import Places, Timing
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

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


def leave(stage: Stage, *tests: LinkTest) -> None:
    with stage.store.reading() as reader:
        circuit = reader.get(estates.rid(CIRCUIT, "er1"))
    assert circuit
    stage.put(replace(circuit, system=with_tests(circuit, tests)))


def told(stage: Stage, **parameters: str) -> tuple[Any, Any]:
    tests = FailoverTests(stage.speaker, AZURE)
    operation = Operation("op", estates.rid(CIRCUIT, "er1"), OperationKind.ACTION,
                          parameters={"failoverTestId": "one", **parameters})
    with stage.store.reading() as reader:
        return tests.all(operation, reader), tests.one(operation, reader)


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


def test_only_so_many_tests_are_remembered() -> None:
    circuit, *_ = estates.circuit()
    tests = tuple(TEST.model_copy(update={"test_guid": str(number)}) for number in range(50))
    kept = link_tests(replace(circuit, system=with_tests(circuit, tests)))
    assert (len(kept), kept[-1].test_guid) == (20, "49")
