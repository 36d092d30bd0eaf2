"""What expressions of one template may call: the ``library``, and the names around them. Pure, but for a clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from trunkline.api.deployments.expression import CHARGE, Functions, InvalidTemplate
from trunkline.api.deployments.library import FUNCTIONS, text
from trunkline.api.deployments.loops import expanded
from trunkline.model.resource import Json, Resource, ResourceId, now

_PLACEHOLDER = re.compile(r"\{(\d\d?)(?::[Dd](\d))?\}")


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


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a template is deployed. ``name``: the deployment's."""

    group: Resource
    tenant: str
    name: str = ""


class Words:
    """What the expressions of one template may call. Variables are evaluated once; they know no ``reference``.

    ``defaults``: names, in lower case, of parameters whose values are expressions still to be evaluated.
    """

    def __init__(self, scene: Scene, parameters: Mapping[str, Any], variables: Json,
                 defaults: frozenset[str] = frozenset()) -> None:
        self._parameters, self._variables, self._defaults = parameters, variables, defaults
        self._found, self._open = dict[str, Any](), list[str]()
        self._allowance = Allowance()
        group = scene.group
        known: dict[str, Callable[..., Any]] = {
            **FUNCTIONS, "parameters": self.parameter, "variables": self._variable, "format": self._format,
            "resourceid": lambda *words: resource_id(group.id, *words),
            "subscriptionresourceid": lambda *words: _subscription_resource_id(group.id, *words),
            "extensionresourceid": _extension_resource_id,
            "resourcegroup": lambda: _group(group), "subscription": lambda: _subscription(group.id, scene.tenant),
            "tenant": lambda: {"tenantId": scene.tenant, "id": f"/tenants/{scene.tenant}"},
            "deployment": lambda: {"name": scene.name, "properties": {"mode": "Incremental"}},
        }
        self.known: Functions = {
            CHARGE: self._allowance.spend, **{name: self._allowance.counted(one) for name, one in known.items()}}

    def beside(self, reference: Callable[..., Any]) -> Functions:
        """With what ``reference('name'[, api-version[, 'Full']])`` answers."""
        return {**self.known, "reference": self._allowance.counted(reference, _EACH_REFERENCE)}

    def fresh(self) -> Functions:
        """With what only defaults of parameters may call: each time another value."""
        return {**self.known, "newguid": lambda: str(uuid4()), "utcnow": _utc_now}

    def evaluate_variables(self) -> None:
        for name in self._variables:
            self._variable(name)

    def parameter(self, name: str) -> Any:
        if name.lower() not in self._defaults:
            return _named("parameter", self._parameters, name)
        return self._once("parameter", name, lambda: expanded(
            _named("parameter", self._parameters, name), self.fresh()))

    def _variable(self, name: str) -> Any:
        return self._once("variable", name, lambda: expanded(
            _named("variable", self._variables, name), self.known))

    def _once(self, kind: str, name: str, find: Callable[[], Any]) -> Any:
        key = f"{kind} {name.lower()}"
        if key in self._open:
            raise InvalidTemplate(f"{kind} '{name}' needs itself.")
        if key not in self._found:
            self._open.append(key)
            self._found[key] = find()
            self._open.pop()
        return self._found[key]

    def _format(self, pattern: str, *values: Any) -> str:
        texts = [text(value) for value in values]
        self._allowance.spend(sum(len(texts[int(found[1])]) for found in _PLACEHOLDER.finditer(pattern)))
        return _PLACEHOLDER.sub(lambda found: _padded(texts[int(found[1])], found[2]), pattern)


def _padded(shown: str, digits: str | None) -> str:
    """``{0:D3}``: a number with leading zeros."""
    return shown.rjust(int(digits), "0") if digits else shown


def _utc_now(pattern: str = "") -> str:
    """In .NET's sortable form; of patterns, the parts that dates have."""
    at = now()
    shown = pattern or "yyyyMMddTHHmmssZ"
    for word, code in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")):
        shown = shown.replace(word, at.strftime(code))
    return {"u": at.strftime("%Y-%m-%d %H:%M:%SZ"), "d": at.strftime("%m/%d/%Y")}.get(pattern, shown)


def _named(kind: str, known: Mapping[str, Any], name: str) -> Any:
    found = {key.lower(): value for key, value in known.items()}
    if name.lower() not in found:
        raise InvalidTemplate(f"the template {kind} '{name}' is not found; declare it.")
    return found[name.lower()]


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


def _subscription_resource_id(group: ResourceId, *words: str) -> str:
    """``subscriptionResourceId([subscription,] type, name, …)``."""
    given = words if "/" in words[0] else words[1:]
    return resource_id(ResourceId(words[0] if given is not words else group.subscription), *given)


def _extension_resource_id(scope: str, kind: str, *names: str) -> str:
    namespace, *types = kind.split("/")
    pieces = "".join(f"/{one}/{name}" for one, name in zip(types, names, strict=True))
    return f"{scope}/providers/{namespace}{pieces}"
