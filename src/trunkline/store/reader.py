"""What can be asked inside one transaction; all answers are of the same moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, Text, bindparam, func, or_, select

from trunkline.model.event import Event
from trunkline.model.operation import Activity, Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import events, schema
from trunkline.store.events import Wanted
from trunkline.store.question import Question
from trunkline.store.rows import (
    ACTIVITY_COLUMNS,
    OPERATION_COLUMNS,
    RESOURCE_COLUMNS,
    parse_activity,
    parse_operation,
    parse_resource,
    render_time,
)


def _columns(table: Table, names: Iterable[str]) -> Select[Any]:
    return select(*(table.c[name] for name in names))


_R, _A, _O, _L = schema.resources.c, schema.arrows.c, schema.operations.c, schema.activities.c
_RESOURCES = _columns(schema.resources, RESOURCE_COLUMNS)
_SORTED = _RESOURCES.order_by(_R.key)
_OPERATIONS = _columns(schema.operations, OPERATION_COLUMNS).order_by(_O.created_us, _O.id)
_ACTIVITIES = _columns(schema.activities, ACTIVITY_COLUMNS).order_by(_L.sequence.desc()).limit(bindparam("most"))

_children = _SORTED.where(_R.parent == bindparam("parent"))
_referrers = _SORTED.join(schema.arrows, _A.source == _R.key).where(_A.target == bindparam("target"))
_list = _SORTED.where(_R.type == bindparam("type"))
_list_subscription = _list.where(_R.subscription == bindparam("subscription"))

_GET = Question(_RESOURCES.where(_R.key == bindparam("key")))
_BY_ALIAS = Question(_RESOURCES.where(_R.alias == bindparam("alias")))
_CHILDREN, _CHILDREN_OF_TYPE = Question(_children), Question(_children.where(_R.type == bindparam("type")))
_REFERRERS, _REFERRERS_OF_TYPE = Question(_referrers), Question(_referrers.where(_A.type == bindparam("type")))
_LIST, _LIST_SUBSCRIPTION = Question(_list), Question(_list_subscription)
_LIST_GROUP = Question(_list_subscription.where(_R.grp == bindparam("group")))
_page = _list_subscription.where(_R.key > bindparam("after")).limit(bindparam("most"))
_PAGE, _PAGE_GROUP = Question(_page), Question(_page.where(_R.grp == bindparam("group")))
_COUNT = Question(select(func.count()).where(_R.type == bindparam("type"),
                                             _R.subscription == bindparam("subscription")))
_CHILDREN_BETWEEN = Question(_list.where(_R.parent >= bindparam("first"), _R.parent <= bindparam("last")))
_WITHIN = Question(_SORTED.where(_R.subscription == bindparam("subscription"), _R.grp == bindparam("group"),
                                 _R.key != bindparam("key")))
_FIND = Question(_list.where(_R.name == bindparam("name")))

_unfinished = _O.status == OperationStatus.IN_PROGRESS.value
_running = _OPERATIONS.where(_unfinished)
_OPERATION = Question(_OPERATIONS.where(_O.id == bindparam("id")))
_PENDING = Question(_running.where(_O.kind != OperationKind.DEPLOYMENT.value))
_OWED = Question(
    select(_O.id, _O.kind).order_by(_O.created_us, _O.id)
    .where(_unfinished, _O.kind != OperationKind.DEPLOYMENT.value))
#: Unsorted: SQLite would take the index that sorts, and go through all that is unfinished anywhere.
_RUNNING = Question(_columns(schema.operations, OPERATION_COLUMNS).where(_unfinished, _O.key == bindparam("key")))
_FAILED = Question(
    select(_O.id).where(_O.status == OperationStatus.FAILED.value)
    .where((_O.key == bindparam("key")) | ((_O.key >= bindparam("first")) & (_O.key < bindparam("beyond"))))
    .order_by(_O.created_us.desc()).limit(1))

_ACTIVITIES_OF = Question(_ACTIVITIES.where(_L.key == bindparam("key")))
_ACTIVITIES_WITHIN = Question(_ACTIVITIES.where(_L.key.like(bindparam("below"))))

_ACTIVITY_OF = Question(_ACTIVITIES.where(_L.operation == bindparam("operation")))
_SCOPE, _CORRELATION = bindparam("scope", type_=Text), bindparam("correlation", type_=Text)
_HISTORY = Question(
    select(_L.sequence, *(_L[name] for name in ACTIVITY_COLUMNS)).order_by(_L.sequence.desc()).limit(bindparam("most"))
    .where(or_(_L.key == _SCOPE, func.substr(_L.key, 1, func.length(_SCOPE) + 1) == _SCOPE + "/"),
           or_(_CORRELATION == "", _L.correlation_id == _CORRELATION), _L.sequence < bindparam("last"),
           _L.at_us.between(bindparam("since_us"), bindparam("until_us"))))

_P, _Q, _J = schema.applied.c, schema.requirements.c, schema.journal.c
_APPLIED = Question(select(_P.blueprint).where(_P.scope == bindparam("scope")))
_SCOPES = Question(select(_P.scope).order_by(_P.scope))
_ALL_APPLIED = Question(select(_P.scope, _P.blueprint).order_by(_P.scope))
_OF_KIND = Question(select(_P.scope).where(_P.scope >= bindparam("first"), _P.scope < bindparam("beyond"))
                    .order_by(_P.scope))
_REQUIRING = Question(select(_Q.scope).where(_Q.required == bindparam("scope")).order_by(_Q.scope))
_REQUIRED = Question(select(_Q.scope).where(_Q.required == bindparam("scope")).limit(1))
_REQUIREMENTS = Question(select(_Q.required).where(_Q.scope == bindparam("scope")))
_JOURNAL = Question(select(_J.document).where(_J.name == bindparam("name")))


@dataclass(frozen=True, slots=True)
class _Families:
    """The children of one type, by parent, of all parents whose keys lie between two (both included)."""

    first: str
    last: str
    children: dict[str, list[Resource]] = field(default_factory=lambda: defaultdict(list))

    def holds(self, parent: ResourceId) -> bool:
        return self.first <= parent.key <= self.last


@dataclass(frozen=True, slots=True)
class Span:
    """Of the activity log: what happened to something or below it; ``correlation``: empty for all."""

    scope: ResourceId
    since: datetime
    until: datetime
    correlation: str = ""


class Reader:
    """Satisfies ``intent.estate.Estate``. Types and names are compared without regard to case; order is by id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._preloaded: dict[str, _Families] = {}

    def get(self, resource: ResourceId) -> Resource | None:
        return self._one_resource(_GET, key=resource.key)

    def by_alias(self, alias: str) -> Resource | None:
        """The resource whose ``system["alias"]`` this is."""
        return self._one_resource(_BY_ALIAS, alias=alias.lower())

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        families = self._preloaded.get(kind.lower())
        if families and families.holds(parent):
            return tuple(families.children[parent.key])
        if kind:
            return self._resources(_CHILDREN_OF_TYPE, parent=parent.key, type=kind.lower())
        return self._resources(_CHILDREN, parent=parent.key)

    def preload(self, kind: str, first: ResourceId, last: ResourceId) -> None:
        """Read the children of one type of all parents from ``first`` to ``last``, by id, before ``children`` is asked
        for those of each. Only for who does not write: what is read stays as it is."""
        families = _Families(first.key, last.key)
        for child in self._resources(_CHILDREN_BETWEEN, type=kind.lower(), first=first.key, last=last.key):
            if child.id.parent:
                families.children[child.id.parent.key].append(child)
        self._preloaded[kind.lower()] = families

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

    def page(self, kind: str, holder: ResourceId, after: str, most: int) -> tuple[Resource, ...]:
        """The next ones of a type in a subscription or group whose keys come after ``after``; at most ``most``."""
        given: dict[str, object] = {"type": kind.lower(), "subscription": holder.subscription.lower(), "after": after,
                                    "most": most}
        if not holder.group:
            return self._resources(_PAGE, **given)
        return self._resources(_PAGE_GROUP, group=holder.group.lower(), **given)

    def count(self, kind: str, subscription: str) -> int:
        """How many there are of a type in a subscription."""
        return int(self._first(_COUNT, type=kind.lower(), subscription=subscription.lower()))

    def within(self, group: ResourceId) -> tuple[Resource, ...]:
        """All resources of a resource group, children too, without the group itself."""
        return self._resources(_WITHIN, subscription=group.subscription.lower(), group=group.group.lower(),
                               key=group.key)

    def find(self, kind: str, name: str) -> tuple[Resource, ...]:
        """All of a type that bear a name, in any subscription."""
        return self._resources(_FIND, type=kind.lower(), name=name.lower())

    def operation(self, operation: str) -> Operation | None:
        row = _OPERATION.row(self._connection, id=operation)
        return parse_operation(row) if row else None

    def pending(self) -> tuple[Operation, ...]:
        """What the reconciler owes an answer, oldest first; deployments end with what they wait for."""
        return tuple(map(parse_operation, _PENDING.rows(self._connection)))

    def owed(self) -> tuple[tuple[str, OperationKind], ...]:
        """Ids and kinds of what is pending: what one asks who has seen most of it before."""
        return tuple((row[0], OperationKind(row[1])) for row in _OWED.rows(self._connection))

    def running(self, resource: ResourceId) -> tuple[Operation, ...]:
        """Unfinished operations of exactly this resource, oldest first."""
        found = map(parse_operation, _RUNNING.rows(self._connection, key=resource.key))
        return tuple(sorted(found, key=lambda operation: (operation.created, operation.id)))

    def failure(self, resource: ResourceId) -> str:
        """The id of the newest operation that failed on a resource or on something inside it; empty if none did."""
        key = resource.key
        return str(self._first(_FAILED, key=key, first=f"{key}/", beyond=f"{key}0") or "")

    def activities(self, resource: ResourceId, limit: int) -> tuple[Activity, ...]:
        """The newest first; of a subscription, all within it."""
        if not resource.group:
            found = _ACTIVITIES_WITHIN.rows(self._connection, below=f"{resource.key}/%", most=limit)
            return tuple(map(parse_activity, found))
        found = _ACTIVITIES_OF.rows(self._connection, key=resource.key, most=limit)
        return tuple(map(parse_activity, found))

    def history(self, span: Span, last: int, limit: int) -> tuple[tuple[int, Activity], ...]:
        """Rows of a span before the row ``last``, the newest first, each with its own number."""
        rows = _HISTORY.rows(
            self._connection, scope=span.scope.key, correlation=span.correlation, last=last, most=limit,
            since_us=render_time(span.since), until_us=render_time(span.until))
        return tuple((row[0], parse_activity(row[1:])) for row in rows)

    def begun(self, operation: str) -> Activity | None:
        """The row that tells how an operation began."""
        row = _ACTIVITY_OF.row(self._connection, operation=operation, most=1)
        return parse_activity(row) if row else None

    def events(self, wanted: Wanted, before: int = events.BEYOND, most: int = 200) -> tuple[Event, ...]:
        """What was changed last comes first."""
        return events.page(self._connection, wanted, before, most)

    def event_news(self, wanted: Wanted, after: int, most: int = 200) -> tuple[Event, ...]:
        """What has changed after a revision, in the order of the changes."""
        return events.news(self._connection, wanted, after, most)

    def event(self, name: str, subscription: str = "") -> Event | None:
        return events.one(self._connection, name, subscription)

    def events_going_on(self) -> tuple[Event, ...]:
        return events.going_on(self._connection)

    def newest_event(self) -> int:
        """The revision of what was changed last."""
        return events.newest(self._connection)

    def applied(self, scope: str) -> Json | None:
        """The blueprint last applied for a scope."""
        blueprint: Json | None = self._first(_APPLIED, scope=scope)
        return blueprint

    def applied_scopes(self) -> tuple[str, ...]:
        return tuple(_SCOPES.column(self._connection))

    def applied_of(self, kind: str) -> tuple[str, ...]:
        """The scopes of one kind."""
        return tuple(_OF_KIND.column(self._connection, first=f"{kind}|", beyond=f"{kind}}}"))

    def requiring(self, scope: str) -> tuple[str, ...]:
        """The scopes that require one."""
        return tuple(_REQUIRING.column(self._connection, scope=scope))

    def all_applied(self) -> tuple[tuple[str, Json], ...]:
        """Every scope with its blueprint."""
        return tuple((scope, blueprint) for scope, blueprint in _ALL_APPLIED.rows(self._connection))

    def required(self, scope: str) -> bool:
        """Whether any scope requires it."""
        return self._first(_REQUIRED, scope=scope) is not None

    def requirements(self, scope: str) -> frozenset[str]:
        """What it requires."""
        return frozenset(_REQUIREMENTS.column(self._connection, scope=scope))

    def journal(self, name: str) -> Json | None:
        document: Json | None = self._first(_JOURNAL, name=name)
        return document

    def _one_resource(self, question: Question, **values: str) -> Resource | None:
        row = question.row(self._connection, **values)
        return parse_resource(row) if row else None

    def _resources(self, question: Question, **values: object) -> tuple[Resource, ...]:
        return tuple(map(parse_resource, question.rows(self._connection, **values)))

    def _first(self, question: Question, **values: str) -> Any:
        row = question.row(self._connection, **values)
        return row[0] if row else None
