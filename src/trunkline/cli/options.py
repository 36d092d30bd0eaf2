"""Options and arguments that several commands share, and the JSON form of a result. Imports nothing slow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from trunkline.cli.instance import Instance

Command = TypeVar("Command", bound=Callable[..., Any])

pass_instance = click.make_pass_decorator(Instance)


def output_option(command: Command) -> Command:
    """``-o json`` as the argument ``as_json``: then standard output holds one JSON document and nothing else."""
    return click.option(
        "-o", "--output", "as_json", type=click.Choice(["table", "json"]), default="table", show_default=True,
        callback=lambda _ctx, _param, value: value == "json", help="Form of the result.")(command)


def account_option(command: Command) -> Command:
    return click.option("--account", metavar="NAME", default="customer", show_default=True,
                        help="Who to be: one whose secret is kept.")(command)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, default=str))
