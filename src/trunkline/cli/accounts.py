"""Who we are towards the service: its accounts, and the secrets that it keeps for us, read from root-only files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from trunkline.cli.failure import Failed, NotRunning
from trunkline.settings import Places


@dataclass(frozen=True, slots=True)
class Account:
    """A service principal or user. ``subscription``: the one it works in; empty if its tenant has none. ``secret``:
    empty when it is not kept."""

    name: str
    client_id: str
    subscription: str
    tenant: str
    kind: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accounts:
    tenant: str
    customer_subscription: str
    provider_subscription: str
    accounts: tuple[Account, ...]

    def named(self, name: str) -> Account:
        found = next((account for account in self.accounts if account.name == name.lower()), None)
        if found is None:
            raise Failed(f"there is no account '{name}'; 'trunkline accounts' lists them.")
        return found

    def able(self, name: str) -> Account:
        """One whose secret is kept, so that we can log in as it."""
        found = self.named(name)
        if not found.secret:
            raise Failed(f"the secret of account '{name}' is not kept here; 'trunkline accounts reset {name} --keep' "
                         "makes a new one.")
        return found

    def public(self) -> dict[str, object]:
        """Names and ids, no secrets."""
        return {
            "tenant": self.tenant,
            "subscriptions": {"customer": self.customer_subscription, "provider": self.provider_subscription},
            "accounts": [{"name": a.name, "kind": a.kind, "clientId": a.client_id, "tenant": a.tenant,
                          "subscription": a.subscription} for a in self.accounts],
        }

    def with_secrets(self) -> dict[str, object]:
        rows = [{"name": a.name, "kind": a.kind, "clientId": a.client_id, "tenant": a.tenant, "secret": a.secret,
                 "subscription": a.subscription} for a in self.accounts]
        return {**self.public(), "accounts": rows}


def read_accounts(places: Places) -> Accounts:
    path = places.accounts
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        kept = json.loads(places.secrets.read_text(encoding="utf-8")) if places.secrets.exists() else {}
        customer, provider = found["customer_subscription"], found["provider_subscription"]
        own = {row["tenant"]: row["id"] for row in reversed(found["subscriptions"])}
        own[found["tenants"][0]["id"]] = customer
        accounts = tuple(
            Account(row["name"], row["client_id"],
                    provider if row["name"] == "provider" else own.get(row["tenant"], ""),
                    row["tenant"], row["kind"], kept.get(row["name"], ""))
            for row in found["accounts"])
        return Accounts(found["tenants"][0]["id"], customer, provider, accounts)
    except FileNotFoundError:
        raise NotRunning(f"there are no accounts yet ({path}); 'trunkline up' creates them.") from None
    except PermissionError:
        raise Failed(f"{path} is for root alone; run this as root.") from None
    except (ValueError, KeyError, TypeError):
        raise Failed(f"{path} is damaged; restore it, or move it away and start the service again.") from None
