"""``trunkline completion``: the script that teaches a shell our words."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a completion script, e.g. eval "$(trunkline completion bash)"."""
    found = get_completion_class(shell)
    if found:
        click.echo(found(ctx.find_root().command, {}, "trunkline", "_TRUNKLINE_COMPLETE").source())
