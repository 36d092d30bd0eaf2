"""What has a looking glass, found by the names people use: circuits, gateways, hubs, exchanges and their
members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Clients
from trunkline.cli.completing import asked, beginning
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import NETWORK, circuits, group_of, there
from trunkline.cli.lookup import circuit as find_circuit

#: Azure lists some of these by group alone.
_KINDS = {f"{NETWORK}/virtualNetworkGateways".lower(): "gateway", f"{NETWORK}/expressRouteGateways".lower(): "gateway",
          f"{NETWORK}/virtualHubs".lower(): "hub"}
EXCHANGES = "Trunkline.Exchange/exchanges"


@dataclass(frozen=True, slots=True)
class Target:
    """``kind``: circuit, gateway, hub (of a Virtual WAN, or a Route Server), exchange or member. ``account``: who
    asks."""

    kind: str
    name: str
    id: str
    account: str = "customer"


def target(clients: Clients, wanted: str) -> Target:
    """A circuit before all else; by name, ``GROUP/NAME``, ``EXCHANGE/MEMBER`` or id."""
    known = list(targets(clients))
    found = [one for one in known if wanted.lower() in _names(one)]
    if any(one.kind == "circuit" for one in found) or not found:
        return _circuit(clients, wanted, known)
    if len(found) == 1:
        return found[0]
    raise Failed(f"'{wanted}' may mean {', '.join(one.id for one in found)}; write one of these ids.")


def _circuit(clients: Clients, wanted: str, known: list[Target]) -> Target:
    """By its service key too."""
    try:
        told = find_circuit(clients, wanted)
    except Failed as refused:
        if not refused.message.startswith("there is no"):
            raise
        raise Failed(f"there is no circuit, gateway, hub, exchange or member '{wanted}'; "
                     f"{there([one.name for one in known], wanted)}.") from None
    return Target("circuit", told["name"], told["id"])


def targets(clients: Clients) -> Iterator[Target]:
    subscription = clients.accounts.customer_subscription
    for one in circuits(clients):
        yield Target("circuit", one["name"], one["id"])
    for one in clients.named("customer").list(f"/subscriptions/{subscription}/resources"):
        if kind := _KINDS.get(one["type"].lower()):
            yield Target(kind, one["name"], one["id"])
    for one in clients.named("operator").list(f"/subscriptions/{subscription}/providers/{EXCHANGES}"):
        yield Target("exchange", one["name"], one["id"], "operator")
        for member in clients.named("customer").list(f"{one['id']}/members"):
            yield Target("member", f"{one['name']}/{member['name'].rpartition('/')[2]}", member["id"])


def _names(one: Target) -> tuple[str, ...]:
    name = one.name.lower()
    return name, f"{group_of(one.id).lower()}/{name}", one.id.lower()


def complete_target(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Nothing while the service is not running."""
    return beginning(asked(ctx, lambda clients: {one.name for one in targets(clients)}, ()), incomplete)
