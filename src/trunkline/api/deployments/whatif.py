"""What a deployment would change: bodies of resources before and after, told apart as Azure's what-if does. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.model.resource import Json

#: Members that every write changes, or that say how far one is.
_PASSING = frozenset({"etag", "provisioningState", "resourceGuid"})


def change(before: Json | None, after: Json) -> Json:
    """One row of the answer. ``before``: None when the resource would be new."""
    new = _settled(after)
    if before is None:
        return {"resourceId": new["id"], "changeType": "Create", "after": new}
    old = _settled(before)
    delta = list(_differences(old, new, ""))
    row = {"resourceId": new["id"], "changeType": "Modify" if delta else "NoChange", "before": old, "after": new}
    return {**row, "delta": delta} if delta else row


def untouched(body: Json) -> Json:
    """A resource of the group that the template does not name."""
    old = _settled(body)
    return {"resourceId": old["id"], "changeType": "Ignore", "before": old, "after": old}


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _settled(inner) for name, inner in value.items() if name not in _PASSING}
    return [_settled(inner) for inner in value] if isinstance(value, list) else value


def _differences(old: Any, new: Any, path: str) -> Iterator[Json]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            where = f"{path}.{name}" if path else name
            if name not in new:
                yield {"path": where, "propertyChangeType": "Delete", "before": old[name]}
            elif name not in old:
                yield {"path": where, "propertyChangeType": "Create", "after": new[name]}
            else:
                yield from _differences(old[name], new[name], where)
    elif isinstance(old, list) and isinstance(new, list) and old != new:
        yield {"path": path, "propertyChangeType": "Array", "before": old, "after": new,
               "children": list(_entries(old, new))}
    elif old != new:
        yield {"path": path, "propertyChangeType": "Modify", "before": old, "after": new}


def _entries(old: list[Any], new: list[Any]) -> Iterator[Json]:
    for index, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            children = list(_differences(one, other, "")) if isinstance(one, dict) and isinstance(other, dict) else []
            told: Json = {"children": children} if children else {"before": one, "after": other}
            yield {"path": str(index), "propertyChangeType": "Modify", **told}
    for index in range(len(new), len(old)):
        yield {"path": str(index), "propertyChangeType": "Delete", "before": old[index]}
    for index in range(len(old), len(new)):
        yield {"path": str(index), "propertyChangeType": "Create", "after": new[index]}
