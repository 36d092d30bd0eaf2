"""Between a body's JSON and what is stored: the model validated, secrets split off, inline children taken out.

What a client read it may write back: read-only members are ignored, a secret that is left out keeps its value, a secret
that is ``null`` or empty is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from trunkline.api import shaping, validation
from trunkline.api.declaration import Inline, ResourceType
from trunkline.api.envelope import refuse
from trunkline.errors import Fault
from trunkline.model import shape
from trunkline.model.resource import Json, Properties, Resource, ResourceId

#: Children that one body may name: all are checked beside each other in one transaction.
_MOST_CHILDREN = 200


@dataclass(frozen=True, slots=True)
class Decoded:
    """``inline``: bodies of the children by member; a member that the body leaves out is absent."""

    model: Properties
    properties: Json
    envelope: Json = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    inline: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)


def decode(kind: ResourceType, resource: ResourceId, body: Json, existing: Resource | None,
           prefix: str = "properties") -> Decoded:
    """Raises Fault, or Refused with all that is wrong. ``prefix``: where the properties stand in the whole request."""
    body = shaping.named(body, ("properties", *kind.envelope))
    given = _bare(kind, shaping.named(members(body, "properties", prefix), _names(kind)))
    inline = {one.member: _children(given, one, prefix) for one in kind.inline if given.get(one.member) is not None}
    plain = {name: value for name, value in given.items() if name not in {one.member for one in kind.inline}}
    filled = kind.defaults(_kept(kind, plain, existing), resource)
    for path in kind.secrets:
        filled = _cleared(filled, path.split("."))
    shaped, wrong = shape.check(kind.shape, filled, prefix) if kind.shape else ({}, [])
    envelope, amiss = shape.check_around(
        kind.shape, {name: body[name] for name in kind.envelope if body.get(name) is not None})
    model = _validated(kind, resource, shaping.spelt(filled, shaped), Found(prefix, [*wrong, *amiss]))
    properties = shaping.joined(model, model.model_dump(by_alias=True, mode="json", exclude_none=True), shaped)
    secrets = {path: text for path in kind.secrets if (text := _take(properties, path))}
    envelope = kind.envelope_defaults(envelope, existing.envelope if existing else {})
    return Decoded(model, properties, envelope, secrets, inline)


def _names(kind: ResourceType) -> Iterator[str]:
    """Of members of properties, as they are spelt."""
    yield from shape.members(kind.shape) if kind.shape else ()
    yield from (field.alias or name for name, field in kind.model.model_fields.items())
    yield from (inline.member for inline in kind.inline)


def members(body: Json, name: str, where: str) -> Json:
    """The object under ``name``; empty when there is none."""
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Fault("InvalidRequestFormat", f"Member '{where}' must be an object; write {{…}}.", where)
    return found


def _children(given: Json, inline: Inline, prefix: str) -> tuple[Json, ...]:
    where = f"{prefix}.{inline.member}"
    rows = given[inline.member]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Fault("InvalidRequestFormat", f"Member '{where}' must be an array of objects; write [{{…}}].", where)
    rows = [shaping.named(row, ("name",)) for row in rows]
    if len(rows) > _MOST_CHILDREN:
        raise Fault("InvalidRequestFormat", f"Member '{where}' has {len(rows)} entries, and {_MOST_CHILDREN} are "
                    "allowed in one request; write the others each by itself.", where)
    refuse([Fault("MissingRequiredProperty", f"Property '{where}[{index}].name' is required but was not given; name "
                  "the child.", f"{where}[{index}].name")
            for index, row in enumerate(rows) if not isinstance(row.get("name"), str) or not row["name"]])
    names = [row["name"].lower() for row in rows]
    refuse([Fault("DuplicateResourceName", f"Name '{row['name']}' stands twice in '{where}'; names must differ.",
                  f"{where}[{index}].name")
            for index, row in enumerate(rows) if row["name"].lower() in names[:index]])
    return tuple(rows)


def _kept(kind: ResourceType, given: Json, existing: Resource | None) -> Json:
    """The body with what an update need not repeat."""
    if existing is None:
        return given
    filled = given
    for path in kind.kept:
        filled = _with_kept(filled, path.split("."), existing.properties)
    for path, secret in existing.secrets.items():
        filled = _with_secret(filled, path.split("."), secret)
    return filled


def _with_kept(given: Json, path: list[str], before: Json) -> Json:
    """``given`` with the member as it was, where the object that holds it is given and says nothing of it."""
    name, *deeper = path
    inner, old = given.get(name), before.get(name)
    if not deeper:
        return {**given, name: old} if inner is None and old is not None else given
    if isinstance(inner, dict) and isinstance(old, dict):
        return {**given, name: _with_kept(inner, deeper, old)}
    return given


def _with_secret(given: Json, path: list[str], secret: str) -> Json:
    """``given`` with the secret where the object that holds it is given and says nothing of it."""
    name, *deeper = path
    if not deeper:
        return {name: secret, **given}
    inner = given.get(name)
    return {**given, name: _with_secret(inner, deeper, secret)} if isinstance(inner, dict) else given


def _take(properties: Json, path: str) -> str:
    """The secret, which is no longer in ``properties`` afterwards."""
    *outer, name = path.split(".")
    holder: Any = properties
    for piece in outer:
        holder = holder.get(piece) if isinstance(holder, dict) else None
    return str(holder.pop(name, "") or "") if isinstance(holder, dict) else ""


def _cleared(given: Json, path: list[str]) -> Json:
    """An empty secret is none."""
    name, *deeper = path
    inner = given.get(name)
    if not deeper:
        return {key: value for key, value in given.items() if key != name} if inner in ("", None) else given
    return {**given, name: _cleared(inner, deeper)} if isinstance(inner, dict) else given


def _bare(kind: ResourceType, given: Json) -> Json:
    """Without what makes parts look like resources: it is ours."""
    for part in kind.parts:
        given = _unmarked(given, part.member.split("."))
    return given


def _unmarked(given: Json, path: list[str]) -> Json:
    name, *deeper = path
    found = given.get(name)
    if deeper and isinstance(found, dict):
        return {**given, name: _unmarked(found, deeper)}
    if isinstance(found, list) and not deeper:
        return {**given, name: [_without_mark(entry) for entry in found]}
    return given


def _without_mark(entry: object) -> object:
    return {name: value for name, value in entry.items() if name not in ("id", "etag", "type")} \
        if isinstance(entry, dict) else entry


@dataclass(frozen=True, slots=True)
class Found:
    """What the shape found wrong with the properties that stand at ``prefix`` in the request."""

    prefix: str
    faults: list[Fault]


def _validated(kind: ResourceType, resource: ResourceId, given: Json, found: Found) -> Properties:
    """Of what both find wrong the model's word counts: it knows more of the rule."""
    try:
        model = kind.model.model_validate(given)
    except ValidationError as error:
        faults = list(validation.faults(error, found.prefix, resource.name, kind.secrets))
    else:
        faults = list(validation.truth_for_number(model, given, found.prefix))
        if not faults and not found.faults:
            return model
    told = {fault.target for fault in faults}
    refuse([*faults, *(fault for fault in found.faults if fault.target not in told)])
    raise AssertionError("a ValidationError without errors")
