"""What the two ends of a Global Reach link observe of it, for each family."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from trunkline.model.resource import Json, Resource

#: In a connection's status: by side, then by family.
_NOTE = "_observed"


class LinkStatus(StrEnum):
    """``circuitConnectionStatus``."""

    CONNECTED = "Connected"
    CONNECTING = "Connecting"
    DISCONNECTED = "Disconnected"


class Side(StrEnum):
    """Of the circuit that made the connection, and of the other."""

    NEAR = "near"
    FAR = "far"


#: By side and family.
Observed = dict[tuple[Side, int], LinkStatus]


def link_status(connection: Resource, side: Side, family: int) -> LinkStatus:
    """As last observed; nothing is connected before somebody has seen it."""
    noted = connection.status.get(_NOTE, {}).get(side, {}).get(str(family))
    return LinkStatus(noted) if noted else LinkStatus.DISCONNECTED


def noted(connection: Resource, observed: Observed) -> Json:
    """The connection's status with what is observed now."""
    return {**connection.status, _NOTE: {
        side.value: {str(family): status.value for (which, family), status in observed.items() if which is side}
        for side in Side}}


def is_linked(connection: Resource) -> bool:
    """Whether any family is connected, as either end sees it."""
    return any(link_status(connection, side, family) is LinkStatus.CONNECTED for side in Side for family in (4, 6))


def together(legs: Iterable[LinkStatus]) -> LinkStatus:
    """Of all legs: the best that any of them is."""
    known = frozenset(legs)
    return next((status for status in LinkStatus if status in known), LinkStatus.DISCONNECTED)
