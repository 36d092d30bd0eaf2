"""Line conditions made on purpose on one link: ``Trunkline.Plant/impairments``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from trunkline.model.circuit import Leg
from trunkline.model.resource import Properties, Reference

LONGEST_S = 86_400


class Spot(StrEnum):
    """Which of a leg's links. ``handoff``: the customer's; ``trunk``: the provider's, between its switch and the edge,
    for this circuit's frames alone; ``backbone``: between edge and region, for all circuits that use it."""

    HANDOFF = "handoff"
    TRUNK = "trunk"
    BACKBONE = "backbone"


class Way(StrEnum):
    """As the edge sees it: ``in`` from the customer, ``out`` to the customer."""

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
    ``region``: which backbone link, where the circuit's gateways are in several regions.
    """

    circuit: Reference
    leg: Leg
    at: Spot = Spot.HANDOFF
    region: str | None = None
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
        if self.region and self.at is not Spot.BACKBONE:
            raise ValueError(f"region is of backbone links; at is '{self.at}'")
        return self
