"""A stored resource as ARM answers it: the wish, overlaid by what was fixed, observed and computed."""

from __future__ import annotations

from pydantic.alias_generators import to_camel

from trunkline.api.declaration import Inline, Registry, ResourceType
from trunkline.api.engine.target import Item
from trunkline.model.resource import Json, ProvisioningState, Resource
from trunkline.store import Reader


def body(registry: Registry, reader: Reader, view: Item, resource: Resource,
         state: ProvisioningState | None = None) -> Json:
    """``view``: as what it is shown. ``state``: shown instead of the stored one (a PUT is answered with Updating)."""
    kind = view.kind
    shown: Json = {"name": view.id.name, "id": str(view.id), "etag": resource.etag, "type": kind.name}
    if kind.tracked and view.id.parent is None:
        shown["location"] = resource.location
        if resource.tags:
            shown["tags"] = dict(resource.tags)
    wish = {**resource.properties, **resource.system.get("shown", {}), **resource.status}
    shown["properties"] = {
        "provisioningState": (state or resource.state).value,
        **(_only(kind, wish) if kind.mirror else wish),
        **kind.show(resource, reader),
        **{one.member: _children(registry, reader, view, one) for one in kind.inline},
    }
    return {**shown, **resource.envelope}


def summary(kind: ResourceType, resource: Resource) -> Json:
    """One row of a list over all types, which has no properties."""
    row: Json = {"id": str(resource.id), "name": resource.id.name, "type": kind.name, "location": resource.location,
                 "provisioningState": resource.state.value, **resource.envelope}
    return {**row, "tags": dict(resource.tags)} if resource.tags else row


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
