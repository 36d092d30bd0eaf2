"""``trunkline status``: the estate at a glance."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from trunkline.cli import lookup
from trunkline.cli.client import Clients, Json, connected
from trunkline.cli.commands import contain
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.status import brief, causes, rows, whole
from trunkline.cli.status.names import told_apart
from trunkline.settings import PROFILE_NAMES

LEGS = rows.LEGS


def overview(clients: Clients) -> Json:
    """What the service observes now, of the customer's subscription."""
    subscription = clients.accounts.customer_subscription
    found: Json = clients.named("operator").post(f"/subscriptions/{subscription}/providers/Trunkline.Plant/status", {})
    return found


@click.command()
@click.argument("circuit", required=False, shell_complete=lookup.complete_circuit)
@click.option("--all", "everything", is_flag=True, help="Every session, gateway, link and counter.")
@output_option
@pass_instance
def status(instance: Instance, circuit: str | None, everything: bool, as_json: bool) -> None:
    """Each leg's session, routes and traffic, and what is not as it should be, as observed now.

    Of CIRCUIT alone everything. '-o json' always has everything.
    """
    running = instance.require_running()
    with connected(instance) as clients:
        wanted = lookup.circuit(clients, circuit) if circuit else None
        found = {**overview(clients), "containments": contain.standing(clients)}
    if wanted:
        found = whole.about(found, wanted)
    if as_json:
        print_json({"endpoint": instance.url(), "pid": running.pid, "simulation": running.simulation,
                    "headlines": causes.headlines(found["circuits"]), **found})
        return
    found = told_apart(found)
    whole.heading(found, instance.url(), running.simulation, PROFILE_NAMES[0])
    now = datetime.now(UTC)
    if wanted or everything:
        whole.show(found, now)
        click.echo(whole.nodes(found))
    else:
        brief.show(found, now)
        click.echo(f"{brief.summary(found)} 'trunkline status CIRCUIT' tells all of a circuit, --all everything.")
    if not found["circuits"]:
        click.echo("No circuit yet: trunkline az network express-route create --help")
