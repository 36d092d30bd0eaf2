"""An estate without what was done to it on purpose."""

from __future__ import annotations

from trunkline.intent.estate import Estate
from trunkline.intent.view import FAULT, IMPAIRMENT
from trunkline.model.resource import Resource, ResourceId

_HARM = frozenset({FAULT.lower(), IMPAIRMENT.lower()})


class Unharmed:
    """Faults and line conditions are left out."""

    def __init__(self, estate: Estate) -> None:
        self.get, self.children, self._estate = estate.get, estate.children, estate

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        if kind.lower() in _HARM:
            return ()
        return tuple(one for one in self._estate.referrers(target, kind) if one.id.type.lower() not in _HARM)

    def list(self, kind: str) -> tuple[Resource, ...]:
        return () if kind.lower() in _HARM else self._estate.list(kind)
