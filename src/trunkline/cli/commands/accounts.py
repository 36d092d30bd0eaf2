"""``trunkline accounts``: who may log in."""

from __future__ import annotations

import click

from trunkline.cli.accounts import read_accounts
from trunkline.cli.instance import Instance
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.tables import print_table


@click.command()
@click.option("--show-secrets", is_flag=True, help="Also the secrets.")
@output_option
@pass_instance
def accounts(instance: Instance, show_secrets: bool, as_json: bool) -> None:
    """Tenant, subscriptions and accounts of this instance."""
    found = read_accounts(instance.settings.places)
    if as_json:
        print_json(found.with_secrets() if show_secrets else found.public())
        return
    columns = ("account", "client id", "subscription", *(("secret",) if show_secrets else ()))
    rows = [(a.name, a.client_id, a.subscription, *((a.secret,) if show_secrets else ())) for a in found.accounts]
    print_table(columns, rows, title=f"Tenant {found.tenant}")
