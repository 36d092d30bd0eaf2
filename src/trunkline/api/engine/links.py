"""Links to other resources: spelt as those were created when they are stored, replaced by what they lead to when a
client asks for it (``$expand``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trunkline.api.declaration import Registry
from trunkline.api.engine import shape
from trunkline.api.engine.target import Item, of
from trunkline.errors import Fault
from trunkline.model.resource import Json, ResourceId
from trunkline.store import Reader


def spelt(registry: Registry, reader: Reader, properties: Json) -> Json:
    """``properties`` with the canonical id in every link: as stored, else with the type as declared."""
    found: Json = {name: _spelt(registry, reader, value) for name, value in properties.items()}
    return found


def _spelt(registry: Registry, reader: Reader, value: Any) -> Any:
    if isinstance(value, list):
        return [_spelt(registry, reader, one) for one in value]
    if not isinstance(value, dict):
        return value
    found = spelt(registry, reader, value)
    target = _target(value)
    return {**found, "id": str(_canonical(registry, reader, target))} if target else found


def _target(link: Json) -> ResourceId | None:
    """What an object's ``id`` leads to; ``None`` when it is no id of ours."""
    text = link.get("id")
    if not isinstance(text, str) or not text.lower().startswith("/subscriptions/"):
        return None
    try:
        return ResourceId.parse(text)
    except Fault:
        return None


def _canonical(registry: Registry, reader: Reader, target: ResourceId) -> ResourceId:
    stored = reader.get(target)
    if stored:
        return stored.id
    if target.parent:  # a part of something stored, such as an ipConfiguration
        return _canonical(registry, reader, target.parent).child(target.types[-1], target.names[-1]) \
            if len(target.types) > 1 else target
    kind = registry.find(target.type)
    if kind is None:
        return target
    namespace, *types = kind.name.split("/")
    return replace(target, namespace=namespace, types=tuple(types))


@dataclass(frozen=True, slots=True)
class Expansion:
    """``$expand`` of one answer. Links out of ``subscription``, and to what the client does not see, stay links."""

    registry: Registry
    reader: Reader
    subscription: str
    sees: Callable[[ResourceId], bool]

    def of(self, shown: Json, text: str) -> Json:
        """``text``: paths into properties, with commas between (``subnets/ipConfigurations``). A member that is not
        there is left out, as Azure does."""
        for path in text.split(","):
            shown = self._along(shown, [piece.lower() for piece in path.strip().split("/") if piece])
        return shown

    def _along(self, holder: Json, path: list[str]) -> Json:
        properties = holder.get("properties")
        if not path or not isinstance(properties, dict):
            return holder
        member = next((name for name in properties if name.lower() == path[0]), None)
        if member is None:
            return holder
        return {**holder, "properties": {**properties, member: self._into(properties[member], path[1:])}}

    def _into(self, value: Any, path: list[str]) -> Any:
        if isinstance(value, list):
            return [self._into(one, path) for one in value]
        return self._along(self._whole(value), path) if isinstance(value, dict) else value

    def _whole(self, link: Json) -> Json:
        """What a bare link leads to; anything else as it is."""
        target = _target(link) if set(link) == {"id"} else None
        if target is None or target.subscription.lower() != self.subscription.lower():
            return link
        shown = self._shown(target)
        if shown is None and target.parent:
            whole = self._shown(target.parent) or {}
            shown = next((part for part in _parts(whole.get("properties")) if part["id"].lower() == target.key), None)
        return shown or link

    def _shown(self, resource: ResourceId) -> Json | None:
        stored = self.reader.get(resource)
        if stored and not self.sees(stored.id):
            return None
        item = of(self.registry, stored.id) if stored else None
        return shape.body(self.registry, self.reader, Item(item.kind, stored.id), stored) if item and stored else None


def _parts(properties: Any) -> Iterator[Json]:
    for value in properties.values() if isinstance(properties, dict) else ():
        for entry in value if isinstance(value, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("id"), str) and len(entry) > 1:
                yield entry
