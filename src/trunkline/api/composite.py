"""Operations that end when others have: a deployment's, and the deletion of a resource group.

Nobody watches them. Whoever asks for one, or for what it is about, finds out whether it has ended, and if so ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, Resource
from trunkline.store import Reader, Store, Writer

#: What an ended operation leaves behind: told the failure, if any, it answers the failure, if any.
Ending = Callable[[Writer, Operation, Json | None], Json | None]


def outstanding(reader: Reader, operation: Operation) -> tuple[Operation, ...]:
    """Those that still run. Ended ones may have been forgotten since."""
    found = (reader.operation(one) for one in operation.waits_for)
    return tuple(one for one in found if one and not one.status.final)


def failed(reader: Reader, operation: Operation) -> tuple[Operation, ...]:
    found = (reader.operation(one) for one in operation.waits_for)
    return tuple(one for one in found if one and one.status in (OperationStatus.FAILED, OperationStatus.CANCELED))


def forgotten(reader: Reader, operation: Operation) -> bool:
    """Whether the end of one of them is no longer known; what became of the resources still is."""
    return any(reader.operation(one) is None for one in operation.waits_for)


def failed_parts(action: str, resources: Iterable[Resource]) -> Json | None:
    """What the whole says of resources that are not as they should be."""
    details: list[Json] = [{"target": str(one.id), "code": "OperationFailed", "message": f"It is {one.state}."}
                           for one in resources]
    return failure(action, details) if details else None


def settle(store: Store, operation: Operation, endings: dict[str, Ending]) -> Operation:
    """The operation as it stands now; ended if all it waits for has. ``endings``: by the operation's action."""
    if operation.kind is not OperationKind.DEPLOYMENT or operation.status.final:
        return operation
    with store.reading() as reader:
        if outstanding(reader, operation):
            return operation
    with store.writing() as writer:
        current = writer.operation(operation.id) or operation
        if current.status.final or outstanding(writer, current):
            return current
        _end(writer, current, endings)
        return writer.operation(operation.id) or current


def _end(writer: Writer, operation: Operation, endings: dict[str, Ending]) -> None:
    wrong = failed(writer, operation)
    error = _error(operation, wrong) if wrong else None
    if ending := endings.get(operation.action):
        error = ending(writer, operation, error)
    writer.finish(operation.id, OperationStatus.FAILED if error else OperationStatus.SUCCEEDED, error=error)


def _error(operation: Operation, wrong: tuple[Operation, ...]) -> Json:
    return failure(operation.action, [
        {"target": str(one.resource), **(one.error or {"code": "OperationFailed", "message": "It failed."})}
        for one in wrong])


def failure(action: str, details: list[Json]) -> Json:
    """What the whole says of its parts' failures."""
    code, message = _CAUSES.get(action, ("OperationFailed", "At least one operation failed."))
    return {"code": code, "message": message, "details": details}


DELETE_GROUP, DEPLOY = "deleteGroup", "deploy"

_CAUSES = {
    DELETE_GROUP: ("ResourceGroupDeletionFailed", "Some resources of the group could not be deleted; see details."),
    DEPLOY: ("DeploymentFailed", "At least one resource deployment operation failed. Please list deployment operations "
             "for details. Please see https://aka.ms/arm-deployment-operations for usage details."),
}
