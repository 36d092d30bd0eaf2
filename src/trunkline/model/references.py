"""Which resources a resource points at: the arrows of the dependency index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.errors import Fault
from trunkline.model.resource import Resource, ResourceId


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "id" and isinstance(inner, str) and inner.lower().startswith("/subscriptions/"):
                yield inner
            else:
                yield from _ids(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _ids(inner)


def references(resource: Resource) -> frozenset[str]:
    """Keys of all resources that ``properties`` or ``system`` name by an ``id`` member; malformed ids are left out."""
    found = set()
    for text in (*_ids(resource.properties), *_ids(resource.system)):
        try:
            found.add(ResourceId.parse(text).key)
        except Fault:
            continue
    return frozenset(found - {resource.id.key})
