"""``trunkline drill list`` and ``show``: what was drilled here, and what came of it."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.certificate import keys, shelf, told
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json


@click.command("list")
@output_option
@pass_instance
def list_(instance: Instance, as_json: bool) -> None:
    """This installation's failover drills, the newest first; also those that run, or were killed and signed nothing."""
    places = instance.settings.places
    rows = [*(told.row(one, path) for path, one in shelf.all_of(places)),
            *(told.bare(one.target, one.mode, "running" if one.running else "killed", id=one.id, beganAt=one.began_at)
              for one in shelf.without_certificate(places))]
    rows.sort(key=lambda one: str(one["beganAt"]), reverse=True)
    if as_json:
        print_json(rows)
        return
    told.print_rows(rows)
    if not rows:
        click.echo("No failover drill was played here yet; 'trunkline drill failover' plays one.")
    if any(one["result"] == "killed" for one in rows):
        click.echo("What a killed drill had failed ended by itself at the edge; 'trunkline status' shows what stands.")


@click.command()
@click.argument("certificate", default="latest", shell_complete=shelf.complete)
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path),
              help="The public key that counts (PEM), instead of this installation's.")
@told.written_options
@output_option
@pass_instance
def show(instance: Instance, /, certificate: str, key: Path | None, as_json: bool, **files: Path | None) -> None:
    """One certificate, and whose key signed it: a file, the beginning of its id, or the latest. One that was changed is
    not shown."""
    path = shelf.find(instance.settings.places, certificate)
    document = shelf.read(path)
    found = shelf.parsed(document, path)
    by = keys.signer(document, instance.settings.places, key)
    told.write(found, by.said, files, apart=False)
    if not by.known:
        keys.warn(path, by)
    if as_json:
        print_json(document)
        return
    told.print_certificate(found)
    click.echo(f"Signed by {by.said}.")
