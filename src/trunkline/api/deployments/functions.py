"""The words of the template language that need nothing but their arguments and the names around them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from trunkline.api.deployments.expression import Functions, InvalidTemplate, evaluate
from trunkline.model.resource import Json, Resource, ResourceId

_PLACEHOLDER = re.compile(r"\{(\d)\}")


def functions(group: Resource, tenant: str, parameters: Mapping[str, Any], variables: Json,
              reference: Callable[..., Any]) -> Functions:
    """``reference``: what ``reference('name'[, api-version[, 'Full']])`` answers."""
    known: dict[str, Callable[..., Any]] = {
        "parameters": lambda name: _named("parameter", parameters, name), "reference": reference,
        "concat": _concat, "format": _format, "tolower": str.lower, "toupper": str.upper, "string": _string,
        "resourceid": lambda *words: resource_id(group.id, *words),
        "resourcegroup": lambda: _group(group), "subscription": lambda: _subscription(group.id, tenant),
    }
    open_variables: list[str] = []

    def variable(name: str) -> Any:
        if name.lower() in open_variables:
            raise InvalidTemplate(f"variable '{name}' needs itself.")
        open_variables.append(name.lower())
        found = evaluate(_named("variable", variables, name), known)
        open_variables.pop()
        return found

    known["variables"] = variable
    return known


def _named(kind: str, known: Mapping[str, Any], name: str) -> Any:
    found = {key.lower(): value for key, value in known.items()}
    if name.lower() not in found:
        raise InvalidTemplate(f"the template {kind} '{name}' is not found; declare it.")
    return found[name.lower()]


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [one for part in parts for one in part]
    if any(isinstance(part, dict | list) for part in parts):
        raise ValueError("texts and lists do not mix")
    return "".join(map(_string, parts))


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _format(pattern: str, *values: Any) -> str:
    return _PLACEHOLDER.sub(lambda found: _string(values[int(found[1])]), pattern)


def resource_id(group: ResourceId, *words: str) -> str:
    """``resourceId([subscription,] [group,] type, name, …)``."""
    at = next((index for index, word in enumerate(words) if "/" in word), len(words))
    before, kind, names = words[:at], words[at], words[at + 1:]
    namespace, *types = kind.split("/")
    if len(types) != len(names) or len(before) > 2:
        raise ValueError("as many names as types")
    subscription = before[0] if len(before) == 2 else group.subscription
    return str(ResourceId(subscription, before[-1] if before else group.group, namespace, tuple(types), tuple(names)))


def _group(group: Resource) -> Json:
    return {"id": str(group.id), "name": group.id.group, "type": group.id.type, "location": group.location,
            "tags": dict(group.tags), "properties": {"provisioningState": group.state.value}}


def _subscription(group: ResourceId, tenant: str) -> Json:
    return {"id": f"/subscriptions/{group.subscription}", "subscriptionId": group.subscription, "tenantId": tenant}
