"""``trunkline env``: the variables that point az and the Azure SDKs at this service."""

from __future__ import annotations

import shlex

import click

from trunkline.cli.azure import azure_client, find_az
from trunkline.cli.instance import Instance
from trunkline.cli.options import account_option, output_option, pass_instance, print_json

_FORMS = {"sh": "export {name}={value}", "fish": "set -gx {name} {value};"}


@click.command()
@account_option
@click.option("--shell", type=click.Choice(sorted(_FORMS)), default="sh", show_default=True, help="Whose syntax.")
@output_option
@pass_instance
def env(instance: Instance, account: str, shell: str, as_json: bool) -> None:
    """Print a shell's environment for az and the Azure SDKs: eval "$(trunkline env)"

    The account's secret is among it. If az is installed it is logged in, with a configuration of its own.
    """
    client = azure_client(instance, account)
    client.prepare()
    program = find_az()
    if program:
        client.log_in(program)
    values = {**client.az_environment(), **client.sdk_environment()}
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        click.echo(_FORMS[shell].format(name=name, value=shlex.quote(value)))
