"""A template with the values of its parameters, checked as far as that needs no estate. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.api.codec import members
from trunkline.api.deployments.expression import InvalidTemplate
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
_UNSUPPORTED = ("copy", "resources", "scope", "plan")


@dataclass(frozen=True, slots=True)
class Template:
    """``values``: of all parameters; ``secure``: the names, in lower case, of those that must never be shown."""

    resources: tuple[Json, ...]
    variables: Json
    outputs: Json
    values: Json
    types: Mapping[str, str]
    secure: frozenset[str]
    hash: str

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
    values = _values(declared, members(properties, "parameters", "properties.parameters"))
    return Template(
        resources=_resources(template), variables=_section(template, "variables"),
        outputs=_section(template, "outputs"), values=values,
        types={name: str(one.get("type")) for name, one in declared.items()},
        secure=frozenset(name.lower() for name, one in declared.items() if str(one["type"]).lower() in _SECURE),
        hash=hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest())


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
    if isinstance(given, dict) and "reference" in given:
        raise InvalidTemplate(f"parameter '{name}' is a Key Vault reference, which is not offered; give its value.",
                              where)
    value = given.get("value") if isinstance(given, dict) and "value" in given else declared.get("defaultValue")
    if value is None:
        raise InvalidTemplate(f"the value for the template parameter '{name}' is not provided; provide it.", where)
    fits = isinstance(value, _TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))
    if not fits:
        raise InvalidTemplate(f"the value of template parameter '{name}' is not of its type '{kind}'.", where)
    allowed = declared.get("allowedValues")
    if isinstance(allowed, list) and value not in allowed:
        raise InvalidTemplate(f"the value of template parameter '{name}' is not among its allowedValues.", where)
    return value


def _resources(template: Json) -> tuple[Json, ...]:
    found = template.get("resources")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InvalidTemplate("'resources' must be an array of objects; symbolic names are not offered.")
    if len(found) > _MOST_RESOURCES:
        raise InvalidTemplate(f"there are {len(found)} resources, and {_MOST_RESOURCES} are allowed.")
    refuse([fault for index, one in enumerate(found) for fault in _faults(index, one)])
    return tuple(found)


def _faults(index: int, resource: Json) -> list[Fault]:
    where = f"properties.template.resources[{index}]"
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
