"""What surrounds the properties of a body: location and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.errors import Conflict, Fault
from trunkline.model.plant import region, regions
from trunkline.model.resource import Json, Resource

_MOST_TAGS = 50
_KEY_CHARACTERS, _VALUE_CHARACTERS = 512, 256
_FORBIDDEN = frozenset("<>%&\\?/")


def location(body: Json, kind: str, existing: Resource | None) -> str:
    """The region's name as resources bear it (``westus``); raises when missing, unknown or another than before."""
    given = body.get("location")
    if not isinstance(given, str) or not given:
        if existing:
            return existing.location
        raise Fault("LocationRequired", "The location property is required for this definition.", "location")
    found = region(given)
    if found is None:
        raise Fault("LocationNotAvailableForResourceType", f"The provided location '{given[:80]}' is not available for "
                    f"resource type '{kind}'. List of available regions for the resource type is "
                    f"'{','.join(regions())}'.", "location")
    if existing and existing.location != found.name:
        raise Conflict("InvalidResourceLocation", f"The resource '{existing.id.name}' already exists in location "
                       f"'{existing.location}' in resource group '{existing.id.group}'. A resource with the same name "
                       f"cannot be created in location '{found.name}'. Please select a new resource name.", "location")
    return found.name


def tags(body: Json) -> dict[str, str]:
    given = body.get("tags") or {}
    if not isinstance(given, dict):
        raise Fault("InvalidTagsFormat", "Member 'tags' must be an object of texts; write {\"name\": \"value\"}.",
                    "tags")
    for fault in _tag_faults(given):
        raise fault
    return {name: str(value) for name, value in given.items()}


def _tag_faults(given: dict[str, Any]) -> Iterator[Fault]:
    if len(given) > _MOST_TAGS:
        yield Fault("TooManyTags", f"The resource has {len(given)} tags; {_MOST_TAGS} are allowed. Leave some out.",
                    "tags")
    for name, value in given.items():
        if not name or len(name) > _KEY_CHARACTERS or _FORBIDDEN & set(name):
            yield Fault("InvalidTagNameCharacters", f"The tag name '{name[:80]}' is not valid: it must have 1 to "
                        f"{_KEY_CHARACTERS} characters and none of <>%&\\?/; rename it.", "tags")
        if not isinstance(value, str | int | float | bool) or len(str(value)) > _VALUE_CHARACTERS:
            yield Fault("InvalidTagValueLength", f"The value of tag '{name[:80]}' must be a text of at most "
                        f"{_VALUE_CHARACTERS} characters; shorten it.", f"tags.{name[:80]}")
