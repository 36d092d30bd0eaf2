"""From what a path says to what the store holds: canonical ids, parents, groups, mirrors, and words for absence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trunkline.api.declaration import Registry, ResourceType
from trunkline.api.engine.target import Item
from trunkline.errors import Conflict, NotFound
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.store import Reader


@dataclass(frozen=True, slots=True)
class Place:
    """``item``: what is stored and how it is declared, ids spelled as they were created. ``view``: as the client sees
    it, which differs for mirrored types. ``parent``: the stored parent of a child."""

    item: Item
    view: Item
    existing: Resource | None
    group: Resource | None = None
    parent: Resource | None = None

    @property
    def resource(self) -> Resource:
        if self.existing is None:
            raise absent(self.view.id)
        return self.existing


def find(registry: Registry, reader: Reader, item: Item) -> Place:
    """For reading; raises NotFound in ARM's words when there is no such resource, parent or group."""
    real = _real(registry, reader, item)
    existing = reader.get(real.id)
    if existing is None:
        _group(reader, item.id)
        _parent(reader, real, item)
        raise absent(item.id, item.kind.extension)
    return Place(Item(real.kind, existing.id), _view(item, real, existing.id), existing)


def site(registry: Registry, reader: Reader, item: Item) -> Place:
    """For writing: where the resource is or will be. Group and parent must be there and able to hold it."""
    group = _group(reader, item.id)
    real = _real(registry, reader, item)
    parent = _parent(reader, real, item)
    existing = reader.get(real.id)
    spelled = existing.id if existing else _spelled(real, group, parent)
    return Place(Item(real.kind, spelled), _view(item, real, spelled), existing, group, parent)


def holder(registry: Registry, reader: Reader, kind: ResourceType,
           parent: ResourceId) -> tuple[ResourceType, ResourceId]:
    """Whose children of which stored type a collection shows; raises NotFound when the parent is missing."""
    if not parent.types:
        _group(reader, parent)
        return kind, parent
    found = reader.get(parent)
    if found is None:
        _group(reader, parent)
        raise _parent_absent(parent)
    if kind.mirror is None:
        return kind, found.id
    real = kind.mirror.parent(found.id, reader)
    if real is None:
        raise _parent_absent(parent)
    return _mirrored(registry, kind), real


def scope(reader: Reader, wanted: ResourceId) -> ResourceId:
    """A subscription, group or resource behind which extensions stand, as it is spelled; raises when it is missing."""
    _group(reader, wanted)
    if not wanted.namespace:
        return wanted
    found = reader.get(wanted)
    if found is None:
        raise absent(wanted)
    return found.id


def absent(resource: ResourceId, extension: bool = False) -> NotFound:
    """A child is missed by the resource provider, a top-level resource by ARM itself; their words differ [REC]."""
    if extension:
        word = resource.types[-1].removesuffix("s")
        return NotFound(f"The {word} '{resource.name}' could not be found at scope '{resource.scope}'.",
                        f"{word[:1].upper()}{word[1:]}NotFound")
    if len(resource.types) > 1:
        return NotFound(f"Resource {resource} not found.", "NotFound")
    return NotFound(f"The Resource '{resource.type}/{resource.name}' under resource group '{resource.group}' was not "
                    "found. For more details please go to https://aka.ms/ARMResourceNotFoundFix")


def group_absent(name: str) -> NotFound:
    return NotFound(f"Resource group '{name}' could not be found.", "ResourceGroupNotFound")


def region(reader: Reader, resource: Resource) -> str:
    """Where an operation on the resource runs: its own location, its parent's, or its group's."""
    above = resource.id
    while not resource.location and above.group:
        above = above.parent or ResourceId(above.subscription, above.group if above.types else "")
        resource = reader.get(above) or resource
    return resource.location or "global"


def _group(reader: Reader, resource: ResourceId) -> Resource | None:
    """``None`` for what is in no group."""
    if not resource.group:
        return None
    found = reader.get(ResourceId(resource.subscription, resource.group))
    if found is None:
        raise group_absent(resource.group)
    return found


def _parent(reader: Reader, real: Item, asked: Item) -> Resource | None:
    if real.id.parent is None:
        return None
    found = reader.get(real.id.parent)
    if found is None and asked.kind.extension and asked.id.of:
        raise absent(asked.id.of)
    if found is None:
        raise _parent_absent(asked.id.parent or asked.id)
    return found


def _parent_absent(parent: ResourceId) -> NotFound:
    return NotFound("Can not perform requested operation on nested resource. Parent resource "
                    f"'{'/'.join(parent.names)}' not found.", "ParentResourceNotFound")


def _real(registry: Registry, reader: Reader, item: Item) -> Item:
    mirror, parent = item.kind.mirror, item.id.parent
    if mirror is None or parent is None:
        return item
    real = mirror.parent(parent, reader)
    if real is None:
        raise _parent_absent(parent)
    kind = _mirrored(registry, item.kind)
    return Item(kind, real.child(kind.name.rpartition("/")[2], item.id.name))


def _mirrored(registry: Registry, kind: ResourceType) -> ResourceType:
    found = registry.find(kind.mirror.type) if kind.mirror else None
    return found or kind


def _view(item: Item, real: Item, spelled: ResourceId) -> Item:
    if item.kind is real.kind:
        return Item(item.kind, spelled)
    return Item(item.kind, replace(item.id, names=(*item.id.names[:-1], spelled.name)))


def _spelled(item: Item, group: Resource | None, parent: Resource | None) -> ResourceId:
    if item.id.of and parent:
        return replace(item.id, subscription=parent.id.subscription, group=parent.id.group, of=parent.id)
    if parent:
        return parent.id.child(item.id.types[-1], item.id.name)
    return replace(item.id, subscription=group.id.subscription, group=group.id.group) if group else item.id


def check_holders(reader: Reader, place: Place) -> None:
    """Whether group and parent may hold something new."""
    group, parent = place.group, place.parent
    if group and group.state is ProvisioningState.DELETING:
        raise Conflict("ResourceGroupBeingDeleted", f"The resource group '{group.id.group}' is in deprovisioning state "
                       "and cannot perform this operation; wait until it is gone, then create it again.")
    if parent and parent.deleting:
        raise Conflict("ParentResourceIsBeingDeleted", f"Parent resource {parent.id} is being deleted; wait until it "
                       "is gone, then create it again.")
    if parent and parent.state is ProvisioningState.FAILED and not place.item.kind.extension:
        raise Conflict(
            "ParentResourceIsInFailedState",
            f"PUT operation on child resource {place.view.id} is blocked because last operation "
            f"({reader.failure(parent.id)}) on parent resource failed leaving it in failed state. Run PUT operation on "
            "the parent, then retry operation on the child.", status=400)
