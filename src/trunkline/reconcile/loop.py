"""The reconciler at work: threads that take due scopes, a socket on which it is woken, and a timer for everything that
nobody announces. An id only wakes; what to do is always read from the store and the network.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread

from trunkline.errors import Fault, TrunklineError, Unsupported
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.dependency import awaited, touched
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import FAULT
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.profile import Profile
from trunkline.model.resource import ProvisioningState, ResourceId, now
from trunkline.reconcile.answers import Answers
from trunkline.reconcile.connections import refresh_connections
from trunkline.reconcile.converge import Converger
from trunkline.reconcile.finish import answer, fail, operation_of, refuse, succeed
from trunkline.reconcile.pending import Pending
from trunkline.reconcile.queue import ScopeQueue
from trunkline.reconcile.rhythm import Rhythm
from trunkline.reconcile.route_servers import refresh_bgp_connections
from trunkline.reconcile.settle import to_watch, waiting_for
from trunkline.settings import Timing
from trunkline.store import Store

log = logging.getLogger(__name__)

#: First and longest pause between two looks at a scope that is not settled; seconds.
_LOOK_FIRST_S, _LOOK_MOST_S = 0.05, 0.5
#: How often the timer runs, and how often it refreshes what customers see of connections; seconds.
_TICK_S, _REFRESH_S = 0.5, 2.0
#: Shortest pause between two passes that nobody asked for; seconds.
_RESYNC_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class _Settling:
    """A scope that was applied by a pass begun at ``started`` and is not yet observed."""

    blueprint: Blueprint
    started: float
    pause_s: float = _LOOK_FIRST_S


class Reconciler:
    """``run`` blocks until ``stop``. Everything else may be called from any thread."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile, timing: Timing) -> None:
        self._store, self._speaker, self._timing = store, speaker, timing
        self._converger = Converger(store, plane, speaker, profile, self._all_due)
        self._answers = Answers(store, plane, speaker, profile)
        self._refreshes: tuple[Callable[[], None], ...] = tuple(
            partial(refresh, store, speaker, profile) for refresh in (refresh_connections, refresh_bgp_connections))
        self._queue, self._pending = ScopeQueue(), Pending(timing.settle_deadline_s)
        self._settling: dict[Scope, _Settling] = {}
        self._dirty: dict[Scope, float] = {}  #: since when a full pass is due
        self._failures: dict[Scope, int] = {}
        self._owners: dict[str, Scope] = {}  #: scope of each router, by node
        self._asked: set[str] = set()
        self._lock = Lock()
        self._resynced = 0.0  #: when every scope will have been looked at again; time.monotonic()
        self._adopted, self._stopped = Event(), Event()
        self._askers = ThreadPoolExecutor(4, "answers")

    def run(self, wake_socket: Path, workers: int) -> None:
        """Adopt what runs, then serve wakes until stopped; passes under way end first."""
        self._speaker.watch(self._daemon_died)
        threads = [Thread(target=self._work, name=f"scopes-{n}", daemon=True) for n in range(workers)]
        threads += [Thread(target=self._tick, name="timer", daemon=True)]
        self._adopt()
        for thread in threads:
            thread.start()
        self._listen(wake_socket)
        self._queue.close()
        self._askers.shutdown(cancel_futures=True)
        for thread in threads:
            thread.join()

    def stop(self) -> None:
        self._stopped.set()

    def wake(self, words: list[str]) -> None:
        """``words``: ids of resources that changed, and ``op:<id>`` for operations that ask something."""
        scopes: set[Scope] = set()
        for word in words:
            try:
                if word.startswith("op:"):
                    self._ask(word.removeprefix("op:"))
                elif word:
                    scopes |= self._note(ResourceId.parse(word))
            except Exception:
                log.exception("wake", extra={"word": word})
        self._all_due(scopes)

    def due(self, scope: Scope, delay_s: float = 0.0) -> None:
        """A full pass over ``scope``, even while an earlier one waits to be observed."""
        with self._lock:
            self._dirty[scope] = time.monotonic()
        self._queue.add(scope, delay_s)

    def _all_due(self, scopes: Iterable[Scope]) -> None:
        """What legs stand on before the legs, so that they need not wait for it."""
        for scope in sorted(scopes, key=lambda one: (one.kind is ScopeKind.LEG, one)):
            self.due(scope)

    @property
    def busy(self) -> bool:
        """Whether any scope is due, being worked on, or waiting to be observed; true before ``run`` has adopted."""
        return not self._adopted.is_set() or len(self._queue) > 0

    # ── what wakes it ──────────────────────────────────────────────────────────────────────────────────────────────

    def _listen(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wakes:
            wakes.bind(str(path))
            wakes.settimeout(_TICK_S)
            while not self._stopped.is_set():
                try:
                    self.wake(wakes.recv(65536).decode(errors="replace").split("\n"))
                except TimeoutError:
                    continue
        path.unlink(missing_ok=True)

    def _adopt(self) -> None:
        """After a start: every scope that was ever applied is due, and so is every open wish."""
        with self._store.reading() as reader:
            scopes = [Scope.parse(text) for text in reader.applied_scopes()]
        self._all_due(scopes)
        self._open_wishes()
        self._adopted.set()

    def _open_wishes(self) -> None:
        with self._store.reading() as reader:
            pending = reader.pending()
        scopes: set[Scope] = set()
        for operation in pending:
            if operation.kind is OperationKind.ACTION:
                self._ask(operation.id)
            elif operation.kind is not OperationKind.DEPLOYMENT and operation.id not in self._pending:
                scopes |= self._note(operation.resource)
        self._all_due(scopes)

    def _note(self, resource: ResourceId) -> frozenset[Scope]:
        """Begin to wait for the resource's operations; which scopes to pass over."""
        with self._store.reading() as reader:
            found = reader.get(resource)
            own = awaited(found, reader) if found else frozenset()
            all_scopes = touched(found, reader) if found else frozenset()
            operations = [o.id for o in reader.running(resource)
                          if o.kind in (OperationKind.PUT, OperationKind.DELETE)]
        news = [operation for operation in operations if self._pending.add(operation, own)]
        if not own:
            self._complete(news)
        return all_scopes if news or not operations else frozenset()

    def _daemon_died(self, node: str) -> None:
        log.warning("daemon ended", extra={"node": node})
        if scope := self._owners.get(node):
            self.due(scope)

    def _tick(self) -> None:
        often = (self._open_wishes, self._end_overdue, self._end_expired_faults)
        rhythms = (
            *(Rhythm(0, act) for act in often),
            *(Rhythm(_REFRESH_S, act) for act in (*self._refreshes, self._look_for_nodes)),
            *(Rhythm(self._timing.resync_interval_s, act) for act in (self._resync, self._prune)))
        while not self._stopped.wait(_TICK_S):
            for rhythm in rhythms:
                try:
                    rhythm.beat()
                except Exception:
                    log.exception("timer")

    def _resync(self) -> None:
        """Every scope is looked at once per interval, spread over it so that it is never felt; on a large estate the
        interval is longer."""
        if time.monotonic() < self._resynced:
            return
        with self._store.reading() as reader:
            scopes = reader.applied_scopes()
        spread_s = max(self._timing.resync_interval_s, len(scopes) * _RESYNC_PAUSE_S)
        self._resynced = time.monotonic() + spread_s
        for index, text in enumerate(scopes):
            self._queue.add(Scope.parse(text), spread_s * index / len(scopes))

    def _look_for_nodes(self) -> None:
        """A namespace that somebody deleted is made again at once, not at the next resync."""
        self._all_due(self._converger.lacking())

    def _prune(self) -> None:
        """Finished operations and old activities are forgotten after their retention."""
        with self._store.writing() as writer:
            writer.prune(now() - timedelta(seconds=self._timing.operation_retention_s),
                         now() - timedelta(seconds=self._timing.activity_retention_s))

    def _end_overdue(self) -> None:
        for operation, reason in self._pending.overdue():
            self._pending.forget(operation)
            fail(self._store, operation, "RealisationTimedOut",
                 f"Not observed within {self._timing.settle_deadline_s:.0f} seconds; still waiting for "
                 f"{reason or 'the network'}. Mend that if it is yours, and repeat the request.")

    def _end_expired_faults(self) -> None:
        with self._store.reading() as reader:
            expired = [f.id for f in reader.list(FAULT)
                       if not f.deleting and datetime.fromisoformat(f.system["expiresAt"]) <= now()]
        for fault in expired:
            with self._store.writing() as writer:
                writer.set_status(fault, state=ProvisioningState.DELETING)
                writer.begin(Operation(f"expired-{time.time_ns():x}", fault, OperationKind.DELETE))
            self._all_due(self._note(fault))

    # ── what it does ───────────────────────────────────────────────────────────────────────────────────────────────

    def _work(self) -> None:
        while scope := self._queue.get():
            try:
                self._advance(scope)
            except Exception as problem:  # noqa: BLE001  the top of a loop: a scope must not stop the others
                self._retry(scope, problem)
            finally:
                self._queue.done(scope)

    def _advance(self, scope: Scope) -> None:
        with self._lock:
            since = self._dirty.pop(scope, None)
            settling = self._settling.get(scope)
        if since is not None or settling is None:
            made = self._converger.converge(scope, time.monotonic() if since is None else since)
            self._failures.pop(scope, None)
            self._own(made.blueprint)
            for freed in made.released:
                self.due(freed)
            for unmet in made.unmet:
                self.due(unmet, self._timing.retry_first_s)
            self._pending.tried(scope)
            settling = _Settling(made.blueprint, made.started)
        self._look(scope, settling)

    def _look(self, scope: Scope, settling: _Settling) -> None:
        missing = waiting_for({router: self._speaker.sessions(router) for router in to_watch(settling.blueprint)})
        if not missing:
            with self._lock:
                self._settling.pop(scope, None)
            self._complete(self._pending.settled(scope, settling.started))
            return
        self._tell(scope, missing)
        longer = _Settling(settling.blueprint, settling.started, min(settling.pause_s * 1.5, _LOOK_MOST_S))
        if time.monotonic() - settling.started < self._timing.settle_deadline_s:
            with self._lock:
                self._settling[scope] = longer
            self._queue.add(scope, settling.pause_s)
        else:
            with self._lock:
                self._settling.pop(scope, None)

    def _retry(self, scope: Scope, problem: Exception) -> None:
        failures = self._failures[scope] = self._failures.get(scope, 0) + 1
        pause_s = min(self._timing.retry_first_s * 2 ** (failures - 1), self._timing.retry_most_s)
        level = logging.WARNING if isinstance(problem, TrunklineError) else logging.ERROR
        log.log(level, "pass failed", exc_info=not isinstance(problem, TrunklineError),
                extra={"scope": str(scope), "problem": str(problem), "retry_in_s": pause_s})
        self._pending.tried(scope)
        self.due(scope, pause_s)
        try:
            self._tell(scope, str(problem))
            if isinstance(problem, Unsupported):
                self._give_up(scope, problem)
        except TrunklineError:
            log.exception("nothing could be written about it", extra={"scope": str(scope)})

    def _give_up(self, scope: Scope, problem: Unsupported) -> None:
        """No retry helps on this machine: what waits for the scope fails at once."""
        for operation in self._pending.waiting_on(scope):
            self._pending.forget(operation)
            fail(self._store, operation, "NotSupportedOnThisMachine", str(problem))

    def _tell(self, scope: Scope, reason: str) -> None:
        for operation, news in self._pending.delayed(scope, reason):
            with self._store.writing() as writer:
                writer.progress(operation, news)

    def _complete(self, operations: Sequence[str]) -> None:
        for operation in operations:
            self._pending.forget(operation)
        if operations:
            succeed(self._store, operations)

    def _own(self, blueprint: Blueprint) -> None:
        with self._lock:
            self._owners |= {router.node: blueprint.scope for router in blueprint.routers}

    def _ask(self, operation: str) -> None:
        with self._lock:
            if operation in self._asked:
                return
            self._asked.add(operation)
        self._askers.submit(self._answer, operation)

    def _answer(self, operation: str) -> None:
        try:
            found = operation_of(self._store, operation)
            if found and not found.status.final:
                answer(self._store, operation, self._answers.of(found))
        except Fault as fault:
            refuse(self._store, operation, fault.code, str(fault))
        except Exception:
            log.exception("answer", extra={"operation": operation})
            self._refuse(operation)
        finally:
            with self._lock:
                self._asked.discard(operation)

    def _refuse(self, operation: str) -> None:
        try:
            refuse(self._store, operation, "InternalServerError",
                   "The network could not be read; the reconciler's journal says why. Ask again.")
        except TrunklineError:
            log.exception("nothing could be written about it", extra={"operation": operation})
