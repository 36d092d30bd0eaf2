"""What keeps scopes from being whole: why their last pass failed, or what a customer or operator has to bring; and what
caches have to serve, and how the backbone's links are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from threading import Lock

from trunkline.diagnosis.link_quality import Quality
from trunkline.diagnosis.refusals import Readings
from trunkline.intent.scope import Scope
from trunkline.model.backbone import Span
from trunkline.model.circuit import Leg
from trunkline.model.resource import Json
from trunkline.reconcile.authorities import Authorities
from trunkline.reconcile.origins import Report


class Troubles:
    """In memory: the first pass after a start finds again what is wrong. Thread-safe."""

    def __init__(self, authorities: Authorities | None = None) -> None:
        self._authorities = authorities or Authorities()
        self._reasons: dict[Scope, str] = {}
        self._refusals: dict[str, Readings] = {}
        self._qualities: dict[tuple[Span, Leg], Quality] = {}
        self._lock = Lock()

    def put(self, scope: Scope, reason: str) -> None:
        """What the latest pass over ``scope`` has found; empty if nothing is wrong."""
        with self._lock:
            if reason:
                self._reasons[scope] = reason
            else:
                self._reasons.pop(scope, None)

    def refused(self, node: str, counts: Mapping[str, int]) -> Readings:
        """What TCP of a node has refused of late; ``counts``: as read now."""
        with self._lock:
            found = self._refusals[node] = self._refusals.get(node, Readings()).read(datetime.now(UTC), counts)
            return found

    def measured(self, qualities: Mapping[tuple[Span, Leg], Quality]) -> None:
        """How the backbone's links are, as far as they are measured."""
        with self._lock:
            self._qualities = dict(qualities)

    def quality(self, span: Span, leg: Leg) -> Quality:
        with self._lock:
            return self._qualities.get((span, leg), Quality())

    @property
    def validation(self) -> tuple[Report, ...]:
        """What each leg's routers have to validate origins by."""
        return self._authorities.origins.reports if self._authorities.origins else ()

    @property
    def registries(self) -> list[Json]:
        """The registries' files."""
        return self._authorities.registrar.told() if self._authorities.registrar else []

    def of(self, scope: Scope) -> str:
        with self._lock:
            return self._reasons.get(scope, "")
