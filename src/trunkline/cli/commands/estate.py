"""``trunkline apply`` and ``delete``: estate files made true, and undone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from trunkline.cli.client import Clients, connected
from trunkline.cli.estate.carry import Carrier, Outcome
from trunkline.cli.estate.document import FaultyFile, parse
from trunkline.cli.estate.foresee import Foreseen, TooMany, foresee
from trunkline.cli.estate.foreseen import COLUMNS, harmful, table
from trunkline.cli.estate.plan import Step
from trunkline.cli.estate.plan import plan as steps_of
from trunkline.cli.estate.sections import check
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.progress import Progress
from trunkline.cli.progress import Step as Shown
from trunkline.cli.tables import print_table

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would happen.")


@click.command()
@click.argument("file", type=FILE)
@_dry_run
@click.option("--plan", "planned", is_flag=True, help="First show what will be felt of it, as 'trunkline plan' does.")
@click.option("--yes", is_flag=True, help="Do not ask before what makes something anew or interrupts traffic.")
@output_option
@pass_instance
def apply(instance: Instance, /, file: Path, as_json: bool, **how: bool) -> None:
    """Make an estate FILE true: create and change what differs, leave the rest alone.

    All of it is checked before anything is sent. What would make an interface, tag, address or daemon anew, or close
    sessions that no other leg stands in for, is asked about first; without a terminal it is refused unless --yes.
    """
    with opening(file, instance) as (clients, steps):
        progress = Progress(quiet=as_json)
        with progress.step(f"check {file}") as step:
            found = foresee(clients, steps) if how["planned"] else _checked(clients, steps, step)
        if how["planned"] and not as_json:
            print_table(COLUMNS, table(found))
        if not how["dry_run"] and not how["yes"]:
            _ask(harmful(found), file, not as_json and str(file) != "-" and sys.stdin.isatty())
        outcomes = Carrier(clients, progress, how["dry_run"]).apply(steps)
    if how["planned"] and as_json:
        print_json({"plan": found.told, "outcomes": [asdict(outcome) for outcome in outcomes]})
    else:
        _print(outcomes, as_json)


def _checked(clients: Clients, steps: Sequence[Step], shown: Shown) -> Foreseen:
    """What is too large to be checked at once is sent as it stands, each resource checked by itself."""
    try:
        return foresee(clients, steps)
    except TooMany as problem:
        shown.note = f"not as a whole: {problem}"
        return Foreseen({"class": "none", "changes": []}, ())


def _ask(harm: list[str], file: Path, someone: bool) -> None:
    """``someone``: there is somebody who could answer."""
    if not harm:
        return
    told = "\n".join(f"  {line}" for line in harm)
    if not someone:
        raise Failed(f"nothing was changed, for {file} would interrupt what runs:\n{told}\n"
                     "'trunkline plan' shows all of it; 'trunkline apply --yes' does it.")
    click.echo(f"This interrupts what runs:\n{told}", err=True)
    if not click.confirm("Do it?", err=True):
        raise Failed("nothing was changed.")


@click.command()
@click.argument("file", type=FILE)
@_dry_run
@output_option
@pass_instance
def delete(instance: Instance, file: Path, dry_run: bool, as_json: bool) -> None:
    """Delete what an estate FILE declares, last things first. Resource groups stay."""
    with opening(file, instance) as (clients, steps):
        outcomes = Carrier(clients, Progress(quiet=as_json), dry_run).delete(steps)
    _print(outcomes, as_json)


def _print(outcomes: list[Outcome], as_json: bool) -> None:
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
        return
    print_table(("resource", "result"), [(outcome.resource, outcome.result) for outcome in outcomes])


@contextmanager
def opening(file: Path, instance: Instance) -> Iterator[tuple[Clients, tuple[Step, ...]]]:
    """A file's steps, and who may carry them out. All that is wrong with it is told with its line, and what is wrong
    by itself before anybody is asked."""
    try:
        document = parse(_read(file))
        estate = check(document)
        with connected(instance) as clients:
            yield clients, steps_of(estate, document, clients.accounts.customer_subscription)
    except FaultyFile as problem:
        raise Failed(f"{file} is refused, and nothing is changed:\n" + "\n".join(
            f"  {file}:{fault.line}: {fault}" for fault in problem.faults)) from None


def _read(file: Path) -> str:
    try:
        if str(file) == "-":
            return sys.stdin.read()
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise Failed(f"{file} cannot be read: byte {problem.start + 1} of it is not UTF-8; save it as UTF-8.") from None
    except OSError as problem:
        raise Failed(f"{file} cannot be read: {problem.strerror}.") from None
