"""Failover tests that customers ask Azure for: of one link of a circuit, and of one peering location of a gateway.

Azure keeps a gateway's test until it is stopped. How long it lets a link's test run is not documented: ours ends by
itself after ``LINK_TEST_LIMIT_S``, or earlier if whoever started it said so (``expiresInSeconds``, a word of ours).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from trunkline.model.circuit import Leg
from trunkline.model.resource import Json, Properties, Resource

LINK_TEST_LIMIT_S = 3_600


class TestStatus(StrEnum):
    """Those of Azure's words that can be true here. What is stored as Running is told as Starting until the routes from
    before it are known, and nothing is taken down before."""

    __test__ = False

    STARTING = "Starting"
    RUNNING = "Running"
    COMPLETED = "Completed"
    EXPIRED = "Expired"


class TestCategory(StrEnum):
    """Of a link's test. ``AS_PATH_PREPEND``: both sides hear a longer path over the link, and its session stays."""

    __test__ = False

    BGP_DISCONNECT = "BgpDisconnect"
    AS_PATH_PREPEND = "ASPathPrepend"


class FailoverTest(Properties):
    """Times are ISO 8601, UTC. ``was_simulation_successful``: what the customer said at its end."""

    test_guid: str
    start_time: str
    end_time: str = ""
    status: TestStatus = TestStatus.RUNNING
    was_simulation_successful: bool = False

    @property
    def running(self) -> bool:
        return self.status is TestStatus.RUNNING


class LinkTest(FailoverTest):
    leg: Leg
    category: TestCategory = TestCategory.BGP_DISCONNECT
    is_verified: bool = False
    expires_in_s: int = LINK_TEST_LIMIT_S

    @property
    def ends(self) -> datetime:
        """At the latest."""
        return datetime.fromisoformat(self.start_time) + timedelta(seconds=self.expires_in_s)

    @property
    def link(self) -> str:
        """``Primary``, as these operations write it."""
        return self.leg.value.capitalize()


class VerifiedConnection(Properties):
    """``FailoverConnectionDetails``: what the customer saw of one connection."""

    failover_connection_name: str | None = None
    failover_location: str | None = None
    is_verified: bool = False


class SiteTest(FailoverTest):
    """Of all connections to circuits at one peering location."""

    peering_location: str
    details: tuple[VerifiedConnection, ...] = ()


class LinkStopRequest(Properties):
    """``ExpressRouteLinkFailoverStopApiParameters``."""

    circuit_test_category: str | None = None
    link_type: str | None = None
    was_simulation_successful: bool = False
    is_verified: bool = False


class SiteStopRequest(Properties):
    """``ExpressRouteFailoverStopApiParameters``."""

    peering_location: str | None = None
    was_simulation_successful: bool = False
    details: tuple[VerifiedConnection, ...] = ()


#: Keys of ``system`` under which a circuit and a gateway keep their tests, the latest last.
_LINK_TESTS, _SITE_TESTS = "linkTests", "siteTests"

#: Tests that are remembered of each.
_KEPT = 20


def link_tests(circuit: Resource) -> tuple[LinkTest, ...]:
    """All that are remembered, oldest first."""
    return tuple(LinkTest.model_validate(one) for one in circuit.system.get(_LINK_TESTS, ()))


def site_tests(gateway: Resource) -> tuple[SiteTest, ...]:
    return tuple(SiteTest.model_validate(one) for one in gateway.system.get(_SITE_TESTS, ()))


def with_link_tests(circuit: Resource, tests: tuple[LinkTest, ...]) -> Json:
    """The circuit's ``system`` with these."""
    return _with(circuit, _LINK_TESTS, tests)


def with_site_tests(gateway: Resource, tests: tuple[SiteTest, ...]) -> Json:
    return _with(gateway, _SITE_TESTS, tests)


def _with(tested: Resource, key: str, tests: tuple[FailoverTest, ...]) -> Json:
    return {**tested.system, key: [one.model_dump(by_alias=True, mode="json") for one in tests[-_KEPT:]]}


def tested_legs(circuit: Resource, category: TestCategory) -> tuple[Leg, ...]:
    """Those on which a test of this category runs."""
    return tuple(test.leg for test in link_tests(circuit) if test.running and test.category is category)


def tested_until(circuit: Resource) -> float:
    """When the running tests of its links end by themselves, in seconds of the clock; 0 where none runs."""
    return max((test.ends.timestamp() for test in link_tests(circuit) if test.running), default=0.0)


def is_tested(gateway: Resource, location: str) -> bool:
    """Whether a test keeps the gateway away from circuits at this location."""
    return any(test.running and test.peering_location.casefold() == location.casefold()
               for test in site_tests(gateway))
