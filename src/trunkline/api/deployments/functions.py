"""The words of the template language that need nothing but their arguments and the names around them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from trunkline.api.deployments.expression import Functions, InvalidTemplate, evaluate
from trunkline.model.resource import Json, Resource, ResourceId

_PLACEHOLDER = re.compile(r"\{(\d)\}")


#: What all expressions of one template may make together: characters, and 16 for each value and each argument.
#: Azure expands a template to 4 MB at most.
_ALLOWANCE = 4 * 1024 * 1024
_EACH_VALUE, _EACH_REFERENCE = 16, 2048


class Allowance:
    """Ends a template whose expressions make too much, before it is made."""

    def __init__(self) -> None:
        self._left = _ALLOWANCE

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise InvalidTemplate(f"its expressions make more than {_ALLOWANCE} characters; repeat less, or divide the "
                                  "template.")

    def spend_on(self, value: Any) -> None:
        """The size of a value; what stands in it twice counts twice."""
        self.spend(_EACH_VALUE + (len(value) if isinstance(value, str) else 0))
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self.spend_on(inner)

    def counted(self, function: Callable[..., Any], price: int = _EACH_VALUE) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.spend(price + _EACH_VALUE * len(arguments))
            found = function(*arguments)
            self.spend_on(found)
            return found
        return call


class Words:
    """What the expressions of one template may call. Variables are evaluated once; they know no ``reference``."""

    def __init__(self, group: Resource, tenant: str, parameters: Mapping[str, Any], variables: Json) -> None:
        self._variables, self._found, self._open = variables, dict[str, Any](), list[str]()
        self._allowance = Allowance()
        known: dict[str, Callable[..., Any]] = {
            "parameters": lambda name: _named("parameter", parameters, name), "variables": self._variable,
            "concat": _concat, "format": self._format, "tolower": str.lower, "toupper": str.upper, "string": _string,
            "resourceid": lambda *words: resource_id(group.id, *words),
            "resourcegroup": lambda: _group(group), "subscription": lambda: _subscription(group.id, tenant),
        }
        self.known: Functions = {name: self._allowance.counted(one) for name, one in known.items()}

    def beside(self, reference: Callable[..., Any]) -> Functions:
        """With what ``reference('name'[, api-version[, 'Full']])`` answers."""
        return {**self.known, "reference": self._allowance.counted(reference, _EACH_REFERENCE)}

    def evaluate_variables(self) -> None:
        for name in self._variables:
            self._variable(name)

    def _variable(self, name: str) -> Any:
        key = name.lower()
        if key in self._open:
            raise InvalidTemplate(f"variable '{name}' needs itself.")
        if key not in self._found:
            self._open.append(key)
            self._found[key] = evaluate(_named("variable", self._variables, name), self.known)
            self._open.pop()
        return self._found[key]

    def _format(self, pattern: str, *values: Any) -> str:
        texts = [_string(value) for value in values]
        self._allowance.spend(sum(len(texts[int(found[1])]) for found in _PLACEHOLDER.finditer(pattern)))
        return _PLACEHOLDER.sub(lambda found: texts[int(found[1])], pattern)


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
