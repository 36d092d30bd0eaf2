"""DELETE inside one transaction: what stands in the way, what goes with it, and the operation that tells the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.api.engine import lock
from trunkline.api.engine.turn import Turn
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.store import Reader


class Without:
    """An estate in which doomed resources no longer point at anything, nor are anyone's children."""

    def __init__(self, estate: Estate, doomed: Iterable[Resource]) -> None:
        self._estate, self._doomed = estate, frozenset(one.id.key for one in doomed)

    def get(self, resource: ResourceId) -> Resource | None:
        return self._estate.get(resource)

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return self._left(self._estate.children(parent, kind))

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return self._left(self._estate.referrers(target, kind))

    def list(self, kind: str) -> tuple[Resource, ...]:
        return self._left(self._estate.list(kind))

    def _left(self, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        return tuple(one for one in resources if one.id.key not in self._doomed)


def tree(reader: Reader, resource: Resource) -> Iterator[Resource]:
    """The resource and all below it, parents first."""
    yield resource
    for child in reader.children(resource.id):
        yield from tree(reader, child)


def check_removal(turn: Turn, *resources: Resource) -> list[Fault]:
    """What forbids the deletion of all these together, with all below them. A lock is the only fault."""
    try:
        for resource in resources:
            lock.check_delete(turn.writer, resource.id)
    except Conflict as locked:
        return [locked]
    doomed = [one for resource in resources for one in tree(turn.writer, resource)]
    left = Without(turn.writer, doomed)
    faults = [fault for resource in resources for fault in _first_to_go(turn, resource)]
    for one in doomed:
        kind = turn.registry.find(one.id.type)
        faults += [*turn.unpermitted(one), *(kind.in_use(one, left) if kind else ())]
    return faults


def _first_to_go(turn: Turn, parent: Resource) -> Iterator[Fault]:
    for child in turn.writer.children(parent.id):
        kind = turn.registry.find(child.id.type)
        if kind and not child.deleting:
            yield from kind.before_parent(child)


def remove(turn: Turn, resource: Resource, location: str) -> Operation:
    """Begin to delete what nothing forbids to. What has no network behind it is gone at once."""
    running = [one for one in turn.writer.running(resource.id) if one.kind is OperationKind.DELETE]
    if resource.deleting and running:
        return running[0]
    kind = turn.registry.find(resource.id.type)
    for dependent in kind.dependents(resource, turn.writer) if kind else ():
        if not dependent.deleting:
            remove(turn, dependent, dependent.location or location)
    remains = tuple(kind.remains(resource, turn.writer)) if kind else ()
    operation = turn.begin(OperationKind.DELETE, resource, location, at_once=not (kind and kind.is_realised(resource)))
    if kind and kind.is_realised(resource):
        for one in tree(turn.writer, resource):
            if one.id.of is None:  # a lock or an assignment stays what it is until the row goes
                turn.writer.set_status(one.id, state=ProvisioningState.DELETING)
    else:
        turn.writer.delete(resource.id)
    for one in remains:
        turn.writer.put(one)
    turn.log(resource, "delete", before=resource, kept=False)
    return operation
