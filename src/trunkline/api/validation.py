"""Pydantic's findings as ARM faults: which field, which value, which rule, which way out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from trunkline.errors import Fault
from trunkline.model.bounds import BOUNDS
from trunkline.model.resource import Reference

#: (pydantic's error type, rule and way out). ``{…}`` are the error's own values.
_RULES: Mapping[str, str] = {
    **BOUNDS,
    "model_type": "it must be an object; write {{…}}",
    "model_attributes_type": "it must be an object; write {{…}}",
    "dict_type": "it must be an object; write {{…}}",
    "mapping_type": "it must be an object; write {{…}}",
    "list_type": "it must be an array; write […]",
    "tuple_type": "it must be an array; write […]",
    "string_type": "it must be text; write it in quotes",
    "int_type": "it must be a whole number; write one",
    "int_parsing": "it must be a whole number; write one",
    "int_from_float": "it must be a whole number; write one",
    "float_type": "it must be a number; write one",
    "float_parsing": "it must be a number; write one",
    "bool_type": "it must be true or false; write one of these",
    "bool_parsing": "it must be true or false; write one of these",
    "datetime_type": "it must be a time; write one such as 2026-12-20T22:00:00Z",
    "datetime_parsing": "it must be a time; write one such as 2026-12-20T22:00:00Z",
    "datetime_from_date_parsing": "it must be a time; write one such as 2026-12-20T22:00:00Z",
    "timezone_aware": "it must be a time with its zone; write one such as 2026-12-20T22:00:00Z",
    "extra_forbidden": "it is not known here; leave it out",
}

#: Pydantic's words for a value of another JSON type.
_SHAPES = ("_type", "_parsing", "model_attributes_type", "int_from_float", "mapping_type")

_SHOWN_CHARACTERS = 80


def faults(error: ValidationError, prefix: str, resource: str, secrets: Collection[str]) -> Iterator[Fault]:
    """``prefix``: where the validated object stands in the body (``properties``). Values of ``secrets`` (dotted paths
    inside it) are not shown."""
    for found in error.errors(include_url=False):
        if _echo(found):
            continue
        path = target("", found["loc"])
        yield _fault(found, target(prefix, found["loc"]), resource, hidden=path in secrets)


def _echo(found: Any) -> bool:
    """Pydantic calls a list with a wrong entry too short as well."""
    return bool(found["type"] == "too_short" and len(found["input"]) >= found["ctx"]["min_length"])


def target(prefix: str, location: Collection[int | str]) -> str:
    """``properties.subnets[0].name``."""
    text = prefix
    for piece in location:
        text += f"[{piece}]" if isinstance(piece, int) else f".{piece}" if text else piece
    return text


def _fault(found: Any, where: str, resource: str, hidden: bool) -> Fault:
    kind = str(found["type"])
    if kind[:1].isupper():
        return Fault(kind, found["msg"], where)
    if kind == "missing":
        return Fault("MissingRequiredProperty", f"Property '{where}' of resource '{resource}' is required but was not "
                     "given; add it.", where)
    said = f"Property '{where}' of resource '{resource}'{_value(found['input'], hidden)} is not valid: {_rule(found)}."
    return Fault(_code(kind, where), said, where)


def _value(given: Any, hidden: bool) -> str:
    """Only single values are shown: an object could hold a secret."""
    if hidden or not isinstance(given, str | int | float | bool | None):
        return ""
    text = given if isinstance(given, str) else json.dumps(given)
    return f" with value '{text[:_SHOWN_CHARACTERS]}'"


def _rule(found: Any) -> str:
    if found.get("ctx", {}).get("class_name") == Reference.__name__:
        return "it must be a link to a resource; write {\"id\": \"/subscriptions/…\"}"
    if rule := _RULES.get(str(found["type"])):
        return rule.format(**found.get("ctx", {}))
    said = str(found["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    return f"it {said}; write one" if said.startswith("should be") else said


def _code(kind: str, where: str) -> str:
    if kind.endswith(_SHAPES):
        return "InvalidRequestFormat"
    name = where.rpartition(".")[2].partition("[")[0].lower()
    return "InvalidAddressPrefixFormat" if name.endswith(("prefix", "prefixes")) else "InvalidPropertyValue"


def truth_for_number(model: BaseModel, given: object, where: str) -> Iterator[Fault]:
    """Where a truth value was taken for a number: to Python ``true`` is 1, to JSON it is no number."""
    for name, field in type(model).model_fields.items():
        alias = field.alias or name
        if isinstance(given, dict) and alias in given:
            yield from _truths(getattr(model, name), given[alias], f"{where}.{alias}")


def _truths(value: object, given: object, where: str) -> Iterator[Fault]:
    if isinstance(value, BaseModel):
        yield from truth_for_number(value, given, where)
    elif isinstance(value, list | tuple) and isinstance(given, list):
        for index, pair in enumerate(zip(value, given, strict=False)):
            yield from _truths(*pair, f"{where}[{index}]")
    elif isinstance(given, bool) and isinstance(value, int | float) and not isinstance(value, bool):
        yield Fault("InvalidRequestFormat", f"Property '{where}' with value '{str(given).lower()}' is not valid: it "
                    "must be a number; write one.", where)
