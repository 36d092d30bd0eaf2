"""Maintenance: whom it concerns, and what comes next. Pure.

    Announced ── window open, other legs healthy ─► Draining ── traffic gone ─► InProgress
                                              Completed ◄── sessions back ── Restoring ◄── window over
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trunkline.intent.estate import Estate
from trunkline.intent.gateways import gateway_of, links
from trunkline.intent.view import CircuitView, circuit_view, referrers
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.maintenance import MAINTENANCE, Maintenance, MaintenanceKind, MaintenanceState, model_of, state_of
from trunkline.model.resource import Json, Resource, ResourceId

_S = MaintenanceState

#: Said of a maintenance that takes nothing from anybody.
NOBODY = "no circuit ends there: nothing is drained and nobody is told, unless one is ordered before it begins"

#: How long sessions may take to come back before a maintenance ends without them; seconds.
RESTORED_WITHIN_S = 120


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """What is out of use: a leg of a circuit, or an instance (``0`` or ``1``) of a gateway. ``key``: of the resource's
    id."""

    key: str
    part: str

    @property
    def other(self) -> Part:
        return Part(self.key, {"primary": "secondary", "secondary": "primary", "0": "1", "1": "0"}[self.part])

    @property
    def resource(self) -> ResourceId:
        return ResourceId.parse(self.key)


def parts_of(wish: Maintenance, circuits: Iterable[Resource], estate: Estate) -> frozenset[Part]:
    """``circuits``: all there are, for what is named by its place."""
    match wish.kind:
        case MaintenanceKind.LEG if wish.circuit and wish.leg:
            return frozenset({Part(wish.circuit.target.key, wish.leg)})
        case MaintenanceKind.INSTANCE if wish.gateway:
            return frozenset({Part(wish.gateway.target.key, str(wish.instance))})
    views = (circuit_view(estate, one.id) for one in circuits if not one.deleting)
    return frozenset(Part(view.resource.id.key, wish.leg) for view in views
                     if view and wish.leg and _is_there(wish, wish.leg, view))


def _is_there(wish: Maintenance, leg: Leg, view: CircuitView) -> bool:
    """A leg of a metro's circuits ends in one of its buildings."""
    if site_of(view.location, leg).casefold() != site_of(wish.location or "", leg).casefold():
        return False
    return wish.kind is MaintenanceKind.EDGE or (
        not view.port and view.provider.casefold() == (wish.provider or "").casefold())


# ── as it is stored with a maintenance, so that what it concerns leads back to it ──────────────────────────────────


def rendered(parts: Iterable[Part], used: frozenset[Part]) -> Json:
    """``used``: those that carried when it began, and so need another that does."""
    return {"parts": [{"id": one.key, "part": one.part, "used": one in used} for one in sorted(parts)]}


def recorded(maintenance: Resource, used: bool = False) -> frozenset[Part]:
    """``used``: only what was."""
    return frozenset(Part(ResourceId.parse(one["id"]).key, one["part"])
                     for one in maintenance.system.get("parts", ()) if one["used"] or not used)


def is_closing(maintenance: Resource) -> bool:
    """Whether what it takes carries nothing: its sessions are closed, or were and come back."""
    was = [step["state"] for step in maintenance.status.get("history", ())]
    return state_of(maintenance) is _S.IN_PROGRESS or was[-2:] == [_S.IN_PROGRESS, _S.RESTORING]


def concerns_alone(parts: Iterable[Part], subscription: str) -> bool:
    """Whether it takes nothing of anybody else's: else why it waits is not for this subscription to know."""
    return all(part.resource.subscription.lower() == subscription.lower() for part in parts)


@dataclass(frozen=True, slots=True)
class Work:
    """A maintenance that is felt by a part."""

    resource: Resource
    state: MaintenanceState

    @property
    def closes(self) -> bool:
        return self.state is _S.IN_PROGRESS

    @property
    def words(self) -> str:
        return f"maintenance {self.resource.id.name}"


def work_on(estate: Estate, part: Part) -> Work | None:
    """The one that closes it, else the one that drains it."""
    found = [Work(one, state_of(one)) for one in referrers(estate, part.resource, MAINTENANCE)
             if state_of(one).felt and part in recorded(one)]
    return max(found, key=lambda one: one.closes, default=None)


def instances_worked_on(estate: Estate, gateway: ResourceId) -> dict[int, Work]:
    found = ((instance, work_on(estate, Part(gateway.key, str(instance)))) for instance in (0, 1))
    return {instance: work for instance, work in found if work}


def gateways_of(estate: Estate, circuit: ResourceId) -> tuple[ResourceId, ...]:
    return tuple(gateway_of(one) for one in links(estate, circuit) if not one.deleting)


# ── what comes next ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Seen:
    """``since``: when the present state began. ``blocked``: why it may not begin, or go on. ``busy``: what of it still
    carries traffic. ``missing``: what is not back yet. ``before``: why it was where it is until now. ``idle``: nothing
    is there that it would take."""

    now: datetime
    since: datetime
    blocked: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    cancelled: bool = False
    before: str = ""
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """``why``: what it waits for, or why it went where it is."""

    state: MaintenanceState
    why: str = ""


def following(wish: Maintenance, state: MaintenanceState, seen: Seen) -> Next:
    """The state as it ought to be now; the same as before while it waits."""
    return _FOLLOWING[state](wish, seen) if state in _FOLLOWING else Next(state)


def _announced(wish: Maintenance, seen: Seen) -> Next:
    if seen.cancelled:
        return Next(_S.CANCELLED, "cancelled before it began")
    if seen.now >= wish.end_time:
        return Next(_S.REFUSED, seen.before or "nobody was there to begin it within its window")
    if seen.now < wish.start_time:
        return Next(_S.ANNOUNCED, NOBODY if seen.idle else "")
    if seen.blocked:
        return Next(_S.ANNOUNCED, f"may not begin: {_listed(seen.blocked)}")
    return Next(_S.DRAINING)


def _draining(wish: Maintenance, seen: Seen) -> Next:
    if why := _ends(wish, seen):
        return Next(_S.RESTORING, why)
    waited = seen.now - seen.since >= timedelta(seconds=wish.drain_in_seconds)
    if seen.busy and not waited:
        return Next(_S.DRAINING, f"still carrying: {_listed(seen.busy)}")
    return Next(_S.IN_PROGRESS, f"closed although it carried: {_listed(seen.busy)}" if seen.busy else "")


def _in_progress(wish: Maintenance, seen: Seen) -> Next:
    why = _ends(wish, seen)
    return Next(_S.RESTORING, why) if why else Next(_S.IN_PROGRESS)


def _ends(wish: Maintenance, seen: Seen) -> str:
    if seen.cancelled:
        return "cancelled"
    if seen.now >= wish.end_time:
        return "the window is over"
    return f"given back: {_listed(seen.blocked)}" if seen.blocked else ""


def _restoring(wish: Maintenance, seen: Seen) -> Next:
    late = seen.now - seen.since >= timedelta(seconds=RESTORED_WITHIN_S)
    if seen.missing and not late:
        return Next(_S.RESTORING, f"not back yet: {_listed(seen.missing)}")
    without = f"without {_listed(seen.missing)}" if seen.missing else ""
    if seen.cancelled:
        return Next(_S.CANCELLED, without)
    return Next(_S.COMPLETED if seen.now >= wish.end_time else _S.ANNOUNCED, without)


def _listed(reasons: tuple[str, ...]) -> str:
    return "; ".join(reasons)


_FOLLOWING = {_S.ANNOUNCED: _announced, _S.DRAINING: _draining, _S.IN_PROGRESS: _in_progress,
              _S.RESTORING: _restoring}


def opposed(one: Resource, other: Resource) -> bool:
    """Whether two maintenances would take both parts of something at a time."""
    theirs = recorded(other)
    return model_of(one).meets(model_of(other)) and any(part.other in theirs for part in recorded(one))
