"""What can be told inside one writing transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Text, bindparam, delete, insert, or_, select, update

from trunkline.errors import Conflict, Stale
from trunkline.model.event import Event
from trunkline.model.machine import PROVISIONING
from trunkline.model.operation import Activity, Operation, OperationStatus
from trunkline.model.references import references
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId, now
from trunkline.store import events, numbers, schema
from trunkline.store.reader import Reader
from trunkline.store.rows import (
    render_activity,
    render_identity,
    render_operation,
    render_resource,
    render_time,
)
from trunkline.store.sealed import Hidden, answered

_R, _A, _O, _L = schema.resources.c, schema.arrows.c, schema.operations.c, schema.activities.c
_Q, _P, _J = schema.requirements.c, schema.applied.c, schema.journal.c

_INSERT = insert(schema.resources)
_UPDATE = update(schema.resources).where(_R.key == bindparam("at"))
_REMOVE = delete(schema.resources).where(_R.key == bindparam("at"))
_TARGETS = select(_A.target).where(_A.source == bindparam("source"))
_POINT = insert(schema.arrows)
_UNPOINT = delete(schema.arrows).where(_A.source == bindparam("from_source"), _A.target == bindparam("to_target"))
_UNPOINT_ALL = delete(schema.arrows).where(_A.source == bindparam("from_source"))

_doomed = select(_R.key).where(_R.key == bindparam("key")).cte("doomed", recursive=True)
_TREE = select(_doomed.union_all(select(_R.key).join(_doomed, _R.parent == _doomed.c.key)).c.key)

_BEGIN = insert(schema.operations)
_UNFINISHED = update(schema.operations).where(
    _O.id == bindparam("operation"), _O.status == OperationStatus.IN_PROGRESS.value)
_FORGET = delete(schema.operations).where(_O.id == bindparam("operation"))

_LOG = insert(schema.activities)
_DROP_APPLIED = delete(schema.applied).where(_P.scope == bindparam("of_scope"))
_DROP_REQUIREMENTS = delete(schema.requirements).where(_Q.scope == bindparam("of_scope"))
_SAVE_APPLIED = insert(schema.applied)
_REQUIRE = insert(schema.requirements)
_DROP_JOURNAL = delete(schema.journal).where(_J.name == bindparam("of_name"))
_SAVE_JOURNAL = insert(schema.journal)
_PRUNE_OPERATIONS = delete(schema.operations).where(_O.finished_us < bindparam("before_us"))
_PRUNE_ACTIVITIES = delete(schema.activities).where(_L.at_us < bindparam("before_us"))


def _new_etag() -> str:
    return f'W/"{uuid4()}"'


def legal(old: ProvisioningState, new: ProvisioningState) -> bool:
    """Whether one write may move a resource so; a write that changes and settles at once passes through Updating."""
    updating = ProvisioningState.UPDATING
    return PROVISIONING.allows(old, new) or (PROVISIONING.allows(old, updating) and PROVISIONING.allows(updating, new))


def _check_move(resource: Resource, new: ProvisioningState) -> None:
    if not legal(resource.state, new):
        raise Conflict("AnotherOperationInProgress",
                       f"Resource '{resource.id}' is {resource.state.value} and cannot become {new.value}; "
                       "wait until the running operation has ended, then ask again.")


def _check_etag(resource: ResourceId, existing: Resource | None, expected: str | None) -> None:
    if expected is None or (existing is not None and expected in ("*", existing.etag)):
        return
    found = f"has etag {existing.etag}" if existing else "does not exist"
    raise Stale(f"If-Match asked for {expected}, but resource '{resource}' {found}; read it again, then ask again.")


def _plain(value: object) -> object:
    return value


#: What is sealed whatever its members are called.
_AS_WRITTEN: Mapping[str, Callable[[Any], object]] = {"secrets": Hidden, "result": answered}


class Writer(Reader):
    """Everything told here is kept when the block ends well, and nothing of it otherwise."""

    def put(self, resource: Resource, expected_etag: str | None = None) -> Resource:
        """Insert or replace a wish and answer what is stored. ``expected_etag``: ``*`` means any, but it must exist.

        What the row keeps: its id as first written, when it was created, and its status unless one is given."""
        existing = self.get(resource.id)
        _check_etag(resource.id, existing, expected_etag)
        self._check_alias(resource)
        moment = now()
        if existing is None:
            stored = replace(resource, etag=_new_etag(), generation=1, created=moment, changed=moment)
            self._connection.execute(_INSERT, render_resource(stored) | render_identity(stored.id))
        else:
            _check_move(existing, resource.state)
            stored = replace(resource, id=existing.id, etag=_new_etag(), generation=existing.generation + 1,
                             created=existing.created, changed=moment, status=resource.status or existing.status)
            self._connection.execute(_UPDATE, {"at": stored.id.key, **render_resource(stored)})
        self._point(stored)
        return stored

    def set_status(self, resource: ResourceId, status: Json | None = None,
                   state: ProvisioningState | None = None) -> None:
        """What was observed. A new etag only if something changed; nothing happens to a missing resource."""
        existing = self.get(resource)
        if existing is None:
            return
        new = replace(existing, status=existing.status if status is None else status, state=state or existing.state)
        if new == existing:
            return
        _check_move(existing, new.state)
        self._connection.execute(_UPDATE, {
            "at": resource.key, "status": new.status, "state": new.state.value, "etag": _new_etag(),
            "changed_us": render_time(now())})

    def delete(self, resource: ResourceId) -> None:
        """The row, its descendants', their references, and the numbers that any of them owns."""
        keys = list(self._connection.scalars(_TREE, {"key": resource.key}))
        if not keys:
            return
        self._connection.execute(_REMOVE, [{"at": key} for key in keys])
        self._connection.execute(_UNPOINT_ALL, [{"from_source": key} for key in keys])
        numbers.release_all(self._connection, keys)

    def begin(self, operation: Operation) -> None:
        self._connection.execute(_BEGIN, render_operation(operation))

    def finish(self, operation: str, status: OperationStatus, error: Json | None = None,
               result: Json | list[Json] | str | None = None) -> None:
        """The first end counts: a finished operation stays as it is."""
        ended = self._connection.execute(_UNFINISHED, {
            "operation": operation, "status": status.value, "error": error, "result": answered(result),
            "waiting_for": "", "finished_us": render_time(now())})
        if ended.rowcount and (begun := self.begun(operation)):
            self.log(replace(begun, outcome=status.value, at=now(), detail=str((error or {}).get("code", ""))))

    def progress(self, operation: str, waiting_for: str) -> None:
        self._connection.execute(_UNFINISHED, {"operation": operation, "waiting_for": waiting_for})

    def forget(self, operation: str) -> None:
        self._connection.execute(_FORGET, {"operation": operation})

    def allocate(self, pool: str, owner: str) -> int:
        """The owner's number in a pool: the one it has, else the lowest free from 1."""
        return numbers.allocate(self._connection, pool, owner)

    def release(self, pool: str, owner: str) -> None:
        numbers.release(self._connection, pool, owner)

    def save_applied(self, scope: str, blueprint: Json | None, requires: frozenset[str]) -> None:
        """``None`` removes the scope and what it requires."""
        self._connection.execute(_DROP_APPLIED, {"of_scope": scope})
        self._connection.execute(_DROP_REQUIREMENTS, {"of_scope": scope})
        if blueprint is None:
            return
        self._connection.execute(_SAVE_APPLIED, {"scope": scope, "blueprint": blueprint})
        if requires:
            self._connection.execute(_REQUIRE, [{"scope": scope, "required": one} for one in sorted(requires)])

    def reseal(self) -> int:
        """Write every sealed document again, which the newest key then seals."""
        count = 0
        for table, names in schema.SEALED.items():
            key, *columns = (table.c[name] for name in names)
            mark = [column.cast(Text).like('"s1:%') for column in columns]
            for row in self._connection.execute(select(key, *columns).where(or_(*mark))).all():
                values = {column.name: _AS_WRITTEN.get(column.name, _plain)(value)
                          for column, value in zip(columns, row[1:], strict=True)}
                self._connection.execute(update(table).where(key == row[0]).values(values))
                count += 1
        return count

    def log(self, activity: Activity) -> None:
        self._connection.execute(_LOG, render_activity(activity))

    def save_event(self, event: Event) -> Event:
        """Insert or replace; the event with its new revision."""
        return replace(event, revision=events.save(self._connection, event))

    def save_journal(self, name: str, document: Json) -> None:
        self._connection.execute(_DROP_JOURNAL, {"of_name": name})
        self._connection.execute(_SAVE_JOURNAL, {"name": name, "document": document})

    def prune(self, operations_before: datetime, activities_before: datetime) -> None:
        """Finished operations, and activities and ended events, that are older."""
        self._connection.execute(_PRUNE_OPERATIONS, {"before_us": render_time(operations_before)})
        self._connection.execute(_PRUNE_ACTIVITIES, {"before_us": render_time(activities_before)})
        events.prune(self._connection, activities_before)

    def _check_alias(self, resource: Resource) -> None:
        alias = resource.system.get("alias")
        owner = self.by_alias(str(alias)) if alias else None
        if owner is not None and owner.id.key != resource.id.key:
            raise Conflict("AliasInUse", f"'{alias}' already belongs to '{owner.id}'; choose another.")

    def _point(self, resource: Resource) -> None:
        """Bring the arrows that leave ``resource`` in line with what it names now."""
        source = resource.id.key
        old = set(self._connection.scalars(_TARGETS, {"source": source}))
        new = references(resource)
        if gone := old - new:
            self._connection.execute(_UNPOINT, [{"from_source": source, "to_target": one} for one in sorted(gone)])
        if fresh := new - old:
            kind = resource.id.type.lower()
            self._connection.execute(
                _POINT, [{"source": source, "target": one, "type": kind} for one in sorted(fresh)])
