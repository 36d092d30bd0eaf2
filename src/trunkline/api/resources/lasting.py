"""What ends by itself, its time beginning anew with each write: faults, impairments, containments."""

from __future__ import annotations

from datetime import timedelta

from trunkline.model.resource import Json, now


def ends_in(seconds: int) -> Json:
    """``system`` values."""
    return {"expiresAt": (now() + timedelta(seconds=seconds)).isoformat()}
