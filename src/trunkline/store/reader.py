"""What can be asked inside one transaction; all answers are of the same moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Executable, Select, Table, bindparam, select

from trunkline.model.operation import Activity, Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import schema
from trunkline.store.rows import (
    ACTIVITY_COLUMNS,
    OPERATION_COLUMNS,
    RESOURCE_COLUMNS,
    parse_activity,
    parse_operation,
    parse_resource,
)


def _columns(table: Table, names: Iterable[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names))


_R, _A, _O, _L = schema.resources.c, schema.arrows.c, schema.operations.c, schema.activities.c
_RESOURCES = _columns(schema.resources, RESOURCE_COLUMNS)
_SORTED = _RESOURCES.order_by(_R.key)
_OPERATIONS = _columns(schema.operations, OPERATION_COLUMNS).order_by(_O.created_us, _O.id)
_ACTIVITIES = _columns(schema.activities, ACTIVITY_COLUMNS).order_by(_L.sequence.desc()).limit(bindparam("most"))

_GET = _RESOURCES.where(_R.key == bindparam("key"))
_BY_ALIAS = _RESOURCES.where(_R.alias == bindparam("alias"))
_CHILDREN = _SORTED.where(_R.parent == bindparam("parent"))
_CHILDREN_OF_TYPE = _CHILDREN.where(_R.type == bindparam("type"))
_REFERRERS = _SORTED.join(schema.arrows, _A.source == _R.key).where(_A.target == bindparam("target"))
_REFERRERS_OF_TYPE = _REFERRERS.where(_A.type == bindparam("type"))
_LIST = _SORTED.where(_R.type == bindparam("type"))
_LIST_SUBSCRIPTION = _LIST.where(_R.subscription == bindparam("subscription"))
_LIST_GROUP = _LIST_SUBSCRIPTION.where(_R.grp == bindparam("group"))
_WITHIN = _SORTED.where(_R.subscription == bindparam("subscription"), _R.grp == bindparam("group"),
                        _R.key != bindparam("key"))
_FIND = _LIST.where(_R.name == bindparam("name"))

_OPERATION = _OPERATIONS.where(_O.id == bindparam("id"))
_PENDING = _OPERATIONS.where(_O.status == OperationStatus.IN_PROGRESS.value, _O.kind != OperationKind.DEPLOYMENT.value)
_RUNNING = _OPERATIONS.where(_O.key == bindparam("key"), _O.status == OperationStatus.IN_PROGRESS.value)

_ACTIVITIES_OF = _ACTIVITIES.where(_L.key == bindparam("key"))

_APPLIED = select(schema.applied.c.blueprint).where(schema.applied.c.scope == bindparam("scope"))
_SCOPES = select(schema.applied.c.scope).order_by(schema.applied.c.scope)
_REQUIRED = select(schema.requirements.c.scope).where(schema.requirements.c.required == bindparam("scope")).limit(1)
_REQUIREMENTS = select(schema.requirements.c.required).where(schema.requirements.c.scope == bindparam("scope"))
_JOURNAL = select(schema.journal.c.document).where(schema.journal.c.name == bindparam("name"))


class Reader:
    """Satisfies ``intent.estate.Estate``. Types and names are compared without regard to case; order is by id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, resource: ResourceId) -> Resource | None:
        return self._one_resource(_GET, key=resource.key)

    def by_alias(self, alias: str) -> Resource | None:
        """The resource whose ``system["alias"]`` this is."""
        return self._one_resource(_BY_ALIAS, alias=alias.lower())

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        if kind:
            return self._resources(_CHILDREN_OF_TYPE, parent=parent.key, type=kind.lower())
        return self._resources(_CHILDREN, parent=parent.key)

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        if kind:
            return self._resources(_REFERRERS_OF_TYPE, target=target.key, type=kind.lower())
        return self._resources(_REFERRERS, target=target.key)

    def list(self, kind: str, subscription: str = "", group: str = "") -> tuple[Resource, ...]:
        """All of a type; ``group`` counts only together with ``subscription``."""
        if not subscription:
            return self._resources(_LIST, type=kind.lower())
        if not group:
            return self._resources(_LIST_SUBSCRIPTION, type=kind.lower(), subscription=subscription.lower())
        return self._resources(_LIST_GROUP, type=kind.lower(), subscription=subscription.lower(), group=group.lower())

    def within(self, group: ResourceId) -> tuple[Resource, ...]:
        """All resources of a resource group, children too, without the group itself."""
        return self._resources(_WITHIN, subscription=group.subscription.lower(), group=group.group.lower(),
                               key=group.key)

    def find(self, kind: str, name: str) -> tuple[Resource, ...]:
        """All of a type that bear a name, in any subscription."""
        return self._resources(_FIND, type=kind.lower(), name=name.lower())

    def operation(self, operation: str) -> Operation | None:
        row = self._connection.execute(_OPERATION, {"id": operation}).one_or_none()
        return parse_operation(row) if row is not None else None

    def pending(self) -> tuple[Operation, ...]:
        """What the reconciler owes an answer, oldest first; deployments end with what they wait for."""
        return tuple(map(parse_operation, self._connection.execute(_PENDING)))

    def running(self, resource: ResourceId) -> tuple[Operation, ...]:
        """Unfinished operations of exactly this resource, oldest first."""
        return tuple(map(parse_operation, self._connection.execute(_RUNNING, {"key": resource.key})))

    def activities(self, resource: ResourceId | None, limit: int) -> tuple[Activity, ...]:
        """The newest first; of all resources when none is given."""
        if resource is None:
            return tuple(map(parse_activity, self._connection.execute(_ACTIVITIES, {"most": limit})))
        found = self._connection.execute(_ACTIVITIES_OF, {"key": resource.key, "most": limit})
        return tuple(map(parse_activity, found))

    def applied(self, scope: str) -> Json | None:
        """The blueprint last applied for a scope."""
        blueprint: Json | None = self._scalar(_APPLIED, scope=scope)
        return blueprint

    def applied_scopes(self) -> tuple[str, ...]:
        return tuple(self._connection.scalars(_SCOPES))

    def required(self, scope: str) -> bool:
        """Whether any scope requires it."""
        return self._scalar(_REQUIRED, scope=scope) is not None

    def requirements(self, scope: str) -> frozenset[str]:
        """What it requires."""
        return frozenset(self._connection.scalars(_REQUIREMENTS, {"scope": scope}))

    def journal(self, name: str) -> Json | None:
        document: Json | None = self._scalar(_JOURNAL, name=name)
        return document

    def _one_resource(self, statement: Executable, **values: str) -> Resource | None:
        row = self._connection.execute(statement, values).one_or_none()
        return parse_resource(row) if row is not None else None

    def _resources(self, statement: Executable, **values: str) -> tuple[Resource, ...]:
        return tuple(map(parse_resource, self._connection.execute(statement, values)))

    def _scalar(self, statement: Executable, **values: str) -> Any:
        return self._connection.execute(statement, values).scalar()
