"""``Trunkline.Plant/plan``: what writing these resources would do to what runs. Everything that PUTs would check is
checked, by making them in a transaction of which nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trunkline.api import body as content
from trunkline.api import naming
from trunkline.api.access.permissions import forbidden
from trunkline.api.engine import target, write
from trunkline.api.engine.turn import Turn, writing
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound, Refused
from trunkline.intent.change.fields import ABSENT
from trunkline.intent.change.plan import Edit, FieldChange, ResourceChange, Touch, worst_of
from trunkline.intent.change.plan import plan as planned
from trunkline.intent.scope import Scope
from trunkline.model.circuit import ProviderState
from trunkline.model.profile import profile_named
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader

#: As many as a template may hold (azure-facts has none for what is ours).
MOST = 800

#: What stands for a secret that is there.
_HIDDEN = "(secret)"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """``consented``: it is a circuit, and its provider is to turn it to Provisioned. ``key_of``: the circuit whose
    service key belongs into the properties."""

    id: ResourceId
    body: Json
    consented: bool = False
    key_of: str = ""


@dataclass(frozen=True, slots=True)
class _Made:
    """``step``: which wanted resource brought it about."""

    step: int
    edit: Edit


class _RolledBack(Exception):
    """A plan ends: what it wrote must not stay."""


def plan(service: Service, call: Call) -> Answer:
    """Other writers wait only while the PUTs are made, not while blueprints are compared."""
    wanted, wrong, made = _parsed(content.object_in(call.headers, call.body)), list[Json](), list[_Made]()
    try:
        with writing(service, call) as turn, service.store.reading() as before:
            steps: dict[str, int] = {}
            for number, one in enumerate(wanted):
                wrong += _written(turn, number, one)
                steps |= {key: number for key in turn.touched if key not in steps}
            made = [] if wrong else [*_made(turn, steps, before)]
            raise _RolledBack
    except _RolledBack:
        return answer({"faults": wrong} if wrong else _told(service, call, made))


def _parsed(body: Json) -> list[_Wanted]:
    rows = body.get("resources")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("id"), str) for row in rows):
        raise Fault("InvalidRequestContent", "Property 'resources' must be a list of resources, each with its 'id' "
                    "beside what a PUT of it would hold.", "resources")
    if len(rows) > MOST:
        raise Fault("InvalidRequestContent", f"'resources' holds {len(rows)} resources and {MOST} are allowed; plan "
                    "them in parts.", "resources")
    return [_Wanted(ResourceId.parse(row["id"]), {name: value for name, value in row.items() if name not in (
        "id", "provisioned", "serviceKeyOf")}, row.get("provisioned") is True, str(row.get("serviceKeyOf") or ""))
        for row in rows]


# ── made, to be taken back ─────────────────────────────────────────────────────────────────────────────────────────


def _written(turn: Turn, number: int, one: _Wanted) -> Iterator[Json]:
    try:
        _write(turn, one)
    except Refused as refused:
        yield from (_fault(number, one, fault) for fault in refused.faults)
    except Fault as fault:
        yield _fault(number, one, fault)


def _fault(number: int, one: _Wanted, fault: Fault) -> Json:
    return {"index": number, "id": str(one.id), "code": fault.code, "message": str(fault), "target": fault.target}


def _write(turn: Turn, one: _Wanted) -> None:
    if one.consented:
        _consent(turn, one.id)
    elif not one.id.namespace:
        _group(turn, one)
    else:
        item = target.of(turn.registry, one.id)
        if item is None:
            raise NotFound(f"There is no resource type '{one.id.type[:120]}'.", "InvalidResourceType")
        _permitted(turn, f"{item.kind.name}/write", one.id)
        write.put(turn, item, _body(turn, one))


def _permitted(turn: Turn, action: str, resource: ResourceId) -> None:
    if not turn.author.permits(action, resource.key):
        raise forbidden(turn.author.account, action, str(resource))


def _body(turn: Turn, one: _Wanted) -> Json:
    if not one.key_of:
        return one.body
    circuit = _readable(turn, ResourceId.parse(one.key_of))
    return {**one.body, "properties": {"serviceKey": circuit.system.get("serviceKey", ""),
                                       **(one.body.get("properties") or {})}}


def _readable(turn: Turn, wanted: ResourceId) -> Resource:
    """A circuit that is not there is told like one of which nothing may be known."""
    found = turn.writer.get(wanted)
    if found is None or not turn.author.permits(f"{wanted.type}/read", wanted.key):
        raise NotFound(f"There is no circuit {wanted}; create it first, or name it before what needs it.")
    return found


def _group(turn: Turn, one: _Wanted) -> None:
    naming.check_group(one.id.group)
    _permitted(turn, "Microsoft.Resources/subscriptions/resourceGroups/write", one.id)
    if turn.writer.get(one.id) is None:
        turn.writer.put(Resource(one.id, str(one.body.get("location", "")), state=ProvisioningState.SUCCEEDED))


def _consent(turn: Turn, circuit: ResourceId) -> None:
    """What its provider may say is supposed; whether it will is its own affair."""
    twin = _readable(turn, circuit).system.get("twin")
    found = turn.writer.get(ResourceId.parse(twin["id"])) if twin else None
    item = target.of(turn.registry, found.id) if found else None
    if found and item:
        _permitted(turn, f"{item.kind.name}/write", found.id)
        write.put(turn, item, {"location": found.location, "properties": {
            **found.properties, "serviceProviderProvisioningState": ProviderState.PROVISIONED.value}})


# ── told ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _made(turn: Turn, steps: Mapping[str, int], before: Reader) -> Iterator[_Made]:
    for key, step in steps.items():
        if found := turn.writer.get(ResourceId.parse(key)):
            yield _Made(step, Edit(before.get(found.id), found))


def _told(service: Service, call: Call, made: Sequence[_Made]) -> Json:
    with service.store.reading() as before:
        rows = planned(before, [one.edit for one in made], profile_named(service.settings.profile))

    def sees(resource: ResourceId) -> bool:
        return service.permissions.sees(call.account, resource)

    return {"class": worst_of(rows).value, "changes": [
        {"index": one.step, **_row(row, sees, call.account.operator)}
        for one, row in zip(made, rows, strict=True) if sees(row.resource.id)]}


def _row(row: ResourceChange, sees: Callable[[ResourceId], bool], operator: bool) -> Json:
    return {"resourceId": str(row.resource.id), "changeType": row.deed.value, **_touch(row.touch, sees, operator),
            "fields": [_field(one, sees, operator) for one in row.fields]}


def _field(one: FieldChange, sees: Callable[[ResourceId], bool], operator: bool) -> Json:
    values = {name: _shown(value, one.field.secret) for name, value in (
        ("before", one.field.before), ("after", one.field.after)) if value is not ABSENT}
    return {"path": one.field.name, **values, **_touch(one.touch, sees, operator)}


def _shown(value: Any, secret: bool) -> Any:
    return _HIDDEN if secret and value else value


def _touch(touch: Touch, sees: Callable[[ResourceId], bool], operator: bool) -> Json:
    """``effects``: nodes are the plant's, so only operators are told of them."""
    within = {"effects": [{"node": one.node, "what": one.what, "fate": one.fate.value, "class": one.cost.value,
                           "members": list(one.members)} for one in touch.effects]} if operator else {}
    return {"class": touch.cost.value, "legs": [_leg(touch, leg, sees) for leg in touch.legs],
            "otherLegCarries": touch.other_leg_carries, "outageSeconds": touch.outage_s, **within}


def _leg(touch: Touch, leg: Scope, sees: Callable[[ResourceId], bool]) -> Json:
    """Another tenant's circuit is not named."""
    circuit = ResourceId.parse(leg.key)
    named = {"circuit": {"id": leg.key}} if sees(circuit) else {}
    return {**named, "leg": leg.leg, "interrupted": leg in touch.interrupted, "sessions": list(touch.sessions(leg))}
