"""Key vaults and, as ARM sees them, their secrets. The data plane is ``api.keyvault``.

A deleted vault remains for its retention time, with its secrets; so does its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.api.declaration import Ledger, Refusal, Register, ResourceType, Wish
from trunkline.api.keyvault import kept
from trunkline.api.keyvault.kept import DELETED_VAULT, SECRET, VAULT
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.model.resource import Json, Properties, Resource, ResourceId
from trunkline.model.vault import SecretProperties, VaultProperties

_NAME = re.compile(r"(?=.{3,24}$)[A-Za-z](-?[A-Za-z0-9])*", re.ASCII)
_SECRET_NAME = re.compile(r"[0-9A-Za-z-]{1,127}", re.ASCII)


def name_fault(name: str) -> Fault | None:
    if _NAME.fullmatch(name):
        return None
    return Fault("VaultNameNotValid", f"The vault name '{name[:80]}' is invalid. A vault's name must be between 3-24 "
                 "alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not "
                 "contain consecutive hyphens.", "name")


def taken(register: Register, vault: ResourceId) -> Fault | None:
    """Why a new vault cannot have the name, which must be one of a kind in all subscriptions."""
    named = vault.name.lower()
    if any(one.id.name.lower() == named and one.id.key != vault.key for one in register.list(VAULT)):
        return Conflict("VaultAlreadyExists", f"The vault name '{vault.name}' is already in use. Vault names are "
                        "globally unique so it is possible that the name is already taken. If you are sure that the "
                        "vault name was not taken then it is possible that a vault with the same name was recently "
                        "deleted but not purged after being placed in a recoverable state.", "name")
    if any(one.id.name.lower() == named and not kept.due(one) for one in register.list(DELETED_VAULT)):
        return Conflict("ConflictError", "A vault with the same name already exists in deleted state. You need to "
                        "either recover or purge existing key vault. Follow this link "
                        "https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.", "name")
    return None


def _check(wish: Wish, register: Register) -> Iterator[Fault]:
    model = VaultProperties.model_validate(wish.resource.properties)
    before = VaultProperties.model_validate(wish.existing.properties) if wish.existing else None
    if before is None:
        yield from filter(None, (name_fault(wish.resource.id.name), taken(register, wish.resource.id)))
    if before and before.enable_purge_protection and not model.enable_purge_protection:
        yield Fault("BadRequest", 'The property "enablePurgeProtection" cannot be set to false. Enabling the purge '
                    "protection for a vault is an irreversible action.", "enablePurgeProtection")
    if before and before.soft_delete_retention_in_days != model.soft_delete_retention_in_days:
        yield Fault("BadRequest", 'The property "softDeleteRetentionInDays" has been set already and it can\'t be '
                    f"modified; leave it at {before.soft_delete_retention_in_days}.", "softDeleteRetentionInDays")
    if not model.enable_soft_delete:
        yield Fault("BadRequest", 'The property "enableSoftDelete" can be set to false only for creating new vault. '
                    "Vaults without it are no longer made; leave it out, or true.", "enableSoftDelete")
    yield from _closed(model)


def _closed(model: VaultProperties) -> Iterator[Fault]:
    """A door that would only look closed is refused."""
    acls = model.network_acls
    if acls and (acls.default_action.lower() != "allow" or acls.ip_rules or acls.virtual_network_rules):
        yield Fault("NetworkAclsNotSupported", "networkAcls.defaultAction 'Deny' and rules of networkAcls are not "
                    "offered: the endpoint does not filter by address. Leave them out, and limit who may log in.",
                    "networkAcls")
    if model.public_network_access.lower() != "enabled":
        yield Fault("PublicNetworkAccessNotSupported", f"publicNetworkAccess '{model.public_network_access[:40]}' is "
                    "not offered, as there are no private endpoints here; it must be Enabled.", "publicNetworkAccess")


def _remains(vault: Resource, estate: Estate) -> Iterator[Resource]:
    yield from kept.deleted(estate, vault, kept.deleted_vault_id(vault.id, vault.location), vault.properties)


def vaults(domain: str) -> ResourceType:
    """``domain``: what follows a vault's name in its address."""
    def show(vault: Resource, _estate: Estate) -> Json:
        return {"vaultUri": f"https://{vault.id.name.lower()}.{domain}/"}

    return ResourceType(VAULT, model=VaultProperties, check=_check, remains=_remains, show=show, at_once=True,
                        kept=("accessPolicies", "enablePurgeProtection", "softDeleteRetentionInDays"))


def _check_secret(wish: Wish, register: Register) -> Iterator[Fault]:
    name, vault = wish.resource.id.name, wish.resource.id.parent
    if not _SECRET_NAME.fullmatch(name):
        yield Fault("BadParameter", f"The secret name '{name[:130]}' is invalid: it must have 1 to 127 letters, digits "
                    "and hyphens.", "name")
    if "value" not in wish.resource.secrets:
        yield Fault("BadParameter", "Property 'value' of a secret is required but was not given; add it.", "value")
    if vault and register.get(kept.deleted_secret_id(vault, name)):
        yield recoverable(name)


def recoverable(name: str) -> Conflict:
    return Conflict("Conflict", f"Secret {name} is currently in a deleted but recoverable state, and its name cannot "
                    "be reused; in this state, the secret can only be recovered or purged.")


def _amend_secret(wish: Wish, _ledger: Ledger) -> Json:
    number = int(wish.existing.system["number"]) if wish.existing else 0
    return {"current": kept.fresh_version(), "number": number + 1}


def _version(wish: Wish, _ledger: Ledger) -> Iterator[Resource]:
    given = SecretProperties.model_validate({**wish.resource.properties, "value": wish.resource.secrets["value"]})
    yield kept.new_version(wish.resource.id, str(wish.resource.system["current"]), int(wish.resource.system["number"]),
                           given, wish.resource.tags)


def secrets(domain: str) -> ResourceType:
    def show(secret: Resource, estate: Estate) -> Json:
        vault, version = secret.id.parent, str(secret.system["current"])
        uri = f"https://{vault.name.lower() if vault else ''}.{domain}/secrets/{secret.id.name}"
        current = estate.get(kept.version_id(secret.id, version))
        told = {"attributes": {**current.properties["attributes"], "created": current.system["created"],
                               "updated": current.system["updated"]}} if current else {}
        return {**told, "secretUri": uri, "secretUriWithVersion": f"{uri}/{version}"}

    return ResourceType(
        SECRET, model=SecretProperties, tracked=False, secrets=("value",), check=_check_secret, amend=_amend_secret,
        companions=_version, show=show, at_once=True, refused={"DELETE": Refusal(
            "MethodNotAllowed", "ARM deletes no secrets; delete it at the vault's own address (az keyvault secret "
            "delete).", 405)})


class _Nothing(Properties):
    """Nobody writes one."""


#: There are none. az lists them beside vaults.
MANAGED_HSMS = tuple(
    ResourceType(f"{kept.NAMESPACE}/{name}", model=_Nothing, catalogue=lambda _subscription: ())
    for name in ("managedHSMs", "deletedManagedHSMs"))
