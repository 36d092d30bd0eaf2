"""Locks (Microsoft.Authorization/locks): what stands still because of one at its scope, above it, or, for a deletion,
below it. CanNotDelete forbids deletion, ReadOnly every write too. Locks themselves come and go freely."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.errors import Conflict
from trunkline.model.resource import Resource, ResourceId
from trunkline.store import Reader

LOCK = "Microsoft.Authorization/locks"
READ_ONLY = "ReadOnly"


def check_write(reader: Reader, scope: ResourceId) -> None:
    """For PUT, PATCH and POST; raises what forbids it."""
    _refuse(scope, "write", (
        one for one in _locks(reader, scope)
        if one.properties["level"] == READ_ONLY and _holds(one.id.scope, scope)))


def check_delete(reader: Reader, scope: ResourceId) -> None:
    _refuse(scope, "delete", (
        one for one in _locks(reader, scope) if _holds(one.id.scope, scope) or _holds(scope, one.id.scope)))


def _locks(reader: Reader, scope: ResourceId) -> Iterable[Resource]:
    return () if scope.type.lower() == LOCK.lower() else reader.list(LOCK, scope.subscription)


def _holds(outer: ResourceId, inner: ResourceId) -> bool:
    return f"{inner.key}/".startswith(f"{outer.key}/")


def _refuse(scope: ResourceId, verb: str, found: Iterable[Resource]) -> None:
    locked = sorted({str(one.id.scope) for one in found})
    if locked:
        raise Conflict("ScopeLocked", f"The scope '{scope}' cannot perform {verb} operation because following scope(s) "
                       f"are locked: '{','.join(locked)}'. Please remove the lock and try again.")
