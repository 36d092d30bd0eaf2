"""A question about how resilient an estate is: ``POST …/providers/Trunkline.Plant/resiliency``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from trunkline.model.fault import RehearsedFault
from trunkline.model.resource import Properties


class DrillOutcome(StrEnum):
    """``KILLED``: it came to no end, and signed nothing."""

    PASSED = "passed"
    FAILED = "failed"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"
    KILLED = "killed"


class DrillResult(Properties):
    """Of a failover drill: what failed, as the fault that made it. ``ended_at``: of one that was killed, its
    beginning."""

    fault: RehearsedFault
    ended_at: AwareDatetime
    result: DrillOutcome


class ResiliencyQuestion(Properties):
    """``of``: a circuit or gateway by name, ``GROUP/NAME`` or id; everything without it. ``drills``: what certificates
    say beside the tests that were asked of ARM, which the service knows itself."""

    of: Annotated[str, Field(max_length=500)] = ""
    drills: tuple[DrillResult, ...] = Field(default=(), max_length=10_000)
