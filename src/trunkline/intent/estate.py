"""The read side of all resources, as compile and validators see it: one consistent moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Protocol

from trunkline.model.references import references
from trunkline.model.resource import Resource, ResourceId


class Estate(Protocol):
    """Answers are of one moment. Types are compared without regard to case; order is by id."""

    def get(self, resource: ResourceId) -> Resource | None: ...

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        """Direct children; ``kind`` is the full type name, such as ``Microsoft.Network/virtualNetworks/subnets``."""

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        """Resources that point at ``target`` (model.references)."""

    def list(self, kind: str) -> tuple[Resource, ...]:
        """All of a type."""


class Remembered:
    """An estate that is asked each question once. Only for as long as its answers are of one moment."""

    def __init__(self, estate: Estate) -> None:
        self.get = cache(estate.get)
        self.children = cache(estate.children)
        self.referrers = cache(estate.referrers)
        self.list = cache(estate.list)


class Snapshot:
    """An estate in memory: unit tests, dry runs, planning. What hangs on a resource is found by that resource."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._all: Mapping[str, Resource] = {r.id.key: r for r in sorted(resources, key=lambda r: r.id.key)}
        self._children: dict[str, list[Resource]] = defaultdict(list)
        self._referrers: dict[str, list[Resource]] = defaultdict(list)
        for found in self._all.values():
            if found.id.parent:
                self._children[found.id.parent.key].append(found)
            for target in references(found):
                self._referrers[target].append(found)

    def get(self, resource: ResourceId) -> Resource | None:
        return self._all.get(resource.key)

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return tuple(r for r in self._children.get(parent.key, ()) if _is(r, kind))

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return tuple(r for r in self._referrers.get(target.key, ()) if _is(r, kind))

    def list(self, kind: str, _subscription: str = "", _group: str = "") -> tuple[Resource, ...]:
        return tuple(r for r in self._all.values() if _is(r, kind))


def _is(resource: Resource, kind: str) -> bool:
    return not kind or resource.id.type.lower() == kind.lower()


class Edited:
    """An estate in which some resources are others, or new."""

    def __init__(self, estate: Estate, edited: Iterable[Resource]) -> None:
        self._estate, self._edited = estate, {one.id.key: one for one in edited}
        self._own = Snapshot(self._edited.values())

    def get(self, resource: ResourceId) -> Resource | None:
        return self._edited.get(resource.key) or self._estate.get(resource)

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return self._with(self._estate.children(parent, kind), self._own.children(parent, kind))

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        """What pointed there and is edited counts by what it points at now."""
        return self._with(self._estate.referrers(target, kind), self._own.referrers(target, kind))

    def list(self, kind: str) -> tuple[Resource, ...]:
        return self._with(self._estate.list(kind), self._own.list(kind))

    def _with(self, stored: tuple[Resource, ...], own: tuple[Resource, ...]) -> tuple[Resource, ...]:
        found = {one.id.key: one for one in stored if one.id.key not in self._edited}
        found |= {one.id.key: one for one in own}
        return tuple(found[key] for key in sorted(found))
