"""``trunkline apply`` and ``delete``: estate files made true, and undone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from trunkline.cli.client import connected
from trunkline.cli.estate.carry import Carrier, Outcome
from trunkline.cli.estate.document import FaultyFile, parse
from trunkline.cli.estate.plan import Step, plan
from trunkline.cli.estate.sections import check
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.tables import print_table

_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would happen.")


@click.command()
@click.argument("file", type=_FILE)
@_dry_run
@output_option
@pass_instance
def apply(instance: Instance, file: Path, dry_run: bool, as_json: bool) -> None:
    """Make an estate FILE true: create and change what differs, leave the rest alone."""
    _carry(instance, file, dry_run, as_json, Carrier.apply)


@click.command()
@click.argument("file", type=_FILE)
@_dry_run
@output_option
@pass_instance
def delete(instance: Instance, file: Path, dry_run: bool, as_json: bool) -> None:
    """Delete what an estate FILE declares, last things first. Resource groups stay."""
    _carry(instance, file, dry_run, as_json, Carrier.delete)


def _carry(instance: Instance, file: Path, dry_run: bool, as_json: bool,
           act: Callable[[Carrier, Sequence[Step]], list[Outcome]]) -> None:
    text = _read(file)
    try:
        document = parse(text)
        estate = check(document)
        with connected(instance) as clients:
            steps = plan(estate, document, clients.accounts.customer_subscription)
            outcomes = act(Carrier(clients, Progress(quiet=as_json), dry_run), steps)
    except FaultyFile as problem:
        raise Failed("nothing was sent, for\n" + "\n".join(
            f"  {file}:{fault.line}: {fault}" for fault in problem.faults)) from None
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
        return
    print_table(("resource", "result"), [(outcome.resource, outcome.result) for outcome in outcomes])


def _read(file: Path) -> str:
    try:
        if str(file) == "-":
            return sys.stdin.read()
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise Failed(f"{file} cannot be read: byte {problem.start + 1} of it is not UTF-8; save it as UTF-8.") from None
    except OSError as problem:
        raise Failed(f"{file} cannot be read: {problem}") from None
