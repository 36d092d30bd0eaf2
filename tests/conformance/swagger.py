"""Microsoft's description of its own API: the operations that have examples, and whether an answer fits the schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from e2e_support import ROOT

#: Beside the checkout; what is there is not ours to change.
REFERENCE = ROOT.parent / "shared" / "reference"
_SWAGGER = REFERENCE / "swagger-2023-09-01"

_TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


@dataclass(frozen=True)
class Example:
    """One example of one operation. ``body``: what is sent. ``answers``: bodies by status."""

    name: str
    file: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    answers: Mapping[int, Any]
    schema: Mapping[str, Any]

    @property
    def type(self) -> str:
        """``expressRouteCircuits/peerings``, an action's name with it."""
        return type_in(self.path)


def type_in(path: str) -> str:
    """``expressRouteCircuits/peerings``, an action's name with it; of a path or its template."""
    return "/".join(path.partition("/providers/")[2].split("/")[1::2])


def reference() -> Path:
    """The directory of reference data; without it the tests that need it are skipped, and say so."""
    if not _SWAGGER.is_dir():
        pytest.skip(f"{REFERENCE} is not there: Microsoft's examples and recordings lie beside the checkout")
    return REFERENCE


def examples() -> Iterator[Example]:
    for path in sorted(_SWAGGER.glob("*.json")):
        for template, operations in document(path.name).get("paths", {}).items():
            for method, operation in operations.items():
                for link in operation.get("x-ms-examples", {}).values() if method != "parameters" else ():
                    source = _SWAGGER / link["$ref"]
                    if source.exists():
                        yield _example(path.name, template, method, operation, source)


def _example(file: str, template: str, method: str, operation: Any, source: Path) -> Example:
    told = json.loads(source.read_text())
    parameters = [resolved(one, file)[0] for one in operation.get("parameters", [])]
    given = told["parameters"]
    path = re.sub(r"\{(\w+)\}", lambda found: str(_value(given, found[1])), template)
    query = {one["name"]: str(_value(given, one["name"])) for one in parameters
             if one["in"] == "query" and _value(given, one["name"]) is not None}
    body = next((_value(given, one["name"]) for one in parameters if one["in"] == "body"), None)
    answers = {int(status): answer.get("body") for status, answer in told["responses"].items() if status.isdecimal()}
    schema = operation["responses"].get("200", {}).get("schema", {})
    return Example(source.stem, file, method.upper(), path, query, body, answers, schema)


def _value(given: Mapping[str, Any], name: str) -> Any:
    lower = {key.lower(): value for key, value in given.items()}
    return lower.get(name.lower())


@cache
def document(file: str) -> Any:
    path = _SWAGGER / file
    return json.loads(path.read_text()) if path.exists() else {}


def resolved(schema: Mapping[str, Any], file: str) -> tuple[Mapping[str, Any], str]:
    """What a ``$ref`` stands for and where that is; nothing is demanded by a document that is not here."""
    while "$ref" in schema:
        where, _, pointer = schema["$ref"].partition("#/")
        file = where.rpartition("/")[2] or file
        found = document(file)
        for piece in pointer.split("/"):
            found = found.get(piece, {})
        schema = found
    return schema, file


def misfits(value: Any, schema: Mapping[str, Any], file: str, path: str = "") -> Iterator[str]:
    """Where a value has another type than its schema says, or is none of the values that its schema lists."""
    schema, file = resolved(schema, file)
    wanted = _TYPES.get(schema.get("type", ""))
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)):
        yield f"{path}: {value!r} is no {schema['type']}"
        return
    if "enum" in schema and not schema.get("x-ms-enum", {}).get("modelAsString") and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, list):
        for one in value:
            yield from misfits(one, schema.get("items", {}), file, f"{path}[]")
    if isinstance(value, dict):
        yield from _member_misfits(value, schema, file, path)


def _member_misfits(value: dict[str, Any], schema: Mapping[str, Any], file: str, path: str) -> Iterator[str]:
    for part in schema.get("allOf", []):
        yield from misfits(value, {**resolved(part, file)[0], "required": []}, resolved(part, file)[1], path)
    for name, member in schema.get("properties", {}).items():
        if value.get(name) is not None:
            yield from misfits(value[name], member, file, f"{path}.{name}")
