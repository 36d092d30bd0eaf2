"""``…/locations/{location}/operations/{id}`` and ``operationResults/{id}``, for every namespace."""

from __future__ import annotations

from trunkline.api.engine import asking, operations
from trunkline.api.exchange import Answer, Call
from trunkline.api.service import Service
from trunkline.model.operation import Operation
from trunkline.store import Reader


def status(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        return operations.status(_found(service, reader, call))


def result(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        found = _found(service, reader, call)
    return operations.result(call, call.names["namespace"], asking.changed(service, found))


def _found(service: Service, reader: Reader, call: Call) -> Operation:
    """One that the client began, or could have begun: an action's result may be a secret."""
    found = operations.find(reader, call.names["operation"], call.names["subscription"])
    if found.parameters.get("caller") == call.account.object_id:
        return found
    needed = f"{found.resource.type}/{found.action}/action"
    if not call.sees(found.resource) or (
            found.action and not service.permissions.permits(call.account, needed, found.resource.key)):
        raise operations.unknown(found.id)
    return found
