"""Tables and marks for people's eyes, on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trunkline.cli.plain import plain

_GOOD = frozenset({"Established", "Succeeded", "Enabled", "Provisioned", "Connected", "ok", "yes", "up", "created"})
_BAD = frozenset({"Failed", "failed", "FAULT", "missing", "no"})
#: Width when nobody's terminal tells; wide enough that no cell is folded in a log.
_WIDTH = 200


def console(stderr: bool = False) -> Console:
    """``12076:100:200`` is a community, and no emoji."""
    found = Console(stderr=stderr, highlight=False, emoji=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, emoji=False, width=_WIDTH)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "",
                stderr: bool = False) -> None:
    """Nothing at all when there are no rows. Cells are text, never markup."""
    lines = [[str(cell) for cell in row] for row in rows]
    if not lines:
        return
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for line in lines:
        table.add_row(*(_coloured(cell) for cell in line))
    out = console(stderr)
    if title:
        out.print(Text(plain(title), style="bold"))
    out.print(table)


def _coloured(cell: str) -> Text:
    return Text(plain(cell), style="green" if cell in _GOOD else "red" if cell in _BAD else "")


def megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB" if count >= 100_000 else f"{count:,} B"


def duration(seconds: float) -> str:
    """``3.2 s``, ``4m10s``, ``2h05m``, ``3d04h``."""
    whole = int(seconds)
    if seconds < 60:
        return f"{seconds:.1f} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}h"


def instant(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
