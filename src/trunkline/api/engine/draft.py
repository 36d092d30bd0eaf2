"""A body turned into a wish and the wishes of its inline children, before anything is stored. Faults come together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trunkline.api import naming
from trunkline.api.codec import decode
from trunkline.api.declaration import Inline, ResourceType, Wish
from trunkline.api.engine import identity, links
from trunkline.api.engine.turn import Turn
from trunkline.api.envelope import collecting, refuse
from trunkline.errors import Fault
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId


@dataclass(frozen=True, slots=True)
class Draft:
    """``prefix``: where the properties stand in the request. ``children``: drafts by type name; a type that the body
    does not name is absent, its children stay as they are."""

    kind: ResourceType
    wish: Wish
    prefix: str = "properties"
    children: tuple[tuple[Inline, tuple[Draft, ...]], ...] = ()

    @property
    def resource(self) -> Resource:
        return self.wish.resource

    @property
    def unchanged(self) -> bool:
        """Whether storing it would change nothing that anyone wished."""
        old, new = self.wish.existing, self.wish.resource
        return (old is not None and old.state is ProvisioningState.SUCCEEDED and old.properties == new.properties
                and dict(old.secrets) == dict(new.secrets) and old.envelope == new.envelope)


    @property
    def settled(self) -> bool:
        """Whether it is unchanged with all its children, and no network has to be looked at."""
        below = all(child.settled for _, drafts in self.children for child in drafts)
        return below and self.unchanged and not self.kind.is_realised(self.resource)


@dataclass(frozen=True, slots=True)
class Base:
    """What a body is written onto. ``fresh``: id, location and tags as they will be."""

    kind: ResourceType
    fresh: Resource
    existing: Resource | None


def draft(turn: Turn, base: Base, body: Json, prefix: str = "properties") -> Draft:
    decoded = decode(base.kind, base.fresh.id, body, base.existing, prefix)
    children, faults = [], []
    for inline in base.kind.inline:
        if inline.member in decoded.inline:
            drafts, wrong = _children(turn, base.fresh.id, inline, decoded.inline[inline.member], prefix)
            children.append((inline, drafts))
            faults += wrong
    refuse(faults)
    resource = replace(
        base.existing or base.fresh, location=base.fresh.location, tags=base.fresh.tags,
        properties=links.spelt(turn.registry, turn.writer, decoded.properties),
        envelope=identity.typed(decoded.envelope), secrets=decoded.secrets, state=ProvisioningState.UPDATING)
    named = {inline.member: tuple(one.resource for one in drafts) for inline, drafts in children}
    return Draft(base.kind, Wish(resource, decoded.model, base.existing, named, turn.query), prefix, tuple(children))


def _children(turn: Turn, holder: ResourceId, inline: Inline, bodies: Iterable[Json],
              prefix: str) -> tuple[tuple[Draft, ...], list[Fault]]:
    kind, parent = stored(turn, inline, holder)
    drafts: list[Draft] = []
    faults: list[Fault] = []
    for index, row in enumerate(bodies):
        where = f"{prefix}.{inline.member}[{index}]"
        resource = parent.child(kind.name.rpartition("/")[2], row["name"])
        existing = turn.writer.get(resource)
        with collecting(faults):
            naming.check_resource(row["name"], f"{where}.name")
            drafts.append(draft(turn, Base(kind, existing or Resource(resource), existing), row, f"{where}.properties"))
    return tuple(drafts), faults


def stored(turn: Turn, inline: Inline, parent: ResourceId) -> tuple[ResourceType, ResourceId]:
    """The type and parent under which inline children are kept: others than declared if the type mirrors another."""
    kind = turn.registry.types[inline.type.lower()]
    if kind.mirror is None:
        return kind, parent
    return turn.registry.types[kind.mirror.type.lower()], kind.mirror.parent(parent, turn.writer) or parent


def located(faults: Iterable[Fault], drafted: Draft) -> Iterator[Fault]:
    """A declaration names fields inside the properties, or of the envelope; the client wants them in its request."""
    for fault in faults:
        top = fault.target.partition(".")[0]
        outside = not top or top in (*drafted.kind.envelope, "location", "tags", "name", "properties")
        where = fault.target if outside else f"{drafted.prefix}.{fault.target}"
        yield Fault(fault.code, str(fault), where, fault.status)
