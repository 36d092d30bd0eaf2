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


class _Misused(click.UsageError):
    exit_code = 1


class _Plan(click.Command):
    """Wrong usage ends with 1 here, for 2 says that there are changes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as wrong:
            raise _Misused(wrong.format_message(), ctx) from None


@click.command(cls=_Plan)
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

    Exit codes: 0 nothing would change, 1 the file is wrong or refused, 2 it would change something, 3 the service is
    not running, 4 it would interrupt traffic, for no other leg carries it.
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
