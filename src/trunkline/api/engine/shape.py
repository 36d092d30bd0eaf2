"""A stored resource as ARM answers it: the wish, overlaid by what was fixed, observed and computed."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from trunkline.api.declaration import Inline, Registry, ResourceType
from trunkline.api.engine import identity
from trunkline.api.engine.target import Item
from trunkline.model.resource import Json, ProvisioningState, Resource
from trunkline.store import Reader


def body(registry: Registry, reader: Reader, view: Item, resource: Resource,
         state: ProvisioningState | None = None) -> Json:
    """``view``: as what it is shown. ``state``: shown instead of the stored one (a PUT is answered with Updating)."""
    kind = view.kind
    if kind.extension:
        return _extension(kind, reader, resource)
    shown: Json = {"name": view.id.name, "id": str(view.id), "etag": resource.etag, "type": kind.name}
    if kind.tracked and view.id.parent is None:
        shown["location"] = resource.location
        if resource.tags:
            shown["tags"] = dict(resource.tags)
    wish = {**resource.properties, **resource.system.get("shown", {}), **resource.observed}
    provisioning = (state or resource.state).value
    properties = {
        "provisioningState": provisioning,
        **(_only(kind, wish) if kind.mirror else wish),
        **kind.show(resource, reader),
        **{one.member: _children(registry, reader, view, one) for one in kind.inline},
    }
    for part in kind.parts:
        mark = _Mark(f"{view.id}/{part.type.rpartition('/')[2]}", part.type, resource.etag, provisioning)
        properties = _marked(properties, part.member.split("."), mark)
    return {**shown, "properties": properties, **identity.shown(resource.envelope, reader), **kind.heading(resource)}


def _extension(kind: ResourceType, reader: Reader, resource: Resource) -> Json:
    return {"id": str(resource.id), "name": resource.id.name, "type": kind.name,
            "properties": {**resource.properties, **resource.system.get("shown", {}), **kind.show(resource, reader)},
            **resource.envelope}


@dataclass(frozen=True, slots=True)
class _Mark:
    """What makes a part look like a resource. ``within``: its id up to the name."""

    within: str
    type: str
    etag: str
    state: str

    def on(self, entry: Json) -> Json:
        properties = {"provisioningState": self.state, **(entry.get("properties") or {})}
        return {**entry, "id": f"{self.within}/{entry.get('name', '')}", "etag": self.etag, "type": self.type,
                "properties": properties}


def _marked(properties: Json, path: list[str], mark: _Mark) -> Json:
    """``properties`` with the entries of the list at ``path`` marked; without change where there is no such list."""
    name, *deeper = path
    found = properties.get(name)
    if deeper and isinstance(found, dict):
        return {**properties, name: _marked(found, deeper, mark)}
    if isinstance(found, list) and not deeper:
        return {**properties, name: [mark.on(entry) for entry in found]}
    return properties


def _only(kind: ResourceType, wish: Json) -> Json:
    """A mirror shows the members of its own model."""
    members = {field.alias or to_camel(name) for name, field in kind.model.model_fields.items()}
    return {name: value for name, value in wish.items() if name in members}


def _children(registry: Registry, reader: Reader, parent: Item, inline: Inline) -> list[Json]:
    kind = registry.find(inline.type)
    if kind is None:
        return []
    stored, holder = inline.type, parent.id
    if kind.mirror:
        real = kind.mirror.parent(parent.id, reader)
        if real is None:
            return []
        stored, holder = kind.mirror.type, real
    last = kind.name.rpartition("/")[2]
    return [body(registry, reader, Item(kind, parent.id.child(last, child.id.name)), child)
            for child in reader.children(holder, stored)]
