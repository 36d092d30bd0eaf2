"""What a link failover test has found: BGP of both legs as it is now, and the customer's routes on each (azure-facts
1.3.1, ExpressRouteLinkFailover…)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.intent.bgp import RibEntry, Router, Session, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, vrf_node
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.bgp import family_of
from trunkline.model.circuit import Leg
from trunkline.model.failover import LinkTest, link_tests
from trunkline.model.operation import Operation
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, Resource, now

#: The only category there is here.
_CATEGORY = "BgpDisconnect"


class FailoverTests:
    """Asks the daemons of a circuit's legs."""

    def __init__(self, speaker: Speaker, profile: Profile) -> None:
        self._speaker, self._profile = speaker, profile

    def all(self, operation: Operation, estate: Estate) -> list[Json]:
        """The latest first; with ``fetchLatest`` it alone."""
        circuit = estate.get(operation.resource)
        tests = tuple(reversed(link_tests(circuit))) if circuit else ()
        if str(operation.parameters.get("fetchLatest", "")).lower() == "true":
            tests = tests[:1]
        return [{**_times(test, "startTime", "endTime"), "testGuid": test.test_guid, "testType": "SingleSiteFailover",
                 "issues": [], "circuitTestCategory": _CATEGORY, "linkType": test.link, "status": test.status.value,
                 "wasSimulationSuccessful": test.was_simulation_successful,
                 "bgpStatus": self._bgp(circuit, estate, test)} for test in tests if circuit]

    def one(self, operation: Operation, estate: Estate) -> list[Json]:
        """The SDK wants a list here too."""
        circuit, wanted = estate.get(operation.resource), str(operation.parameters.get("failoverTestId", "")).lower()
        return [{**_times(test, "startTimeUtc", "endTimeUtc"), "status": test.status.value, "linkType": test.link,
                 "circuitTestCategory": _CATEGORY, "wasSimulationSuccessful": test.was_simulation_successful,
                 "isSimulationVerified": test.is_verified, **self._compared(circuit, estate, test),
                 "bgpStatus": self._bgp(circuit, estate, test)}
                for test in (link_tests(circuit) if circuit else ()) if circuit and test.test_guid == wanted]

    def _routers(self, circuit: Resource, estate: Estate) -> Iterator[tuple[Leg, Router]]:
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
        for leg, router in self._routers(circuit, estate):
            states = {one.name: one.state for one in self._speaker.sessions(router)}
            for session in _customer_sessions(router):
                up = states.get(session.name) is SessionState.ESTABLISHED
                rows.append({"type": f"IPv{family_of(session.peer_address)}", "link": leg.value.capitalize(),
                             "checkTimeUtc": now().isoformat(), "status": "Connected" if up else "Disconnected"})
        return rows

    def _compared(self, circuit: Resource, estate: Estate, test: LinkTest) -> Json:
        """Routes that both legs carry, and those of one leg alone, while the test runs."""
        routes = {leg: {entry.prefix: entry for entry in self._speaker.routes(router)
                        if entry.session in {session.name for session in _customer_sessions(router)}}
                  for leg, router in self._routers(circuit, estate)} if test.running else {}
        seen = [set(entries) for entries in routes.values()]
        everywhere = set.intersection(*seen) if seen else set()
        somewhere = set().union(*seen) - everywhere
        return {word: {"beforeSimulation": [], "duringSimulation": [_route(prefix, routes) for prefix in sorted(found)]}
                for word, found in (("redundantRoutes", everywhere), ("nonRedundantRoutes", somewhere))}


def _customer_sessions(router: Router) -> Iterator[Session]:
    """One for each family."""
    yield from (session for session in router.sessions if session.group == CUSTOMER)


def _times(test: LinkTest, start: str, end: str) -> Json:
    return {start: test.start_time, **({end: test.end_time} if test.end_time else {})}


def _route(prefix: str, routes: Mapping[Leg, Mapping[str, RibEntry]]) -> Json:
    entries = {leg: found[prefix] for leg, found in routes.items() if prefix in found}
    paths = {f"{leg}ASPath": " ".join(map(str, entry.as_path)) for leg, entry in entries.items()}
    return {"route": prefix, "nextHop": next(iter(entries.values())).next_hop, **paths}
