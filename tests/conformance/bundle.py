"""Microsoft's description in one piece, for tools that make requests out of it: our types only, names that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance import swagger

#: Few names, so that what one request makes the next one finds.
_NAMES = ("a", "b", "default")
_FIXED = {"api-version": ("2023-09-01",), "peeringName": ("AzurePrivatePeering", "MicrosoftPeering"),
          "devicePath": ("primary", "secondary"), "location": ("westus",)}


def bundle(file: str, declared: Callable[[str], bool], places: Mapping[str, str]) -> dict[str, Any]:
    """One file's operations on declared types. ``places``: subscription and resource group, by parameter name."""
    bundler = _Bundler({**_FIXED, **{name: (value,) for name, value in places.items()}})
    document = swagger.document(file)
    paths = {path: bundler.operations(operations, file) for path, operations in document["paths"].items()
             if declared(swagger.type_in(path))}
    return {"swagger": "2.0", "info": {"title": file, "version": "1"}, "consumes": ["application/json"],
            "produces": ["application/json"], "paths": paths, "definitions": bundler.definitions}


class _Bundler:
    def __init__(self, fixed: Mapping[str, tuple[str, ...]]) -> None:
        self._fixed = fixed
        self.definitions: dict[str, Any] = {}

    def operations(self, operations: Mapping[str, Any], file: str) -> dict[str, Any]:
        return {method: self._operation(one, file) for method, one in operations.items() if method != "parameters"}

    def _operation(self, operation: Mapping[str, Any], file: str) -> dict[str, Any]:
        """Requests are made from it; answers are compared elsewhere."""
        return {"parameters": list(self._parameters(operation, file)), "responses": {"default": {"description": ""}}}

    def _parameters(self, operation: Mapping[str, Any], file: str) -> Iterator[dict[str, Any]]:
        for given in operation.get("parameters", []):
            one, where = swagger.resolved(given, file)
            if not one:
                continue
            kept = {name: one[name] for name in ("name", "in", "required", "type", "format", "items") if name in one}
            if one["in"] == "body":
                kept["schema"] = self._schema(one["schema"], where)
            if one["in"] == "path" or one["name"] in self._fixed:
                kept |= {"type": "string", "enum": list(self._fixed.get(one["name"], _NAMES)), "required": True}
            yield kept

    def _schema(self, schema: Any, file: str) -> Any:
        if isinstance(schema, list):
            return [self._schema(one, file) for one in schema]
        if not isinstance(schema, dict):
            return schema
        if isinstance(schema.get("$ref"), str):
            return {"$ref": f"#/definitions/{self._define(schema['$ref'], file)}"}
        return {name: self._schema(value, file) for name, value in schema.items()
                if not name.startswith("x-") and name not in ("description", "readOnly", "format", "example")}

    def _define(self, reference: str, file: str) -> str:
        found, where = swagger.resolved({"$ref": reference}, file)
        name = f"{where.partition('.')[0]}-{reference.rpartition('/')[2]}"
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self._schema(found, where) or {"type": "object"}
        return name
