"""Whether a leg or a gateway instance carries traffic, and could carry that of its twin: read from the network."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from trunkline.intent.bgp import Router, Session, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import (
    CUSTOMER,
    INNER,
    attachment_name,
    instance_node,
    vnet_node,
    vrf_node,
    vrf_tunnel,
)
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.vnet import gateway_interface
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import connections, gateway_view
from trunkline.intent.lock_out import idle
from trunkline.intent.maintenance import Part, work_on
from trunkline.intent.network import Direction
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import FAULT, GATEWAY, CircuitView, circuit_view, referrers
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile

#: What a session of each family takes of an attachment by itself, one way: BFD at 300 ms (RFC 5880 lets it send a
#: quarter more often) in frames of 82 bytes with both tags, BGP, ARP.
QUIET_BYTES_PER_S = 1_000

#: Between two readings of counters that are compared; seconds.
_APART_S = 1.0


#: What tells the sessions with a gateway's instances apart.
_INSTANCE = re.compile(r"_[01](?=_v6$|$)")


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    byte_count: int


class Wellness:
    """Remembers the last readings of counters, for rates. Not thread-safe."""

    def __init__(self, plane: Plane, speaker: Speaker, profile: Profile) -> None:
        self._plane, self._speaker, self._profile = plane, speaker, profile
        self._readings: dict[tuple[Part, str], _Reading] = {}

    def is_used(self, part: Part, estate: Estate) -> bool:
        """Whether any session of it is up over which packets come: of a customer's, one that has told a route."""
        return any(not tuple(self._not_yet(part, router, session, watched=False))
                   for router, session in self._sessions(part, estate))

    def unwell(self, part: Part, estate: Estate) -> Iterator[str]:
        """Why it could not carry all by itself."""
        if work := work_on(estate, part):
            yield f"{_named(part)} is under {work.words}"
            return
        wished = tuple(self._unwished(part, estate))
        yield from wished
        if not wished:
            yield from self.closed(part, estate)
            yield from self._cut_off(part, estate)

    def closed(self, part: Part, estate: Estate) -> Iterator[str]:
        """Sessions of it that are not Established, those that somebody closed among them."""
        found = False
        for router, session in self._sessions(part, estate):
            found = True
            if not session.enabled:
                yield f"session {session.name} of {_named(part)} is closed by {session.closed_by}"
            else:
                yield from self._not_yet(part, router, session)
        if not found:
            yield f"{_named(part)} has no session"

    def _not_yet(self, part: Part, router: Router, session: Session, watched: bool = True) -> Iterator[str]:
        """Established, with routes, and ``watched``: BFD begins slowly (RFC 5880, 6.8.3)."""
        status, = self._speaker.sessions(replace(router, sessions=(session,)))
        if status.state is not SessionState.ESTABLISHED:
            yield f"session {session.name} of {_named(part)} is not Established"
        elif session.group == CUSTOMER and not status.prefixes_accepted:
            yield f"session {session.name} of {_named(part)} has told no route"
        elif watched and session.bfd and status.bfd != "Up":
            yield f"BFD of session {session.name} of {_named(part)} is not Up"

    def _cut_off(self, part: Part, estate: Estate) -> Iterator[str]:
        """What a leg leads to and reaches no more: of a gateway one instance is enough."""
        reached: dict[str, list[bool]] = defaultdict(list)
        for router, session in self._sessions(part, estate, INNER) if not _is_gateway(part) else ():
            reached[_INSTANCE.sub("", session.name)].append(session.enabled and self._up(router, session))
        yield from (f"{_named(part)} reaches no end of {name}" for name, ups in reached.items() if not any(ups))

    def busy(self, part: Part, estate: Estate) -> Iterator[str]:
        if _is_gateway(part):
            yield from self._routed(part, estate)
        else:
            yield from self._carrying(part, estate)

    def _unwished(self, part: Part, estate: Estate) -> Iterator[str]:
        """What its owners or operators have done to it."""
        if _is_gateway(part):
            return
        circuit = circuit_view(estate, part.resource)
        for peering in circuit.peerings if circuit else ():
            if why := idle(peering.resource.id, Leg(part.part), estate):
                yield f"{_named(part)}: {why}"
        if any(part.part == fault.properties.get("leg") for fault in referrers(estate, part.resource, FAULT)):
            yield f"{_named(part)} has a rehearsed fault"

    def _sessions(self, part: Part, estate: Estate,
                  groups: frozenset[str] = frozenset({CUSTOMER})) -> Iterator[tuple[Router, Session]]:
        """Of a leg those of some groups; of a gateway's instance all with our own speakers."""
        kind, wanted = (ScopeKind.GATEWAY, INNER) if _is_gateway(part) else (ScopeKind.LEG, groups)
        scope = Scope(kind, part.key, "" if _is_gateway(part) else part.part)
        only = instance_node(part.resource, int(part.part)) if _is_gateway(part) else ""
        for router in compile(scope, estate, self._profile).routers:
            if router.node == only or not only:
                yield from ((router, session) for session in router.sessions if session.group in wanted)

    def _up(self, router: Router, session: Session) -> bool:
        status, = self._speaker.glance(router, (session,))
        return status.state is SessionState.ESTABLISHED

    def _carrying(self, part: Part, estate: Estate) -> Iterator[str]:
        """By the edge's counters, over at least a second."""
        circuit = circuit_view(estate, part.resource)
        for peering in circuit.peerings if circuit else ():
            quiet = QUIET_BYTES_PER_S * max(1, len(peering.model.on(Leg(part.part))))
            rate = self._rate(part, circuit, attachment_name(
                circuit.resource.number, Leg(part.part), peering.kind)) if circuit else 0
            if rate is None:
                yield f"{_named(part)} (just looked at)"
            elif rate > quiet:
                yield f"{_named(part)} at {rate:,.0f} B/s"

    def _rate(self, part: Part, circuit: CircuitView, attachment: str) -> float | None:
        """Of the busier direction together; ``None`` until there are two readings."""
        counted = self._plane.counters(edge_node(circuit.location, Leg(part.part))).attachments
        total = sum(counted[attachment, way].byte_count for way in Direction if (attachment, way) in counted)
        now, last = time.monotonic(), self._readings.get((part, attachment))
        if last and now - last.at < _APART_S:
            return None
        self._readings[part, attachment] = _Reading(now, total)
        recent = last and now - last.at < 10 * _APART_S
        return (total - last.byte_count) / (now - last.at) / len(Direction) if last and recent else None

    def _routed(self, part: Part, estate: Estate) -> Iterator[str]:
        """Who still sends through the instance, by the kernel's routes."""
        view = gateway_view(estate, part.resource)
        if not view:
            return
        number, instance = view.resource.number, int(part.part)
        users = [(vnet_node(view.vnet.resource.id), gateway_interface(number, instance))]
        users += [(vrf_node(one.circuit.resource.id, leg), vrf_tunnel(one, instance))
                  for one in connections(estate, part.resource) for leg in Leg]
        for node, interface in users:
            routes = self._plane.routes(node)
            if any(interface == hop for route in routes if route.protocol == "bird" for _, hop in route.next_hops):
                yield f"{node} sends through {_named(part)}"


def _is_gateway(part: Part) -> bool:
    return part.resource.type.lower() == GATEWAY.lower()


def _named(part: Part) -> str:
    what = f"instance {part.part}" if _is_gateway(part) else f"the {part.part} leg"
    return f"{what} of {part.resource.name}"
