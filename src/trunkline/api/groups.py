"""Resource groups. Deleting one deletes all that is in it, or nothing if something stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import uuid4

from trunkline.api import body as content
from trunkline.api import composite, naming, odata, placement
from trunkline.api.engine import listing, lock, operations, whereabouts
from trunkline.api.engine.remove import check_removal, remove
from trunkline.api.engine.turn import Turn, writing
from trunkline.api.envelope import refuse
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.errors import Conflict, Fault
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.store import Reader, Writer

KIND = "Microsoft.Resources/resourceGroups"
DEPLOYMENTS = "Microsoft.Resources/deployments"


def _id(call: Call) -> ResourceId:
    return ResourceId(call.names["subscription"], call.names["group"])


def show(group: Resource) -> Json:
    shown: Json = {"id": str(group.id), "name": group.id.group, "type": KIND, "location": group.location,
                   "properties": {"provisioningState": group.state.value}}
    return {**shown, "tags": dict(group.tags)} if group.tags else shown


def get(service: Service, call: Call) -> Answer:
    return answer(show(_present(service, _id(call))))


def head(service: Service, call: Call) -> Answer:
    try:
        _present(service, _id(call))
    except Fault as fault:
        return Answer(fault.status)
    return Answer(204)


def list_all(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        found = reader.list(KIND, call.names["subscription"])
    for group in found:
        if group.deleting:
            settle(service, group.id)
    with service.store.reading() as reader:
        found = reader.list(KIND, call.names["subscription"])
    if text := call.query.get("$filter", "").strip():
        test = odata.parse(text, ())
        found = tuple(one for one in found if test(odata.Row({}, one.tags)))
    return listing.page(call, found, lambda group: group.id.key, show, lambda group: call.sees(group.id))


def put(service: Service, call: Call) -> Answer:
    naming.check_group(call.names["group"])
    given = content.object_in(call.headers, call.body)
    settle(service, _id(call))
    with writing(service, call) as turn:
        existing = turn.writer.get(_id(call))
        if existing and existing.deleting:
            raise _being_deleted(existing.id)
        lock.check_write(turn.writer, _id(call))
        place = _location(given, existing)
        base = existing or Resource(_id(call), state=ProvisioningState.SUCCEEDED)
        stored = turn.writer.put(replace(base, location=place, tags=placement.tags(given),
                                         state=ProvisioningState.SUCCEEDED))
        turn.log(stored, "write", "Succeeded", existing)
    return answer(show(stored), 200 if existing else 201)


def patch(service: Service, call: Call) -> Answer:
    given = content.object_in(call.headers, call.body)
    with writing(service, call) as turn:
        existing = turn.writer.get(_id(call))
        if existing is None:
            raise whereabouts.group_absent(call.names["group"])
        if existing.deleting:
            raise _being_deleted(existing.id)
        lock.check_write(turn.writer, existing.id)
        tags = placement.tags(given) if "tags" in given else existing.tags
        stored = turn.writer.put(replace(existing, tags=tags))
        turn.log(stored, "write", "Succeeded", existing)
    return answer(show(stored))


def delete(service: Service, call: Call) -> Answer:
    settle(service, _id(call))
    with writing(service, call) as turn:
        group = turn.writer.get(_id(call))
        if group is None:
            raise whereabouts.group_absent(call.names["group"])
        running = _running(turn.writer, group.id)
        operation = running or _delete(turn, group)
    return Answer(202, headers=_location_header(call, operation.id))


def delete_result(service: Service, call: Call) -> Answer:
    """What a group's DELETE points at: 202, in the end 200 with nothing."""
    with service.store.reading() as reader:
        operation = operations.find(reader, call.names["operation"], call.names["subscription"])
    operation = composite.settle(service.store, operation, ENDINGS)
    if not operation.status.final:
        return Answer(202, headers=_location_header(call, operation.id))
    if operation.error:
        return answer({"error": operation.error}, 409)
    return Answer(200)


def settle(service: Service, group: ResourceId) -> None:
    """A group whose deletion has ended without anyone asking."""
    with service.store.reading() as reader:
        found = reader.get(group)
        running = _running(reader, group) if found and found.deleting else None
    if running:
        composite.settle(service.store, running, ENDINGS)


def _present(service: Service, group: ResourceId) -> Resource:
    settle(service, group)
    with service.store.reading() as reader:
        found = reader.get(group)
    if found is None:
        raise whereabouts.group_absent(group.group)
    return found


def _running(reader: Reader, group: ResourceId) -> Operation | None:
    return next((one for one in reader.running(group) if one.action == composite.DELETE_GROUP), None)


def _delete(turn: Turn, group: Resource) -> Operation:
    """All resources at once; the reconciler finds the order. Refused whole if one of them may not go."""
    lock.check_delete(turn.writer, group.id)
    held = turn.writer.within(group.id)
    tops = [one for one in held if one.id.parent is None]
    refuse(check_removal(turn, *tops))
    turn.writer.set_status(group.id, state=ProvisioningState.DELETING)
    waits_for = tuple(_remove(turn, tops, group.location))
    operation = Operation(
        id=str(uuid4()), resource=group.id, kind=OperationKind.DEPLOYMENT, action=composite.DELETE_GROUP,
        waits_for=waits_for, location=group.location, api_version=turn.author.api_version)
    turn.writer.begin(operation)
    turn.log(group, "delete")
    return operation


def _remove(turn: Turn, tops: Iterable[Resource], location: str) -> Iterator[str]:
    """The operations; each resource is looked at anew, as it may have gone with one before it."""
    for one in tops:
        current = turn.writer.get(one.id)
        if current:
            yield remove(turn, current, current.location or location).id


def _end_deletion(writer: Writer, operation: Operation, error: Json | None) -> Json | None:
    left = [one for one in writer.within(operation.resource) if one.id.parent is None]
    error = error or composite.failed_parts(operation.action, left)
    if error is None:
        writer.delete(operation.resource)
    else:  # what is left can be used again
        writer.set_status(operation.resource, state=ProvisioningState.FAILED)
        writer.set_status(operation.resource, state=ProvisioningState.SUCCEEDED)
    return error


ENDINGS: dict[str, composite.Ending] = {composite.DELETE_GROUP: _end_deletion}


def _location_header(call: Call, operation: str) -> dict[str, str]:
    url = f"{call.origin}/subscriptions/{call.names['subscription']}/operationresults/{operation}"
    return {"location": f"{url}?api-version={call.api_version}", **operations.SOON}


def _being_deleted(group: ResourceId) -> Fault:
    return Conflict("ResourceGroupBeingDeleted", f"The resource group '{group.group}' is in deprovisioning state and "
                    "cannot perform this operation; wait until it is gone.")


def _location(given: Json, existing: Resource | None) -> str:
    try:
        return placement.location(given, KIND, existing)
    except Conflict as moved:
        raise Conflict(
            "InvalidResourceGroupLocation", f"Invalid resource group location '{given.get('location')}'. The Resource "
            f"group already exists in location '{existing.location if existing else ''}'.", "location") from moved
