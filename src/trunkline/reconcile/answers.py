"""Live questions, answered from daemons, kernel and eBPF counters in Azure's shapes (azure-facts 1.3, section 4).

Each answer is a pure shaping of what a driver reported; ``Answers.of`` does the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from trunkline.errors import Fault
from trunkline.intent import exchange
from trunkline.intent.bgp import RibEntry, Router, SessionState, SessionStatus
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CIRCUITS, CUSTOMER, attachment, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.vrf import TO_CUSTOMER
from trunkline.intent.drivers import Direction as Way
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.network import Counter, Direction, Neighbor
from trunkline.intent.peering import PeeringView
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import GATEWAY, PEERING, CircuitView, alive, circuit_view
from trunkline.intent.wan import VIRTUAL_HUB, WAN_GATEWAY
from trunkline.model.bgp import bare, customer_address, edge_address, family_of
from trunkline.model.circuit import Leg
from trunkline.model.operation import Operation
from trunkline.model.peering import PeeringType
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, ResourceId
from trunkline.reconcile.effective import Effective
from trunkline.reconcile.failover import FailoverTests
from trunkline.reconcile.hub_routes import HubRoutes
from trunkline.reconcile.looking_glass import LookingGlass, Wanted, of_circuit
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.remembered import TestRoutes
from trunkline.reconcile.resiliency import Resiliency
from trunkline.reconcile.route_feed import RouteFeed
from trunkline.reconcile.route_servers import peer_routes
from trunkline.reconcile.troubles import Troubles
from trunkline.reconcile.whatif import WhatIfAnswers
from trunkline.store import Reader, Store

#: Kernel states in which a neighbour's hardware address is known.
_RESOLVED = frozenset({"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"})

#: Beside circuits, whose looking glass there is: where the routers stand, and the scope that has them.
_PLACES = {GATEWAY.lower(): ("gateway", ScopeKind.GATEWAY), WAN_GATEWAY.lower(): ("gateway", ScopeKind.GATEWAY),
           VIRTUAL_HUB.lower(): ("hub", ScopeKind.HUB),
           exchange.EXCHANGE.lower(): ("exchange", ScopeKind.EXCHANGE)}
_PEER_STATES = {SessionState.ESTABLISHED: "Connected", SessionState.IDLE: "Idle"}


class Answers:
    """Asks the drivers; runs in the reconciler, the only process that may."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile, troubles: Troubles) -> None:
        self._store, self._plane, self._speaker, self._profile = store, plane, speaker, profile
        self._troubles, self._feed = troubles, RouteFeed(speaker)
        tests = FailoverTests(speaker, profile, TestRoutes(store, speaker, profile))
        effective, resiliency = Effective(plane, profile), Resiliency(speaker, profile)
        hubs = HubRoutes(speaker, profile)
        self._known: dict[str, Callable[[Operation, Reader], Json | list[Json]]] = {
            "arpTables": self._arp_table,
            "routeTables": self._route_table,
            "routeTablesSummary": self._summary,
            "refreshSessions": self._refresh,
            "stats": self._stats,
            "routes": self._routes,
            "routeChanges": self._changes,
            "routeDump": self._dump,
            "getLearnedRoutes": self._learned_routes,
            "getAdvertisedRoutes": self._advertised_routes,
            "getBgpPeerStatus": self._peer_status,
            "learnedRoutes": self._peer_learned,
            "advertisedRoutes": self._peer_advertised,
            "status": self._status,
            "effectiveRouteTable": effective.routes,
            "effectiveRoutes": hubs.effective,
            "inboundRoutes": hubs.inbound,
            "outboundRoutes": hubs.outbound,
            "effectiveNetworkSecurityGroups": effective.groups,
            "whatIf": WhatIfAnswers(profile).answer,
            "resiliency": resiliency.answer,
            "getResiliencyInformation": resiliency.of_gateway,
            "getCircuitLinkFailoverAllTestsDetails": tests.links,
            "getCircuitLinkFailoverSingleTestDetails": tests.link,
            "getFailoverAllTestsDetails": tests.sites,
            "getFailoverSingleTestDetails": tests.site,
        }

    @property
    def known(self) -> frozenset[str]:
        """The actions that have a live answer."""
        return frozenset(self._known)

    def of(self, operation: Operation) -> Json | list[Json]:
        """The JSON body of the answer; raises Fault when there is nothing to ask."""
        ask = self._known.get(operation.action)
        if not ask:
            raise Fault("NotSupported", f"Action '{operation.action}' has no live answer.")
        with self._store.reading() as estate:
            return ask(operation, estate)

    def _vrf(self, operation: Operation, estate: Estate) -> tuple[Router, Leg, PeeringView] | None:
        """Of the peering that is asked about; ``None`` while the Direct port of its circuit is missing."""
        leg, circuit, kind = _device_path(operation), _circuit(operation, estate), _kind(operation)
        if circuit is None:
            return None
        peering, node = circuit.peering(kind), vrf_node(circuit.resource.id, leg, kind)
        blueprint = compile(Scope(ScopeKind.LEG, circuit.resource.id.key, leg), estate, self._profile)
        router = next((one for one in blueprint.routers if one.node == node), None)
        if router is None or peering is None:
            raise Fault("BgpPeeringNotFound", f"The BGP Peering {kind} with Service Key "
                        f"{circuit.resource.system['serviceKey']} is not found.")
        return router, leg, peering

    def _arp_table(self, operation: Operation, estate: Reader) -> Json:
        found = self._vrf(operation, estate)
        if found is None:
            return {"value": []}
        router, leg, peering = found
        return {"value": arp_rows(self._plane.neighbors(router.node),
                                  [subnet.prefix for subnet in peering.model.on(leg)])}

    def _route_table(self, operation: Operation, estate: Reader) -> Json:
        found = self._vrf(operation, estate)
        return {"value": [route_row(entry) for entry in self._speaker.routes(found[0])] if found else []}

    def _summary(self, operation: Operation, estate: Reader) -> Json:
        found = self._vrf(operation, estate)
        if found is None:
            return {"value": []}
        router, _, _ = found
        provider_side = operation.parameters.get("shape") == "crossConnection"
        row = provider_summary_row if provider_side else summary_row
        now = datetime.now(UTC)
        peers = {session.name: session for session in router.sessions}
        return {"value": [row(peers[status.name].peer_address, peers[status.name].peer_asn, status, now)
                          for status in self._speaker.sessions(router)]}

    def _refresh(self, operation: Operation, estate: Reader) -> Json:
        """The customer's sessions of a leg, each family's; those that are up exchange their routes again."""
        found, way = self._vrf(operation, estate), _way(operation)
        router = found[0] if found else None
        statuses = {status.name: status.state for status in self._speaker.sessions(router)} if router else {}
        up = [session for session in (router.sessions if router else ()) if session.group == CUSTOMER
              and statuses.get(session.name) is SessionState.ESTABLISHED]
        if router is None or not up:
            raise Fault("SessionNotEstablished", f"No session of {operation.resource.name} on the "
                        f"{_device_path(operation)} leg is Established, so there is nothing to refresh. 'trunkline "
                        "status' says why; a session that comes up exchanges all routes anyway.", status=409)
        for session in up:
            self._speaker.refresh(router, session.name, way)
        return {"value": [{"peer": session.peer_address, "direction": way} for session in up]}

    def _stats(self, operation: Operation, estate: Reader) -> Json:
        """Of one peering, or of all of the circuit."""
        circuit = _circuit(operation, estate)
        kinds = [one.kind for one in circuit.peerings
                 if not _asks_peering(operation) or one.kind is _kind(operation)] if circuit else []
        answer: Json = {}
        for leg in Leg:
            counters = self._plane.counters(edge_node(circuit.location, leg)).attachments if circuit else {}
            for direction, word in ((Direction.IN, "In"), (Direction.OUT, "Out")):
                counted = sum(counters.get((attachment(circuit, leg, kind), direction), Counter()).byte_count
                              for kind in kinds if circuit)
                answer[f"{leg}Bytes{word}"] = answer[f"{leg}bytes{word}"] = counted
        return answer

    def _looking(self, estate: Reader) -> LookingGlass:
        return LookingGlass(estate, self._speaker, lambda scope: compile(scope, estate, self._profile))

    def _glass(self, operation: Operation, estate: Reader) -> tuple[LookingGlass, CircuitView]:
        return self._looking(estate), of_circuit(_circuit(operation, estate))

    def _routes(self, operation: Operation, estate: Reader) -> Json:
        asked_of, wanted = operation.resource, Wanted.of(operation.parameters)
        prefix = wanted.prefix if operation.parameters.get("explain") == "true" else ""
        if asked_of.type.lower() == exchange.MEMBER.lower():
            return self._of_member(asked_of, estate, wanted, prefix)
        if place := _PLACES.get(asked_of.type.lower()):
            glass, at = self._looking(estate), (place[0], Scope(place[1], asked_of.key))
            return glass.explained_elsewhere(*at, prefix) if prefix else glass.elsewhere(*at, wanted)
        glass, circuit = self._glass(operation, estate)
        return glass.explained(circuit, prefix) if prefix else glass.routes(circuit, wanted)

    def _of_member(self, member: ResourceId, estate: Reader, wanted: Wanted, explained: str) -> Json:
        view = exchange.exchange_view(estate, member.parent)
        found = view.member(member.name) if view else None
        if view is None or found is None:
            return {"prefix": explained, "routers": []} if explained else {"sessions": [], "best": []}
        glass, scope = self._looking(estate), Scope(ScopeKind.EXCHANGE, view.resource.id.key)
        return glass.explained_member(found, scope, explained) if explained else glass.member(found, scope, wanted)

    def _dump(self, operation: Operation, estate: Reader) -> Json:
        glass, circuit = self._glass(operation, estate)
        return glass.dumped(circuit, Wanted.of(operation.parameters))

    def _changes(self, operation: Operation, estate: Reader) -> Json:
        glass, circuit = self._glass(operation, estate)
        return self._feed.since(circuit.resource.id, glass.edges(circuit, Wanted()),
                                str(operation.parameters.get("since", "")))

    def _instances(self, operation: Operation, estate: Reader) -> tuple[Router, ...]:
        return compile(Scope(ScopeKind.GATEWAY, operation.resource.key), estate, self._profile).routers

    def _learned_routes(self, operation: Operation, estate: Reader) -> Json:
        return {"value": [gateway_route(router, entry) for router in self._instances(operation, estate)
                          for entry in self._speaker.routes(router)]}

    def _advertised_routes(self, operation: Operation, estate: Reader) -> Json:
        wanted = _peer(operation)
        found = [gateway_route(router, entry, sent=True) for router in self._instances(operation, estate)
                 for session in router.sessions if session.peer_address == wanted
                 for entry in self._speaker.advertised(router, session.name)]
        return {"value": found}

    def _peer_status(self, operation: Operation, estate: Reader) -> Json:
        wanted = _peer(operation)
        return {"value": list(self._peers(self._instances(operation, estate), wanted))}

    def _peers(self, routers: Iterable[Router], wanted: str) -> Iterable[Json]:
        now = datetime.now(UTC)
        for router in routers:
            statuses = {status.name: status for status in self._speaker.sessions(router)}
            for session in router.sessions:
                if session.group in CIRCUITS and wanted in ("", session.peer_address):
                    status = statuses[session.name]
                    yield {"localAddress": session.local_address, "neighbor": session.peer_address,
                           "asn": session.peer_asn, "state": _PEER_STATES.get(status.state, "Connecting"),
                           "connectedDuration": _uptime(status, now), "routesReceived": status.prefixes_received}

    def _peer_learned(self, operation: Operation, estate: Reader) -> Json:
        return peer_routes(operation.resource, estate, self._speaker, self._profile)

    def _peer_advertised(self, operation: Operation, estate: Reader) -> Json:
        return peer_routes(operation.resource, estate, self._speaker, self._profile, sent=True)

    def _status(self, operation: Operation, estate: Reader) -> Json:
        look = Look(estate, self._plane, self._speaker, self._profile, self._troubles)
        return overview(operation.resource.subscription, look, operation.parameters.get("audience") == "operator")


def _peer(operation: Operation) -> str:
    """As sessions spell it: an IPv6 address has several spellings."""
    text = str(operation.parameters.get("peer") or "")
    try:
        return str(ip_address(text))
    except ValueError:
        return text


def _device_path(operation: Operation) -> Leg:
    wanted = str(operation.parameters.get("devicePath", "")).lower()
    if wanted not in tuple(Leg):
        raise Fault("InvalidDevicePath", f"devicePath '{wanted}' is not known; write primary or secondary.")
    return Leg(wanted)


def _way(operation: Operation) -> Way:
    wanted = str(operation.parameters.get("direction") or "both").lower()
    return "in" if wanted == "in" else "out" if wanted == "out" else "both"


def _asks_peering(operation: Operation) -> bool:
    return operation.resource.type.lower() == PEERING.lower()


def _kind(operation: Operation) -> PeeringType:
    """A peering bears the name of its type."""
    name = operation.resource.name.lower()
    return next((kind for kind in PeeringType if kind.lower() == name), PeeringType.PRIVATE)


def _circuit(operation: Operation, estate: Estate) -> CircuitView | None:
    """``None`` of one whose Direct port is missing."""
    target = operation.resource.parent or operation.resource
    if alive(estate, target) is None:
        raise Fault("ResourceNotFound", f"Circuit of '{operation.resource}' was not found.", status=404)
    return circuit_view(estate, target)


def _cisco(mac: str) -> str:
    """``aa:bb:cc:dd:ee:ff`` as Azure prints it: ``aabb.ccdd.eeff``."""
    digits = mac.replace(":", "")
    return ".".join(digits[i:i + 4] for i in range(0, 12, 4))


def arp_rows(neighbors: Iterable[Neighbor], subnets: Iterable[str]) -> list[Json]:
    """The customer's and our own entry on the attachment in each subnet, by ARP or ND; a customer who does not answer
    is ``Incomplete``."""
    here = {n.address: n for n in neighbors if n.interface == TO_CUSTOMER}
    rows: list[Json] = []
    for side, address in (end for subnet in subnets for end in (
            ("On-Prem", bare(customer_address(subnet))), ("Microsoft", bare(edge_address(subnet))))):
        found = here.get(address)
        known = found is not None and found.state in _RESOLVED
        rows.append({"age": found.age_s // 60 if found else 0, "interface": side, "ipAddress": address,
                     "macAddress": _cisco(found.mac) if found and known else "Incomplete"})
    return rows


def route_row(entry: RibEntry) -> Json:
    return {"network": entry.prefix, "nextHop": entry.next_hop, "locPrf": str(entry.local_pref), "weight": 0,
            "path": " ".join(map(str, entry.as_path))}


def _uptime(status: SessionStatus, now: datetime) -> str:
    """``hh:mm:ss`` in the present state, ``1d02h`` style beyond a day as routers print it."""
    age = now - status.since if status.since else timedelta()
    seconds = max(0, int(age.total_seconds()))
    if age.days >= 1:
        return f"{age.days}d{seconds % 86400 // 3600:02}h"
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def _received(status: SessionStatus) -> str:
    return str(status.prefixes_received) if status.state is SessionState.ESTABLISHED else str(status.state)


def summary_row(peer: str, asn: int, status: SessionStatus, now: datetime) -> Json:
    return {"neighbor": peer, "v": 4, "as": asn, "upDown": _uptime(status, now), "statePfxRcd": _received(status)}


def provider_summary_row(peer: str, asn: int, status: SessionStatus, now: datetime) -> Json:
    return {"neighbor": peer, "asn": asn, "upDown": _uptime(status, now), "stateOrPrefixesReceived": _received(status)}


def gateway_route(router: Router, entry: RibEntry, sent: bool = False) -> Json:
    """A GatewayRoute. ``weight`` is the routing weight, that is local preference above the default of 100."""
    session = next((s for s in router.sessions if s.name == entry.session), None)
    family = family_of(entry.prefix)
    local = session.local_address if session else next(
        (one.local_address for one in router.sessions if family_of(one.local_address) == family), "")
    own = session is None or sent
    learned = "IBgp" if session and session.local_asn == session.peer_asn else "EBgp"
    return {"localAddress": local, "network": entry.prefix, "nextHop": entry.next_hop,
            "sourcePeer": local if own or not session else session.peer_address,
            "origin": "Network" if own else learned, "asPath": "-".join(map(str, entry.as_path)),
            "weight": max(0, entry.local_pref - 100)}
