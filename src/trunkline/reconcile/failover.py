"""What failover tests have found: BGP as it is now, and routes from before a test and during it (azure-facts 1.3.1,
ExpressRouteLinkFailover… and ExpressRouteFailover…).

While a test runs its routes are read from the daemons. Those from before it, and those of its end, were noted by the
passes that began and ended it (``remembered``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, vrf_node
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import connections
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.bgp import family_of
from trunkline.model.circuit import Leg
from trunkline.model.failover import FailoverTest, LinkTest, SiteTest, TestStatus, link_tests, site_tests
from trunkline.model.operation import Operation
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, Resource, now
from trunkline.reconcile.remembered import Routes, TestRoutes
from trunkline.store import Reader

Test = TypeVar("Test", bound=FailoverTest)

_TYPE = "SingleSiteFailover"


class FailoverTests:
    """Asks the daemons of a circuit's legs and of gateways."""

    def __init__(self, speaker: Speaker, profile: Profile, routes: TestRoutes) -> None:
        self._speaker, self._profile, self._routes = speaker, profile, routes

    def links(self, operation: Operation, estate: Reader) -> list[Json]:
        circuit = estate.get(operation.resource)
        return [{**self._times(circuit, test, estate, "startTime", "endTime"), **_link(test), "testType": _TYPE,
                 "testGuid": test.test_guid, "issues": [], "bgpStatus": self._bgp(circuit, estate, test)}
                for test in _latest(operation, link_tests(circuit) if circuit else ()) if circuit]

    def link(self, operation: Operation, estate: Reader) -> list[Json]:
        """The SDK wants a list here too."""
        circuit = estate.get(operation.resource)
        return [{**self._times(circuit, test, estate, "startTimeUtc", "endTimeUtc"), **_link(test),
                 "isSimulationVerified": test.is_verified, **self._compared(circuit, estate, test),
                 "bgpStatus": self._bgp(circuit, estate, test)}
                for test in _asked(operation, link_tests(circuit) if circuit else ()) if circuit]

    def sites(self, operation: Operation, estate: Reader) -> list[Json]:
        gateway, wanted = estate.get(operation.resource), str(operation.parameters.get("type", "")).lower()
        tests = site_tests(gateway) if gateway and wanted in ("", "all", _TYPE.lower()) else ()
        return [{**self._times(gateway, test, estate, "startTime", "endTime"), "testGuid": test.test_guid,
                 "testType": _TYPE, "issues": [], "peeringLocation": test.peering_location,
                 **_tested(gateway, estate, test)} for test in _latest(operation, tests, _place) if gateway]

    def site(self, operation: Operation, estate: Reader) -> list[Json]:
        gateway = estate.get(operation.resource)
        return [{**self._times(gateway, test, estate, "startTimeUtc", "endTimeUtc"),
                 "peeringLocation": test.peering_location,
                 "wasSimulationSuccessful": test.was_simulation_successful,
                 **_by_location(test, self._routes.of(gateway, test, estate).before),
                 "failoverConnectionDetails": [one.model_dump(by_alias=True, exclude_none=True)
                                               for one in test.details]}
                for test in _asked(operation, site_tests(gateway) if gateway else ()) if gateway]

    def _times(self, tested: Resource, test: FailoverTest, estate: Reader, start: str, end: str) -> Json:
        starting = test.running and not self._routes.of(tested, test, estate).begun
        return {start: test.start_time, **({end: test.end_time} if test.end_time else {}),
                "status": TestStatus.STARTING if starting else test.status.value}

    def _customers(self, circuit: Resource, estate: Estate) -> Iterator[tuple[Leg, Router]]:
        """Of private peering: no other is tested."""
        for leg in Leg:
            found, tested = compile(Scope(ScopeKind.LEG, circuit.id.key, leg), estate, self._profile).routers, \
                vrf_node(circuit.id, leg)
            yield from ((leg, router) for router in found if router.node == tested)

    def _bgp(self, circuit: Resource, estate: Estate, test: LinkTest) -> list[Json]:
        """Only while the test runs: afterwards what is now says nothing of it."""
        if not test.running:
            return []
        rows = []
        for leg, router in self._customers(circuit, estate):
            states = {one.name: one.state for one in self._speaker.sessions(router)}
            for session in (one for one in router.sessions if one.group == CUSTOMER):
                up = states.get(session.name) is SessionState.ESTABLISHED
                rows.append({"type": f"IPv{family_of(session.peer_address)}", "link": leg.value.capitalize(),
                             "checkTimeUtc": now().isoformat(), "status": "Connected" if up else "Disconnected"})
        return rows

    def _compared(self, circuit: Resource, estate: Reader, test: LinkTest) -> Json:
        """Routes that both links carry, and those of one alone, before the test and during it."""
        known = self._routes.of(circuit, test, estate)
        during = self._routes.now(Scope(ScopeKind.LEG, circuit.id.key, test.leg), estate) if test.running \
            else known.during
        before, then = _redundancy(known.before), _redundancy(during)
        return {word: {"beforeSimulation": [_route(prefix, known.before) for prefix in before[word]],
                       "duringSimulation": [_route(prefix, during) for prefix in then[word]]}
                for word in ("redundantRoutes", "nonRedundantRoutes")}


def _latest(operation: Operation, tests: tuple[Test, ...], of: Callable[[Test], str] = lambda _test: "") -> list[Test]:
    """The newest first; with ``fetchLatest`` that of each of what is tested."""
    newest = tests[::-1]
    if str(operation.parameters.get("fetchLatest", "")).lower() != "true":
        return list(newest)
    return [test for index, test in enumerate(newest) if of(test) not in map(of, newest[:index])]


def _asked(operation: Operation, tests: tuple[Test, ...]) -> tuple[Test, ...]:
    wanted = str(operation.parameters.get("failoverTestId", "")).lower()
    return tuple(test for test in tests if test.test_guid == wanted)


def _place(test: SiteTest) -> str:
    return test.peering_location


def _link(test: LinkTest) -> Json:
    return {"linkType": test.link, "circuitTestCategory": test.category.value,
            "wasSimulationSuccessful": test.was_simulation_successful}


def _redundancy(routes: Routes) -> dict[str, list[str]]:
    """Prefixes that all sources tell, and those of some alone."""
    told = [set(found) for found in routes.values()]
    everywhere, somewhere = (set.intersection(*told), set.union(*told)) if told else (set(), set())
    return {"redundantRoutes": sorted(everywhere), "nonRedundantRoutes": sorted(somewhere - everywhere)}


def _route(prefix: str, routes: Routes) -> Json:
    entries = {leg: found[prefix] for leg, found in routes.items() if prefix in found}
    return {"route": prefix, "nextHop": next(iter(entries.values()))["nextHop"],
            **{f"{leg}ASPath": entry["asPath"] for leg, entry in entries.items()}}


def _tested(gateway: Resource, estate: Estate, test: SiteTest) -> Json:
    """The circuits at the location, and the connections to them, as they are linked now."""
    linked = [one for one in connections(estate, gateway.id)
              if one.circuit.location.casefold() == test.peering_location.casefold()]
    return {"circuits": [{"nrpResourceUri": str(one.circuit.resource.id), "name": one.circuit.resource.id.name,
                          "connectionName": one.resource.id.name} for one in linked],
            "connections": [{"nrpResourceUri": str(one.resource.id), "name": one.resource.id.name,
                             "status": "Disconnected" if test.running else "Connected",
                             "lastUpdatedTime": test.end_time or test.start_time} for one in linked]}


def _by_location(test: SiteTest, before: Routes) -> Json:
    """Which routes came from where: those of the tested location alone have no second way."""
    places: dict[str, tuple[str, ...]] = {
        prefix: tuple(sorted(place for place, found in before.items() if prefix in found))
        for found in before.values() for prefix in found}
    groups = sorted({told for told in places.values() if len(told) > 1})
    return {"redundantRoutes": [{"peeringLocations": list(group),
                                 "routes": sorted(one for one, told in places.items() if told == group)}
                                for group in groups],
            "nonRedundantRoutes": sorted(one for one, told in places.items() if told == (test.peering_location,))}
