"""Live questions, answered from daemons, kernel and eBPF counters in Azure's shapes (azure-facts 1.3, section 4).

Each answer is a pure shaping of what a driver reported; ``Answers.of`` does the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from trunkline.errors import Fault
from trunkline.intent.bgp import RibEntry, Router, SessionState, SessionStatus
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CIRCUIT as CIRCUIT_GROUP
from trunkline.intent.compile.draft import attachment
from trunkline.intent.compile.leg import TO_CUSTOMER
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.network import Counter, Direction, Neighbor
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import PEERING, CircuitView, alive, circuit_view
from trunkline.model.bgp import bare, customer_address, edge_address
from trunkline.model.circuit import Leg
from trunkline.model.operation import Operation
from trunkline.model.peering import Peering
from trunkline.model.profile import Profile
from trunkline.model.resource import Json
from trunkline.reconcile.effective import Effective
from trunkline.reconcile.failover import FailoverTests
from trunkline.reconcile.overview import overview
from trunkline.reconcile.route_servers import peer_routes
from trunkline.store import Reader, Store

#: Kernel states in which a neighbour's hardware address is known.
_RESOLVED = frozenset({"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"})

_PEER_STATES = {SessionState.ESTABLISHED: "Connected", SessionState.IDLE: "Idle"}


class Answers:
    """Asks the drivers; runs in the reconciler, the only process that may."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile) -> None:
        self._store, self._plane, self._speaker, self._profile = store, plane, speaker, profile
        tests, effective = FailoverTests(speaker, profile), Effective(plane, profile)
        self._known: dict[str, Callable[[Operation, Reader], Json | list[Json]]] = {
            "arpTables": self._arp_table,
            "routeTables": self._route_table,
            "routeTablesSummary": self._summary,
            "stats": self._stats,
            "getLearnedRoutes": self._learned_routes,
            "getAdvertisedRoutes": self._advertised_routes,
            "getBgpPeerStatus": self._peer_status,
            "learnedRoutes": self._peer_learned,
            "advertisedRoutes": self._peer_advertised,
            "status": self._status,
            "effectiveRouteTable": effective.routes,
            "effectiveNetworkSecurityGroups": effective.groups,
            "getCircuitLinkFailoverAllTestsDetails": tests.all,
            "getCircuitLinkFailoverSingleTestDetails": tests.one,
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

    def _vrf(self, operation: Operation, estate: Estate) -> tuple[Router, Leg, CircuitView] | None:
        """``None`` for a peering without network: Microsoft's, IPv6 alone, or on a Direct port."""
        leg, circuit = _device_path(operation), _circuit(operation, estate)
        if circuit is None or not _routed(operation, estate):
            return None
        blueprint = compile(Scope(ScopeKind.LEG, circuit.resource.id.key, leg), estate, self._profile)
        if not blueprint.routers:
            raise Fault("BgpPeeringNotFound", "The BGP Peering AzurePrivatePeering with Service Key "
                        f"{circuit.resource.system['serviceKey']} is not found.")
        return blueprint.routers[0], leg, circuit

    def _arp_table(self, operation: Operation, estate: Reader) -> Json:
        found = self._vrf(operation, estate)
        if found is None:
            return {"value": []}
        router, leg, circuit = found
        prefix = circuit.private.model.prefix(leg) if circuit.private else ""
        return {"value": arp_rows(self._plane.neighbors(router.node), prefix)}

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

    def _stats(self, operation: Operation, estate: Reader) -> Json:
        circuit = _circuit(operation, estate) if _routed(operation, estate) else None
        answer: Json = {}
        for leg in Leg:
            counters = self._plane.counters(edge_node(circuit.location, leg)).attachments if circuit else {}
            for direction, word in ((Direction.IN, "In"), (Direction.OUT, "Out")):
                counted = counters.get((attachment(circuit, leg), direction), Counter()).byte_count if circuit else 0
                answer[f"{leg}Bytes{word}"] = answer[f"{leg}bytes{word}"] = counted
        return answer

    def _instances(self, operation: Operation, estate: Reader) -> tuple[Router, ...]:
        return compile(Scope(ScopeKind.GATEWAY, operation.resource.key), estate, self._profile).routers

    def _learned_routes(self, operation: Operation, estate: Reader) -> Json:
        return {"value": [gateway_route(router, entry) for router in self._instances(operation, estate)
                          for entry in self._speaker.routes(router)]}

    def _advertised_routes(self, operation: Operation, estate: Reader) -> Json:
        wanted = str(operation.parameters.get("peer", ""))
        found = [gateway_route(router, entry, sent=True) for router in self._instances(operation, estate)
                 for session in router.sessions if session.peer_address == wanted
                 for entry in self._speaker.advertised(router, session.name)]
        return {"value": found}

    def _peer_status(self, operation: Operation, estate: Reader) -> Json:
        wanted = str(operation.parameters.get("peer") or "")
        return {"value": list(self._peers(self._instances(operation, estate), wanted))}

    def _peers(self, routers: Iterable[Router], wanted: str) -> Iterable[Json]:
        now = datetime.now(UTC)
        for router in routers:
            statuses = {status.name: status for status in self._speaker.sessions(router)}
            for session in router.sessions:
                if session.group == CIRCUIT_GROUP and wanted in ("", session.peer_address):
                    status = statuses[session.name]
                    yield {"localAddress": session.local_address, "neighbor": session.peer_address,
                           "asn": session.peer_asn, "state": _PEER_STATES.get(status.state, "Connecting"),
                           "connectedDuration": _uptime(status, now), "routesReceived": status.prefixes_received}

    def _peer_learned(self, operation: Operation, estate: Reader) -> Json:
        return peer_routes(operation.resource, estate, self._speaker, self._profile)

    def _peer_advertised(self, operation: Operation, estate: Reader) -> Json:
        return peer_routes(operation.resource, estate, self._speaker, self._profile, sent=True)

    def _status(self, operation: Operation, estate: Reader) -> Json:
        return overview(operation.resource.subscription, estate, self._plane, self._speaker, self._profile)


def _device_path(operation: Operation) -> Leg:
    wanted = str(operation.parameters.get("devicePath", "")).lower()
    if wanted not in tuple(Leg):
        raise Fault("InvalidDevicePath", f"devicePath '{wanted}' is not known; write primary or secondary.")
    return Leg(wanted)


def _routed(operation: Operation, estate: Estate) -> bool:
    """Whether what is asked about, a circuit or one of its peerings, has network behind it."""
    asked = estate.get(operation.resource)
    if asked is None or asked.id.type.lower() != PEERING.lower():
        return True
    return Peering.model_validate(asked.properties).routed


def _circuit(operation: Operation, estate: Estate) -> CircuitView | None:
    """``None`` of one on a Direct port."""
    target = operation.resource.parent or operation.resource
    if alive(estate, target) is None:
        raise Fault("ResourceNotFound", f"Circuit of '{operation.resource}' was not found.", status=404)
    return circuit_view(estate, target)


def _cisco(mac: str) -> str:
    """``aa:bb:cc:dd:ee:ff`` as Azure prints it: ``aabb.ccdd.eeff``."""
    digits = mac.replace(":", "")
    return ".".join(digits[i:i + 4] for i in range(0, 12, 4))


def arp_rows(neighbors: Iterable[Neighbor], prefix: str) -> list[Json]:
    """The customer's and our own entry on the attachment; a customer who does not answer is ``Incomplete``."""
    here = {n.address: n for n in neighbors if n.interface == TO_CUSTOMER}
    rows: list[Json] = []
    for side, address in (("On-Prem", bare(customer_address(prefix))), ("Microsoft", bare(edge_address(prefix)))):
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
    local = session.local_address if session else router.sessions[0].local_address
    own = session is None or sent
    learned = "IBgp" if session and session.local_asn == session.peer_asn else "EBgp"
    return {"localAddress": local, "network": entry.prefix, "nextHop": entry.next_hop,
            "sourcePeer": local if own or not session else session.peer_address,
            "origin": "Network" if own else learned, "asPath": "-".join(map(str, entry.as_path)),
            "weight": max(0, entry.local_pref - 100)}
