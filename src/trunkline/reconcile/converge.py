"""One pass over one scope. Level-triggered: the same after an edit, a crash, a reboot and by timer."""

from __future__ import annotations

import logging
from collections import defaultdict
from threading import Lock, RLock

from trunkline.errors import TrunklineError
from trunkline.intent.blueprint import Blueprint, from_json, to_json
from trunkline.intent.compile import compile
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.network import Key
from trunkline.intent.scope import PLANT, Scope
from trunkline.model.profile import Profile
from trunkline.reconcile.difference import Difference, differ, union
from trunkline.store import Store

log = logging.getLogger(__name__)

#: What stops one piece or router but not the others: a driver's refusal, or a disk that is full.
_REFUSALS = (TrunklineError, OSError)


class Converger:
    """Thread-safe: one scope is only in one hand at a time, and a pass takes the locks of what it requires, which is
    always further down the plant, so passes cannot wait for each other in a circle."""

    def __init__(self, store: Store, plane: Plane, speaker: Speaker, profile: Profile) -> None:
        self._store, self._plane, self._speaker, self._profile = store, plane, speaker, profile
        self._locks: dict[Scope, RLock] = defaultdict(RLock)
        self._guard = Lock()
        self._realised: set[Scope] = set()

    def converge(self, scope: Scope) -> tuple[Blueprint, frozenset[Scope]]:
        """Realise a scope; answers its blueprint and the scopes it no longer requires. Raises DriverFailure …"""
        with self._lock(scope):
            self._realised.discard(scope)
            desired, applied = self._read(scope)
            recorded = union(desired, applied)
            if not _equal(recorded, applied):
                self._record(scope, recorded)
            for required in desired.requires:
                self._require(required)
            observed = self._observe(desired) if applied else frozenset()
            difference = differ(desired, applied, observed)
            try:
                self._apply(scope, difference)
            except _REFUSALS:
                self._realised.difference_update(desired.requires)  # what it stands on may be gone: the retry looks
                raise
            if not _equal(recorded, desired):
                self._record(scope, desired)
            if desired:
                self._realised.add(scope)
            return desired, difference.released

    def _lock(self, scope: Scope) -> RLock:
        with self._guard:
            return self._locks[scope]

    def _require(self, scope: Scope) -> None:
        with self._lock(scope):
            if scope not in self._realised:
                self.converge(scope)

    def _read(self, scope: Scope) -> tuple[Blueprint, Blueprint]:
        """(desired, applied), of one moment. Plant that nobody requires is not desired."""
        with self._store.reading() as estate:
            stored = estate.applied(str(scope))
            unwanted = scope.kind in PLANT and not estate.required(str(scope))
            desired = Blueprint(scope) if unwanted else compile(scope, estate, self._profile)
        return desired, from_json(stored) if stored else Blueprint(scope)

    def _record(self, scope: Scope, blueprint: Blueprint) -> None:
        with self._store.writing() as writer:
            writer.save_applied(str(scope), to_json(blueprint) if blueprint else None,
                                frozenset(str(required) for required in blueprint.requires))

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
            raise problems[0]


def _equal(one: Blueprint, other: Blueprint) -> bool:
    """Apart from secrets, which are not stored."""
    return to_json(one) == to_json(other)
