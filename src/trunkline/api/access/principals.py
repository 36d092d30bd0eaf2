"""Who stands behind an object id: an account, or a managed identity, which is a resource."""

from __future__ import annotations

import time

from trunkline.api.access.directory import Directory
from trunkline.api.access.issuers import Issuers
from trunkline.api.accounts import Account, Accounts, PrincipalType
from trunkline.model.resource import Json, Resource
from trunkline.store import Store

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"

#: How long the list of identities may be old.
_FRESH_S = 5.0


class Principals:
    def __init__(self, directory: Directory, store: Store, issuers: Issuers) -> None:
        self._directory, self._store, self.issuers = directory, store, issuers
        self._identities: dict[str, Account] = {}
        self._read_at = float("-inf")

    @property
    def accounts(self) -> Accounts:
        return self._directory.accounts

    def by_object(self, object_id: str) -> Account | None:
        return self.accounts.by_object(object_id) or self._managed(object_id)

    def external(self, token: str) -> Account | None:
        """Whose token of a trusted issuer it is; None for tokens of others. May ask the issuer for its keys."""
        named = self.issuers.account_of(token)
        if not named:
            return None
        return self.accounts.named(named) or self.by_object(named)

    def _managed(self, object_id: str) -> Account | None:
        if time.monotonic() - self._read_at > _FRESH_S:
            with self._store.reading() as reader:
                found = [identity_account(row, self.accounts) for row in reader.list(IDENTITY)]
            self._identities = {one.object_id: one for one in found if one}
            self._read_at = time.monotonic()
        return self._identities.get(object_id.lower())


def identity_account(row: Resource, accounts: Accounts) -> Account | None:
    """A managed identity as an account of its subscription's tenant."""
    known: Json = {**row.properties, **row.system, **row.system.get("shown", {})}
    subscription = accounts.subscription(row.id.subscription)
    if subscription is None or "principalId" not in known or "clientId" not in known:
        return None
    return Account(row.id.name, PrincipalType.SERVICE_PRINCIPAL, str(known["clientId"]).lower(),
                   str(known["principalId"]).lower(), subscription.tenant, identity=str(row.id))
