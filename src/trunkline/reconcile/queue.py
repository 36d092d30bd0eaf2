"""Which scopes are due. A scope waits at most once, and is never in two hands at the same time."""

from __future__ import annotations

import heapq
import itertools
import time
from threading import Condition

from trunkline.intent.scope import Scope


class ScopeQueue:
    """Thread-safe. ``add`` while a scope is being worked on makes it due again afterwards."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Scope]] = []
        self._due: dict[Scope, float] = {}
        self._active: set[Scope] = set()
        self._count = itertools.count()
        self._changed = Condition()
        self._closed = False

    def add(self, scope: Scope, delay_s: float = 0.0) -> None:
        """Make ``scope`` due in ``delay_s`` seconds; an earlier appointment stands."""
        due = time.monotonic() + delay_s
        with self._changed:
            if self._due.get(scope, float("inf")) <= due:
                return
            self._due[scope] = due
            self._push(scope)

    def get(self) -> Scope | None:
        """The next due scope, now active; blocks; ``None`` after ``close``."""
        with self._changed:
            while not self._closed:
                wait_s = self._until_next()
                if wait_s is not None and wait_s <= 0:
                    _, _, scope = heapq.heappop(self._heap)
                    del self._due[scope]
                    self._active.add(scope)
                    return scope
                self._changed.wait(wait_s)
        return None

    def done(self, scope: Scope) -> None:
        with self._changed:
            self._active.discard(scope)
            if scope in self._due:
                self._push(scope)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._due) + len(self._active)

    def _push(self, scope: Scope) -> None:
        heapq.heappush(self._heap, (self._due[scope], next(self._count), scope))
        self._changed.notify()

    def _until_next(self) -> float | None:
        """Seconds until the head is due; drops entries that are outdated or wait for ``done``."""
        while self._heap:
            due, _, scope = self._heap[0]
            if self._due.get(scope) == due and scope not in self._active:
                return due - time.monotonic()
            heapq.heappop(self._heap)
        return None
