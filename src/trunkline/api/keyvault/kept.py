"""How vaults and secrets are stored: ids, identifiers, versions, and what becomes of them when they are deleted. Pure.

A secret is a vault's child, its versions are the secret's; only versions hold values, in ``Resource.secrets``. Deleted
ones are moved under another id until they are recovered, purged, or due.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from trunkline.intent.estate import Estate
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId, now
from trunkline.model.vault import Attributes, SecretProperties

NAMESPACE = "Microsoft.KeyVault"
VAULT = f"{NAMESPACE}/vaults"
SECRET = f"{VAULT}/secrets"
DELETED_SECRET = f"{VAULT}/deletedSecrets"
DELETED_VAULT = f"{NAMESPACE}/locations/deletedVaults"
_SECRETS, _DELETED_SECRETS, _VERSIONS = "secrets", "deletedSecrets", "versions"

#: The one name of a secret's value among ``Resource.secrets``.
VALUE = "value"


def domain(port: int) -> str:
    """What follows a vault's name in its address."""
    return f"vault.localhost:{port}"


def secret_id(vault: ResourceId, name: str) -> ResourceId:
    return vault.child(_SECRETS, name)


def deleted_secret_id(vault: ResourceId, name: str) -> ResourceId:
    return vault.child(_DELETED_SECRETS, name)


def deleted_vault_id(vault: ResourceId, location: str) -> ResourceId:
    return ResourceId(vault.subscription, "", NAMESPACE, ("locations", "deletedVaults"), (location, vault.name))


def version_id(secret: ResourceId, version: str) -> ResourceId:
    return secret.child(_VERSIONS, version)


def versions(estate: Estate, secret: ResourceId) -> tuple[Resource, ...]:
    """The newest first."""
    return tuple(sorted(estate.children(secret), key=lambda one: int(one.system["number"]), reverse=True))


def new_version(secret: ResourceId, version: str, number: int, given: SecretProperties,
                tags: Mapping[str, str]) -> Resource:
    """``number``: counts the secret's versions."""
    second = int(now().timestamp())
    properties: Json = {"attributes": given.attributes.model_dump(by_alias=True, exclude_none=True)}
    if given.content_type:
        properties["contentType"] = given.content_type
    return Resource(version_id(secret, version), tags=tags, properties=properties, secrets={VALUE: given.value or ""},
                    system={"number": number, "created": second, "updated": second},
                    state=ProvisioningState.SUCCEEDED)


def fresh_version() -> str:
    return uuid4().hex


def attributes(version: Resource) -> Attributes:
    return Attributes.model_validate(version.properties["attributes"])


def shown_attributes(version: Resource, vault: Json) -> Json:
    """``vault``: the vault's properties, which say how long deleted secrets are kept."""
    return {**version.properties["attributes"], "created": version.system["created"],
            "updated": version.system["updated"], "recoveryLevel": recovery_level(vault),
            "recoverableDays": vault["softDeleteRetentionInDays"]}


def recovery_level(vault: Json) -> str:
    return "Recoverable" if vault.get("enablePurgeProtection") else "Recoverable+Purgeable"


def purge_date(vault: Json, deleted: datetime) -> datetime:
    return deleted + timedelta(days=int(vault["softDeleteRetentionInDays"]))


def due(resource: Resource) -> bool:
    """Whether a deleted vault's or secret's time is over."""
    return datetime.fromisoformat(str(resource.system["purge"])) <= now()


def moved(estate: Estate, resource: Resource, to: ResourceId) -> Iterator[Resource]:
    """The resource and all below it, as they are stored under another id; locks and assignments stay behind."""
    yield replace(resource, id=to)
    for child in estate.children(resource.id):
        if child.id.of:
            continue
        yield from moved(estate, child, to.child(child.id.types[-1], child.id.name))


def deleted(estate: Estate, resource: Resource, to: ResourceId, vault: Json) -> Iterator[Resource]:
    """The same, with the dates of its deletion and of its end."""
    moment = now()
    dates = {"was": str(resource.id), "deleted": moment.isoformat(), "purge": purge_date(vault, moment).isoformat()}
    first, *rest = moved(estate, resource, to)
    yield replace(first, system={**first.system, **dates})
    yield from rest


def recovered(estate: Estate, resource: Resource, to: ResourceId) -> Iterator[Resource]:
    first, *rest = moved(estate, resource, to)
    yield replace(first, system={name: value for name, value in first.system.items()
                                 if name not in ("was", "deleted", "purge")})
    yield from rest
