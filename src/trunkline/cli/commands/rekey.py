"""``trunkline rekey``: a new key for the secrets in the store."""

from __future__ import annotations

import click

from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json


@click.command()
@output_option
@pass_instance
def rekey(instance: Instance, as_json: bool) -> None:
    """Encrypt the secrets in the store with a new key and forget the old one.

    The service must be stopped: stop it in its terminal, or with 'trunkline down'.
    """
    if instance.running():
        raise Failed("the service is running and would not know the new key; 'trunkline down' stops it.")
    if not instance.settings.places.store_key.exists():
        raise Failed(f"there is no store yet ({instance.settings.places.home}); 'trunkline up' creates it.")
    count, = instance.assembly("rekey")
    if as_json:
        print_json({"resealed": count})
    else:
        click.echo(f"{count} documents are encrypted with a new key; the old one is gone from"
                   f" {instance.settings.places.store_key}. Copies of the database made before need it still.")
