"""Lists and their pages: ``$top``, ``nextLink`` and ``$skipToken``."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from trunkline.api.declaration import Registry
from trunkline.api.engine import shape, target, whereabouts
from trunkline.api.engine.filter import condition, scoped
from trunkline.api.engine.target import Collection, Item
from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.paging import next_link
from trunkline.errors import Fault
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.store import Reader

Row = TypeVar("Row")

#: Rows on a page, unless the client asks for fewer.
_PAGE = 100
#: Likewise of what is computed whole for each page.
COMPUTED = 1000


def children(registry: Registry, reader: Reader, call: Call, wanted: Collection) -> Answer:
    """All of a type in a subscription, in a group, or below a parent."""
    kind, holder = whereabouts.holder(registry, reader, wanted.kind, wanted.parent)
    narrowed = bool(call.query.get("$filter")) and bool(wanted.kind.filters)
    if holder.types:
        found = reader.children(holder, kind.name)
    elif narrowed:
        found = reader.list(kind.name, holder.subscription, holder.group)
    else:
        found = reader.page(kind.name, holder, _last(call), _size(call) + 1)
        for inline in wanted.kind.inline if found else ():
            reader.preload(inline.type, found[0].id, found[-1].id)

    def show(resource: Resource) -> Json:
        seen = resource.id
        if wanted.kind is not kind:
            seen = wanted.parent.child(wanted.kind.name.rpartition("/")[2], resource.id.name)
        return shape.body(registry, reader, Item(wanted.kind, seen), resource)

    if not narrowed:
        return page(call, found, lambda resource: resource.id.key, show, lambda resource: call.sees(resource.id))
    rows = [(resource.id.key, show(resource)) for resource in found if call.sees(resource.id)]
    test = condition(call.query["$filter"], wanted.kind.filters)
    return page(call, [row for row in rows if test(row[1])], lambda row: row[0], lambda row: row[1])


def resources(registry: Registry, reader: Reader, call: Call, found: Iterable[Resource]) -> Answer:
    """Stored resources, in the order of their ids, each as its own type."""
    rows = [(item, resource) for resource in found if (item := target.of(registry, resource.id))]
    return page(call, rows, lambda row: row[1].id.key, lambda row: shape.body(registry, reader, *row))


def extensions(registry: Registry, reader: Reader, call: Call, wanted: Collection) -> Answer:
    """What stands behind a scope and all below it; with ``atScope()`` behind it and all above it."""
    at_scope, terms = scoped(call.query.get("$filter", ""))
    scope = whereabouts.scope(reader, wanted.parent)
    rows = [(one.id.key, shape.body(registry, reader, Item(wanted.kind, one.id), one))
            for one in reader.list(wanted.kind.name, scope.subscription)
            if call.sees(one.id) and (_within(one.id.scope, scope) if at_scope else _within(scope, one.id.scope))]
    if terms:
        test = condition(terms, wanted.kind.filters)
        rows = [row for row in rows if test(row[1])]
    return page(call, rows, lambda row: row[0], lambda row: row[1])


def _within(outer: ResourceId, inner: ResourceId) -> bool:
    return inner.key == outer.key or inner.key.startswith(f"{outer.key}/")


def fixed(call: Call, rows: Iterable[Json], filters: Mapping[str, str] | None = None, most: int = _PAGE) -> Answer:
    """Rows that are whole and never change, or were computed."""
    if filters and call.query.get("$filter"):
        rows = filter(condition(call.query["$filter"], filters), rows)
    return page(call, list(enumerate(rows)), lambda row: f"{row[0]:08}", lambda row: row[1], most=most)


def page(call: Call, rows: Sequence[Row], key: Callable[[Row], str], show: Callable[[Row], Json],
         visible: Callable[[Row], bool] = lambda _row: True, most: int = _PAGE) -> Answer:
    """``rows``: all of them, or one more than fit, in the order of their keys, so that a row that goes away moves no
    other. A page may have fewer rows than asked for, as those that are not ``visible`` are left out of it."""
    last, size = _last(call), _size(call, most)
    left = [row for row in rows if key(row) > last]
    body: Json = {"value": [show(row) for row in left[:size] if visible(row)]}
    if size < len(left):
        token = urlsafe_b64encode(key(left[size - 1]).encode()).decode()
        body["nextLink"] = next_link(call, token)
    return answer(body)


def bounds(call: Call) -> tuple[str, int]:
    """The key after which a page begins, and how many rows it may have."""
    return _last(call), _size(call)


def _size(call: Call, most: int = _PAGE) -> int:
    text = call.query.get("$top", "")
    if not text:
        return most
    if not text.isdecimal() or not 1 <= len(text) <= 6 or int(text) == 0:
        raise Fault("InvalidTopInQueryString", f"The value '{text[:20]}' of $top is not a whole number above 0; write "
                    "one.", "$top")
    return min(int(text), most)


def _last(call: Call) -> str:
    """The key of the last row of the page before."""
    try:
        return b64decode(call.query.get("$skiptoken", "").encode(), b"-_", validate=True).decode()
    except ValueError:
        raise Fault("InvalidSkipToken", "The $skipToken is not one that this service gave out; follow nextLink as it "
                    "is.", "$skipToken") from None
