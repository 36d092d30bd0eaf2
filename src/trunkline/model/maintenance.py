"""Announced work on the plant: ``Trunkline.Plant/maintenances``. One leg, or one gateway instance, at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from trunkline.model.circuit import Leg
from trunkline.model.resource import Properties, Reference, Resource

MAINTENANCE = "Trunkline.Plant/maintenances"
NOTICE = "Trunkline.Plant/notices"

#: How long the past may reach into a window that is announced to begin now.
_SLACK = timedelta(minutes=5)


class MaintenanceKind(StrEnum):
    """On what is worked, and in brackets what names it."""

    LEG = "leg"  #: [circuit, leg]
    EDGE = "edge"  #: [location, leg] an edge router with all that ends there
    SWITCH = "switch"  #: [provider, location, leg] a provider's switch
    INSTANCE = "gatewayInstance"  #: [gateway, instance]


class MaintenanceState(StrEnum):
    ANNOUNCED = "Announced"
    DRAINING = "Draining"  #: longer paths are told on both sides, the sessions still carry
    IN_PROGRESS = "InProgress"  #: the sessions are closed
    RESTORING = "Restoring"  #: the sessions are open again, and still told with longer paths
    COMPLETED = "Completed"
    REFUSED = "Refused"  #: the window is over and it could never begin
    CANCELLED = "Cancelled"

    @property
    def final(self) -> bool:
        return self in (MaintenanceState.COMPLETED, MaintenanceState.REFUSED, MaintenanceState.CANCELLED)

    @property
    def felt(self) -> bool:
        """Whether anything in the network is other than usual."""
        return self in (MaintenanceState.DRAINING, MaintenanceState.IN_PROGRESS, MaintenanceState.RESTORING)


_NAMED_BY: Mapping[MaintenanceKind, tuple[str, ...]] = {
    MaintenanceKind.LEG: ("circuit", "leg"),
    MaintenanceKind.EDGE: ("location", "leg"),
    MaintenanceKind.SWITCH: ("provider", "location", "leg"),
    MaintenanceKind.INSTANCE: ("gateway", "instance"),
}


class Maintenance(Properties):
    """From ``start_time`` to ``end_time``. ``emergency``: without the notice that is due. ``drain_in_seconds``: how
    long to wait for traffic to leave before sessions are closed all the same."""

    kind: MaintenanceKind
    circuit: Reference | None = None
    gateway: Reference | None = None
    provider: str | None = None
    location: str | None = None
    leg: Leg | None = None
    instance: Annotated[int, Field(ge=0, le=1)] | None = None
    start_time: AwareDatetime
    end_time: AwareDatetime
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    emergency: bool = False
    drain_in_seconds: Annotated[int, Field(ge=5, le=3600)] = 300

    @model_validator(mode="after")
    def _names_one_thing(self) -> Maintenance:
        needed = _NAMED_BY[self.kind]
        for name in ("circuit", "gateway", "provider", "location", "leg", "instance"):
            given = getattr(self, name) is not None
            if given != (name in needed):
                raise PydanticCustomError(
                    "InvalidMaintenanceTarget", "Maintenance of kind '{kind}' is of one {kind}, named by {needed} and "
                    "nothing else; {name} is {what}.", {
                        "kind": self.kind.value, "needed": ", ".join(needed), "name": name,
                        "what": "too much" if given else "missing"})
        if self.end_time <= self.start_time:
            raise PydanticCustomError("InvalidMaintenanceWindow", "endTime {end} is not after startTime {start}; give "
                                      "a window that lasts.", {"end": str(self.end_time), "start": str(
                                          self.start_time)})
        return self

    def is_announced_in_time(self, at: datetime, days: int) -> bool:
        ahead = -_SLACK if self.emergency else timedelta(days=days)
        return self.start_time - at >= ahead

    def meets(self, other: Maintenance) -> bool:
        """Whether the windows have a moment in common."""
        return self.start_time < other.end_time and other.start_time < self.end_time


def model_of(resource: Resource) -> Maintenance:
    return Maintenance.model_validate(resource.properties)


def state_of(resource: Resource) -> MaintenanceState:
    return MaintenanceState(resource.status.get("state", MaintenanceState.ANNOUNCED))
