"""The accounts as they are now: the file is read again when it has changed, and changed by one writer at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from trunkline.api.access.hashing import NOBODY, Attempts, Memory, chosen, hashed, new_secret
from trunkline.api.accounts import (
    Account,
    Accounts,
    PrincipalType,
    Subscription,
    Tenant,
    alone,
    current,
    keep_secret,
    load_accounts,
    save,
)
from trunkline.errors import Conflict, Fault, NotFound
from trunkline.settings import Places


class Directory:
    def __init__(self, places: Places) -> None:
        self._places = places
        self._accounts = load_accounts(places)
        self._seen = self._mark()
        self._memory, self._attempts = Memory(), Attempts()

    @property
    def accounts(self) -> Accounts:
        """Looking whether the file is another costs two microseconds."""
        mark = self._mark()
        if mark != self._seen:
            self._accounts, self._seen = load_accounts(self._places), mark
        return self._accounts

    def _mark(self) -> tuple[int, int]:
        """Written whole, so a new file has a new inode."""
        try:
            found = self._places.accounts.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino

    def login(self, client_id: str, secret: str, address: str = "") -> Account | None:
        """The account, if the secret is its own; whether there is such an account does not show in the time it takes.
        Raises Fault 429 after too many wrong ones. ``address``: where they come from.

        Nobody guesses a secret that we made, so wrong ones lock no program out, but only users with their passwords."""
        account = self.accounts.by_client(client_id)
        guessed = account.object_id if account and chosen(account.secret) else ""
        if self._attempts.locked(guessed, address):
            raise Fault("TooManyAttempts", "The account is locked, for a wrong secret was given too many times; try "
                        "again in a minute.", status=429)
        right = self._memory.matches(account.secret if account and account.secret else NOBODY, secret)
        if not right:
            self._attempts.wrong(guessed, address)
        return account if right else None

    def create(self, name: str, kind: PrincipalType, tenant: str = "", password: str = "") -> tuple[Account, str]:
        """The account, and its secret if we made one. ``tenant``: id, name or domain; empty for the first."""
        secret = password or new_secret()

        def added(accounts: Accounts) -> Accounts:
            if accounts.named(name):
                raise Conflict("AccountExists", f"There is an account '{name}' already; delete it, or choose another "
                               "name.", "name")
            home = _tenant(accounts, tenant)
            client = f"{name}@{home.domain}" if kind is PrincipalType.USER else str(uuid4())
            return accounts.with_account(Account(name, kind, client, str(uuid4()), home.id,
                                                 hashed(secret, chosen=bool(password))))

        return self._found(self._change(added), name), "" if password else secret

    def reset(self, name: str, password: str = "") -> tuple[Account, str]:
        """A new secret; tokens that are out stay valid until they end, refresh tokens do not."""
        secret = password or new_secret()

        def changed(accounts: Accounts) -> Accounts:
            found = self._found(accounts, name)
            return accounts.with_account(replace(found, secret=hashed(secret, chosen=bool(password))))

        return self._found(self._change(changed), name), "" if password else secret

    def delete(self, name: str) -> Account:
        gone: list[Account] = []

        def removed(accounts: Accounts) -> Accounts:
            found = self._found(accounts, name)
            gone.append(found)
            left = accounts.without(name)
            if not any(one.operator for one in left.accounts):
                raise Conflict("LastOperator", f"'{name}' is the last operator, without whom no account can be made; "
                               "reset its secret instead.")
            return left

        self._change(removed)
        self.keep(name, "")
        return gone[0]

    def add_tenant(self, name: str, domain: str) -> Tenant:
        tenant = Tenant(str(uuid4()), name, domain.lower())

        def added(accounts: Accounts) -> Accounts:
            if accounts.tenant_named(name) or accounts.tenant_named(domain):
                raise Conflict("TenantExists", f"There is a tenant '{name}' or a domain '{domain}' already; choose "
                               "others.", "name")
            return replace(accounts, tenants=(*accounts.tenants, tenant))

        self._change(added)
        return tenant

    def add_subscription(self, name: str, tenant: str = "") -> Subscription:
        def added(accounts: Accounts) -> Accounts:
            if any(one.name.lower() == name.lower() for one in accounts.subscriptions):
                raise Conflict("SubscriptionExists", f"There is a subscription '{name}' already; choose another name.",
                               "name")
            fresh = Subscription(str(uuid4()), name, _tenant(accounts, tenant).id)
            return replace(accounts, subscriptions=(*accounts.subscriptions, fresh))

        return self._change(added).subscriptions[-1]

    def assign_provider(self, provider: str, subscription: str) -> Subscription:
        """A subscription, by id or name, becomes a connectivity provider's own, for circuits ordered from then on."""
        def changed(accounts: Accounts) -> Accounts:
            found = _subscription(accounts, subscription)
            return replace(accounts, providers={**accounts.providers, provider.casefold(): found.id})

        return _subscription(self._change(changed), subscription)

    def subscription_of(self, provider: str) -> str:
        """Where a connectivity provider's cross connections are, as the file says now."""
        return self.accounts.subscription_of(provider)

    def keep(self, name: str, secret: str) -> None:
        """For the local operator, in a file that is theirs alone; an empty secret is forgotten."""
        with alone(self._places):
            keep_secret(self._places, name, secret)

    def _change(self, change: Callable[[Accounts], Accounts]) -> Accounts:
        """What the file says at this moment is changed, whoever wrote it."""
        with alone(self._places):
            changed = change(current(self._places))
            save(self._places, changed)
        self._accounts, self._seen = changed, self._mark()
        return changed

    @staticmethod
    def _found(accounts: Accounts, name: str) -> Account:
        found = accounts.named(name)
        if found is None:
            raise NotFound(f"There is no account '{name[:80]}'; 'trunkline accounts' lists them.", "AccountNotFound")
        return found


def _tenant(accounts: Accounts, text: str) -> Tenant:
    found = accounts.tenant_named(text) if text else accounts.tenants[0]
    if found is None:
        raise NotFound(f"There is no tenant '{text[:80]}'; name one by id, name or domain.", "TenantNotFound", "tenant")
    return found


def _subscription(accounts: Accounts, text: str) -> Subscription:
    found = next((one for one in accounts.subscriptions if text.lower() in (one.id, one.name.lower())), None)
    if found is None:
        raise NotFound(f"There is no subscription '{text[:80]}'; name one by id or name, or create it with 'trunkline "
                       "accounts subscription'.", "SubscriptionNotFound", "subscription")
    return found
