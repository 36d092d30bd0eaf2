"""Where realised scopes stand: which nodes are theirs, and on which they have something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set as AbstractSet
from threading import Lock

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.scope import Scope


class Standing:
    """Thread-safe."""

    def __init__(self) -> None:
        self._own: dict[Scope, frozenset[str]] = {}
        self._leans: dict[Scope, frozenset[str]] = {}
        self._on: dict[str, set[Scope]] = defaultdict(set)
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

    def on(self, nodes: AbstractSet[str]) -> frozenset[Scope]:
        """Scopes that have something on one of these nodes."""
        with self._lock:
            return frozenset(scope for node in nodes for scope in self._on.get(node, ()))

    def lacking(self, existing: AbstractSet[str]) -> frozenset[Scope]:
        """Scopes of which a node of their own does not exist."""
        with self._lock:
            return frozenset(scope for scope, nodes in self._own.items() if not nodes <= existing)
