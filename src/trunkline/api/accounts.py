"""Tenants, subscriptions and accounts as values, and the file that holds them; created on first start.

``accounts.json`` has hashes of secrets alone. The secrets that we made are kept for the local operator, who could
replace them anyway, in ``secrets.json`` beside it; both are readable for their owner only.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

from trunkline.api.access.hashing import hashed, new_secret
from trunkline.api.private import write_private
from trunkline.errors import TrunklineError
from trunkline.model.resource import Json
from trunkline.settings import Places


class AccountsUnreadable(TrunklineError):
    """accounts.json is damaged; the message says how to get a new one."""


class PrincipalType(StrEnum):
    SERVICE_PRINCIPAL = "ServicePrincipal"
    USER = "User"


@dataclass(frozen=True, slots=True)
class Tenant:
    """``domain``: what stands behind the ``@`` of its users' names."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    name: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Account:
    """Whoever may log in. ``client_id``: a service principal's application id, a user's ``name@domain``. ``secret``:
    the hash of a secret or password; empty when there is none. ``operator``: Owner of everything, the plant too.
    ``identity``: the resource id of a managed identity, which is no account of ours but a resource."""

    name: str
    kind: PrincipalType
    client_id: str
    object_id: str
    tenant: str
    secret: str = field(default="", repr=False)
    operator: bool = False
    identity: str = ""

    @property
    def user(self) -> bool:
        return self.kind is PrincipalType.USER


@dataclass(frozen=True, slots=True)
class Accounts:
    """``customer_subscription`` and ``provider_subscription``: those of the first start, ids. ``providers``: the
    subscriptions of those connectivity providers that have their own, by their names, case folded; all others share
    ``provider_subscription``."""

    tenants: tuple[Tenant, ...]
    subscriptions: tuple[Subscription, ...]
    customer_subscription: str
    provider_subscription: str
    accounts: tuple[Account, ...]
    providers: Mapping[str, str] = field(default_factory=dict)

    @property
    def tenant(self) -> str:
        """The id of the first one."""
        return self.tenants[0].id

    def subscription_of(self, provider: str) -> str:
        """Where a connectivity provider's cross connections are."""
        return self.providers.get(provider.casefold(), self.provider_subscription)

    def subscription(self, text: str) -> Subscription | None:
        return next((s for s in self.subscriptions if s.id == text.lower()), None)

    def tenant_named(self, text: str) -> Tenant | None:
        """By id, name or domain."""
        return next((t for t in self.tenants if text.lower() in (t.id, t.name.lower(), t.domain)), None)

    def by_client(self, client_id: str) -> Account | None:
        wanted = client_id.lower()
        return next((a for a in self.accounts if a.client_id == wanted), None)

    def by_object(self, object_id: str) -> Account | None:
        return next((a for a in self.accounts if a.object_id == object_id.lower()), None)

    def named(self, name: str) -> Account | None:
        return next((a for a in self.accounts if a.name == name.lower()), None)

    def with_account(self, account: Account) -> Accounts:
        """In the place of the one that has its name, if there is one."""
        others = tuple(one for one in self.accounts if one.name != account.name)
        return replace(self, accounts=(*others, account))

    def without(self, name: str) -> Accounts:
        return replace(self, accounts=tuple(one for one in self.accounts if one.name != name.lower()))


def load_accounts(places: Places) -> Accounts:
    """What ``accounts.json`` says; created when it is not there. Two processes that start together agree."""
    with alone(places):
        return current(places)


def current(places: Places) -> Accounts:
    """The same for who is ``alone`` already."""
    if not places.accounts.exists():
        accounts, secrets = create()
        write_private(places.secrets, json.dumps(secrets, indent=2).encode())
        save(places, accounts)
    return _parse(places.accounts)


def save(places: Places, accounts: Accounts) -> None:
    """Whoever changes them holds ``alone``."""
    write_private(places.accounts, json.dumps(asdict(accounts), indent=2).encode())


def kept_secrets(places: Places) -> dict[str, str]:
    """By account name; empty when the operator has removed the file."""
    try:
        found: dict[str, str] = json.loads(places.secrets.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def keep_secret(places: Places, name: str, secret: str) -> None:
    """An empty one is forgotten."""
    others = {other: kept for other, kept in kept_secrets(places).items() if other != name}
    write_private(places.secrets, json.dumps({**others, **({name: secret} if secret else {})}, indent=2).encode())


def _parse(path: Path) -> Accounts:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Accounts(
            tuple(Tenant(**row) for row in found["tenants"]),
            tuple(Subscription(**row) for row in found["subscriptions"]),
            found["customer_subscription"], found["provider_subscription"],
            tuple(_account(row) for row in found["accounts"]), dict(found.get("providers", {})))
    except (ValueError, KeyError, TypeError) as problem:
        raise AccountsUnreadable(f"{path} is not as it was written ({type(problem).__name__}); restore it, or move it "
                                 "away and start again for new accounts.") from problem


def _account(row: Json) -> Account:
    return Account(**{**row, "kind": PrincipalType(row["kind"])})


def create() -> tuple[Accounts, dict[str, str]]:
    """Those of a first start, and the secrets by account name."""
    tenant = Tenant(str(uuid4()), "Trunkline", "trunkline.localhost")
    customer = Subscription(str(uuid4()), "Trunkline", tenant.id)
    provider = Subscription(str(uuid4()), "Trunkline Providers", tenant.id)
    secrets = {name: new_secret() for name in ("customer", "provider", "operator")}
    accounts = tuple(
        Account(name, PrincipalType.SERVICE_PRINCIPAL, str(uuid4()), str(uuid4()), tenant.id, hashed(secret),
                operator=name == "operator") for name, secret in secrets.items())
    return Accounts((tenant,), (customer, provider), customer.id, provider.id, accounts), secrets


@contextmanager
def alone(places: Places) -> Iterator[None]:
    """One writer at a time, over all processes."""
    places.accounts.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (places.accounts.parent / ".accounts.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
