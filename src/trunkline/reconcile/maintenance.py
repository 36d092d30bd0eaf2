"""Keeps announced maintenances going: once a second each is looked at as it is stored and as the network is, and put
where it ought to be. So it also ends by itself after a restart.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from trunkline.errors import DriverFailure, Stale
from trunkline.intent.dependency import touched
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.maintenance import Next, Part, Seen, concerns_alone, following, parts_of, recorded, rendered
from trunkline.intent.scope import Scope
from trunkline.intent.view import CIRCUIT
from trunkline.model.machine import MAINTENANCE as MACHINE
from trunkline.model.maintenance import MAINTENANCE, MaintenanceState, model_of, state_of
from trunkline.model.operation import Activity
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId, now
from trunkline.reconcile.wellness import Wellness
from trunkline.store import Reader, Store

log = logging.getLogger(__name__)

#: In whose name notices stand in the activity log.
CALLER = "trunkline-maintenance"

_S = MaintenanceState

#: How often it is looked up whom an announced one concerns: circuits come and go; seconds.
_LOOK_UP_S = 30.0
#: Steps that are remembered of a maintenance.
_KEPT = 20


class Maintenances:
    """Not thread-safe: one timer keeps it."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile) -> None:
        self._store, self._wellness = store, Wellness(plane, speaker, profile)
        self._looked: dict[str, float] = {}  #: when it was looked up whom each concerns; time.monotonic()

    def beat(self) -> frozenset[Scope]:
        """What has to be passed over because something moved. One after another, each beside what the one before it has
        become: of two that may begin the second finds the first at work."""
        with self._store.reading() as reader:
            found = [one.id for one in reader.list(MAINTENANCE) if not one.deleting and not state_of(one).final]
        return frozenset(scope for one in found for scope in self._moved(one))

    def _moved(self, identity: ResourceId) -> frozenset[Scope]:
        """What a node that is not there keeps from being seen is seen with the next beat; others do not wait for it."""
        try:
            with self._store.reading() as reader:
                one = reader.get(identity)
                turn = self._turn(one, reader) if one and not one.deleting else None
        except DriverFailure:
            log.exception("maintenance %s could not be looked at", identity)
            return frozenset()
        return self._keep(one, turn) if one and turn else frozenset()

    def _turn(self, one: Resource, reader: Reader) -> _Turn:
        """Whom it concerns is looked up anew while nothing is out of use; then those alone that it began with."""
        state, wish = state_of(one), model_of(one)
        parts = self._parts(one, reader)
        used = self._used(one, state, parts, reader)
        blocked = tuple(why for part in sorted(used) for why in self._wellness.unwell(part.other, reader)
                        ) if state is not _S.RESTORING else ()
        return _Turn(parts, used, following(wish, state, Seen(
            now(), _since(one), blocked, self._busy(state, parts, reader), self._missing(state, used, reader),
            "cancelled" in one.system, one.status.get("why", ""), not parts)))

    def _parts(self, one: Resource, reader: Reader) -> frozenset[Part]:
        """To look them up takes reading all circuits: now and then while the window is not open."""
        moment, looked = time.monotonic(), self._looked.get(one.id.key, -math.inf)
        if state_of(one).felt or (now() < model_of(one).start_time and moment - looked < _LOOK_UP_S):
            return recorded(one)
        self._looked[one.id.key] = moment
        return parts_of(model_of(one), reader.list(CIRCUIT), reader)

    def _used(self, one: Resource, state: MaintenanceState, parts: frozenset[Part],
              reader: Reader) -> frozenset[Part]:
        """A leg that carries nothing needs no other."""
        wish = model_of(one)
        if state.felt:
            return recorded(one, used=True)
        if not wish.start_time <= now() < wish.end_time:
            return frozenset()
        return frozenset(part for part in parts if self._wellness.is_used(part, reader))

    def _busy(self, state: MaintenanceState, parts: frozenset[Part], reader: Reader) -> tuple[str, ...]:
        if state is not _S.DRAINING:
            return ()
        return tuple(why for part in sorted(parts) for why in self._wellness.busy(part, reader))

    def _missing(self, state: MaintenanceState, parts: frozenset[Part], reader: Reader) -> tuple[str, ...]:
        if state is not _S.RESTORING:
            return ()
        return tuple(why for part in sorted(parts) for why in self._wellness.closed(part, reader))

    def _keep(self, one: Resource, turn: _Turn) -> frozenset[Scope]:
        """Somebody may have written it meanwhile: then the next beat sees that."""
        status, system = _status(one, turn.next), {**one.system, **rendered(turn.parts, turn.used)}
        if (status, system) == (one.status, one.system):
            return frozenset()
        moved = status["state"] != one.status.get("state")
        try:
            with self._store.writing() as writer:
                kept = writer.put(replace(one, status=status, system=system, state=ProvisioningState.SUCCEEDED),
                                  one.etag)
                for activity in _notices(kept, turn) if moved else ():
                    writer.log(activity)
                return touched(kept, writer) | touched(one, writer) if moved else frozenset()
        except Stale:
            return frozenset()


@dataclass(frozen=True, slots=True)
class _Turn:
    parts: frozenset[Part]
    used: frozenset[Part]
    next: Next


def _since(one: Resource) -> datetime:
    told = one.status.get("since")
    return datetime.fromisoformat(told) if told else one.created


def _status(one: Resource, step: Next) -> Json:
    """``history``: what it has been, the latest last."""
    known = one.status.get("state")
    if step.state == known:
        return {**one.status, "why": step.why}
    if known and not MACHINE.allows(known, step.state):
        raise AssertionError(MACHINE.refusal(known, step.state))
    moment = now().isoformat()
    step_told = {"state": step.state.value, "at": moment, "why": step.why}
    return {"state": step.state.value, "since": moment, "why": step.why,
            "history": [*one.status.get("history", ()), step_told][-_KEPT:]}


def _notices(one: Resource, turn: _Turn) -> Iterator[Activity]:
    """A row for each of those whom it concerns, and for whoever announced it."""
    wish, state = model_of(one), turn.next.state
    text = (f"Maintenance {one.id.name} ({wish.reason}), {wish.start_time.isoformat()} to {wish.end_time.isoformat()}: "
            f"{state.value}")
    for resource in (one.id, *(part.resource for part in sorted(turn.parts))):
        known = resource == one.id or concerns_alone(turn.parts, resource.subscription)
        why = f": {turn.next.why}" if turn.next.why and known else ""
        yield Activity(resource, f"{MAINTENANCE}/notify/action", CALLER, one.id.key,
                       "Resolved" if state.final else "Active", detail=f"{text}{why}"[:500])
