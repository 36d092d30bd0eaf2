"""Options and arguments that several commands share, and the JSON form of a result. Imports nothing slow."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from trunkline.cli.instance import Instance


class Number(click.FloatRange):
    """A number that is one: not NaN, not infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"'{value}' is no number to reckon with.", param, ctx)
        return found

Command = TypeVar("Command", bound=Callable[..., Any])

_UNITS = {"s": 1, "m": 60, "h": 3600}

pass_instance = click.make_pass_decorator(Instance)


def output_option(command: Command) -> Command:
    """``-o json`` as the argument ``as_json``: then standard output holds one JSON document and nothing else."""
    return click.option(
        "-o", "--output", "as_json", type=click.Choice(["table", "json"]), default="table", show_default=True,
        callback=lambda _ctx, _param, value: value == "json", help="Form of the result.")(command)


def account_option(command: Command, usual: str = "customer") -> Command:
    return click.option("--account", metavar="NAME", default=usual, show_default=True,
                        help="Who to be: one whose secret is kept.")(command)


def operator_option(command: Command) -> Command:
    """``--account`` of what operators alone may do."""
    return account_option(command, "operator")


def lasting_option(default: str, text: str) -> Callable[[Command], Command]:
    """``--for`` as the argument ``seconds``."""
    return click.option("--for", "seconds", callback=lambda _ctx, _parameter, value: in_seconds(value), default=default,
                        metavar="DURATION", show_default=True, help=text)


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, default=str))


def in_seconds(text: str) -> int:
    """``60``, ``90s``, ``5m``, ``1h``, at most a day."""
    found = re.fullmatch(r"(\d+)([smh]?)", text)
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if not 1 <= seconds <= 86_400:
        raise click.BadParameter(f"'{text}' is no duration; write 60s, 5m or 1h (at most 24h).")
    return seconds
