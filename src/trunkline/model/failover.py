"""Link failover tests of a circuit: BGP is taken down on one leg until the customer stops the test."""

from __future__ import annotations

from enum import StrEnum

from trunkline.model.circuit import Leg
from trunkline.model.resource import Json, Properties, Resource


class TestStatus(StrEnum):
    """Those of Azure's words that can be true here: a test runs from the moment its wish is stored."""

    __test__ = False

    RUNNING = "Running"
    COMPLETED = "Completed"
    EXPIRED = "Expired"


class LinkTest(Properties):
    """Times are ISO 8601, UTC. ``was_simulation_successful`` and ``is_verified``: what the customer said at its end."""

    test_guid: str
    leg: Leg
    start_time: str
    end_time: str = ""
    status: TestStatus = TestStatus.RUNNING
    was_simulation_successful: bool = False
    is_verified: bool = False

    @property
    def running(self) -> bool:
        return self.status is TestStatus.RUNNING

    @property
    def link(self) -> str:
        """``Primary``, as these operations write it."""
        return self.leg.value.capitalize()


class StopRequest(Properties):
    """``ExpressRouteLinkFailoverStopApiParameters``."""

    circuit_test_category: str | None = None
    link_type: str | None = None
    was_simulation_successful: bool = False
    is_verified: bool = False


#: Key of ``system`` under which a circuit keeps its tests, the latest last.
_KEY = "linkTests"

#: Tests that a circuit remembers.
_KEPT = 20


def link_tests(circuit: Resource) -> tuple[LinkTest, ...]:
    """All that are remembered, oldest first."""
    return tuple(LinkTest.model_validate(one) for one in circuit.system.get(_KEY, ()))


def with_tests(circuit: Resource, tests: tuple[LinkTest, ...]) -> Json:
    """The circuit's ``system`` with these."""
    return {**circuit.system, _KEY: [one.model_dump(by_alias=True, mode="json") for one in tests[-_KEPT:]]}
