"""Operations in flight and the scopes each still waits for. In memory: a restart reads them from the store again."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from trunkline.intent.scope import Scope

#: What takes no longer than this is not worth a word; seconds.
_PATIENCE_S = 1.0


@dataclass(slots=True)
class _Waiting:
    scopes: set[Scope]
    untried: set[Scope]  #: no pass over them has ended yet
    since: float
    tried: float  #: since when all scopes have been tried
    reason: str = ""


class Pending:
    """Thread-safe; what concerns one scope costs what waits for that scope. Times are ``time.monotonic()``."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._waiting: dict[str, _Waiting] = {}
        self._by_scope: dict[Scope, dict[str, _Waiting]] = defaultdict(dict)
        self._lock = Lock()

    def add(self, operation: str, scopes: Iterable[Scope]) -> bool:
        """Start to wait; ``False`` if it is known already."""
        with self._lock:
            if operation in self._waiting:
                return False
            now, wanted = time.monotonic(), set(scopes)
            waiting = self._waiting[operation] = _Waiting(wanted, set(wanted), now, now)
            for scope in wanted:
                self._by_scope[scope][operation] = waiting
            return True

    def __contains__(self, operation: str) -> bool:
        with self._lock:
            return operation in self._waiting

    def tried(self, scope: Scope) -> None:
        """A pass over ``scope`` has ended, well or not."""
        with self._lock:
            for waiting in self._of(scope).values():
                if scope in waiting.untried:
                    waiting.untried.discard(scope)
                    waiting.tried = time.monotonic()

    def settled(self, scope: Scope, started: float) -> tuple[str, ...]:
        """A pass over ``scope`` that began at ``started`` has been observed: the operations that now wait for nothing.
        Passes begun before an operation do not count for it."""
        complete = []
        with self._lock:
            for operation, waiting in list(self._of(scope).items()):
                if started >= waiting.since:
                    self._part(operation, scope)
                    waiting.scopes.discard(scope)
                    if not waiting.scopes:
                        complete.append(operation)
        return tuple(complete)

    def delayed(self, scope: Scope, reason: str) -> tuple[tuple[str, str], ...]:
        """``scope`` is not there yet: (operation, reason) of those that waited a while and whose reason is news."""
        patient = time.monotonic() - _PATIENCE_S
        with self._lock:
            news = [(operation, waiting) for operation, waiting in self._of(scope).items()
                    if waiting.reason != reason and waiting.since < patient]
            for _, waiting in news:
                waiting.reason = reason
        return tuple((operation, reason) for operation, _ in news)

    def waiting_on(self, scope: Scope) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._of(scope))

    def overdue(self) -> tuple[tuple[str, str], ...]:
        """(operation, reason) of those that have waited longer than the deadline; waiting for a turn does not count."""
        end = time.monotonic() - self._deadline_s
        with self._lock:
            return tuple((operation, waiting.reason) for operation, waiting in self._waiting.items()
                         if not waiting.untried and waiting.tried < end)

    def forget(self, operation: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(operation, None)
            for scope in waiting.scopes if waiting else ():
                self._part(operation, scope)

    def _of(self, scope: Scope) -> Mapping[str, _Waiting]:
        return self._by_scope.get(scope, {})

    def _part(self, operation: str, scope: Scope) -> None:
        """No longer of each other's concern."""
        self._by_scope[scope].pop(operation, None)
        if not self._by_scope[scope]:
            del self._by_scope[scope]
