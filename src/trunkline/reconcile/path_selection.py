"""Dynamic path selection: links of the backbone are measured all the time, and traffic keeps off those that are bad.

What was decided is stored, so a restart keeps it, and works by what routing daemons are told of a link's cost, softly.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event

from trunkline.diagnosis.link_quality import (
    Quality,
    Verdict,
    is_returning,
    judge,
    quality,
    reading,
    reason,
    windowed,
)
from trunkline.intent.allocation import span_addresses
from trunkline.intent.compile.draft import core_scope
from trunkline.intent.compile.plant import backbone_interface, core_node
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.network import Wire
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.span import AVOIDED, Standing, avoidance_id, span_between, standing
from trunkline.model.backbone import Span
from trunkline.model.circuit import Leg
from trunkline.model.operation import Activity
from trunkline.model.profile import Profile
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.reconcile.troubles import Troubles
from trunkline.store import Reader, Store

log = logging.getLogger(__name__)

#: Ten echoes a second over each link; how often it is asked which links there are; seconds.
_BEAT_S, _LOOK_S = 0.1, 1.0
#: How often routers calculate while a link returns; seconds. BIRD does so 10 ms after it is asked to.
_HASTE_S = 0.025
#: How long after a link is left or trusted again they still do; seconds.
_HASTE_AFTER_S = 3.0
_CALLER = "Trunkline"
#: A link and the leg whose it is.
Place = tuple[Span, Leg]


class PathSelection:
    """Not thread-safe, but for ``hasten``. ``due``: told of the scopes of routers whose costs change."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile, troubles: Troubles,
                 due: Callable[[Iterable[Scope]], None]) -> None:
        self._store, self._plane, self._speaker, self._profile = store, plane, speaker, profile
        self._troubles, self._due = troubles, due
        self._wires: dict[Wire, Place] = {}
        self._echoes: dict[Place, tuple[float | None, ...]] = {}
        self._verdicts: dict[Place, Verdict] = {}
        self._looked = 0.0
        self._decided_s = -math.inf
        self.hurried: frozenset[str] = frozenset()  #: all routers while any link is being left or returns

    def run(self, stopped: Event) -> None:
        gauge = self._plane.gauge()
        try:
            while not stopped.wait(_BEAT_S):
                try:
                    self.beat(gauge.beat, time.monotonic())
                except Exception:
                    self.hurried = frozenset()
                    log.exception("path selection")
        finally:
            gauge.close()

    def hasten(self, stopped: Event) -> None:
        """While a link is left or returns, one router knows of it before another does, and so long they pass packets
        to and fro (a micro-loop, RFC 8333) or to one that knows no way. So it shall not be long. No more than a quarter
        of the time goes into it, however many they are."""
        pause_s = _HASTE_S
        while not stopped.wait(pause_s):
            began = time.monotonic()
            try:
                if self.hurried:
                    self._speaker.hasten(self.hurried)
            except Exception:
                log.exception("haste")
            pause_s = max(_HASTE_S, 3 * (time.monotonic() - began))

    def beat(self, measure: Callable[[tuple[Wire, ...]], Mapping[Wire, tuple[float | None, ...]]], at_s: float) -> None:
        if not self._looked or at_s - self._looked >= _LOOK_S:
            self._look(at_s)
        for wire, fresh in measure(tuple(self._wires)).items():
            self._take(self._wires[wire], fresh, at_s)
        hurry = at_s - self._decided_s < _HASTE_AFTER_S or any(
            is_returning(verdict, self._echoes[place]) for place, verdict in self._verdicts.items())
        self.hurried = frozenset(core_node(site, leg) for span, leg in self._verdicts if hurry
                                 for site in (span.a, span.b))

    def _look(self, at_s: float) -> None:
        """Which links there are; a verdict on one that is gone, or that nobody gave in this life, is the store's."""
        with self._store.reading() as reader:
            places = dict(_places(reader.applied_of(ScopeKind.SPAN)))
            stored = {one.id.key for one in reader.list(AVOIDED)}
            fresh = {place: standing(*place, reader) for place in set(places.values()) - self._verdicts.keys()}
        self._looked, self._wires = at_s, places
        known = set(places.values())
        for place in [place for place in self._verdicts if place not in known]:
            del self._verdicts[place], self._echoes[place]
        for place, stood in fresh.items():
            self._verdicts[place], self._echoes[place] = Verdict(stood), ()
        left = stored - {avoidance_id(*place).key for place in known}
        if left:
            self._forget(left)
        self._troubles.measured({place: self._quality(place) for place in known})

    def _forget(self, keys: Iterable[str]) -> None:
        with self._store.writing() as writer:
            for one in writer.list(AVOIDED):
                if one.id.key in keys:
                    writer.delete(one.id)

    def _quality(self, place: Place) -> Quality:
        return quality(self._echoes[place])

    def _take(self, place: Place, fresh: tuple[float | None, ...], at_s: float) -> None:
        if not self._echoes[place] and all(one is None for one in fresh):  # being made; what never carried is OSPF's
            return
        before = self._verdicts[place]
        self._echoes[place] = windowed(self._echoes[place], fresh)
        expected_ms, bounds = expected_round_trip_ms(place[0], self._profile), self._profile.link_bounds
        after = judge(before, reading(self._echoes[place], expected_ms, bounds), at_s, bounds)
        self._verdicts[place] = after
        if after.standing is not before.standing:
            self._decided_s = at_s
            self._decide(place, before.standing, after.standing, reason(self._quality(place), expected_ms))

    def _decide(self, place: Place, before: Standing, after: Standing, why: str) -> None:
        """Circuits are told that it was left, and that all is as before."""
        span, leg = place
        log.warning("link", extra={"link": str(span), "leg": leg.value, "standing": after.value, "why": why})
        with self._store.writing() as writer:
            identity = avoidance_id(span, leg)
            if after is Standing.TRUSTED:
                writer.delete(identity)
            else:
                writer.put(Resource(identity, properties={"standing": after.value, "reason": why},
                                    state=ProvisioningState.SUCCEEDED))
            if Standing.TRUSTED in (before, after):
                for circuit in _circuits(writer, place):
                    writer.log(_activity(circuit, place, after is not Standing.TRUSTED, why))
        self._due(core_scope(site, leg) for site in (span.a, span.b))


def expected_round_trip_ms(span: Span, profile: Profile) -> float:
    return 2 * span.latency_us / 1000 if profile.felt_latency else 0.0


def _places(scopes: Iterable[str]) -> Iterator[tuple[Wire, Place]]:
    for scope in map(Scope.parse, scopes):
        span, leg = span_between(*scope.key.split("~")), Leg(scope.leg)
        if span:
            yield Wire(core_node(span.a, leg), backbone_interface(span.b), span_addresses(span, leg)[1]), (span, leg)


def _circuits(reader: Reader, place: Place) -> Iterator[ResourceId]:
    """Whose legs have tunnels that are planned to lead over a link."""
    for pair in reader.requiring(str(Scope(ScopeKind.SPAN, str(place[0]), place[1]))):
        for scope in map(Scope.parse, reader.requiring(pair)):
            if scope.kind is ScopeKind.LEG:
                yield ResourceId.parse(scope.key)


def _activity(circuit: ResourceId, place: Place, left: bool, why: str) -> Activity:
    span, leg = place
    action = "Trunkline.Plant/links/leave/action" if left else "Trunkline.Plant/links/return/action"
    return Activity(circuit, action, _CALLER, f"link-{time.time_ns():x}", "Succeeded",
                    detail=f"{leg} link {span.a} to {span.b}: {why}")
