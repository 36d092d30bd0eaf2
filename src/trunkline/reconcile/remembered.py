"""Routes from before a failover test and from its end, noted by the pass that is about to change them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from trunkline.errors import TrunklineError
from trunkline.intent.bgp import Router
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CIRCUITS, CUSTOMER, gateway_tunnel, vrf_node
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import connections
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.circuit import Leg
from trunkline.model.failover import FailoverTest, LinkTest, link_tests, site_tests
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import Reader, Store

#: By leg (of a gateway: by peering location), then by prefix: ``nextHop`` and ``asPath``.
Routes = dict[str, dict[str, Json]]


@dataclass(frozen=True, slots=True)
class Seen:
    """``begun``: the pass that realises the test has come by."""

    before: Routes = field(default_factory=dict)
    during: Routes = field(default_factory=dict)
    begun: bool = False


class TestRoutes:
    """A resource's are one document of the journal."""

    __test__ = False

    def __init__(self, store: Store, speaker: Speaker, profile: Profile) -> None:
        self._store, self._speaker, self._profile = store, speaker, profile
        self._noting = Lock()

    def note(self, scope: Scope) -> None:
        """Before a pass. Whichever comes first of those that a test changes: a gateway's sessions have another end."""
        with self._store.reading() as reader:
            tested = tuple(_tested(scope, reader))
        for one, own in tested:
            with self._noting:
                self._note(one, own)

    def _note(self, tested: Resource, scope: Scope) -> None:
        """What cannot be read is remembered as nothing: a test must not wait for a daemon."""
        with self._store.reading() as reader:
            known = reader.journal(_name(tested)) or {}
            new = {test.test_guid: phase for test in _tests(tested, scope) for phase in _missing(test, known)}
            found = self._asked(scope, reader) if new else {}
        if not new:
            return
        document = {guid: {**known.get(guid, {}), **({new[guid]: found} if guid in new else {})}
                    for guid in (test.test_guid for test in _tests(tested)) if guid in known or guid in new}
        with self._store.writing() as writer:
            writer.save_journal(_name(tested), document)

    def of(self, tested: Resource, test: FailoverTest, reader: Reader) -> Seen:
        noted = (reader.journal(_name(tested)) or {}).get(test.test_guid)
        return Seen(noted.get("before", {}), noted.get("during", {}), begun=True) if noted else Seen()

    def now(self, scope: Scope, estate: Estate) -> Routes:
        """As the daemons say: the customer's by leg, a gateway's by peering location."""
        routes: Routes = {}
        for source, router, sessions in self._sources(scope, estate):
            told = routes.setdefault(source, {})
            for entry in self._speaker.routes(router):
                if entry.session in sessions:
                    told[entry.prefix] = {"nextHop": entry.next_hop, "asPath": " ".join(map(str, entry.as_path))}
        return routes

    def _asked(self, scope: Scope, estate: Estate) -> Routes:
        try:
            return self.now(scope, estate)
        except (TrunklineError, OSError):
            return {}

    def _sources(self, scope: Scope, estate: Estate) -> Iterator[tuple[str, Router, frozenset[str]]]:
        tested = ResourceId.parse(scope.key)
        if scope.kind is ScopeKind.LEG:
            for leg in Leg:
                for router in compile(Scope(scope.kind, scope.key, leg), estate, self._profile).routers:
                    if router.node == vrf_node(tested, leg):
                        yield leg.value, router, frozenset(one.name for one in router.sessions
                                                           if one.group == CUSTOMER)
            return
        routers = compile(scope, estate, self._profile).routers
        for place in {one.circuit.location for one in connections(estate, tested)}:
            ends = {gateway_tunnel(one, leg) for one in connections(estate, tested) for leg in Leg
                    if one.circuit.location == place}
            for router in routers:
                yield place, router, frozenset(one.name for one in router.sessions
                                               if one.group in CIRCUITS and one.interface in ends)


def _tested(scope: Scope, estate: Estate) -> Iterator[tuple[Resource, Scope]]:
    """Circuits and gateways with tests that a pass over the scope may begin or end, each with its own scope."""
    own = estate.get(ResourceId.parse(scope.key)) if scope.kind in (ScopeKind.LEG, ScopeKind.GATEWAY) else None
    if own and _tests(own):
        yield own, scope
    for link in connections(estate, own.id) if own and scope.kind is ScopeKind.LEG else ():
        gateway = link.gateway.resource
        if _tests(gateway):
            yield gateway, Scope(ScopeKind.GATEWAY, gateway.id.key)


def _name(tested: Resource) -> str:
    return f"failover tests {tested.id.key}"


def _tests(tested: Resource, scope: Scope | None = None) -> tuple[FailoverTest, ...]:
    """With a scope those that its pass realises: a link's are the work of the leg's own."""
    found: tuple[FailoverTest, ...] = (*link_tests(tested), *site_tests(tested))
    return tuple(one for one in found
                 if scope is None or not isinstance(one, LinkTest) or one.leg == scope.leg)


def _missing(test: FailoverTest, known: Json) -> Iterator[str]:
    """What is to be noted now: the routes of a test that has just begun, or has just ended."""
    noted = known.get(test.test_guid)
    if noted is None and test.running:
        yield "before"
    elif noted is not None and not test.running and "during" not in noted:
        yield "during"
