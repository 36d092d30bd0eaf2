"""What a path means: an item, a collection of them, or an action on one. Pure, and deaf to upper and lower case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trunkline.api.declaration import Action, Registry, ResourceType
from trunkline.errors import Fault, NotFound
from trunkline.model.closest import closest
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
    """An action and what the path says to it. ``actions``: all of that name, which differ in their method."""

    item: Item
    actions: tuple[Action, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)


Target = Item | Collection | Ask


def parse(registry: Registry, base: ResourceId, pieces: Sequence[str], api_version: str) -> Target:
    """``base``: subscription or group; ``pieces``: what follows ``/providers/``, namespace first."""
    namespace, scope, rest = _namespace(registry, pieces[0]), base, list(pieces[1:])
    item: Item | None = None
    here: ResourceId | None = None  # what has been read since the namespace; not always declared
    while rest:
        if item and rest[0].lower() == "providers" and len(rest) > 1:
            namespace, scope, here, item, rest = _namespace(registry, rest[1]), item.id, None, None, rest[2:]
            continue
        kind = _kind(registry, (namespace, *(here.types if here else ()), rest[0]), scope)
        if kind and len(rest) == 1:
            return Collection(kind, here or scope)
        if kind is None and (here or len(rest) < 3 or rest[0].lower() != "locations"):
            return _action(registry, item, rest, namespace, api_version)
        here = _below(here, scope, kind.name if kind else f"{namespace}/locations", rest[1])
        item, rest = Item(kind, here) if kind else None, rest[2:]
    if item is None:
        raise _unknown(registry, namespace, api_version)
    return item


def of(registry: Registry, resource: ResourceId) -> Item | None:
    """The declared type of a resource that is known by its id."""
    kind = registry.find(resource.type)
    return Item(kind, resource) if kind else None


def _namespace(registry: Registry, text: str) -> str:
    found = registry.namespaces.get(text.lower())
    if found is None:
        raise NotFound(f"The resource namespace '{text[:80]}' is invalid.", "InvalidResourceNamespace")
    return found


def _kind(registry: Registry, names: tuple[str, ...], scope: ResourceId) -> ResourceType | None:
    """``names``: namespace and types. Behind a resource only extensions stand."""
    found = registry.find("/".join(names))
    return found if found and (len(names) > 2 or found.extension or not scope.namespace) else None


def _below(here: ResourceId | None, scope: ResourceId, kind: str, name: str) -> ResourceId:
    if here:
        return here.child(kind.rpartition("/")[2], name)
    return scope.extension(kind, name)


def _action(registry: Registry, item: Item | None, rest: list[str], namespace: str, api_version: str) -> Ask:
    """Several actions may bear one name, each for its method."""
    spelled = [piece.lower() for piece in rest]
    found: list[Action] = []
    for action in item.kind.actions if item else ():
        words = action.name.lower().split("/")
        if spelled[:len(words)] == words and len(rest) == len(words) + len(action.segments):
            found.append(action)
    if item is None or not found:
        raise _unknown(registry, f"{item.kind.name if item else namespace}/{rest[0]}", api_version)
    values = rest[len(rest) - len(found[0].segments):]
    return Ask(item, tuple(found), dict(zip(found[0].segments, values, strict=True)))


def _unknown(registry: Registry, wanted: str, api_version: str) -> Fault:
    namespace, _, kind = wanted.partition("/")
    near = closest(wanted, registry.types, alike=0.8)
    hint = f" Near to it: {', '.join(registry.types[one].name for one in near)}." if near else ""
    return NotFound(f"The resource type '{kind[:80]}' could not be found in the namespace '{namespace}' for api "
                    f"version '{api_version}'.{hint}", "InvalidResourceType")
