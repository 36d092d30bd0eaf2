"""Inline children of one request are checked beside each other as they will be, not as some of them still are."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.api.declaration import Register
from trunkline.model.resource import Resource, ResourceId


class Beside:
    """A register in which the children that a request rewrites have what it wishes already: two may swap a priority."""

    def __init__(self, register: Register, wished: Iterable[Resource]) -> None:
        self._register, self._wished = register, {one.id.key: one for one in wished}

    def get(self, resource: ResourceId) -> Resource | None:
        return self._register.get(resource)

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return tuple(self._wished.get(one.id.key, one) for one in self._register.children(parent, kind))

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return self._register.referrers(target, kind)

    def list(self, kind: str, subscription: str = "", group: str = "") -> tuple[Resource, ...]:
        return self._register.list(kind, subscription, group)

    def count(self, kind: str, subscription: str) -> int:
        return self._register.count(kind, subscription)

    def by_alias(self, alias: str) -> Resource | None:
        return self._register.by_alias(alias)
