"""``trunkline session``: BGP sessions of a leg closed, opened, or asked for their routes again."""

from __future__ import annotations

import click

from trunkline.cli import policies
from trunkline.cli.client import NETWORK_VERSION, connected
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.policies import Manner, Where, changing, differences, located, print_changes
from trunkline.cli.progress import Progress


@click.group()
def session() -> None:
    """Close, open or refresh the BGP sessions of a leg."""


@session.command()
@located("Whose session.", required=True)
@changing
@pass_instance
def enable(instance: Instance, where: Where, manner: Manner) -> None:
    """Let the session come up again."""
    _switch(instance, where, manner, True)


@session.command()
@located("Whose session.", required=True)
@changing
@pass_instance
def disable(instance: Instance, where: Where, manner: Manner) -> None:
    """Close the session and keep it closed. 'trunkline drain' first, and no packet is lost."""
    _switch(instance, where, manner, False)


@session.command()
@located("Whose session.", required=True)
@click.option("--direction", type=click.Choice(["in", "out", "both"]), default="both", show_default=True,
              help="in: judge the customer's routes anew; out: tell the cloud's anew.")
@output_option
@pass_instance
def refresh(instance: Instance, where: Where, direction: str, as_json: bool) -> None:
    """Exchange routes again without closing the session (RFC 2918)."""
    progress = Progress(quiet=as_json)
    with connected(instance) as clients:
        at = where.of(clients)
        with progress.step(f"refresh leg {at.leg} of {at.circuit['name']}, {direction}") as step:
            told = clients.named("customer").post(
                f"{at.peering_id}/refreshSessions/{at.leg}?direction={direction}&api-version={NETWORK_VERSION}", {},
                step.waiting)
    if as_json:
        print_json(told)


def _switch(instance: Instance, where: Where, manner: Manner, wanted: bool) -> None:
    progress = Progress(quiet=manner.as_json)
    with connected(instance) as clients:
        at = where.of(clients)
        before, after = policies.switched(clients, at, "enabled", wanted, usual=True)
        changed = differences(before, after)
        if not manner.dry_run:
            word = "enable" if wanted else "disable"
            with progress.step(f"{word} leg {at.leg} of {at.circuit['name']}") as step:
                policies.stored(clients, at, after, step.waiting, manner.confirmed)
    if manner.as_json:
        print_json({"changes": changed, "dryRun": manner.dry_run})
        return
    print_changes(changed)
