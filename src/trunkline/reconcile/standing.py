"""Where realised scopes stand: which nodes are theirs, on which they have something, what of them may end by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet
from threading import Lock
from typing import TypeVar

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.network import Cache, Port, Responder
from trunkline.intent.scope import Scope

Kept = TypeVar("Kept")
#: An interface of the machine may vanish, a program die, a cache have to be told of another file.
Fleeting = Port | Cache | Responder


class Standing:
    """Thread-safe."""

    def __init__(self) -> None:
        self._own: dict[Scope, frozenset[str]] = {}
        self._leans: dict[Scope, frozenset[str]] = {}
        self._on: dict[str, set[Scope]] = defaultdict(set)
        self._fleeting: dict[Scope, tuple[Fleeting, ...]] = {}
        self._requires: dict[Scope, tuple[Scope, ...]] = {}
        self._lock = Lock()

    def put(self, blueprint: Blueprint) -> None:
        """What ``blueprint.scope`` is now; nothing, if it is empty."""
        scope, leans = blueprint.scope, blueprint.leans_on
        with self._lock:
            for node in self._leans.pop(scope, frozenset()) - leans:
                self._on[node].discard(scope)
                if not self._on[node]:
                    del self._on[node]
            self._own.pop(scope, None)
            if leans:
                self._leans[scope] = leans
            if own := blueprint.nodes:
                self._own[scope] = own
            for node in leans:
                self._on[node].add(scope)
            _keep(self._fleeting, scope, tuple(piece for piece in blueprint.pieces if isinstance(piece, Fleeting)))
            _keep(self._requires, scope, blueprint.requires)

    def own(self, scope: Scope, nodes: frozenset[str]) -> None:
        """All that is known of a scope so far: which nodes are its own."""
        with self._lock:
            if nodes:
                self._own[scope] = nodes

    def on(self, nodes: AbstractSet[str]) -> frozenset[Scope]:
        """Scopes that have something on one of these nodes."""
        with self._lock:
            return frozenset(scope for node in nodes for scope in self._on.get(node, ()))

    def fleeting(self) -> dict[Scope, tuple[Fleeting, ...]]:
        """Pieces that may end by themselves, by scope."""
        with self._lock:
            return dict(self._fleeting)

    def requiring(self, required: Scope) -> frozenset[Scope]:
        with self._lock:
            return frozenset(scope for scope, those in self._requires.items() if required in those)

    def lacking(self, existing: AbstractSet[str]) -> frozenset[Scope]:
        """Scopes of which a node of their own does not exist."""
        with self._lock:
            return frozenset(scope for scope, nodes in self._own.items() if not nodes <= existing)


def _keep(known: dict[Scope, tuple[Kept, ...]], scope: Scope, values: tuple[Kept, ...]) -> None:
    if values:
        known[scope] = values
    else:
        known.pop(scope, None)
