"""What a shell is offered to go on with: what the service knows, while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from trunkline.cli.client import Clients, connected
from trunkline.cli.instance import Instance, locate

Told = TypeVar("Told")
Other = TypeVar("Other")


def instance_of(ctx: click.Context) -> Instance:
    """While words are completed no command has begun, which would have found it."""
    return ctx.find_object(Instance) or locate(str(ctx.find_root().params.get("home") or ""))


def asked(ctx: click.Context, ask: Callable[[Clients], Told], otherwise: Other) -> Told | Other:
    """``otherwise`` while the service is not running, or does not tell. What ``ask`` answers has to be whole."""
    try:
        with connected(instance_of(ctx)) as clients:
            return ask(clients)
    except click.ClickException:
        return otherwise


def beginning(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Those that begin so, in any case."""
    return [CompletionItem(name) for name in sorted(names) if name.lower().startswith(incomplete.lower())]
