"""Line conditions made on purpose on one link: ``Trunkline.Plant/impairments``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from trunkline.model.circuit import Leg
from trunkline.model.resource import Properties, Reference

LONGEST_S = 86_400


class Spot(StrEnum):
    """Which link. Of a circuit's leg ``handoff``, the customer's, and ``trunk``, the provider's between its switch and
    the edge, for this circuit's frames alone; ``link``: of the backbone, between two sites."""

    HANDOFF = "handoff"
    TRUNK = "trunk"
    LINK = "link"


class Way(StrEnum):
    """As the edge sees it: ``in`` from the customer, ``out`` to the customer. On a link of the backbone as its first
    site sees it."""

    IN = "in"
    OUT = "out"
    BOTH = "both"

    @property
    def ways(self) -> tuple[Way, ...]:
        return (Way.IN, Way.OUT) if self is Way.BOTH else (self,)


def _in_steps(value: float) -> float:
    if abs(value * 1000 - round(value * 1000)) > 1e-6:
        raise ValueError(f"{value:g} is too exact; rates and times go in steps of 0.001")
    return value


Percent = Annotated[float, Field(ge=0, le=100), AfterValidator(_in_steps)]
Milliseconds = Annotated[float, Field(ge=0, le=10_000), AfterValidator(_in_steps)]


class Impairment(Properties):
    """It ends when deleted, or ``expires_in_seconds`` after it was last written.

    ``hold_in_milliseconds``: how long a frame is held back, beyond its delay, so that others overtake it.
    A backbone link is named by ``site`` and ``to``; without ``leg`` those of both legs are meant.
    """

    circuit: Reference | None = None
    leg: Leg | None = None
    at: Spot = Spot.HANDOFF
    site: str | None = None
    to: str | None = None
    direction: Way = Way.BOTH
    loss_in_percent: Percent = 0
    duplication_in_percent: Percent = 0
    corruption_in_percent: Percent = 0
    reordering_in_percent: Percent = 0
    delay_in_milliseconds: Milliseconds = 0
    jitter_in_milliseconds: Milliseconds = 0
    hold_in_milliseconds: Milliseconds = 5
    expires_in_seconds: Annotated[int, Field(ge=1, le=LONGEST_S)] = 300

    @model_validator(mode="after")
    def _does_something(self) -> Impairment:
        if not any((self.loss_in_percent, self.duplication_in_percent, self.corruption_in_percent,
                    self.reordering_in_percent, self.delay_in_milliseconds, self.jitter_in_milliseconds)):
            raise ValueError("give at least one of lossInPercent, duplicationInPercent, corruptionInPercent, "
                             "reorderingInPercent, delayInMilliseconds and jitterInMilliseconds more than 0")
        if self.jitter_in_milliseconds > self.delay_in_milliseconds:
            raise ValueError(f"jitterInMilliseconds {self.jitter_in_milliseconds:g} is more than delayInMilliseconds "
                             f"{self.delay_in_milliseconds:g}: no frame can arrive before it was sent")
        return self

    @model_validator(mode="after")
    def _names_one_link(self) -> Impairment:
        needed, strange = (("site", "to"), ("circuit",)) if self.at is Spot.LINK else (
            ("circuit", "leg"), ("site", "to"))
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"a link at '{self.at}' is named by {' and '.join(needed)}; {missing[0]} is missing")
        if given := [name for name in strange if getattr(self, name) is not None]:
            raise ValueError(f"{given[0]} does not name a link at '{self.at}'; {' and '.join(needed)} do")
        return self

    @property
    def legs(self) -> tuple[Leg, ...]:
        return (self.leg,) if self.leg else tuple(Leg)
