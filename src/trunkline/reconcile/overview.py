"""A subscription's estate at a glance: circuits, legs, sessions, traffic, gateways, sites, nodes, what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from trunkline.intent.bgp import Router, SessionStatus
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER, attachment
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.network import Counter, Direction, Node, PortCounters
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE, VIRTUAL_HUB, VNET, CircuitView, circuit_view
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, ProvisioningState, Resource
from trunkline.store import Reader

_ROOTS = {GATEWAY: ScopeKind.GATEWAY, SITE: ScopeKind.SITE, VNET: ScopeKind.VNET, VIRTUAL_HUB: ScopeKind.HUB}
#: Of a circuit on a Direct port: there is no network behind it.
_NO_LEG: Json = {"fault": False, "failoverTest": False, "bgp": "NotConfigured", "sessions": [],
                 "traffic": {direction.value: {"packets": 0, "bytes": 0} for direction in Direction}}


class _Look:
    """One look at the network; each node's counters are read once."""

    def __init__(self, estate: Reader, plane: Plane, speaker: Speaker, profile: Profile) -> None:
        self.estate, self.speaker, self._plane, self._profile = estate, speaker, plane, profile
        self.counters = cache(self._counters)

    def _counters(self, node: str) -> PortCounters:
        return self._plane.counters(node)

    def blueprint(self, scope: Scope) -> Blueprint:
        return compile(scope, self.estate, self._profile)


def overview(subscription: str, estate: Reader, plane: Plane, speaker: Speaker, profile: Profile) -> Json:
    look = _Look(estate, plane, speaker, profile)
    circuits = [r for r in estate.list(CIRCUIT, subscription) if not r.deleting]
    others = [r for kind in _ROOTS for r in estate.list(kind, subscription) if not r.deleting]
    return {
        "circuits": [_circuit(look, resource) for resource in circuits],
        "ports": list(_ports(look, circuits)),
        "routers": [row for resource in others for row in _routers(look, resource)],
        "nodes": list(_nodes(look, [*circuits, *others], plane.nodes())),
        "operations": [{"id": o.id, "resource": str(o.resource), "kind": o.kind, "waitingFor": o.waiting_for}
                       for o in estate.pending() if o.resource.subscription == subscription and o.kind != "action"],
        "failed": [str(r.id) for r in (*circuits, *others) if r.state is ProvisioningState.FAILED],
    }


def _circuit(look: _Look, resource: Resource) -> Json:
    view, model = circuit_view(look.estate, resource.id), Circuit.model_validate(resource.properties)
    provided = view is None or view.provisioned  # a Direct circuit has no provider to wait for
    return {
        "id": str(resource.id), "name": resource.id.name, "location": model.service.peering_location,
        "provider": model.service.service_provider_name, "bandwidthInMbps": model.service.bandwidth_in_mbps,
        "serviceKey": resource.system["serviceKey"], "stag": view.stag if view else None,
        "provisioningState": resource.state, "direct": model.direct,
        "circuitProvisioningState": resource.status.get(
            "circuitProvisioningState", "Enabled" if model.direct else "Disabled"),
        "serviceProviderProvisioningState": "Provisioned" if provided else "NotProvisioned",
        "legs": {leg.value: _leg(look, view, leg) if view else _NO_LEG for leg in Leg},
    }


def _leg(look: _Look, view: CircuitView, leg: Leg) -> Json:
    blueprint = look.blueprint(Scope(ScopeKind.LEG, view.resource.id.key, leg))
    counters = look.counters(edge_node(view.location, leg))
    sessions = [row for router in blueprint.routers for row in _sessions(router, look.speaker.sessions(router))]
    return {
        "fault": leg in view.faults,
        "failoverTest": leg in view.withdrawn,
        "bgp": next((s["state"] for s in sessions if s["group"] == CUSTOMER), "NotConfigured"),
        "sessions": sessions,
        "traffic": {d.value: _counted(counters.attachments.get((attachment(view, leg), d), Counter()))
                    for d in Direction},
    }


def _ports(look: _Look, circuits: Iterable[Resource]) -> Iterator[Json]:
    """Drops of the edges under these circuits. They are counted by port, and a port may serve other circuits too."""
    views = [view for circuit in circuits if (view := circuit_view(look.estate, circuit.id))]
    for location in sorted({view.location for view in views}):
        for leg in Leg:
            node = edge_node(location, leg)
            drops = look.counters(node).drops
            yield {"node": node, "location": location, "leg": leg.value,
                   "drops": {reason: counter.packets for reason, counter in drops.items()}}


def _counted(counter: Counter) -> Json:
    return {"packets": counter.packets, "bytes": counter.byte_count}


def _sessions(router: Router, statuses: Iterable[SessionStatus]) -> Iterator[Json]:
    known = {session.name: session for session in router.sessions}
    for status in statuses:
        session = known[status.name]
        yield {"node": router.node, "name": status.name, "group": session.group, "peer": session.peer_address,
               "peerAsn": session.peer_asn, "state": status.state, "bfd": status.bfd,
               "since": status.since.isoformat() if status.since else None, "received": status.prefixes_received,
               "accepted": status.prefixes_accepted, "sent": status.prefixes_sent, "lastError": status.last_error}


def _routers(look: _Look, resource: Resource) -> Iterator[Json]:
    for router in look.blueprint(Scope(_ROOTS[resource.id.type], resource.id.key)).routers:
        yield {"node": router.node, "resource": str(resource.id), "daemon": router.daemon, "asn": router.asn,
               "down": router.down, "sessions": list(_sessions(router, look.speaker.sessions(router)))}


def _nodes(look: _Look, resources: Iterable[Resource], existing: frozenset[str]) -> Iterator[Json]:
    """Nodes of these resources and of the plant they stand on, each once."""
    todo = [scope for resource in resources for scope in _scopes(resource)]
    owners = {scope: str(resource.id) for resource in resources for scope in _scopes(resource)}
    seen: set[Scope] = set()
    while todo:
        scope = todo.pop(0)
        if scope in seen:
            continue
        seen.add(scope)
        blueprint = look.blueprint(scope)
        todo.extend(blueprint.requires)
        for piece in blueprint.pieces:
            if isinstance(piece, Node):
                yield {"name": piece.name, "role": piece.role, "resource": owners.get(scope, str(scope)),
                       "present": piece.name in existing}


def _scopes(resource: Resource) -> tuple[Scope, ...]:
    if resource.id.type == CIRCUIT:
        return tuple(Scope(ScopeKind.LEG, resource.id.key, leg) for leg in Leg)
    return (Scope(_ROOTS[resource.id.type], resource.id.key),)
