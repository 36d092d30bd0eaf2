"""A subscription's estate at a glance: circuits, legs, sessions, traffic, Direct ports, gateways, sites, nodes, what is
wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from trunkline.diagnosis.refusals import Readings, last_error, warning
from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.direct import direct_interface
from trunkline.intent.compile.draft import CUSTOMER, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.direct import PORT, PortView, link_of, port_view
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.network import Counter, Direction, Line, Node, PortCounters
from trunkline.intent.peering import peerings
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.validation import configuration, registered_asn, verdicts
from trunkline.intent.view import (
    CIRCUIT,
    FAULT,
    GATEWAY,
    IMPAIRMENT,
    SITE,
    VNET,
    CircuitView,
    circuit_view,
    referrers,
)
from trunkline.intent.wan import VIRTUAL_HUB, WAN_GATEWAY
from trunkline.model.circuit import Circuit, Leg
from trunkline.model.peering import PeeringType
from trunkline.model.profile import HANDOFF_MTU, Profile
from trunkline.model.resource import Json, ProvisioningState, Resource
from trunkline.reconcile import backbone, origins
from trunkline.reconcile.conditions import announced, cut, links, told, with_far_ends, withheld, work
from trunkline.reconcile.counting import amount, counted, traffic
from trunkline.reconcile.drops import at_own_port, at_ports
from trunkline.reconcile.exchanges import exchanges
from trunkline.reconcile.hubs import hubs
from trunkline.reconcile.outages import Standing
from trunkline.reconcile.paths import gateways, paths
from trunkline.reconcile.reaching import links_of
from trunkline.reconcile.troubles import Troubles
from trunkline.store import Reader

_ROOTS = {GATEWAY: ScopeKind.GATEWAY, WAN_GATEWAY: ScopeKind.GATEWAY, SITE: ScopeKind.SITE, VNET: ScopeKind.VNET,
          VIRTUAL_HUB: ScopeKind.HUB, EXCHANGE: ScopeKind.EXCHANGE, MEMBER: ScopeKind.MEMBER}
#: Of a circuit whose Direct port is missing.
_NO_LEG: Json = {"fault": False, "cut": [], "failoverTest": False, "maintenance": None, "withheld": [],
                 "bgp": "NotConfigured", "sessions": [],
                 "traffic": {direction.value: {"packets": 0, "bytes": 0} for direction in Direction},
                 "counters": [], "throttleInMbps": None}


class Look:
    """One look at the network; each node's counters and lines are read once."""

    def __init__(self, estate: Reader, plane: Plane, speaker: Speaker, profile: Profile, troubles: Troubles) -> None:
        self.estate, self.speaker, self.plane, self.troubles, self.profile = estate, speaker, plane, troubles, profile
        self.counters, self.lines = cache(self._counters), cache(self._lines)
        self.failing: frozenset[tuple[str, str]] = frozenset()  #: circuits' keys and legs that faults take away

    def _counters(self, node: str) -> PortCounters:
        return self.plane.counters(node)

    def _lines(self, node: str) -> dict[str, Line]:
        return {line.name: line for line in self.plane.lines(node)}

    def blueprint(self, scope: Scope) -> Blueprint:
        return compile(scope, self.estate, self.profile)


def overview(subscription: str, look: Look, operator: bool = False) -> Json:
    """``operator``: who asks may know where the operator's own data come from, and what is wrong with them."""
    estate = look.estate
    circuits = [r for r in estate.list(CIRCUIT, subscription) if not r.deleting]
    others = [r for kind in _ROOTS for r in estate.list(kind, subscription) if not r.deleting]
    ports = [r for r in estate.list(PORT, subscription) if not r.deleting]
    reached = _reached(look, [*circuits, *others, *ports])
    compiled = {scope: blueprint for scope, (_, blueprint) in reached.items()}
    on = Standing(circuits, (r for r in others if r.id.type in (GATEWAY, WAN_GATEWAY)), compiled)
    faults = [on.told(r, estate, look.plane) for r in estate.list(FAULT, subscription) if not r.deleting]
    look.failing = frozenset((leg["id"].lower(), leg["leg"]) for row in faults for leg in row["legs"])
    return {
        "profile": look.profile.name,
        "circuits": with_far_ends([_circuit(look, resource) for resource in circuits]),
        "ports": list(_ports(look, circuits, ports)),
        "directPorts": [row for resource in ports for row in _links(look, resource)],
        "connections": list(paths(subscription, estate, look.plane, look.profile)),
        "faults": faults,
        "maintenances": list(announced(subscription, estate)),
        "canFail": list(on.targets()),
        "backbone": list(backbone.links(reached, estate, look.speaker, look.profile, look.troubles)),
        "impairments": list(told((r for r in estate.list(IMPAIRMENT, subscription) if not r.deleting), estate,
                                 look.plane)),
        "gateways": list(gateways(subscription, estate, look.plane, look.profile)),
        "hubs": list(hubs((r for r in others if r.id.type == VIRTUAL_HUB), estate, look.speaker, look.blueprint)),
        "exchanges": list(exchanges(subscription, estate, look.plane, look.speaker, look.blueprint)),
        "routers": [row for resource in others for row in _routers(look, resource)],
        "nodes": list(_nodes(reached, look.plane.nodes())),
        "degraded": [{"scope": str(scope), "resource": owner, "reason": reason}
                     for scope, (owner, _) in reached.items() if (reason := look.troubles.of(scope))],
        "originValidation": [origins.told(report) if operator else _standing(report)
                             for report in look.troubles.validation],
        "operations": [{"id": o.id, "resource": str(o.resource), "kind": o.kind, "waitingFor": o.waiting_for}
                       for o in estate.pending() if o.resource.subscription == subscription and o.kind != "action"],
        "registries": look.troubles.registries if operator else [],
        "publicPrefixes": [row for resource in circuits for row in _public_prefixes(look, resource)],
        "failed": [str(r.id) for r in (*circuits, *others, *ports) if r.state is ProvisioningState.FAILED],
    }


def _standing(report: origins.Report) -> Json:
    return {"leg": report.leg.value, "state": report.standing.value, "alarm": report.alarming}


def _circuit(look: Look, resource: Resource) -> Json:
    view, model = circuit_view(look.estate, resource.id), Circuit.model_validate(resource.properties)
    provided = view is None or view.provisioned
    return {
        "id": str(resource.id), "name": resource.id.name, "location": view.location if view else "",
        "provider": model.service.service_provider_name, "bandwidthInMbps": model.service.bandwidth_in_mbps,
        "mtu": {"handoff": HANDOFF_MTU, "service": look.profile.mtu},
        "serviceKey": resource.system["serviceKey"], "stag": view.stag if view else None,
        "provisioningState": resource.state, "direct": model.direct,
        "circuitProvisioningState": resource.status.get(
            "circuitProvisioningState", "Disabled"),
        "serviceProviderProvisioningState": "Provisioned" if provided else "NotProvisioned",
        "links": links(look.estate, resource),
        "globalReach": list(links_of(view, look.estate, look.speaker, look.profile, look.counters)) if view else [],
        "legs": {leg.value: _leg(look, view, leg) if view else _NO_LEG for leg in Leg},
    }


def _leg(look: Look, view: CircuitView, leg: Leg) -> Json:
    blueprint = look.blueprint(Scope(ScopeKind.LEG, view.resource.id.key, leg))
    kinds = {vrf_node(view.resource.id, leg, peering.kind): peering.kind for peering in view.peerings}
    sessions = [{"peering": kinds[router.node].value, **row} for router in blueprint.routers
                for row in _sessions(look, router)]
    return {
        "fault": (view.resource.id.key, leg.value) in look.failing,
        "cut": cut(view, leg),
        "failoverTest": leg in (*view.withdrawn, *view.prepended),
        "maintenance": work(look.estate, view.resource.id, leg),
        "withheld": list(withheld(view, look.estate, leg)),
        "bgp": next((s["state"] for s in sessions if s["group"] == CUSTOMER), "NotConfigured"),
        "sessions": sessions,
        "traffic": traffic(view, leg, look.counters),
        "counters": [{**row, "port": at_own_port(view, PeeringType(row["peering"]), leg, Direction(row["direction"]),
                                                 look.counters)}
                     for row in counted(view, leg, look.counters)],
        "throttleInMbps": view.throttle_mbps if view.order(leg) else None,
    }


def _public_prefixes(look: Look, circuit: Resource) -> Iterator[Json]:
    """What a customer means to announce on Microsoft peering, and who says whose it is."""
    for peering in peerings(look.estate, circuit.id):
        for family in (4, 6):
            config = configuration(peering.model, family)
            asn = registered_asn(peering.model, config) if config else 0
            for one in verdicts(peering.resource, family):
                yield {"circuit": circuit.id.name, "circuitId": str(circuit.id), "prefix": one.prefix, "asn": asn,
                       "state": one.state.value, "by": one.by}


def _ports(look: Look, circuits: Iterable[Resource], ports: Iterable[Resource]) -> Iterator[Json]:
    views = (view for circuit in circuits if (view := circuit_view(look.estate, circuit.id)))
    directs = (direct for port in ports if (direct := port_view(look.estate, port.id)))
    return at_ports(views, directs, look.counters)


def _sessions(look: Look, router: Router) -> Iterator[Json]:
    known, statuses = {session.name: session for session in router.sessions}, look.speaker.sessions(router)
    silent = any(status.state is not SessionState.ESTABLISHED for status in statuses)
    readings = look.troubles.refused(router.node, look.plane.refused(router.node)) if silent else Readings()
    for status in statuses:
        session = known[status.name]
        yield {"node": router.node, "name": status.name, "group": session.group, "peer": session.peer_address,
               "peerAsn": session.peer_asn, "state": status.state, "bfd": status.bfd,
               "since": status.since.isoformat() if status.since else None, "received": status.prefixes_received,
               "accepted": status.prefixes_accepted, "sent": status.prefixes_sent,
               "lastError": last_error(session, status, readings),
               "prefixLimit": session.prefix_limit, "warning": warning(session, status)}


def _routers(look: Look, resource: Resource) -> Iterator[Json]:
    for router in look.blueprint(Scope(_ROOTS[resource.id.type], resource.id.key)).routers:
        yield {"node": router.node, "resource": str(resource.id), "daemon": router.daemon, "asn": router.asn,
               "down": router.down, "sessions": list(_sessions(look, router))}


def _links(look: Look, resource: Resource) -> Iterator[Json]:
    """The links of a Direct port as they really are. No light where no optic tells any."""
    port = port_view(look.estate, resource.id)
    circuits = [circuit.id for circuit in referrers(look.estate, resource.id, CIRCUIT)]
    if port is None:
        return
    for leg in Leg:
        line = look.lines(edge_node(port.location, leg)).get(direct_interface(port, leg))
        yield {
            "id": str(resource.id), "port": resource.id.name, "link": link_of(leg), "location": port.location,
            "encapsulation": port.model.encapsulation, "bandwidthInGbps": port.model.bandwidth_in_gbps,
            "adminState": port.settings(leg).admin_state, "lineProtocol": "Up" if line and line.carrier else "Down",
            "pluggedInto": _plug(port, leg), "circuits": [one.name for one in circuits],
            "circuitIds": list(map(str, circuits)),
            "light": [{"rxDbm": received, "txDbm": sent} for received, sent in line.light] if line else [],
            "traffic": {word: amount(counter) for word, counter in (
                ("in", line.received if line else Counter()), ("out", line.sent if line else Counter()))},
            "degraded": look.troubles.of(Scope(ScopeKind.DIRECT, resource.id.key, leg)) or (
                "" if line else f"the edge has no interface {direct_interface(port, leg)} for {_plug(port, leg)}")}


def _plug(port: PortView, leg: Leg) -> str:
    plugged = port.end(leg)
    if plugged is None:
        return "nothing"
    if plugged.site:
        return f"{plugged.site.id.name} {plugged.end.router}"
    handoff = plugged.end.handoff
    return f"{handoff.kind.lower()} {handoff.interface}" if handoff else "nothing"


_Reached = dict[Scope, tuple[str, Blueprint]]


def _reached(look: Look, resources: Iterable[Resource]) -> _Reached:
    """The scopes of these resources and of the plant they stand on, each once, with whose they are."""
    owners = {scope: str(resource.id) for resource in resources for scope in _scopes(resource)}
    todo, found = list(owners), _Reached()
    while todo:
        scope = todo.pop(0)
        if scope not in found:
            blueprint = look.blueprint(scope)
            found[scope] = owners.get(scope, str(scope)), blueprint
            todo.extend(blueprint.requires)
    return found


def _nodes(reached: _Reached, existing: frozenset[str]) -> Iterator[Json]:
    for owner, blueprint in reached.values():
        for piece in blueprint.pieces:
            if isinstance(piece, Node):
                yield {"name": piece.name, "role": piece.role, "resource": owner, "present": piece.name in existing}


def _scopes(resource: Resource) -> tuple[Scope, ...]:
    if resource.id.type in (CIRCUIT, PORT):
        kind = ScopeKind.LEG if resource.id.type == CIRCUIT else ScopeKind.DIRECT
        return tuple(Scope(kind, resource.id.key, leg) for leg in Leg)
    return (Scope(_ROOTS[resource.id.type], resource.id.key),)
