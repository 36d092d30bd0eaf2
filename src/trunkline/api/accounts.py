"""Local accounts: who may log in, and which subscriptions are theirs. Created with random secrets on first start."""

from __future__ import annotations

import fcntl
import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from trunkline.api.private import write_private
from trunkline.errors import TrunklineError
from trunkline.settings import Places


class AccountsUnreadable(TrunklineError):
    """accounts.json is damaged; the message says how to get a new one."""


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """A service principal. ``operator``: may write everything in ``Trunkline.Plant``."""

    name: str
    client_id: str
    object_id: str
    secret: str = field(repr=False)
    subscriptions: tuple[str, ...]
    operator: bool = False

    def may_use(self, subscription: str) -> bool:
        return subscription.lower() in self.subscriptions


@dataclass(frozen=True, slots=True)
class Accounts:
    tenant: str
    customer: Subscription
    provider: Subscription
    accounts: tuple[Account, ...]

    @property
    def customer_subscription(self) -> str:
        return self.customer.id

    @property
    def provider_subscription(self) -> str:
        return self.provider.id

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        return (self.customer, self.provider)

    def subscription(self, text: str) -> Subscription | None:
        return next((s for s in self.subscriptions if s.id == text.lower()), None)

    def by_client(self, client_id: str) -> Account | None:
        return next((a for a in self.accounts if a.client_id == client_id.lower()), None)

    def login(self, client_id: str, secret: str) -> Account | None:
        """The account, if the secret is its own; comparing takes the same time whatever is wrong."""
        found = self.by_client(client_id)
        right = hmac.compare_digest((found.secret if found else "").encode(), secret.encode())
        return found if found and right else None


def load_accounts(places: Places) -> Accounts:
    """What ``accounts.json`` says; created when it is not there. Two processes that start together agree."""
    path = places.accounts
    with _alone(path.parent):
        if not path.exists():
            write_private(path, json.dumps(asdict(_create()), indent=2).encode())
        return _parse(path)


def _parse(path: Path) -> Accounts:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        accounts = tuple(Account(**{**row, "subscriptions": tuple(row["subscriptions"])}) for row in found["accounts"])
        return Accounts(found["tenant"], Subscription(**found["customer"]), Subscription(**found["provider"]), accounts)
    except (ValueError, KeyError, TypeError) as problem:
        raise AccountsUnreadable(f"{path} is not as it was written ({type(problem).__name__}); restore it, or move it "
                                 "away and start again for new accounts.") from problem


def _create() -> Accounts:
    customer = Subscription(str(uuid4()), "Trunkline")
    provider = Subscription(str(uuid4()), "Trunkline Providers")
    return Accounts(str(uuid4()), customer, provider, (
        _account("customer", customer),
        _account("provider", provider),
        _account("operator", customer, provider, operator=True),
    ))


def _account(name: str, *subscriptions: Subscription, operator: bool = False) -> Account:
    return Account(name, str(uuid4()), str(uuid4()), secrets.token_urlsafe(32), tuple(s.id for s in subscriptions),
                   operator)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / ".accounts.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
