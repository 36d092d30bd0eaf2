"""What both ``trunkline whatif`` and its verification ask the service."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.cli.client import Clients, Json


def ask(clients: Clients, body: Json) -> Json:
    subscription = clients.accounts.customer_subscription
    path = f"/subscriptions/{subscription}/providers/Trunkline.Plant/whatIf"
    found: Json = clients.named("operator").post(path, body)
    return found


def ends(rows: Sequence[Json], most: int = 3) -> str:
    """``paris ↔ hub, paris ↔ spoke``."""
    named = list(dict.fromkeys(f"{row['from']} ↔ {row['to']}" for row in rows))
    return ", ".join([*named[:most], *([f"{len(named) - most} more"] if len(named) > most else [])]) or "-"


def bounds(rows: Sequence[Json]) -> str:
    return ", ".join(f"{row['bound']}: {row['mbps']:g} of {row['ofMbps']:g} Mbit/s" for row in rows) or "-"
