"""Which scopes are due. A scope waits at most once, and is never in two hands at the same time.

What nobody waits for is *idle*: it is taken when nothing else is due, and by one hand at a time, so that a wish is not
felt to come after a thousand looks.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Condition

from trunkline.intent.scope import Scope, ScopeKind


@dataclass(slots=True)
class _Lane:
    """Appointments by time; outdated ones stay in the heap until they come to its head."""

    heap: list[tuple[float, int, Scope]] = field(default_factory=list)
    due: dict[Scope, float] = field(default_factory=dict)


class ScopeQueue:
    """Thread-safe. ``add`` while a scope is being worked on makes it due again afterwards."""

    def __init__(self) -> None:
        self._urgent, self._idle = _Lane(), _Lane()
        self._active: set[Scope] = set()
        self._idling: Scope | None = None  #: the one in hand that was idle
        self._count = itertools.count()
        self._changed = Condition()
        self._closed = False

    def add(self, scope: Scope, delay_s: float = 0.0, idle: bool = False) -> None:
        """Make ``scope`` due in ``delay_s`` seconds; an earlier appointment stands."""
        due, lane = time.monotonic() + delay_s, self._idle if idle else self._urgent
        with self._changed:
            if lane.due.get(scope, float("inf")) <= due:
                return
            lane.due[scope] = due
            self._push(lane, scope)

    def get(self) -> Scope | None:
        """The next due scope, now active; blocks; ``None`` after ``close``."""
        with self._changed:
            while not self._closed:
                waits_s = [self._until_next(lane) for lane in self._open()]
                for lane, wait_s in zip(self._open(), waits_s, strict=True):
                    if wait_s is not None and wait_s <= 0:
                        return self._take(lane)
                self._changed.wait(min((wait_s for wait_s in waits_s if wait_s is not None), default=None))
        return None

    def done(self, scope: Scope) -> None:
        with self._changed:
            self._active.discard(scope)
            if self._idling == scope:
                self._idling = None
                self._changed.notify()
            for lane in (self._urgent, self._idle):
                if scope in lane.due:
                    self._push(lane, scope)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._urgent.due.keys() | self._idle.due.keys()) + len(self._active)

    def _open(self) -> tuple[_Lane, ...]:
        """Where the next may come from, the more urgent first."""
        return (self._urgent, self._idle) if self._idling is None else (self._urgent,)

    def _take(self, lane: _Lane) -> Scope:
        """One pass serves both lanes."""
        _, _, scope = heapq.heappop(lane.heap)
        if lane is self._idle:
            self._idling = scope
        self._urgent.due.pop(scope, None)
        self._idle.due.pop(scope, None)
        self._active.add(scope)
        return scope

    def _push(self, lane: _Lane, scope: Scope) -> None:
        heapq.heappush(lane.heap, (lane.due[scope], next(self._count), scope))
        self._changed.notify()

    def _until_next(self, lane: _Lane) -> float | None:
        """Seconds until the head is due; drops entries that are outdated or wait for ``done``."""
        while lane.heap:
            due, _, scope = lane.heap[0]
            if lane.due.get(scope) == due and scope not in self._active:
                return due - time.monotonic()
            heapq.heappop(lane.heap)
        return None


def in_order(scopes: Iterable[Scope]) -> list[Scope]:
    """What legs stand on before the legs, so that they need not wait for it."""
    return sorted(scopes, key=lambda one: (one.kind is ScopeKind.LEG, one))
