"""What a declaration's ``shape`` adds to its model: Azure's spelling before validation, and after it the members for
which the model has no word. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from trunkline.model.resource import Json


def named(given: Json, names: Iterable[str]) -> Json:
    """``given`` with those of its members that are among ``names`` in any case spelt as there."""
    spelling = {name.lower(): name for name in names}
    found = {name: value for name, value in given.items() if spelling.get(name.lower(), name) == name}
    for name, value in given.items():
        found.setdefault(spelling.get(name.lower(), name), value)
    return found


def spelt(given: Json, shaped: Json) -> Json:
    """``given`` with the names and values that the shape knows spelt as Azure spells them; the rest as it is."""
    names = {name.lower(): name for name in shaped}
    found: Json = {}
    for name, value in given.items():
        known = names.get(name.lower())
        if known is None:
            found.setdefault(name, value)
        else:
            found[known] = _value(value, shaped[known])
    return found


def _value(given: Any, shaped: Any) -> Any:
    if isinstance(given, dict) and isinstance(shaped, dict):
        return spelt(given, shaped)
    if isinstance(given, list) and isinstance(shaped, list):
        return [_value(*pair) for pair in zip(given, shaped, strict=True)] if len(given) == len(shaped) else given
    return shaped


def joined(model: BaseModel, dumped: Json, shaped: Json) -> Json:
    """``dumped``, which is the model's, with all that is in ``shaped`` and the model cannot say, at every depth."""
    found = dict(dumped)
    fields = {field.alias or name: name for name, field in type(model).model_fields.items()}
    for name, value in shaped.items():
        if name not in fields:
            found.setdefault(name, value)
        elif name in dumped:
            found[name] = _joined(getattr(model, fields[name]), dumped[name], value)
    return found


def _joined(value: object, dumped: Any, shaped: Any) -> Any:
    if isinstance(value, BaseModel) and isinstance(dumped, dict) and isinstance(shaped, dict):
        return joined(value, dumped, shaped)
    if isinstance(value, list | tuple) and isinstance(shaped, list) and len(value) == len(shaped) == len(dumped):
        return [_joined(*triple) for triple in zip(value, dumped, shaped, strict=True)]
    return dumped
