"""Trunkline.Plant/maintenances: announced work on one leg, or one gateway instance, at a time; and the notices that
tenants see of it. Only operators announce."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.api.declaration import Action, Ledger, Question, Register, ResourceType, Wish
from trunkline.api.resources.linked import linked, missing
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.maintenance import NOBODY, Part, concerns_alone, opposed, parts_of, recorded, rendered
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.backbone import backbone, site_of
from trunkline.model.maintenance import (
    MAINTENANCE,
    NOTICE,
    Maintenance,
    MaintenanceKind,
    MaintenanceState,
    model_of,
    state_of,
)
from trunkline.model.plant import location
from trunkline.model.provider import offers
from trunkline.model.resource import Json, Properties, Resource, ResourceId, now

_ANOTHER = "Cancel this one and announce another."


def maintenances(notice_days: int) -> tuple[ResourceType, ...]:
    """``notice_days``: how long before customers are told, but in an emergency."""
    def check(wish: Wish, estate: Register) -> Iterator[Fault]:
        model = model_of(wish.resource)
        if wish.existing and state_of(wish.existing) is not MaintenanceState.ANNOUNCED:
            yield Conflict("MaintenanceHasBegun", f"Maintenance {wish.resource.id.name} is "
                           f"{state_of(wish.existing).value}; only one that is Announced can be changed. {_ANOTHER}")
            return
        faults = tuple(_target(wish.resource, model, estate))
        yield from faults
        if not model.is_announced_in_time(now(), notice_days):
            yield Fault("MaintenanceNoticeTooShort", f"startTime {model.start_time.isoformat()} is not "
                        f"{notice_days} days ahead, and so long before customers have to know. Choose a later window, "
                        "or set emergency, with a reason, for what cannot wait (then not in the past).", "startTime")
        if not faults:
            yield from _one_at_a_time(wish.resource, model, estate)

    return (
        ResourceType(MAINTENANCE, model=Maintenance, tracked=False, check=check, amend=_amend, show=_show,
                     in_use=_in_use, actions=(Action("cancel", quick=True, check=_cancellable, change=_cancel,
                                                     answer=_cancelled),)),
        ResourceType(NOTICE, model=Properties, tracked=False, view=_notices))


def _target(own: Resource, model: Maintenance, estate: Register) -> Iterator[Fault]:
    for name, wanted, kind in (("circuit", model.circuit, CIRCUIT), ("gateway", model.gateway, GATEWAY)):
        if wanted and linked(estate, own.id, wanted.id, kind, anywhere=True) is None:
            yield missing(own.id, wanted.id, kind, name)
    if model.location is not None and not _is_place(model):
        yield Fault("PeeringLocationNotFound", f"location '{model.location[:80]}' is no peering location, nor a "
                    "building of a metro. 'trunkline plant locations' lists them.", "location")
    if model.provider is not None and offers().get(model.provider) is None:
        yield Fault("ExpressRouteCircuitServiceProviderDoesNotExist", f"The Service Provider {model.provider[:80]} "
                    "does not exist. 'az network express-route list-service-providers' lists those that do.",
                    "provider")


def _is_place(model: Maintenance) -> bool:
    known = {site.name.casefold() for site in backbone().sites}
    return location(model.location or "") is not None or (
        model.leg is not None and site_of(model.location or "", model.leg).casefold() in known)


def _one_at_a_time(own: Resource, model: Maintenance, estate: Register) -> Iterator[Fault]:
    mine = replace(own, system=rendered(parts_of(model, estate.list(CIRCUIT), estate), frozenset()))
    for other in estate.list(MAINTENANCE):
        if other.id.key == own.id.key or other.deleting or state_of(other).final:
            continue
        if opposed(mine, other):
            yield Conflict("MaintenanceOfBothLegs", f"Maintenance {other.id.name} takes the other leg, or instance, of "
                           f"something that this one takes, from {model_of(other).start_time.isoformat()} to "
                           f"{model_of(other).end_time.isoformat()}. One at a time: choose a window beside that.",
                           "startTime")


def _amend(wish: Wish, ledger: Ledger) -> Json:
    return rendered(parts_of(model_of(wish.resource), ledger.list(CIRCUIT), ledger), frozenset())


def _show(maintenance: Resource, _estate: Estate) -> Json:
    parts = recorded(maintenance)
    told = maintenance.status.get("why", "" if parts else NOBODY)
    return {"state": state_of(maintenance).value, "why": told,
            "since": maintenance.status.get("since", maintenance.created.isoformat()),
            "history": maintenance.status.get("history", []),
            "affected": [_part(one) for one in sorted(parts)]}


def _part(one: Part) -> Json:
    word = "instance" if one.resource.type.lower() == GATEWAY.lower() else "leg"
    return {"id": one.key, word: one.part}


def _in_use(maintenance: Resource, _estate: Estate) -> Iterator[Fault]:
    if not state_of(maintenance).final:
        yield Conflict("MaintenanceIsAnnounced", f"Maintenance {maintenance.id.name} is "
                       f"{state_of(maintenance).value}, and customers have been told of it. Cancel it first; they "
                       "are then told that too.")


def _cancellable(maintenance: Resource, _estate: Estate, _question: Question) -> Iterator[Fault]:
    if state_of(maintenance).final:
        yield Conflict("MaintenanceHasEnded", f"Maintenance {maintenance.id.name} is {state_of(maintenance).value}; "
                       "there is nothing to cancel.")


def _cancel(maintenance: Resource, _ledger: Ledger, _question: Question) -> Resource:
    return replace(maintenance, system={**maintenance.system, "cancelled": now().isoformat()})


def _cancelled(maintenance: Resource, _estate: Register, _question: Question) -> Json:
    return {"id": str(maintenance.id), "cancelled": maintenance.system["cancelled"]}


# ── what tenants see ───────────────────────────────────────────────────────────────────────────────────────────────


def _notices(subscription: ResourceId, register: Register) -> Iterator[Json]:
    """Of each maintenance that concerns something of a subscription, and of that alone. To a circuit's provider its own
    side of it is told."""
    for one in register.list(MAINTENANCE):
        mine = [seen for part in sorted(recorded(one)) for seen in _sides(part, register)
                if seen.resource.subscription.lower() == subscription.subscription.lower()]
        if mine and not one.deleting:
            yield _notice(subscription, one, mine)


def _sides(part: Part, register: Register) -> Iterator[Part]:
    yield part
    circuit = register.get(part.resource)
    if circuit and (twin := circuit.system.get("twin")):
        yield Part(ResourceId.parse(twin["id"]).key, part.part)


def _notice(subscription: ResourceId, one: Resource, mine: list[Part]) -> Json:
    model, state = model_of(one), state_of(one)
    namespace, kind = NOTICE.split("/")
    own = ResourceId(subscription.subscription, "", namespace, (kind,), (one.id.name,))
    why = one.status.get("why", "") if concerns_alone(recorded(one), subscription.subscription) else ""
    felt = "one instance at a time" if model.kind is MaintenanceKind.INSTANCE else "the other leg carries"
    return {"id": str(own), "name": one.id.name, "type": NOTICE, "properties": {
        "state": state.value, "why": why, "reason": model.reason, "emergency": model.emergency,
        "startTime": model.start_time.isoformat(), "endTime": model.end_time.isoformat(),
        "announced": one.created.isoformat(), "affected": [_part(part) for part in mine],
        "summary": f"{model.reason}: {', '.join(f'{part.part} of {part.resource.name}' for part in mine)}; {felt}"}}
