"""``trunkline az``: the Azure CLI with an isolated configuration, logged in to this service."""

from __future__ import annotations

import os
import shlex

import click

from trunkline.cli.azure import azure_client, cannot_run, require_az
from trunkline.cli.instance import Instance
from trunkline.cli.options import account_option, pass_instance
from trunkline.cli.progress import Progress


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@account_option
@click.option("--print", "printed", is_flag=True, help="Print environment and command instead of running it.")
@click.argument("arguments", metavar="ARGS...", nargs=-1, type=click.UNPROCESSED)
@pass_instance
def az(instance: Instance, account: str, printed: bool, arguments: tuple[str, ...]) -> None:
    """Run the Azure CLI against this service: trunkline az network express-route list

    Your own Azure login is not touched: each account has a configuration directory of its own. Options of this
    command stand before ARGS.
    """
    program, client = require_az(), azure_client(instance, account)
    if printed:
        assignments = [f"{name}={shlex.quote(value)}" for name, value in client.az_environment().items()]
        click.echo(" ".join([*assignments, shlex.join([program, *arguments])]))
        return
    if not client.mark.exists():
        with Progress().step(f"log az in as {account}"):
            client.log_in(program)
    client.log_in(program)
    try:
        os.execvpe(program, [program, *arguments], {**os.environ, **client.az_environment()})  # noqa: S606
    except OSError as problem:
        raise cannot_run(program, problem) from None
