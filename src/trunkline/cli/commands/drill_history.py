"""``trunkline drill list`` and ``show``: what was drilled here, and what came of it."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.certificate import keys, shelf, told
from trunkline.cli.client import Json
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.rehearsal.remains import Remains, now, remains, standing


@click.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """This installation's failover drills, the newest first; also those that run, or were killed and signed nothing."""
    places = instance.settings.places
    left = _left(instance, tuple(shelf.without_certificate(places)))
    rows = [*(told.row(one, path) for path, one in shelf.all_of(places)), *(_row(*one) for one in left)]
    rows.sort(key=lambda one: str(one["beganAt"]), reverse=True)
    if as_json:
        print_json(rows)
        return
    told.print_rows(rows)
    if not rows:
        click.echo("No failover drill was played here yet; 'trunkline drill failover' plays one.")
    for drill, of in left:
        if not drill.running and of.stands is not False:
            click.echo(of.said(drill))
    if any(not drill.running for drill, _ in left):
        click.echo("A drill that was killed measured nothing; 'trunkline drill show ID' says what is left of it.")


@click.command()
@click.argument("certificate", default="latest", shell_complete=shelf.complete)
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path),
              help="The public key that counts (PEM), instead of this installation's.")
@told.written_options
@output_option
@pass_instance
def show(instance: Instance, /, certificate: str, key: Path | None, as_json: bool, **files: Path | None) -> None:
    """One certificate, and whose key signed it: a file, the beginning of its id, or the latest. One that was changed is
    not shown. Of a drill without a certificate, that runs or was killed: what is known of it."""
    places = instance.settings.places
    if trace := shelf.trace(places, certificate):
        _show_trace(instance, trace, files, as_json)
        return
    path = shelf.find(places, certificate)
    document = shelf.read(path)
    found = shelf.parsed(document, path)
    by = keys.signer(document, places, key)
    told.write(found, by.said, files, apart=False)
    if not by.known:
        keys.warn(path, by)
    if as_json:
        print_json(document)
        return
    told.print_certificate(found)
    click.echo(f"Signed by {by.said}.")


def _show_trace(instance: Instance, trace: shelf.Begun, files: dict[str, Path | None], as_json: bool) -> None:
    if any(files.values()):
        raise Failed(f"drill {trace.id[:8]} {trace.fate}, so there is no certificate that could be written.")
    (drill, left), = _left(instance, (trace,))
    if as_json:
        print_json(_row(drill, left))
        return
    told.print_rows([_row(drill, left)])
    click.echo("It still runs." if drill.running else f"It made no certificate. {left.said(drill)}")


def _left(instance: Instance, drills: tuple[shelf.Begun, ...]) -> tuple[tuple[shelf.Begun, Remains], ...]:
    found, moment = standing(instance) if drills else None, now()
    return tuple((one, remains(one, found, moment)) for one in drills)


def _row(drill: shelf.Begun, left: Remains) -> Json:
    return told.bare(drill.target, drill.mode, "running" if drill.running else "killed", id=drill.id,
                     beganAt=drill.began_at, **left.as_json())
