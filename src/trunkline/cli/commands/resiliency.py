"""``trunkline resiliency``: how resilient an estate is, by our index and Microsoft's; what lost each point."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import click
from click.shell_completion import CompletionItem

from trunkline.cli.certificate import keys, shelf
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.completing import asked, beginning
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import NETWORK
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table
from trunkline.model.resiliency import DrillOutcome
from trunkline.settings import Places

_KINDS = ("expressRouteCircuits", "virtualNetworkGateways")


def _complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Circuits and gateways."""
    return beginning(asked(ctx, _names, ()), incomplete)


def _names(clients: Clients) -> set[str]:
    path = f"/subscriptions/{clients.accounts.customer_subscription}/resources"
    return {str(one["name"]) for one in clients.named("customer").list(path)
            if one["type"] in {f"{NETWORK}/{kind}" for kind in _KINDS}}


def ask(clients: Clients, of: str, drills: list[Json]) -> Json:
    path = f"/subscriptions/{clients.accounts.customer_subscription}/providers/Trunkline.Plant/resiliency"
    found: Json = clients.named("operator").post(path, {"of": of, "drills": drills})
    return found


@click.command()
@click.argument("of", metavar="[CIRCUIT|GATEWAY]", default="", shell_complete=_complete)
@output_option
@pass_instance
def resiliency(instance: Instance, of: str, as_json: bool) -> None:
    """How resilient pairs of prefixes are, and what wins back each lost point.

    Computed anew each time from what is ordered, what is up now and the certificates of failover drills that are kept
    here. docs/resiliency.md has both formulas.
    """
    with connected(instance) as clients:
        found = ask(clients, of, list(proven(instance.settings.places)))
    if as_json:
        print_json(found)
        return
    _show(found, f"Our index{f' of {of}' if of else ''}: {found['score']:g} of 100")
    for gateway in found["azure"]:
        _show(gateway, f"Microsoft's index of gateway {gateway['gateway']}: {gateway['score']} of 100")
    if not found["pairs"]:
        click.echo("No site's circuit leads to a virtual network here, so there is no pair to protect.")


def proven(places: Places) -> Iterator[Json]:
    """What kept certificates prove that this instance has signed, and nobody has changed since; and which drills came
    to no end."""
    for one in shelf.without_certificate(places):
        if not one.running:
            yield {"fault": one.fault, "endedAt": one.began_at, "result": DrillOutcome.KILLED}
    trusted = keys.own_public(places)
    for path in shelf.kept(places) if trusted else ():
        with suppress(Failed):
            document = shelf.read(path)
            keys.verify(document, trusted)
            found = shelf.parsed(document, path)
            yield {"fault": found.failed.fault, "endedAt": found.ended_at,
                   "result": found.verdict.result}


def _show(index: Json, title: str) -> None:
    print_table(("component", "points", "of"), [(one["name"], f"{one['score']:g}", f"{one['of']:g}")
                                               for one in index["components"]], title=title)
    print_table(("lost", "component", "by", "why", "what wins it back"),
                [(f"{one['points']:g}", one["component"], one["who"], one["why"], one["winBack"])
                 for one in index["lost"]])
