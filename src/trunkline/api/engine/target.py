"""What a path means: an item, a collection of them, or an action on one. Pure, and deaf to upper and lower case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trunkline.api.declaration import Action, Registry, ResourceType
from trunkline.errors import Fault, NotFound
from trunkline.model.resource import ResourceId


@dataclass(frozen=True, slots=True)
class Item:
    kind: ResourceType
    id: ResourceId


@dataclass(frozen=True, slots=True)
class Collection:
    """``parent``: a subscription, a resource group, or the resource whose children are meant."""

    kind: ResourceType
    parent: ResourceId


@dataclass(frozen=True, slots=True)
class Ask:
    """An action and what the path says to it."""

    item: Item
    action: Action
    parameters: Mapping[str, str] = field(default_factory=dict)


Target = Item | Collection | Ask


def parse(registry: Registry, base: ResourceId, pieces: Sequence[str], api_version: str) -> Target:
    """``base``: subscription or group; ``pieces``: what follows ``/providers/``, namespace first."""
    namespace = _namespace(registry, pieces[0])
    item: Item | None = None
    rest = list(pieces[1:])
    while rest:
        kind = registry.find("/".join((namespace, *(item.id.types if item else ()), rest[0])))
        if kind is None:
            return _action(item, rest, namespace, api_version)
        if len(rest) == 1:
            return Collection(kind, item.id if item else base)
        item = Item(kind, _below(item, base, kind, rest[1]))
        rest = rest[2:]
    if item is None:
        raise _unknown(namespace, api_version)
    return item


def of(registry: Registry, resource: ResourceId) -> Item | None:
    """The declared type of a resource that is known by its id."""
    kind = registry.find(resource.type)
    return Item(kind, resource) if kind else None


def namespaces(registry: Registry) -> dict[str, str]:
    """Canonical spelling by lower case."""
    names = {kind.name.partition("/")[0] for kind in registry.types.values()}
    return {name.lower(): name for name in sorted(names)}


def _namespace(registry: Registry, text: str) -> str:
    found = namespaces(registry).get(text.lower())
    if found is None:
        raise NotFound(f"The resource namespace '{text[:80]}' is invalid.", "InvalidResourceNamespace")
    return found


def _below(parent: Item | None, base: ResourceId, kind: ResourceType, name: str) -> ResourceId:
    namespace, *types = kind.name.split("/")
    if parent:
        return parent.id.child(types[-1], name)
    return ResourceId(base.subscription, base.group, namespace, (types[-1],), (name,))


def _action(item: Item | None, rest: list[str], namespace: str, api_version: str) -> Ask:
    name, *values = rest
    for action in item.kind.actions if item else ():
        if action.name.lower() == name.lower() and len(action.segments) == len(values) and item:
            return Ask(item, action, dict(zip(action.segments, values, strict=True)))
    raise _unknown(namespace, api_version)


def _unknown(namespace: str, api_version: str) -> Fault:
    return NotFound(f"The resource type could not be found in the namespace '{namespace}' for api version "
                    f"'{api_version}'.", "InvalidResourceType")
