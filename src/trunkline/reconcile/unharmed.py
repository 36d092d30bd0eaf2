"""An estate without what was done to it on purpose."""

from __future__ import annotations

from trunkline.intent.estate import Estate
from trunkline.intent.view import FAULT, IMPAIRMENT
from trunkline.model.maintenance import MAINTENANCE
from trunkline.model.resource import Resource, ResourceId

_HARM = frozenset({FAULT.lower(), IMPAIRMENT.lower()})


class Unharmed:
    """Faults and line conditions are left out; ``worked_on``: maintenance is not."""

    def __init__(self, estate: Estate, worked_on: bool = True) -> None:
        self.get, self.children, self._estate = estate.get, estate.children, estate
        self._left_out = _HARM if worked_on else _HARM | {MAINTENANCE.lower()}

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        if kind.lower() in self._left_out:
            return ()
        return tuple(one for one in self._estate.referrers(target, kind)
                     if one.id.type.lower() not in self._left_out)

    def list(self, kind: str) -> tuple[Resource, ...]:
        return () if kind.lower() in self._left_out else self._estate.list(kind)
