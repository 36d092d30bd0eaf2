"""A list of drills in a file, to be played one after another: refused as a whole, with everything wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import click
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from trunkline.cli.estate.document import Document, FaultyFile, FileFault, parse
from trunkline.cli.failure import Failed
from trunkline.cli.rehearsal.ground import Ground
from trunkline.cli.rehearsal.preflight import Wish
from trunkline.cli.rehearsal.targets import Target, require_drainable
from trunkline.cli.rehearsal.targets import parse as parse_target
from trunkline.cli.wording import in_words

_MOST_DRILLS, _MOST_BYTES = 200, 1_000_000
_FORM = "a file of drills is a mapping with a list 'drills:', each with a 'target:'"


class _Manner(BaseModel):
    """How it is drilled; what is not said is as on the command line."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="forbid",
                              strict=True)

    drain: bool | None = None
    force: bool | None = None
    hold: Annotated[float, Field(ge=1, le=600)] | None = None
    within: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    heal_within: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    abort_after: Annotated[float, Field(ge=0.2, allow_inf_nan=False)] | None = None
    abort_loss: Annotated[float, Field(ge=0, le=100)] | None = None


#: Members of the file, and of a wish.
_WISHES = {"drain": "drain", "hold": "hold_s", "within": "outage_ms", "heal_within": "healing_ms",
           "abort_after": "abort_outage_s", "abort_loss": "abort_loss_percent"}


class _Drill(_Manner):
    """``target``: words, or one text of them; a name with a blank in it needs a list."""

    target: tuple[str, ...]

    @field_validator("target", mode="before")
    @classmethod
    def _words(cls, given: Any) -> Any:
        found = given.split() if isinstance(given, str) else given
        if not (isinstance(found, list) and found and all(isinstance(word, str | int) for word in found)):
            raise ValueError("write what is to fail, as 'er1 primary' or [edge, Washington DC, primary]")
        return tuple(map(str, found))


class _File(_Manner):
    """``all of``: said above the list, for all in it."""

    drills: Annotated[list[_Drill], Field(min_length=1, max_length=_MOST_DRILLS)]


@dataclass(frozen=True, slots=True)
class Item:
    """One drill of several. ``forced``: troubles count for nothing. ``line``, ``place``: in the file."""

    target: Target
    wish: Wish
    forced: bool = False
    line: int = 0
    place: int = 0

    def fault(self, trouble: str) -> FileFault:
        return FileFault(self.line, ("drills", self.place), f"'{self.target.said}': {trouble}")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a file lists. ``faults``: of the rest of it, which makes the whole void; it is still said what is wrong
    with what could be read."""

    items: tuple[Item, ...]
    faults: tuple[FileFault, ...] = ()


def listed(path: Path, ground: Ground, base: Wish, forced: bool) -> Listed:
    """``base``, ``forced``: as on the command line. Raises Failed where it is no list at all."""
    document, faults = _document(path)
    try:
        _File.model_validate(document.value)
    except ValidationError as wrong:
        faults += _faults(wrong, document)
    above, items = _above(document), list[Item]()
    for place, one in _sound(document):
        try:
            items.append(replace(_item(one, above, ground, base, forced), line=document.line(("drills", place)),
                                 place=place))
        except (Failed, click.UsageError) as fault:
            faults.append(FileFault(document.line(("drills", place)), ("drills", place), fault.message))
    return Listed(tuple(items), tuple(faults))


def _document(path: Path) -> tuple[Document, list[FileFault]]:
    try:
        return parse(_text(path), _FORM), []
    except FaultyFile as wrong:
        if wrong.rest is None:
            raise refusal(path, wrong.faults) from None
        return wrong.rest, wrong.faults


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Failed(f"{path} is larger than {_MOST_BYTES:,} bytes; that is no list of drills.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8; save it as UTF-8"
        raise Failed(f"{path} cannot be read: {why}.") from None


def refusal(path: Path, faults: Sequence[FileFault]) -> Failed:
    """In the order of the file's lines."""
    lines = (f"line {fault.line}: {fault}" for fault in sorted(faults, key=lambda fault: fault.line))
    return Failed(f"{path} is refused, and nothing was drilled:\n  " + "\n  ".join(lines))


def _faults(wrong: ValidationError, document: Document) -> Iterator[FileFault]:
    for error in wrong.errors():
        place = tuple(error["loc"])
        known = ", ".join(field.alias or "" for field in (_Drill if place[:1] == ("drills",) and len(place) > 1
                                                          else _File).model_fields.values())
        said = {"extra_forbidden": f"there is no such member; there are {known}",
                "model_type": "a drill is a mapping with a 'target:'"}.get(error["type"]) or in_words(error)
        yield FileFault(document.line(place), place, said)


def _above(document: Document) -> _Manner:
    """As far as it is right."""
    told = {}
    for name, value in document.value.items():
        with suppress(ValidationError):
            _Manner.model_validate({name: value})
            told[name] = value
    return _Manner.model_validate(told)


def _sound(document: Document) -> Iterator[tuple[int, _Drill]]:
    """Drills with which nothing is wrong by itself, and their places."""
    drills = document.value.get("drills")
    for place, value in enumerate(drills[:_MOST_DRILLS] if isinstance(drills, list) else ()):
        with suppress(ValidationError):
            yield place, _Drill.model_validate(value)


def _item(one: _Drill, above: _Manner, ground: Ground, base: Wish, forced: bool) -> Item:
    target = parse_target(one.target, ground)
    told = {wanted: value for name, wanted in _WISHES.items() if (value := _said(one, above, name)) is not None}
    wish = replace(base, **told)
    if wish.drain:
        require_drainable(target)
    said = _said(one, above, "force")
    return Item(target, wish, forced if said is None else bool(said))


def _said(one: _Drill, above: _Manner, name: str) -> Any:
    own = getattr(one, name)
    return getattr(above, name) if own is None else own
