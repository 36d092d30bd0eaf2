"""What of a resource differs, field by field, and a resource with one field as it will be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from trunkline.model.resource import Json, Resource

#: Keys from the top; of a list of named things, the name in brackets.
Path = tuple[str, ...]


class Absent(StrEnum):
    """Where a value would stand and none does."""

    ABSENT = ""


ABSENT = Absent.ABSENT

#: First piece of a path: what of a resource it leads into. A secret is never shown, before or after.
PROPERTIES, ENVELOPE, SECRETS, TAGS = "properties", "envelope", "secrets", "tags"


@dataclass(frozen=True, slots=True)
class Field:
    path: Path
    before: object
    after: object

    @property
    def name(self) -> str:
        """As ARM writes it."""
        shown = self.path[1:] if self.path[0] in (ENVELOPE, SECRETS) else self.path
        text = "".join(piece if piece.startswith("[") else f".{piece}" for piece in shown).lstrip(".")
        return f"properties.{text}" if self.path[0] == SECRETS else text

    @property
    def secret(self) -> bool:
        return self.path[0] == SECRETS


def differing(old: Resource, new: Resource) -> tuple[Field, ...]:
    found: list[Field] = []
    for part in (ENVELOPE, PROPERTIES, SECRETS, TAGS):
        before, after = dict(getattr(old, part)), dict(getattr(new, part))
        found += _differences(before, after, (part,))
    return tuple(found)


def _differences(old: Any, new: Any, path: Path) -> Iterator[Field]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _differences(old.get(name, ABSENT), new.get(name, ABSENT), (*path, name))
    elif _named(old) and _named(new):
        yield from _differences(_by_name(old), _by_name(new), path)
    elif old != new and not (old in (None, ABSENT) and new in (None, ABSENT)):
        yield Field(path, old, new)


def _named(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(
        isinstance(one, dict) and "name" in one for one in value)


def _by_name(value: Any) -> Json:
    return {f"[{one['name']}]": one for one in value}


def with_field(old: Resource, field: Field) -> Resource:
    """``old`` with this one field as it will be."""
    part, *rest = field.path
    return replace(old, **{part: _set(dict(getattr(old, part)), tuple(rest), field.after)})


def _set(value: Any, path: Path, wanted: object) -> Any:
    if not path:
        return wanted
    if _named(value):
        held = _set(_by_name(value), path, wanted)
        return [one for one in held.values() if one is not ABSENT]
    held = dict(value) if isinstance(value, dict) else {}
    inner = _set(held.get(path[0], {}), path[1:], wanted)
    if inner is ABSENT and not path[0].startswith("["):
        held.pop(path[0], None)
    else:
        held[path[0]] = inner
    return held
