"""Who we are towards the service: the accounts that it created on first start, read from its root-only file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from trunkline.cli.failure import Failed, NotRunning


@dataclass(frozen=True, slots=True)
class Account:
    """A service principal of the local tenant. ``subscription``: the one it works in."""

    name: str
    client_id: str
    subscription: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    tenant: str
    customer_subscription: str
    provider_subscription: str
    accounts: tuple[Account, ...]

    def named(self, name: str) -> Account:
        return next(account for account in self.accounts if account.name == name)

    def public(self) -> dict[str, object]:
        """Names and ids, no secrets."""
        return {
            "tenant": self.tenant,
            "subscriptions": {"customer": self.customer_subscription, "provider": self.provider_subscription},
            "accounts": [{"name": a.name, "clientId": a.client_id, "subscription": a.subscription}
                         for a in self.accounts],
        }

    def with_secrets(self) -> dict[str, object]:
        rows = [{"name": a.name, "clientId": a.client_id, "secret": a.secret, "subscription": a.subscription}
                for a in self.accounts]
        return {**self.public(), "accounts": rows}


def read_accounts(path: Path) -> Accounts:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        customer, provider = found["customer"]["id"], found["provider"]["id"]
        accounts = tuple(
            Account(row["name"], row["client_id"], provider if row["name"] == "provider" else customer, row["secret"])
            for row in found["accounts"])
        return Accounts(found["tenant"], customer, provider, accounts)
    except FileNotFoundError:
        raise NotRunning(f"there are no accounts yet ({path}); 'trunkline up' creates them.") from None
    except PermissionError:
        raise Failed(f"{path} is for root alone; run this as root.") from None
    except (ValueError, KeyError, TypeError):
        raise Failed(f"{path} is damaged; restore it, or move it away and start the service again.") from None
