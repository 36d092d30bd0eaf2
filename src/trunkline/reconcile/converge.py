"""One pass over one scope. Level-triggered: the same after an edit, a crash, a reboot and by timer."""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock, RLock

from trunkline.errors import Degraded, TrunklineError
from trunkline.intent.blueprint import Blueprint, from_json, outline, to_json
from trunkline.intent.compile import compile
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.estate import Remembered
from trunkline.intent.network import Key, Node, nodes_of
from trunkline.intent.scope import PLANT, Scope, ScopeKind
from trunkline.model.profile import Profile
from trunkline.model.resource import Json
from trunkline.reconcile.difference import Difference, differ, union
from trunkline.reconcile.remembered import TestRoutes
from trunkline.reconcile.standing import Standing
from trunkline.store import Store

log = logging.getLogger(__name__)

#: What stops one piece or router but not the others: a driver's refusal, or a disk that is full.
_REFUSALS = (TrunklineError, OSError)


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass that succeeded: what it realised, when it began (``time.monotonic()``), what is no longer required.

    ``unmet``: required scopes whose own pass failed in a part that this one does not lean on (a site's other router).
    ``degraded``: what is missing of what a customer or operator brings; all else is realised.
    """

    blueprint: Blueprint
    started: float
    released: frozenset[Scope]
    unmet: tuple[Scope, ...] = ()
    degraded: str = ""


@dataclass(frozen=True, slots=True)
class Adoption:
    """``owners``: the scope of each router, by node. ``broken``: scopes that lack a node or a daemon."""

    scopes: frozenset[Scope]
    owners: Mapping[str, Scope]
    broken: frozenset[Scope]


class Converger:
    """Thread-safe: one scope is only in one hand at a time, and a pass takes the locks of what it requires, which is
    always further down the plant, so passes cannot wait for each other in a circle.

    ``fallen`` is told of scopes that had something on nodes which were lost and made anew, or that stand on what was
    degraded and is whole, and of faults on nodes to which something came."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile,
                 fallen: Callable[[frozenset[Scope]], None] = lambda _scopes: None) -> None:
        self._store, self._plane, self._speaker, self._profile = store, plane, speaker, profile
        self._fallen, self._standing = fallen, Standing()
        self._tests = TestRoutes(store, speaker, profile)
        self._locks: dict[Scope, RLock] = defaultdict(RLock)
        self._guard = Lock()
        self._passes: dict[Scope, Pass] = {}
        self._degraded: set[Scope] = set()
        self._unwell: dict[Scope, tuple[float, bool]] = {}  #: when a pass began that failed, or was degraded (True)

    def converge(self, scope: Scope, since: float) -> Pass:
        """The latest pass over a scope, made now unless one has begun after ``since``. Raises DriverFailure …"""
        with self._lock(scope):
            latest = self._passes.get(scope)
            return latest if latest and latest.started >= since else self._pass_over(scope, since)

    def _pass_over(self, scope: Scope, since: float) -> Pass:
        self._passes.pop(scope, None)
        self._unwell[scope] = time.monotonic(), False
        made = self._realise(scope, since)
        self._standing.put(made.blueprint)
        if made.blueprint and not made.degraded:
            self._passes[scope] = made
        if made.degraded:
            self._unwell[scope] = made.started, True
        else:
            del self._unwell[scope]
        self._note(scope, bool(made.degraded))
        return made

    def _note(self, scope: Scope, degraded: bool) -> None:
        """An interface that came back is another one to the kernel, so what leads over it must be led anew."""
        if degraded:
            self._degraded.add(scope)
        elif scope in self._degraded:
            self._degraded.discard(scope)
            self._fallen(self._standing.requiring(scope))

    def adopt(self) -> Adoption:
        """What an earlier life has left, told from names alone: whether each piece is as described is for passes to
        see. So what broke meanwhile is known within a moment, however large the estate."""
        with self._store.reading() as reader:
            outlines = {Scope.parse(text): outline(stored) for text, stored in reader.all_applied()}
        for scope, found in outlines.items():
            self._standing.own(scope, found.nodes)
        owners = {node: scope for scope, found in outlines.items() for node in found.routers}
        silent = owners.keys() - self._speaker.running()
        return Adoption(frozenset(outlines), owners, self.lacking() | frozenset(owners[node] for node in silent))

    @property
    def stands(self) -> bool:
        """Whether any node exists."""
        return bool(self._plane.nodes())

    def lacking(self) -> frozenset[Scope]:
        """Scopes of which somebody has deleted a node, or something ended by itself: an interface of the machine, a
        cache, which also has to be told when its file is another."""
        fleeting = {scope: found for scope, found in self._standing.fleeting().items() if scope not in self._degraded}
        held = self._plane.observe([one for found in fleeting.values() for one in found]) if fleeting else frozenset()
        lost = frozenset(scope for scope, found in fleeting.items() if not {one.key for one in found} <= held)
        return self._standing.lacking(self._plane.nodes()) | lost

    def _lock(self, scope: Scope) -> RLock:
        with self._guard:
            return self._locks[scope]

    def _realise(self, scope: Scope, since: float) -> Pass:
        """What may exist is recorded before anything is done, what does exist afterwards."""
        started = time.monotonic()
        desired, stored = self._read(scope)
        wished = _stored_form(desired)
        applied = desired if wished == stored else _applied(scope, stored)
        between = _stored_form(union(desired, applied)) if stored and wished != stored else wished
        if between != stored:
            self._record(scope, between)
        unmet = tuple(required for required in desired.requires if not self._stands(required, since))
        difference = differ(desired, applied, self._observe(desired) if stored else frozenset())
        lost, degraded = self._lost(difference, applied), ""
        self._tests.note(scope)
        try:
            self._end_orphans(lost, applied)
            self._apply(scope, difference)
            if stored and difference.network:  # what leaned on a piece made anew fell with it
                self._apply(scope, differ(desired, desired, self._observe(desired)))
        except _REFUSALS as problem:
            for required in desired.requires:  # what it stands on may be gone: the retry looks
                self._passes.pop(required, None)
            if unmet or not isinstance(problem, Degraded):
                raise
            degraded = str(problem)
        finally:
            if fallen := self._standing.on(lost) | self._faults(scope, difference):
                self._fallen(fallen)
        if between != wished:
            self._record(scope, wished)
        return Pass(desired, started, difference.released, unmet, degraded)

    def _stands(self, required: Scope, since: float) -> bool:
        """Whether a required scope is realised. If a part of it failed, this pass goes on: what it leans on may be
        there, and if not, its own pieces will say so. One leg must not wait for the router of the other. What failed
        after ``since`` is not tried again for each that requires it."""
        with self._lock(required):
            began, stands = self._unwell.get(required, (-math.inf, False))
            if began >= since:
                return stands
            try:
                if required not in self._passes:
                    self._pass_over(required, since)
            except _REFUSALS as problem:
                log.warning("required scope not realised", extra={"scope": str(required), "problem": str(problem)})
                return False
            return True

    def _read(self, scope: Scope) -> tuple[Blueprint, Json | None]:
        """What is desired and what is stored as applied, of one moment. Plant that nobody requires is not desired."""
        with self._store.reading() as estate:
            stored = estate.applied(str(scope))
            unwanted = scope.kind in PLANT and not estate.required(str(scope))
            desired = Blueprint(scope) if unwanted else compile(scope, Remembered(estate), self._profile)
        return desired, stored

    def _record(self, scope: Scope, stored_form: Json | None) -> None:
        with self._store.writing() as writer:
            writer.save_applied(str(scope), stored_form, frozenset(stored_form["requires"] if stored_form else ()))

    def _observe(self, desired: Blueprint) -> frozenset[Key]:
        return self._plane.observe(desired.pieces) | self._speaker.observe(desired.routers)

    def _apply(self, scope: Scope, difference: Difference) -> None:
        if not difference:
            return
        log.info("apply", extra={"scope": str(scope), "remove": len(difference.network.remove),
                                 "ensure": len(difference.network.ensure), "start": len(difference.start),
                                 "stop": len(difference.stop)})
        for node in difference.stop:
            self._speaker.remove(node)
        problems: list[Exception] = []
        if difference.network:
            try:
                self._plane.apply(difference.network)
            except _REFUSALS as problem:
                problems.append(problem)
        for router in difference.start:
            try:
                self._speaker.apply(router)
            except _REFUSALS as problem:
                problems.append(problem)
        if problems:
            raise next((problem for problem in problems if not isinstance(problem, Degraded)), problems[0])

    def _faults(self, scope: Scope, difference: Difference) -> frozenset[Scope]:
        """Those that stand on nodes to which something came: it fails like all the rest there."""
        if scope.kind is ScopeKind.FAULT:
            return frozenset()
        nodes = frozenset(node for piece in difference.network.ensure for node in nodes_of(piece))
        return frozenset(one for one in self._standing.on(nodes) if one.kind is ScopeKind.FAULT)

    def _lost(self, difference: Difference, applied: Blueprint) -> frozenset[str]:
        """Nodes that this scope has had and that are gone."""
        anew = frozenset(piece.name for piece in difference.network.ensure if isinstance(piece, Node)) & applied.nodes
        return anew - self._plane.existing(anew) if anew else anew

    def _end_orphans(self, lost: frozenset[str], applied: Blueprint) -> None:
        """Where somebody deleted a namespace while its daemon ran, the daemon keeps the dead namespace alive, and the
        tunnels in it, so it must go before they can be made anew."""
        for node in lost & frozenset(router.node for router in applied.routers):
            self._speaker.remove(node)


def _stored_form(blueprint: Blueprint) -> Json | None:
    return to_json(blueprint) if blueprint else None


def _applied(scope: Scope, stored: Json | None) -> Blueprint:
    return from_json(stored) if stored else Blueprint(scope)
