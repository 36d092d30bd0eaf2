"""The reconciler at work: threads that take due scopes, a socket on which it is woken, and a timer for everything that
nobody announces. An id only wakes; what to do is always read from the store and the network.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread

from trunkline.errors import TrunklineError, Unsupported
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.dependency import awaited, touched
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.scope import Scope
from trunkline.model.operation import OperationKind
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId, now
from trunkline.reconcile.answers import Answers
from trunkline.reconcile.asking import Asking
from trunkline.reconcile.authorities import Authorities
from trunkline.reconcile.connections import ConnectionStates
from trunkline.reconcile.converge import Converger
from trunkline.reconcile.expiry import end_expired, end_rehearsals, end_tests
from trunkline.reconcile.finish import fail, succeed
from trunkline.reconcile.maintenance import Maintenances
from trunkline.reconcile.monitor.watch import Monitor
from trunkline.reconcile.origins import LOOK_S, Feed
from trunkline.reconcile.path_selection import PathSelection
from trunkline.reconcile.pending import Pending
from trunkline.reconcile.queue import ScopeQueue, in_order
from trunkline.reconcile.reaching import ReachStates
from trunkline.reconcile.rhythm import Rhythm
from trunkline.reconcile.route_servers import refresh_bgp_connections
from trunkline.reconcile.settle import to_watch, waiting_for
from trunkline.reconcile.troubles import Troubles
from trunkline.reconcile.validators import refresh_validators
from trunkline.settings import Timing
from trunkline.store import Store

log = logging.getLogger(__name__)

#: First and longest pause between two looks at a scope that is not settled; seconds.
_LOOK_FIRST_S, _LOOK_MOST_S = 0.05, 0.5
#: How often the timer runs, and how often it refreshes what customers see of connections; seconds.
_TICK_S, _REFRESH_S = 0.5, 2.0
#: How often failover tests are looked for that nobody stops: it takes reading all circuits; seconds.
_TESTS_S = 15.0
#: How often maintenances are looked at; seconds.
_KEEP_S = 1.0
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

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile, timing: Timing,
                 authorities: Authorities) -> None:
        origins, self._registrar = authorities.origins, authorities.registrar
        self._store, self._speaker, self._timing, self._origins = store, speaker, timing, origins
        self._converger = Converger(store, plane, speaker, profile, self._all_due)
        self._troubles = Troubles(authorities)
        self._asking = Asking(store, Answers(store, plane, speaker, profile, self._troubles))
        self._refreshes: tuple[Callable[[], None], ...] = (
            ConnectionStates(store, speaker, profile).refresh,
            partial(refresh_bgp_connections, store, speaker, profile),
            ReachStates(store, speaker, profile).refresh,
            *((partial(refresh_validators, store, origins),) if origins else ()))
        self._maintenances = Maintenances(store, plane, speaker, profile)
        self._path_selection = PathSelection(store, plane, speaker, profile, self._troubles, self._all_due)
        self.monitor = Monitor(store, plane, speaker, profile, self.wake, origins)
        self._queue, self._pending = ScopeQueue(), Pending(timing.settle_deadline_s)
        self._settling: dict[Scope, _Settling] = {}
        self._dirty: dict[Scope, float] = {}  #: since when a full pass is due
        self._failures: dict[Scope, int] = {}
        self._owners: dict[str, Scope] = {}  #: scope of each router, by node
        self._unseen: set[Scope] = set()  #: applied in an earlier life, not yet looked at in this one
        self._lock = Lock()
        self._resynced = 0.0  #: when every scope will have been looked at again; time.monotonic()
        self._adopted, self._stopped = Event(), Event()

    def run(self, wake_socket: Path, workers: int) -> None:
        """Adopt what runs, then serve wakes until stopped; passes under way end first."""
        self._speaker.watch(self._daemon_died)
        threads = [Thread(target=self._work, name=f"scopes-{n}", daemon=True) for n in range(workers)]
        threads += [Thread(target=self._tick, args=(self._rhythms(),), name="timer", daemon=True),
                    Thread(target=self._path_selection.run, args=(self._stopped,), name="links", daemon=True),
                    Thread(target=self._path_selection.hasten, args=(self._stopped,), name="haste", daemon=True),
                    Thread(target=self.monitor.run, args=(self._stopped,), name="monitor", daemon=True)]
        feeds = self._origins.feeds if self._origins else ()
        if self._registrar:
            asked = Rhythm(_REFRESH_S, partial(self._registrar.refresh, self._all_due))
            threads.append(Thread(target=self._tick, args=((asked,),), name="registrar", daemon=True))
        threads += [Thread(target=self._follow, args=(feed,), name="origins", daemon=True) for feed in feeds]
        self._adopt()
        for thread in threads:
            thread.start()
        self._listen(wake_socket)
        self._queue.close()
        self._asking.close()
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
                    self._asking.ask(word.removeprefix("op:"))
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
        for scope in in_order(scopes):
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
        """After a start: what broke meanwhile is due, and so is every open wish. Whether all else is still as applied
        is looked at when there is nothing else to do."""
        found = self._converger.adopt()
        log.info("adopting", extra={"scopes": len(found.scopes), "broken": len(found.broken)})
        with self._lock:
            self._owners |= found.owners
            self._unseen = set(found.scopes)
        if not self._converger.stands:
            end_rehearsals(self._store)
        self._open_wishes()
        self._all_due(found.broken)
        for scope in in_order(found.scopes):
            self._queue.add(scope, idle=True)
        self._adopted.set()

    def _open_wishes(self) -> None:
        with self._store.reading() as reader:
            news = [operation for owed, kind in reader.owed() if not self._knows(owed, kind)
                    and (operation := reader.operation(owed))]
        scopes: set[Scope] = set()
        for operation in news:
            if operation.kind is OperationKind.ACTION:
                self._asking.ask(operation.id)
            else:
                scopes |= self._note(operation.resource)
        self._all_due(scopes)

    def _knows(self, operation: str, kind: OperationKind) -> bool:
        return operation in (self._asking if kind is OperationKind.ACTION else self._pending)

    def _note(self, resource: ResourceId) -> frozenset[Scope]:
        """Begin to wait for the resource's operations; which scopes to pass over."""
        felt = self._registrar.judge(resource) if self._registrar else frozenset[Scope]()
        with self._store.reading() as reader:
            found = reader.get(resource)
            own = awaited(found, reader) if found else frozenset()
            all_scopes = touched(found, reader) if found else frozenset()
            operations = [o.id for o in reader.running(resource)
                          if o.kind in (OperationKind.PUT, OperationKind.DELETE)]
        news = [operation for operation in operations if self._pending.add(operation, own)]
        if not own:
            self._complete(news)
        return felt | all_scopes if news or not operations else felt

    def _daemon_died(self, node: str) -> None:
        log.warning("daemon ended", extra={"node": node})
        if scope := self._owners.get(node):
            self.due(scope)

    def _rhythms(self) -> tuple[Rhythm, ...]:
        often = (self._open_wishes, self._end_overdue, self._end_expired)
        return (
            *(Rhythm(0, act) for act in often), Rhythm(_TESTS_S, self._end_tests), Rhythm(_KEEP_S, self._maintain),
            *(Rhythm(_REFRESH_S, act) for act in (*self._refreshes, self._look_for_nodes)),
            *(Rhythm(self._timing.resync_interval_s, act) for act in (self._resync, self._prune)))

    def _tick(self, rhythms: Iterable[Rhythm]) -> None:
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
            self._queue.add(Scope.parse(text), spread_s * index / len(scopes), idle=True)

    def _look_for_nodes(self) -> None:
        """What somebody deleted is made again at once, not at the next resync; a daemon that had to wait is told."""
        with self._lock:
            waiting = {scope for node in self._speaker.waiting() if (scope := self._owners.get(node))}
        self._all_due(self._converger.lacking() | waiting)

    def _follow(self, feed: Feed) -> None:
        """A source of VRPs; caches are told of news at once."""
        while not self._stopped.is_set():
            try:
                if feed.beat():
                    self._look_for_nodes()
            except Exception:
                log.exception("origins")
            self._stopped.wait(LOOK_S)

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

    def _end_expired(self) -> None:
        for resource in end_expired(self._store):
            self._all_due(self._note(resource))

    def _maintain(self) -> None:
        self._all_due(self._maintenances.beat())

    def _end_tests(self) -> None:
        for circuit in end_tests(self._store):
            self._all_due(self._note(circuit))

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
            self._note_trouble(scope, made.degraded)
            self._own(made.blueprint)
            self.monitor.know(made.blueprint)
            for freed in made.released:
                self.due(freed)
            for unmet in made.unmet:
                self.due(unmet, self._timing.retry_first_s)
            self._tried(scope)
            settling = _Settling(made.blueprint, made.started)
        self._look(scope, settling)

    def _tried(self, scope: Scope) -> None:
        """A pass over it has ended, well or not."""
        self._pending.tried(scope)
        with self._lock:
            was = bool(self._unseen)
            self._unseen.discard(scope)
            if was and not self._unseen:
                log.info("adopted")

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
        pause_s = self._pause_s(scope)
        level = logging.WARNING if isinstance(problem, TrunklineError) else logging.ERROR
        log.log(level, "pass failed", exc_info=not isinstance(problem, TrunklineError),
                extra={"scope": str(scope), "problem": str(problem), "retry_in_s": pause_s})
        self._tried(scope)
        self._troubles.put(scope, str(problem))
        self.due(scope, pause_s)
        try:
            self._tell(scope, str(problem))
            if isinstance(problem, Unsupported):
                self._give_up(scope, problem)
        except TrunklineError:
            log.exception("nothing could be written about it", extra={"scope": str(scope)})

    def _note_trouble(self, scope: Scope, degraded: str) -> None:
        """A scope whose pass succeeded: it is tried again if something of a customer's or operator's is missing."""
        news = degraded != self._troubles.of(scope)
        self._troubles.put(scope, degraded)
        if not degraded:
            self._failures.pop(scope, None)
            return
        pause_s = self._pause_s(scope)
        if news:
            log.warning("degraded", extra={"scope": str(scope), "problem": degraded, "retry_in_s": pause_s})
        self.due(scope, pause_s)

    def _pause_s(self, scope: Scope) -> float:
        """Longer with each time in a row."""
        failures = self._failures[scope] = self._failures.get(scope, 0) + 1
        return min(self._timing.retry_first_s * 2.0 ** min(failures - 1, 32), self._timing.retry_most_s)

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
