"""A template with the values of its parameters, checked as far as that needs no estate. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trunkline.api.codec import members
from trunkline.api.deployments.expression import InvalidTemplate
from trunkline.api.deployments.loops import LOOP
from trunkline.api.envelope import refuse
from trunkline.errors import Fault
from trunkline.model.resource import Json

_SECURE = ("securestring", "secureobject")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str, "securestring": str, "int": int, "bool": bool, "array": list, "object": dict, "secureobject": dict}
_MOST_RESOURCES = 800
#: As in Azure.
_MOST_NAMED = {"parameters": 256, "variables": 256, "outputs": 64}
#: What a resource in a template may say and we do not follow.
_UNSUPPORTED = ("scope", "plan")

#: Where a resource's symbolic name stands once resources are a list.
SYMBOL = "(symbol)"


@dataclass(frozen=True, slots=True)
class Template:
    """``values``: of all parameters; ``secure``: the names, in lower case, of those that must never be shown;
    ``defaults``: of those whose values are expressions still to be evaluated. ``source``: as it was sent."""

    resources: tuple[Json, ...]
    variables: Json
    outputs: Json
    values: Json
    types: Mapping[str, str]
    secure: frozenset[str]
    hash: str
    declared: Mapping[str, Json]
    defaults: frozenset[str]
    source: Json

    def settled(self, evaluate: Callable[[str], Any]) -> Template:
        """With all defaults evaluated, by name."""
        values = {name: checked(name, self.declared[name], evaluate(name)) if name.lower() in self.defaults else value
                  for name, value in self.values.items()}
        return replace(self, values=values, defaults=frozenset())

    def shown(self) -> Json:
        """The parameters as a deployment shows them."""
        return {name: {"type": self.types[name]} | ({} if name.lower() in self.secure else {"value": value})
                for name, value in self.values.items()}

    def plain(self) -> Json:
        return {name: value for name, value in self.values.items() if name.lower() not in self.secure}


def parse(body: Json) -> Template:
    """From the body of a deployment; raises Fault."""
    properties = members(body, "properties", "properties")
    mode = str(properties.get("mode", "Incremental"))
    if mode.lower() != "incremental":
        raise Fault("DeploymentModeNotSupported", f"Deployment mode '{mode[:40]}' is not offered; use Incremental, and "
                    "delete what is no longer wanted.", "properties.mode")
    template = properties.get("template")
    if not isinstance(template, dict):
        raise Fault("InvalidDeployment", "properties.template must hold the template itself; templateLink and "
                    "parametersLink are not offered.", "properties.template")
    declared = _section(template, "parameters")
    given = members(properties, "parameters", "properties.parameters")
    values = _values(declared, given)
    return Template(
        resources=_resources(template), variables=_variables(template),
        outputs=_section(template, "outputs"), values=values,
        types={name: str(one.get("type")) for name, one in declared.items()},
        secure=frozenset(name.lower() for name, one in declared.items() if str(one["type"]).lower() in _SECURE),
        hash=hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest(),
        declared=declared, source=template,
        defaults=frozenset(name.lower() for name in values if not _is_given(name, given) and _calls(values[name])))


def _variables(template: Json) -> Json:
    """Loops among variables become variables that are loops."""
    found = dict(_section(template, "variables"))
    loops = found.pop("copy", [])
    if not isinstance(loops, list) or not all(isinstance(one, dict) and one.get("name") for one in loops):
        raise InvalidTemplate("'variables.copy' must be an array of loops, each with name, count and input.")
    return {**found, **{str(one["name"]): {LOOP: one} for one in loops}}


def _is_given(name: str, given: Json) -> bool:
    found = {key.lower(): value for key, value in given.items()}.get(name.lower())
    return isinstance(found, dict) and "value" in found


def _calls(value: Any) -> bool:
    """Whether there is any expression in it."""
    if isinstance(value, dict):
        return any(map(_calls, value.values()))
    if isinstance(value, list):
        return any(map(_calls, value))
    return isinstance(value, str) and value.startswith("[") and value.endswith("]")


def secure_output(output: Any) -> bool:
    return isinstance(output, dict) and str(output.get("type", "")).lower() in _SECURE


def _section(template: Json, name: str) -> Json:
    found = template.get(name) or {}
    if not isinstance(found, dict):
        raise InvalidTemplate(f"'{name}' must be an object.")
    if len(found) > _MOST_NAMED[name]:
        raise InvalidTemplate(f"there are {len(found)} {name}, and {_MOST_NAMED[name]} are allowed.")
    return found


def _values(declared: Json, given: Json) -> Json:
    known = {name.lower() for name in declared}
    if unknown := [name for name in given if name.lower() not in known]:
        raise InvalidTemplate("the following parameters were supplied, but do not correspond to any parameters defined "
                              f"in the template: '{', '.join(unknown)}'.", "properties.parameters")
    spelled = {name.lower(): value for name, value in given.items()}
    return {name: _value(name, one, spelled.get(name.lower())) for name, one in declared.items()}


def _value(name: str, declared: Any, given: Any) -> Any:
    where = f"properties.parameters.{name}"
    kind = str(declared.get("type", "")).lower() if isinstance(declared, dict) else ""
    if kind not in _TYPES:
        raise InvalidTemplate(f"the template parameter '{name}' has no known type; use {', '.join(_TYPES)}.", where)
    is_given = isinstance(given, dict) and "value" in given
    value = given["value"] if is_given else declared.get("defaultValue")
    if value is None and not declared.get("nullable"):
        raise InvalidTemplate(f"the value for the template parameter '{name}' is not provided; provide it.", where)
    return value if not is_given and _calls(value) else checked(name, declared, value)


def checked(name: str, declared: Json, value: Any) -> Any:
    """The value, if it is of the parameter's type and within its limits."""
    where, kind = f"properties.parameters.{name}", str(declared["type"]).lower()
    if value is None and declared.get("nullable"):
        return value
    if not isinstance(value, _TYPES[kind]) or (kind != "bool" and isinstance(value, bool)):
        raise InvalidTemplate(f"the value of template parameter '{name}' is not of its type '{kind}'.", where)
    allowed = declared.get("allowedValues")
    if isinstance(allowed, list) and value not in allowed:
        raise InvalidTemplate(f"the value of template parameter '{name}' is not among its allowedValues.", where)
    word = "Value" if isinstance(value, int) else "Length"
    size = _size(value)
    for limit, wrong in ((declared.get(f"min{word}"), "less than min"), (declared.get(f"max{word}"), "more than max")):
        if isinstance(limit, int) and (size < limit if wrong.startswith("less") else size > limit):
            raise InvalidTemplate(f"the value of template parameter '{name}' is {wrong}{word} {limit}.", where)
    return value


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def _resources(template: Json) -> tuple[Json, ...]:
    found = template.get("resources")
    if isinstance(found, dict):
        found = [{**one, SYMBOL: name} if isinstance(one, dict) else one for name, one in found.items()]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidTemplate("'resources' must be an array of objects, or an object of them by symbolic name.")
    refuse([fault for index, one in enumerate(found) for fault in _faults(index, one)])
    flat = tuple(inner for index, one in enumerate(found)
                 for inner in _flattened(one, f"properties.template.resources[{index}]"))
    if len(flat) > _MOST_RESOURCES:
        raise InvalidTemplate(f"there are {len(flat)} resources, and {_MOST_RESOURCES} are allowed.")
    return flat


def _flattened(resource: Json, where: str) -> Iterator[Json]:
    """The resource, then its nested children under their full types and names, after it."""
    inner = resource.get("resources") or []
    yield {name: value for name, value in resource.items() if name != "resources"}
    if not isinstance(inner, list) or not all(isinstance(one, dict) for one in inner):
        raise InvalidTemplate(f"'{where}.resources' must be an array of objects.")
    for index, one in enumerate(inner):
        refuse(_faults(index, one, f"{where}.resources[{index}]"))
        full = str(one["type"]).lower().startswith(f"{str(resource['type']).lower()}/")
        after = f"[concat('{resource['type']}/', {_inside(resource['name'])})]"
        name = f"[concat({_inside(resource['name'])}, '/', {_inside(one['name'])})]"
        nested = {**one, "type": one["type"] if full else f"{resource['type']}/{one['type']}",
                  "name": one["name"] if full else name,
                  "dependsOn": [*(one.get("dependsOn") or []), after]}
        yield from _flattened(nested, f"{where}.resources[{index}]")


def _inside(value: str) -> str:
    """A text or expression as it stands inside another expression."""
    if value.startswith("[") and value.endswith("]") and not value.startswith("[["):
        return value[1:-1]
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _faults(index: int, resource: Json, where: str = "") -> list[Fault]:
    where = where or f"properties.template.resources[{index}]"
    faults: list[Fault] = [
        InvalidTemplate(f"'{where}' has no '{name}'; add it.", f"{where}.{name}")
        for name in ("type", "name", "apiVersion") if not isinstance(resource.get(name), str) or not resource[name]]
    faults += [InvalidTemplate(f"'{where}' uses '{name}', which is not offered; write the resources out.", where)
               for name in _UNSUPPORTED if resource.get(name)]
    after = resource.get("dependsOn") or []
    if not isinstance(after, list) or not all(isinstance(word, str) for word in after):
        faults.append(InvalidTemplate(f"'{where}.dependsOn' must be an array of texts.", f"{where}.dependsOn"))
    if str(resource.get("type", "")).lower() == "microsoft.resources/deployments":
        faults.append(InvalidTemplate(f"'{where}' is a nested deployment, which is not offered.", where))
    return faults
