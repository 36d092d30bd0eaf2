"""A few threads, and many who want them: everybody in turn, and nobody more than some at once."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock


class Turns:
    """Thread-safe. ``each``: how many threads one has at once at most; with fewer than ``threads`` some stay free."""

    def __init__(self, threads: int, each: int, name: str) -> None:
        self._pool, self._each, self._free = ThreadPoolExecutor(threads, name), each, threads
        self._waiting: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._lock = Lock()
        self._closed = False

    def add(self, whose: str, act: Callable[[], None]) -> None:
        with self._lock:
            if not self._closed:
                self._waiting.setdefault(whose, deque()).append(act)
                self._begin()

    def close(self) -> None:
        """What has begun ends; what waits is left."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
        self._pool.shutdown()

    def _begin(self) -> None:
        while self._free and (whose := self._next()):
            acts = self._waiting[whose]
            act = acts.popleft()
            if acts:
                self._waiting.move_to_end(whose)
            else:
                del self._waiting[whose]
            self._free -= 1
            self._running[whose] += 1
            self._pool.submit(self._run, whose, act)

    def _next(self) -> str | None:
        return next((whose for whose in self._waiting if self._running[whose] < self._each), None)

    def _run(self, whose: str, act: Callable[[], None]) -> None:
        try:
            act()
        finally:
            with self._lock:
                self._free += 1
                self._running[whose] -= 1
                if not self._running[whose]:
                    del self._running[whose]
                self._begin()
