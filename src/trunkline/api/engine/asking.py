"""Actions: what is asked of a resource beside the five verbs. The network answers some, the store others; some change
the resource.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from pydantic import ValidationError

from trunkline.api import body as content
from trunkline.api import validation
from trunkline.api.access.changes import claims
from trunkline.api.declaration import Action, Question
from trunkline.api.engine import listing, lock, operations, whereabouts
from trunkline.api.engine.target import Ask, Item
from trunkline.api.engine.turn import Asked, Turn, writing
from trunkline.api.engine.whereabouts import Place
from trunkline.api.envelope import NotAllowed, refuse
from trunkline.api.exchange import Answer, Awaited, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Fault, NotFound
from trunkline.model.operation import Activity, Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader


def ask(service: Service, call: Call, found: Ask) -> Answer | Awaited:
    action = _chosen(call, found)
    question = _question(call, found, action)
    if action.change:
        return _change(service, call, found.item, action, question)
    with service.store.reading() as reader:
        place = _place(service, reader, found.item, action)
        if call.writes:
            lock.check_write(reader, place.item.id)
        refuse(list(action.check(place.resource, reader, question)))
        if action.lists:
            return listing.resources(service.registry, reader, call, action.lists(place.resource, reader))
        told = action.answer(place.resource, reader, question) if action.answer else None
        location = whereabouts.region(reader, place.resource)
    if action.quick and action.answer:
        return answer(told)
    asked = Asked(action.name, question.parameters, told)
    operation = begin(service, call, place.item.id, asked, location, known=action.answer is not None)
    if action.quick:
        return Awaited(operation.id)
    return answer(None, 202, operations.located(call, place.view.id.namespace, operation))


def begin(service: Service, call: Call, resource: ResourceId, asked: Asked, location: str,
          known: bool = False) -> Operation:
    """A question to the live network, which the reconciler answers unless the answer is ``known``."""
    operation = Operation(
        id=str(uuid4()), resource=resource, kind=OperationKind.ACTION, action=asked.action, location=location,
        parameters={**asked.parameters, "subscription": call.names["subscription"].lower(),
                    "caller": call.account.object_id},
        api_version=call.api_version)
    with service.store.writing() as writer:
        writer.begin(operation)
        if call.method == "POST" and resource.namespace:
            writer.log(Activity(resource, f"{resource.type}/{asked.action}/action", call.account.client_id,
                                call.correlation_id, "Accepted", operation=operation.id,
                                more={"claims": claims(call.account)}))
        if known:
            writer.finish(operation.id, OperationStatus.SUCCEEDED, result=asked.result)
    if not known:
        service.wake([f"op:{operation.id}"])
    return operation


def changed(service: Service, operation: Operation) -> Operation:
    """An operation as its result shows it: what an action that changed a resource answers is known when that is
    realised."""
    if operation.kind is not OperationKind.PUT or operation.status is not OperationStatus.SUCCEEDED:
        return operation
    kind = service.registry.find(operation.resource.type)
    action = next((one for one in kind.actions if one.change and one.name == operation.action), None) if kind else None
    if action is None:
        return operation
    with service.store.reading() as reader:
        resource = reader.get(operation.resource)
        told = action.answer(resource, reader, Question(operation.parameters)) if action.answer and resource else None
    return replace(operation, kind=OperationKind.ACTION, result=told)


def _chosen(call: Call, found: Ask) -> Action:
    action = next((one for one in found.actions if one.method == call.method), None)
    if action is None:
        raise NotAllowed(call.method, *(one.method for one in found.actions))
    if refused := action.refused:
        raise Fault(refused.code, refused.message, status=refused.status)
    return action


def _question(call: Call, found: Ask, action: Action) -> Question:
    query = {name: call.query.get(name.lower(), "") for name in action.query}
    body = _body(call, found.item, action)
    told = {name: str(body.get(name, "")) for name in action.told}
    return Question({**found.parameters, **query, **dict(action.fixed), **told}, body)


def _body(call: Call, item: Item, action: Action) -> Json:
    """What is sent, by the words of ARM; nothing where nothing is expected."""
    if action.body is None:
        return {}
    given = content.object_in(call.headers, call.body)
    try:
        sent: Json = action.body.model_validate(given).model_dump(by_alias=True, mode="json", exclude_none=True)
    except ValidationError as error:
        wrong = list(validation.faults(error, "", item.id.name, item.kind.secrets))
    else:
        return sent
    refuse(wrong)
    return {}


def _place(service: Service, reader: Reader, item: Item, action: Action) -> Place:
    """A row of a catalogue is not stored."""
    if not item.kind.catalogue:
        try:
            return whereabouts.find(service.registry, reader, item)
        except NotFound as missing:
            raise action.absent(item.id, reader) or missing from None
    location = item.id.names[0] if item.id.types[0] == "locations" else ""
    return Place(item, item, Resource(item.id, location))


def _change(service: Service, call: Call, item: Item, action: Action, question: Question) -> Answer:
    with writing(service, call) as turn:
        place = whereabouts.find(service.registry, turn.writer, item)
        lock.check_write(turn.writer, place.item.id)
        if place.resource.deleting:
            raise turn.busy(place.resource)
        refuse(list(action.check(place.resource, turn.writer, question)))
        stored, realised = _stored(turn, place, action, question)
        told = action.answer(stored, turn.writer, question) if action.answer else None
        operation = turn.begin(
            OperationKind.PUT if realised else OperationKind.ACTION, stored,
            whereabouts.region(turn.writer, stored), at_once=not realised,
            asked=Asked(action.name, question.parameters, None if realised else told))
        turn.log(stored, f"{action.name}/action")
    namespace = place.view.id.namespace
    if action.quick:
        return answer(told)
    if action.method == "PUT":
        return answer(told, headers=operations.asynchronous(call, namespace, operation))
    return answer(None, 202, operations.located(call, namespace, operation))


def _stored(turn: Turn, place: Place, action: Action, question: Question) -> tuple[Resource, bool]:
    """The resource as the call leaves it, and whether there is network to follow."""
    new = action.change(place.resource, turn.writer, question) if action.change else place.resource
    realised = place.item.kind.is_realised(new)
    state = ProvisioningState.UPDATING if realised else ProvisioningState.SUCCEEDED
    return turn.writer.put(replace(new, state=state)), realised
