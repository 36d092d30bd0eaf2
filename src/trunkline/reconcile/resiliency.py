"""Answers how resilient an estate is, computed when asked: from the wishes in the store and the sessions of now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from threading import Lock

from trunkline.diagnosis.resiliency import azure, ours, report
from trunkline.diagnosis.resiliency.evidence import Evidence, LegOf, LegSeen
from trunkline.diagnosis.resiliency.subject import Subject
from trunkline.diagnosis.resiliency.subject import ways as ways_of
from trunkline.diagnosis.resiliency.tried import by_drills, by_tests, passed, spoiled_by
from trunkline.diagnosis.whatif.demand import demands
from trunkline.diagnosis.whatif.sweep import Sweep
from trunkline.diagnosis.whatif.words import Names
from trunkline.errors import Fault
from trunkline.intent.bgp import SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, vrf_node
from trunkline.intent.connectivity.inventory import Inventory
from trunkline.intent.connectivity.model import Connectivity
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView, connection_view, gateway_view
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CONNECTION, PUBLIC_IP_ADDRESS, CircuitView, alive, referrers
from trunkline.model.circuit import Leg
from trunkline.model.failover import site_tests
from trunkline.model.network import VirtualNetworkGateway
from trunkline.model.operation import Operation
from trunkline.model.plant import metro_sites
from trunkline.model.profile import Profile
from trunkline.model.resiliency import DrillResult, ResiliencyQuestion
from trunkline.model.resource import Json, Resource, now
from trunkline.reconcile.unharmed import Unharmed
from trunkline.reconcile.whatif import everything
from trunkline.store import Reader


class Resiliency:
    def __init__(self, speaker: Speaker, profile: Profile) -> None:
        self._speaker, self._profile = speaker, profile
        self._scores: dict[str, float] = {}
        self._lock = Lock()

    def of_gateway(self, operation: Operation, reader: Reader) -> Json:
        """ARM's: by Microsoft's formula, with the change since it was last asked for."""
        view = gateway_view(reader, operation.resource)
        if view is None:
            raise Fault("GatewayNotReady", f"{operation.resource} has no GatewaySubnet to stand in yet; give its "
                        "virtual network one.")
        computed = now()
        components = azure.index(self._seen(view, reader), computed)
        with self._lock:
            before = self._scores.get(view.resource.id.key)
            self._scores[view.resource.id.key] = sum(one.score for one in components)
        return report.arm(components, before, computed)

    def answer(self, operation: Operation, reader: Reader) -> Json:
        """Ours, with every lost point, and Microsoft's of each gateway."""
        question = ResiliencyQuestion.model_validate_json(operation.parameters["question"])
        estate, computed = Unharmed(reader), now()
        found = everything(reader, estate)
        names = Names(found)
        network = Connectivity(found, estate, self._profile, operation.resource.subscription)
        wanted = Subject(question.of, operation.resource.subscription, found, names)
        sweep = Sweep(network, demands(network.bundles, found.sites, estate, 0.0))
        ways = tuple((place, ways_of(bundle, network, found, names)) for place, bundle in enumerate(network.bundles)
                     if wanted.covers(bundle))
        evidence = self._evidence(found, (one for _, way in ways for one in way.circuits), reader, computed,
                                  question.drills)
        index = ours.index(sweep, sweep.states(network.causes), ways, evidence, names)
        return {**report.ours(index), "of": question.of, "computedAt": computed.isoformat(),
                "azure": [report.azures(names.owner(one.resource.id.key),
                                        azure.index(self._seen(one, reader), computed)) for one in wanted.gateways]}

    def _evidence(self, found: Inventory, circuits: Iterable[CircuitView], reader: Reader, computed: datetime,
                  drills: Sequence[DrillResult]) -> Evidence:
        known = {one.resource.id.key: one for one in circuits}
        legs: dict[LegOf, LegSeen] = {(key, leg): seen for key, one in known.items() for leg, seen in
                                      self._legs(one, reader)}
        return Evidence(computed, legs, (*by_drills(drills, found), *by_tests(found)),
                        tuple(spoiled_by(drills, found)))

    def _legs(self, circuit: CircuitView, reader: Reader) -> Iterator[tuple[Leg, LegSeen]]:
        for leg in Leg:
            blueprint = compile(Scope(ScopeKind.LEG, circuit.resource.id.key, leg), reader, self._profile)
            node = vrf_node(circuit.resource.id, leg)
            for router in blueprint.routers:
                if router.node == node:
                    asked = [one for one in router.sessions if one.group == CUSTOMER]
                    told = {one.name: one for one in self._speaker.sessions(router)}
                    seen = [(one, told[one.name]) for one in asked]
                    yield leg, LegSeen(
                        bool(seen) and all(status.state is SessionState.ESTABLISHED for _, status in seen),
                        bool(seen) and all(one.bfd is not None and status.bfd == "Up" for one, status in seen))

    def _seen(self, gateway: GatewayView, reader: Reader) -> azure.GatewaySeen:
        linked = tuple(self._linked(link, reader) for link in referrers(reader, gateway.resource.id, CONNECTION))
        tests = tuple((test.peering_location, datetime.fromisoformat(test.end_time))
                      for test in site_tests(gateway.resource) if passed(test))
        return azure.GatewaySeen(gateway.resource.id.name, _model(gateway), _zonal(gateway, reader),
                                 tuple(one for one in linked if one), tests)

    def _linked(self, link: Resource, reader: Reader) -> azure.Linked | None:
        view = connection_view(reader, link)
        if view is None:
            return None
        circuit = view.circuit
        return azure.Linked(circuit.resource.id.name, circuit.location, circuit.location in metro_sites(),
                            link.status.get("connectionStatus") == "Connected", tuple(self._legs(circuit, reader)))


def _model(gateway: GatewayView) -> VirtualNetworkGateway:
    return VirtualNetworkGateway.model_validate(gateway.resource.properties)


def _zonal(gateway: GatewayView, estate: Estate) -> bool:
    """Whether its public address is of one availability zone alone."""
    for configuration in _model(gateway).ip_configurations:
        named = configuration.properties.public_ip_address
        address = alive(estate, named.target) if named else None
        if address and address.id.type.lower() == PUBLIC_IP_ADDRESS.lower():
            return len(address.envelope.get("zones", ())) == 1
    return False
