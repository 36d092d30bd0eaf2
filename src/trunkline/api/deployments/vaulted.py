"""Parameters whose values are secrets of a key vault, put in before a template is read."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.api.codec import members
from trunkline.api.declaration import Register
from trunkline.api.deployments.expression import InvalidTemplate
from trunkline.api.keyvault.lookup import secret_of
from trunkline.errors import Fault
from trunkline.model.resource import Json, ResourceId

#: Whether the author may do an action at a scope.
Permits = Callable[[str, str], bool]


def resolved(body: Json, register: Register, permits: Permits) -> Json:
    """The body of a deployment with values in place of references. ``permits(action, scope)``: of its author."""
    properties = members(body, "properties", "properties")
    given = members(properties, "parameters", "properties.parameters")
    if not any(isinstance(one, dict) and "reference" in one for one in given.values()):
        return body
    template = members(properties, "template", "properties.template")
    declared = {name.lower(): one for name, one in members(template, "parameters", "template.parameters").items()}
    values = {name: _value(name, one["reference"], declared.get(name.lower()), register, permits)
              if isinstance(one, dict) and "reference" in one else one for name, one in given.items()}
    return {**body, "properties": {**properties, "parameters": values}}


def _value(name: str, reference: object, declared: object, register: Register, permits: Permits) -> Json:
    where = f"properties.parameters.{name}.reference"
    if not isinstance(declared, dict) or str(declared.get("type", "")).lower() != "securestring":
        raise InvalidTemplate(f"parameter '{name}' refers to a secret of a key vault, so the template must declare it "
                              "as securestring.", where)
    vault, secret, version = _parts(reference, where)
    found = register.get(vault)
    if found is None:
        raise Fault("KeyVaultParameterReferenceNotFound", f"The vault '{vault}' that parameter '{name}' refers to was "
                    "not found; correct its id.", where)
    if not found.properties.get("enabledForTemplateDeployment") or not permits(
            "Microsoft.KeyVault/vaults/deploy/action", vault.key):
        raise Fault("KeyVaultParameterReferenceAuthorizationFailed", f"The vault '{vault}' does not open itself to "
                    "this deployment; set its enabledForTemplateDeployment, and be allowed "
                    "Microsoft.KeyVault/vaults/deploy/action.", where, 403)
    value = secret_of(register, found, secret, version)
    if value is None:
        raise Fault("KeyVaultParameterReferenceSecretRetrieveFailed", f"The secret '{secret}' of vault '{vault}' that "
                    f"parameter '{name}' refers to was not found, or is disabled.", where)
    return {"value": value.get_secret_value()}


def _parts(reference: object, where: str) -> tuple[ResourceId, str, str]:
    given = reference if isinstance(reference, dict) else {}
    vault = given.get("keyVault")
    if not isinstance(vault, dict) or not isinstance(vault.get("id"), str) or not given.get("secretName"):
        raise InvalidTemplate(f"'{where}' must name keyVault.id and secretName.", where)
    return ResourceId.parse(vault["id"]), str(given["secretName"]), str(given.get("secretVersion") or "")
