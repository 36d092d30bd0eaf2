"""``trunkline plan``: what an estate file would change, told before it does."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.commands.estate import FILE, opening
from trunkline.cli.estate.foresee import Foreseen, foresee
from trunkline.cli.estate.foreseen import COLUMNS, exit_code, table
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table


@click.command()
@click.argument("file", type=FILE)
@output_option
@pass_instance
@click.pass_context
def plan(ctx: click.Context, instance: Instance, file: Path, as_json: bool) -> None:
    """Say what an estate FILE would change, field by field, and what would be felt of it. Nothing is changed.

    \b
    hitless        no packet is lost and no session reset
    soft refresh   routes are told anew over sessions that stay
    session reset  a session closes and opens again
    re-create      an interface, tag, address or daemon is replaced

    Exit codes: 0 nothing would change, 1 the file is wrong or refused, 2 wrong usage, 3 the service is not running,
    4 it would interrupt traffic, for no other leg carries it, 5 it would change something else.
    """
    progress = Progress(quiet=as_json)
    with opening(file, instance) as (clients, steps), progress.step(f"plan {file}"):
        found = foresee(clients, steps)
    if as_json:
        print_json({**found.told, "unchanged": list(found.unchanged)})
    else:
        show(found)
    ctx.exit(exit_code(found))


def show(found: Foreseen) -> None:
    print_table(COLUMNS, table(found))
    count = len(found.told["changes"])
    click.echo(f"{count or 'No'} change{'' if count == 1 else 's'}, {len(found.unchanged)} unchanged.")
