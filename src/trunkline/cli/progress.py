"""What is being waited for, and how long: on standard error, alive on a terminal, line by line in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from trunkline.cli.plain import plain
from trunkline.cli.tables import console, duration

#: In a log, a wait is mentioned again after so many seconds.
_REPEAT_S = 5.0


def _safe(text: str) -> str:
    return escape(plain(text))


class Step:
    """One piece of work in the user's words. ``waiting`` may be called as often as one looks."""

    def __init__(self, out: Console, title: str, status: Status | None) -> None:
        self._out, self._title, self._status = out, title, status
        self._began = self._said = time.monotonic()
        self.note = ""  #: stands behind the title when the step is done

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def waiting(self, what: str) -> None:
        text = f"{_safe(self._title)} [dim]— waiting for {_safe(what)}, {duration(self.elapsed_s)}[/]"
        if self._status:
            self._status.update(text)
        elif time.monotonic() - self._said >= _REPEAT_S:
            self._said = time.monotonic()
            self._out.print(f"  … {text}")

    def line(self, failed: bool) -> str:
        mark = "[red]✗[/]" if failed else "[green]✓[/]"
        note = f"  {_safe(self.note)}" if self.note else ""
        return f"{mark} {_safe(self._title)}{note}  [dim]{duration(self.elapsed_s)}[/]"


class Progress:
    """``quiet``: says nothing."""

    def __init__(self, quiet: bool = False) -> None:
        self._out = console(stderr=True)
        self._out.quiet = quiet

    def say(self, text: str) -> None:
        self._out.print(_safe(text))

    def heading(self, text: str) -> None:
        self._out.print(f"\n[bold]{_safe(text)}[/]")

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        if not self._out.is_terminal:
            with self._ending(Step(self._out, title, None)) as step:
                yield step
            return
        with self._out.status(_safe(title)) as status, self._ending(Step(self._out, title, status)) as step:
            yield step

    @contextmanager
    def _ending(self, step: Step) -> Iterator[Step]:
        failed = True
        try:
            yield step
            failed = False
        finally:
            self._out.print(step.line(failed))
