"""Circuits, providers' twins and other resources found by the names people use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Clients, Json
from trunkline.cli.completing import asked, beginning
from trunkline.cli.failure import Failed
from trunkline.model.closest import closest_first

NETWORK = "Microsoft.Network"
_TOLD = 12  #: most names that a message tells


def circuits(clients: Clients) -> list[Json]:
    subscription = clients.accounts.customer_subscription
    return list(clients.named("customer").list(
        f"/subscriptions/{subscription}/providers/{NETWORK}/expressRouteCircuits"))


def circuit(clients: Clients, wanted: str) -> Json:
    """By name, ``GROUP/NAME``, service key or id."""
    found = [one for one in circuits(clients) if wanted.lower() in _names(one)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{group_of(one['id'])}/{one['name']}" for one in found)
        raise Failed(f"several circuits are called '{wanted}'; write one of {choices}.")
    raise Failed(f"there is no circuit '{wanted}'; {there([one['name'] for one in circuits(clients)], wanted)}.")


def there(names: Sequence[str], wanted: str = "", between: str = ", ") -> str:
    """Which there are, as a sentence says it: those first that are like ``wanted``."""
    if not names:
        return "there is none at all"
    left = len(names) - _TOLD
    told = between.join(closest_first(wanted, names)[:_TOLD]) + (f" and {left} more" if left > 0 else "")
    return f"there {'is' if len(names) == 1 else 'are'} {told}"


def complete_circuit(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names; with the group before it where two circuits share one. Nothing while the service is not running."""
    return beginning(told_apart(asked(ctx, circuits, ())).values(), incomplete)


def told_apart(found: Sequence[Json]) -> dict[str, str]:
    """Names by key: with the group where several bear one."""
    often = Counter(str(one["name"]).lower() for one in found)
    return {str(one["id"]).lower(): one["name"] if often[str(one["name"]).lower()] == 1
            else f"{group_of(one['id'])}/{one['name']}" for one in found}


def _names(resource: Json) -> tuple[str, ...]:
    name, group = str(resource["name"]).lower(), group_of(resource["id"]).lower()
    key = str(resource.get("properties", {}).get("serviceKey", "")).lower()
    return name, f"{group}/{name}", key, str(resource["id"]).lower()


def group_of(resource_id: str) -> str:
    pieces = resource_id.split("/")
    return pieces[4] if len(pieces) > 4 else ""


def twin(clients: Clients, service_key: str) -> Json:
    """The provider's side of a circuit: its express route cross connection, named by the service key."""
    subscription = clients.accounts.provider_subscription
    for one in clients.named("provider").list(
            f"/subscriptions/{subscription}/providers/{NETWORK}/expressRouteCrossConnections"):
        if str(one["name"]).lower() == service_key.lower():
            return one
    raise Failed(f"no provider has a circuit with service key '{service_key}'.")
