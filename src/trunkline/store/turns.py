"""Writers take turns: first come, first served within a process, and soon after one another between processes.

Python's locks may be taken again at once by whoever released them, and SQLite's busy handler asks again only every
100 ms. Under load either would let one writer wait for seconds while others overtake it.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.errors import StoreFailure

_ASK_AGAIN_S = 0.001


class Turns:
    """A lock whose waiters are served in the order in which they came."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many have a turn or want one."""
        return len(self._waiting)

    @contextmanager
    def turn(self, patience_s: float) -> Iterator[None]:
        mine = self._enter()
        try:
            if not mine.acquire(timeout=patience_s):
                raise StoreFailure(f"Nothing was written: other writers took longer than {patience_s:g} s; ask again.")
            yield
        finally:
            self._leave(mine)

    def _enter(self) -> threading.Lock:
        mine = threading.Lock()
        with self._guard:
            if self._waiting:
                mine.acquire()
            self._waiting.append(mine)
        return mine

    def _leave(self, mine: threading.Lock) -> None:
        """Also when patience ended: a turn that came too late is passed on."""
        with self._guard:
            first = self._waiting[0] is mine
            self._waiting.remove(mine)
            if first and self._waiting:
                self._waiting[0].release()


def begin_immediate(connection: sqlite3.Connection, patience_s: float) -> None:
    """Take the lock of a SQLite file that another process's writer may hold."""
    deadline = time.monotonic() + patience_s
    connection.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(_ASK_AGAIN_S)
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_s * 1000:.0f}")
