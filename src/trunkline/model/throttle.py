"""A provider's own limit for a circuit: ``Trunkline.Plant/throttles``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trunkline.model.resource import Properties, Reference

#: Of the largest Direct port.
THROTTLE_MOST_MBPS = 400_000

ThrottleMbps = Annotated[int, Field(ge=1, le=THROTTLE_MOST_MBPS)]


class Throttle(Properties):
    """On each leg and in each direction, whatever is ordered from the cloud."""

    circuit: Reference
    bandwidth_in_mbps: ThrottleMbps
