"""What of the machine and its profile wishes may ask for. The front itself looks at none of it: it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trunkline.model.profile import AZURE


def _not_asked() -> tuple[str, ...]:
    return ("the machine, which was not asked",)


@dataclass(frozen=True, slots=True)
class Machine:
    """``handoff_interfaces``: those that a hand-off may take. ``lacks_tcp_ao``: what keeps it from RFC 5925.
    ``notice_days``: how long before planned work customers are told."""

    handoff_interfaces: frozenset[str] = frozenset()
    lacks_tcp_ao: Callable[[], tuple[str, ...]] = _not_asked
    notice_days: int = AZURE.maintenance_notice_days


UNKNOWN = Machine()
