"""A secret by the identifier that another resource holds (a port's ``cakSecretIdentifier``)."""

from __future__ import annotations

import re

from trunkline.api.declaration import Register
from trunkline.api.keyvault import kept
from trunkline.model.resource import Resource, Secret

_IDENTIFIER = re.compile(
    r"https://(?P<vault>[A-Za-z0-9-]+)\.[^/]+/secrets/(?P<name>[A-Za-z0-9-]+)(/(?P<version>[0-9a-fA-F]+))?/?", re.ASCII)


def secret_by_identifier(register: Register, identifier: str) -> Secret | None:
    """The value of ``https://VAULT.vault.localhost:PORT/secrets/NAME[/VERSION]``, without a version the newest.

    None when there is no such vault, secret or version, or it is disabled."""
    found = _IDENTIFIER.fullmatch(identifier)
    if found is None:
        return None
    for vault in register.list(kept.VAULT):
        if vault.id.name.lower() == found["vault"].lower():
            return secret_of(register, vault, found["name"], found["version"] or "")
    return None


def secret_of(register: Register, vault: Resource, name: str, version: str = "") -> Secret | None:
    """The same of a vault that is known."""
    secret = register.get(kept.secret_id(vault.id, name))
    wanted = version or (str(secret.system["current"]) if secret else "")
    found = register.get(kept.version_id(secret.id, wanted)) if secret else None
    return Secret(found.secrets[kept.VALUE]) if found and kept.attributes(found).enabled else None
