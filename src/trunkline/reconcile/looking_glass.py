"""The looking glass: what each router on a circuit's way says of sessions and routes, and why (``routes``).

Routers of the circuit itself, the customer's own where they are ours to ask, and gateways and virtual networks behind
its connections as far as they belong to the circuit's subscription.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from trunkline.diagnosis import verdict
from trunkline.diagnosis.best_path import contests
from trunkline.diagnosis.explaining import Finding, Seen, explain
from trunkline.errors import Fault
from trunkline.intent.bgp import RibEntry, Router, Session, SessionStatus
from trunkline.intent.bgp.mrt import dump
from trunkline.intent.bgp.reasons import words
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.draft import ce_node, vrf_node
from trunkline.intent.compile.reach import session_names
from trunkline.intent.drivers import Speaker
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import MemberView
from trunkline.intent.gateways import connections
from trunkline.intent.reach import ReachView, reaches
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CircuitView
from trunkline.model.bgp import network, overlaps, within
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Json, Resource

#: An answer shows so many routes of each kind and session; how many there are stands beside.
MOST_ROUTES = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of it is asked for; empty words ask for everything."""

    peering: str = ""
    leg: str = ""
    prefix: str = ""
    view: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Wanted:
        return cls(*(str(parameters.get(name, "")).lower() for name in ("peering", "leg", "prefix", "view")))

    def shows(self, view: str) -> bool:
        return self.view in ("", view)


@dataclass(frozen=True, slots=True)
class Place:
    """A router and where it stands: customer, edge, far edge, gateway, network or exchange. ``reached``: the circuit at
    the other end of each session over Global Reach."""

    kind: str
    router: Router
    peering: str = ""
    leg: str = ""
    reached: Mapping[str, str] = field(default_factory=dict)


class LookingGlass:
    def __init__(self, estate: Estate, speaker: Speaker, compiled: Callable[[Scope], Blueprint]) -> None:
        self._estate, self._speaker, self._compiled = estate, speaker, compiled

    def routes(self, circuit: CircuitView, wanted: Wanted) -> Json:
        """Sessions and routes of the circuit's own routers."""
        return self._shown(self.edges(circuit, wanted), wanted)

    def elsewhere(self, kind: str, scope: Scope, wanted: Wanted) -> Json:
        """Of all routers of another scope: a gateway's instances, an exchange's route servers."""
        return self._shown([Place(kind, router) for router in self._compiled(scope).routers], wanted)

    def member(self, member: MemberView, scope: Scope, wanted: Wanted) -> Json:
        """The sessions of one member with the route servers of its exchange; what others are told is not its own."""
        places = [Place("exchange", router) for router in self._compiled(scope).routers]
        return {"best": [], "sessions": [row for place in places for row in self._sessions(place, wanted)
                                         if row["peerAddress"] in member.addresses]}

    def _shown(self, places: list[Place], wanted: Wanted) -> Json:
        return {"sessions": [row for place in places for row in self._sessions(place, wanted)],
                "best": [row for place in places for row in self._best(place, wanted)] if wanted.shows("best") else []}

    def edges(self, circuit: CircuitView, wanted: Wanted) -> list[Place]:
        return [one for one in self._edges(circuit) if _is_wanted(one, wanted)]

    def dumped(self, circuit: CircuitView, wanted: Wanted) -> Json:
        """The Loc-RIB of each of the circuit's own routers as MRT (RFC 6396)."""
        at = int(datetime.now(UTC).timestamp())
        return {"tables": [
            {"peering": place.peering, "leg": place.leg, "router": place.router.node, "mrt": b64encode(dump(
                place.router, _chosen(self._speaker.routes(place.router), wanted.prefix),
                self._speaker.sessions(place.router), at)).decode()}
            for place in self.edges(circuit, wanted)]}

    def explained(self, circuit: CircuitView, prefix: str) -> Json:
        """What every router on the way makes of one prefix, from the customer to the virtual network."""
        return self._told_of(prefix, self._places(circuit))

    def explained_elsewhere(self, kind: str, scope: Scope, prefix: str) -> Json:
        """The same of all routers of another scope."""
        return self._told_of(prefix, (Place(kind, router) for router in self._compiled(scope).routers))

    def explained_member(self, member: MemberView, scope: Scope, prefix: str) -> Json:
        """The same on the sessions of one member alone."""
        asked, rows = str(network(prefix)), []
        for router in self._compiled(scope).routers:
            own = {one.name for one in router.sessions if one.peer_address in member.addresses}
            subject = self._subject(router, own, asked)
            found = [one for one in explain(self._seen(router, subject)[0], subject)
                     if one.session in own and (one.step == "in" or one.verdict in ("told", "down", "own"))]
            rows.append(_row(Place("exchange", router), "" if subject == asked else subject, verdict.of_member(found),
                             found))
        return {"prefix": asked, "routers": rows}

    def _subject(self, router: Router, own: set[str], asked: str) -> str:
        """The prefix itself where a member's sessions tell it, or else the longest of theirs that covers it."""
        told = [entry.prefix for name in own for ask in (self._speaker.received, self._speaker.advertised)
                for entry in ask(router, name) if within(asked, entry.prefix)]
        return max(told, key=lambda one: network(one).prefixlen, default=asked)

    def _told_of(self, prefix: str, places: Iterable[Place]) -> Json:
        asked = str(network(prefix))
        return {"prefix": asked, "routers": [self._explained(place, asked) for place in places]}

    def _explained(self, place: Place, asked: str) -> Json:
        """Where nobody tells just this prefix, or it is an address, of the one that covers it."""
        seen, known = self._seen(place.router, asked)
        wider = verdict.covering(known, asked)
        subject = wider if wider and not (seen.known or any(seen.received.values())) else asked
        findings = explain(seen if subject == asked else self._seen(place.router, subject)[0], subject)
        return _row(place, wider, verdict.judge(asked, known, findings), findings)

    def _seen(self, router: Router, prefix: str) -> tuple[Seen, tuple[RibEntry, ...]]:
        """With the whole Loc-RIB."""
        def exactly(entries: Iterable[RibEntry]) -> tuple[RibEntry, ...]:
            return tuple(entry for entry in entries if entry.prefix == prefix)

        speaker, names = self._speaker, [session.name for session in router.sessions]
        known = tuple(speaker.routes(router))
        return Seen(router, speaker.sessions(router),
                    {name: exactly(speaker.received(router, name)) for name in names}, exactly(known),
                    {name: exactly(speaker.advertised(router, name)) for name in names}), known

    def _places(self, circuit: CircuitView) -> Iterator[Place]:
        yield from self._customers(circuit)
        yield from self._edges(circuit)
        linked = [one for one in connections(self._estate, circuit.resource.id)
                  if _is_of(circuit, one.gateway.resource)]
        for gateway in {one.gateway.resource.id: one.gateway for one in linked}.values():
            for router in self._compiled(Scope(ScopeKind.GATEWAY, gateway.resource.id.key)).routers:
                yield Place("gateway", router)
            behind = ScopeKind.HUB if gateway.wan else ScopeKind.VNET
            for router in self._compiled(Scope(behind, gateway.vnet.resource.id.key)).routers:
                yield Place("hub" if gateway.wan else "network", router)
        for link in reaches(self._estate, circuit.resource.id):
            other = link.other(circuit.resource.id)
            if _is_of(circuit, other.resource):
                yield from (one for one in self._edges(other, "far edge") if one.peering == PeeringType.PRIVATE)

    def _customers(self, circuit: CircuitView) -> Iterator[Place]:
        for leg in Leg:
            order = circuit.order(leg)
            if order and order.site and order.order.router and _is_of(circuit, order.site):
                node = ce_node(order.site.id, order.order.router)
                for router in self._compiled(Scope(ScopeKind.SITE, order.site.id.key)).routers:
                    if router.node == node:
                        yield Place("customer", router, leg=leg.value)

    def _edges(self, circuit: CircuitView, kind: str = "edge") -> Iterator[Place]:
        reached = _reached(circuit, reaches(self._estate, circuit.resource.id))
        for leg in Leg:
            kinds = {vrf_node(circuit.resource.id, leg, one.kind): one.kind.value for one in circuit.peerings}
            for router in self._compiled(Scope(ScopeKind.LEG, circuit.resource.id.key, leg)).routers:
                if router.node in kinds:
                    yield Place(kind, router, kinds[router.node], leg.value, reached)

    def _sessions(self, place: Place, wanted: Wanted) -> Iterator[Json]:
        for status in self._speaker.sessions(place.router):
            session = place.router.session(status.name)
            if session:
                yield {"peering": place.peering, "leg": place.leg, "router": place.router.node,
                       "over": _over(place, session.name), **session_row(session, status),
                       **self._ribs(place.router, session, wanted)}

    def _ribs(self, router: Router, session: Session, wanted: Wanted) -> Json:
        asked = {"heard": self._speaker.heard, "received": self._speaker.received,
                 "advertised": self._speaker.advertised}
        found = {view: _chosen(ask(router, session.name), wanted.prefix) for view, ask in asked.items()
                 if wanted.shows(view)}
        return {view: {"total": len(entries), "routes": [route_row(entry) for entry in entries[:MOST_ROUTES]]}
                for view, entries in found.items()}

    def _best(self, place: Place, wanted: Wanted) -> Iterator[Json]:
        """The Loc-RIB: each prefix with its best path, and why each other path lost."""
        router, statuses = place.router, self._speaker.sessions(place.router)
        paths: dict[str, list[RibEntry]] = {}
        for entry in _chosen(self._speaker.routes(router), wanted.prefix):
            paths.setdefault(entry.prefix, []).append(entry)
        for known in list(paths.values())[:MOST_ROUTES]:
            best = next((entry for entry in known if entry.best), known[0])
            lost = contests(router, known, statuses)
            yield {"peering": place.peering, "leg": place.leg, "router": router.node,
                   "over": _over(place, best.session), **route_row(best),
                   "why": [one.sentence for one in lost] or ["the only path"],
                   "losers": [{**route_row(one.loser), "step": one.step} for one in lost]}


def _reached(circuit: CircuitView, links: Iterable[ReachView]) -> Mapping[str, str]:
    return {name: link.other(circuit.resource.id).resource.id.name
            for link in links for name in session_names(link)}


def _over(place: Place, session: str) -> str:
    """In words, of what came over Global Reach; else empty."""
    circuit = place.reached.get(session)
    return f"Global Reach, circuit {circuit}" if circuit else ""


def _is_of(circuit: CircuitView, resource: Resource) -> bool:
    """What others join to a circuit is theirs to ask."""
    return resource.id.subscription.lower() == circuit.resource.id.subscription.lower()


def _row(place: Place, covered_by: str, judged: verdict.Judgement, findings: Iterable[Finding]) -> Json:
    return {"place": place.kind, "peering": place.peering, "leg": place.leg, "router": place.router.node,
            "present": judged.verdict == "present", "verdict": judged.verdict, "sentence": judged.sentence,
            "matters": judged.matters, "coveredBy": covered_by,
            "findings": [{"step": one.step, "session": one.session, "verdict": one.verdict, "sentence": one.sentence}
                         for one in findings]}


def _is_wanted(place: Place, wanted: Wanted) -> bool:
    name = place.peering.lower()
    return (wanted.peering in ("", name, name.removeprefix("azure").removesuffix("peering"))
            and wanted.leg in ("", place.leg))


def _chosen(entries: Iterable[RibEntry], prefix: str) -> list[RibEntry]:
    """Those that lie within a prefix or cover it."""
    return sorted((entry for entry in entries if not prefix or overlaps(entry.prefix, prefix)),
                  key=lambda entry: (entry.prefix, entry.session))


def session_row(session: Session, status: SessionStatus) -> Json:
    return {
        "session": session.name, "group": session.group, "state": status.state.value,
        "since": status.since.isoformat() if status.since else None, "bfd": status.bfd, "lastError": status.last_error,
        "localAddress": session.local_address, "localAsn": session.local_asn,
        "peerAddress": session.peer_address, "peerAsn": session.peer_asn, "peerRouterId": status.peer_router_id,
        "holdTimeInSeconds": status.hold_time_s, "keepaliveTimeInSeconds": status.keepalive_time_s,
        "capabilities": list(status.capabilities), "prefixesReceived": status.prefixes_received,
        "prefixesAccepted": status.prefixes_accepted, "prefixesSent": status.prefixes_sent}


def route_row(entry: RibEntry) -> Json:
    """``refusal`` and ``reason`` of a refused route alone."""
    row: Json = {
        "prefix": entry.prefix, "session": entry.session, "nextHop": entry.next_hop, "asPath": list(entry.as_path),
        "localPreference": entry.local_pref, "med": entry.med, "origin": entry.origin, "best": entry.best,
        "communities": [":".join(map(str, one)) for one in entry.communities],
        "validity": entry.validity.value if entry.validity else None}
    return {**row, "refusal": entry.refusal.value, "reason": words(entry.refusal)} if entry.refusal else row


def of_circuit(circuit: CircuitView | None) -> CircuitView:
    if circuit is None:
        raise Fault("CircuitHasNoPort", "The Direct port of this circuit is missing, so no router of it exists. Create "
                    "the port again.")
    return circuit
