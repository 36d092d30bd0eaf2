"""What policies do about events: containments are written like anybody's wishes, and taken back like them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from trunkline.diagnosis.containing import At, Decision, Surroundings, decide
from trunkline.diagnosis.elsewhere import At as Leading
from trunkline.diagnosis.elsewhere import Brought, Paths
from trunkline.diagnosis.evidence import Finding, Place
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.lock_out import idle
from trunkline.intent.view import PEERING, referrers
from trunkline.model.circuit import Leg
from trunkline.model.containment import (
    CONTAINMENT,
    CONTAINMENT_POLICY,
    OPERATORS_POLICY,
    Containment,
    ContainmentPolicy,
)
from trunkline.model.event import Event, EventKind, EventState
from trunkline.model.operation import Activity, Operation, OperationKind
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Resource, ResourceId, now
from trunkline.reconcile.monitor.authority import neighbours
from trunkline.reconcile.monitor.notices import CALLER, Notices
from trunkline.store import Reader, Store, Writer

#: What sessions of some owners (keys) have told.
Told = Callable[[Collection[str]], Mapping[Leading, Brought]]
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Response:
    """Not thread-safe: one thread looks. ``wake``: told of resources that were written."""

    def __init__(self, store: Store, notices: Notices, wake: Callable[[list[str]], None]) -> None:
        self._store, self._notices, self._wake = store, notices, wake
        self._ends: dict[str, datetime] = {}  #: of containments, by id
        self._policies: frozenset[str] | None = None  #: etags, as of the last look

    def respond(self, events: Iterable[Event], places: Sequence[Place], told: Told) -> tuple[Finding, ...]:
        """``events``: new ones, and those that have grown. Answers what a limit has kept from being done."""
        paths_of = cache(lambda circuit: self._paths(circuit, told))
        found = (self._respond(event, places, paths_of) for event in events if event.leg and not event.released)
        return tuple(finding for finding in found if finding)

    def review(self) -> tuple[Event, ...]:
        """Events whose containments are gone while they go on: they are open again. Answers those whose containment had
        merely come to its end, and open ones when policies have changed: they are to be responded to anew."""
        contained = [event for event in self._notices.going_on if event.state is EventState.CONTAINED]
        again = [one for one in self._notices.going_on if one.state is EventState.OPEN] if self._ruled_anew() else []
        for event in contained:
            standing = self._standing(event)
            if not standing:
                ends = [self._ends.pop(one, _NEVER) for one in event.containments]
                opened = self._notices.amend(event, state=EventState.OPEN, released=max(ends) > now())
                again += [] if opened.released else [opened]
        return tuple(again)

    def _ruled_anew(self) -> bool:
        with self._store.reading() as reader:
            known = frozenset(one.etag for kind in (CONTAINMENT_POLICY, OPERATORS_POLICY) for one in reader.list(kind))
        before, self._policies = self._policies, known
        return before not in (None, known)

    def _standing(self, event: Event) -> list[str]:
        """Its containments that are in force; when each would end is remembered."""
        found = []
        with self._store.reading() as reader:
            for one in event.containments:
                resource = reader.get(ResourceId.parse(one))
                if resource and not resource.deleting:
                    self._ends[one] = datetime.fromisoformat(resource.system["expiresAt"])
                    found.append(one)
        return found

    def _paths(self, circuit: str, told: Told) -> Paths:
        with self._store.reading() as reader:
            return Paths(told({one.key for one in neighbours(reader, ResourceId.parse(circuit))}))

    def _respond(self, event: Event, places: Sequence[Place], paths_of: Callable[[str], Paths]) -> Finding | None:
        with self._store.reading() as reader:
            if _policy(reader, event) is None:
                return None
        paths, made = paths_of(event.source), None
        with self._store.writing() as writer:  # nobody contains anything between the decision and its deed
            policy = _policy(writer, event)
            if policy is None:
                return None
            decision = decide(event, policy.model, _surroundings(writer, event, policy, places, paths))
            if decision.containment and not decision.limit and not policy.model.dry_run:
                made = self._contain(writer, event, policy, decision.containment)
        if made:
            self._notices.amend(event, state=EventState.CONTAINED, containments=(*event.containments, made))
            self._wake([made])
        elif decision.containment and not decision.limit:
            self._only_say(event, policy.name, decision.containment)
        place = next((one for one in places if one.node == event.node), None)
        return _limited(event, policy.name, decision, place) if decision.limit and place else None

    def _only_say(self, event: Event, policy: str, containment: Containment) -> None:
        would = {"policy": policy, "action": containment.action, "prefixes": list(containment.prefixes)}
        if event.evidence.get("dryRun") != would:
            self._notices.amend(event, evidence={**event.evidence, "dryRun": would})

    def _contain(self, writer: Writer, event: Event, policy: _Policy, wanted: Containment) -> str:
        """Its id."""
        circuit, moment = ResourceId.parse(event.source), now()
        namespace, kind = CONTAINMENT.split("/")
        name = f"{event.id}-{len(event.containments) + 1}-{int(moment.timestamp()) % 100_000}"
        identity = ResourceId(policy.home.subscription, policy.home.group, namespace, (kind,), (name,))
        body = wanted.model_dump(mode="json", by_alias=True)
        self._ends[str(identity)] = moment + timedelta(seconds=wanted.expires_in_seconds)
        resource = Resource(identity, properties=body, system={
            "expiresAt": self._ends[str(identity)].isoformat(),
            "event": event.id, "policy": policy.name})
        stored = writer.put(resource)
        writer.begin(Operation(f"contain-{time.time_ns():x}", identity, OperationKind.PUT,
                               generation=stored.generation))
        done = f"{wanted.action} on the {wanted.leg} leg by policy {policy.name}: {event.summary}"
        writer.log(Activity(circuit, f"{CONTAINMENT}/write", CALLER, event.id, "Succeeded", moment, done[:500]))
        return str(identity)


@dataclass(frozen=True, slots=True)
class _Policy:
    """``home``: in whose group what it does is written; who may not write there cannot undo it."""

    name: str
    model: ContainmentPolicy
    home: ResourceId


def _policy(reader: Reader, event: Event) -> _Policy | None:
    """An operator's that does something about such an event, else the circuit's own, else its subscription's; of
    several the first by name. None if nothing is to be done."""
    circuit = ResourceId.parse(event.source)
    above = [_read(one, one.id) for one in reader.list(OPERATORS_POLICY)]
    mine = [_read(one, circuit) for one in reader.list(CONTAINMENT_POLICY, circuit.subscription)]
    own = [one for one in mine if one.model.circuit and one.model.circuit.target.key == circuit.key]
    common = [one for one in mine if one.model.circuit is None]
    acting = (one for one in above if one.model.acts_on(event.kind, event.severity))
    chosen = next(iter((*acting, *own, *common)), None)
    return chosen if chosen and chosen.model.acts_on(event.kind, event.severity) else None


def _read(policy: Resource, home: ResourceId) -> _Policy:
    return _Policy(policy.id.name, ContainmentPolicy.model_validate(policy.properties), home)


def _surroundings(reader: Reader, event: Event, policy: _Policy, places: Sequence[Place],
                  paths: Paths) -> Surroundings:
    circuit, here = ResourceId.parse(event.source), (event.source.lower(), event.leg)
    subscription = circuit.subscription.lower()
    known = {one.id.key: one for one in (
        *reader.list(CONTAINMENT, subscription), *reader.list(CONTAINMENT, policy.home.subscription),
        *referrers(reader, circuit, CONTAINMENT))}
    standing = tuple(Containment.model_validate(one.properties) for one in known.values() if not one.deleting)
    sessions: Counter[At] = Counter()
    for place in places:
        owner = ResourceId.parse(place.owner)
        if place.leg and owner.subscription.lower() == subscription:
            leg = Leg(place.leg)
            sessions[owner.key, leg, _peering(owner, leg, place.node) or PeeringType.PRIVATE] += len(place.sessions)
    taken, peering = paths.taken(here), _peering(circuit, Leg(event.leg), event.node)
    return Surroundings(
        standing, sessions, taken, paths.elsewhere(here, taken | set(event.prefixes), event.victims), peering,
        paths.refused(here, f"{event.node}/{event.session}"), _idle(reader, circuit, event, peering))


def _idle(reader: Reader, circuit: ResourceId, event: Event, peering: PeeringType | None) -> str:
    """Why the other leg is of no use."""
    other = Leg(event.leg).other
    return idle(circuit.child(PEERING.rpartition("/")[2], peering), other, reader) if peering else ""


def _peering(circuit: ResourceId, leg: Leg, node: str) -> PeeringType | None:
    """Whose sessions end at a node of the leg."""
    return next((kind for kind in PeeringType if vrf_node(circuit, leg, kind) == node), None)


def _limited(event: Event, policy: str, decision: Decision, place: Place) -> Finding:
    wanted = decision.containment
    action = wanted.action.value if wanted else ""
    return Finding(
        EventKind.CONTAINMENT_LIMITED, f"{EventKind.CONTAINMENT_LIMITED}|{event.id}|{policy}",
        f"policy {policy} would have answered {event.kind} with {action}, but {decision.limit}", place, event.session,
        evidence={"event": event.id, "policy": policy, "limit": decision.limit, "action": action,
                  "prefixes": list(wanted.prefixes) if wanted else []})

