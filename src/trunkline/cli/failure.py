"""What ends a command without success, and its exit code: 1 refused or failed, 2 usage (click's own), 3 not running."""

from __future__ import annotations

from typing import IO, Any

import click

from trunkline.cli.plain import plain


class Failed(click.ClickException):
    """It did not work, or was refused; the message says why and what to do."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"trunkline: {plain(self.format_message())}", file=file, err=file is None)


class NotRunning(Failed):
    """There is no service to talk to."""

    exit_code = 3
