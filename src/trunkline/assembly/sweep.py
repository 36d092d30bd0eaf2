"""Removes everything of this instance from the machine, and prints what was removed."""

from __future__ import annotations

import json

from trunkline.assembly.drivers import drivers
from trunkline.settings import Settings


def run(settings: Settings) -> int:
    """Daemons first, then the network they ran in."""
    plane, speaker = drivers(settings)
    removed = [*(f"daemon of {node}" for node in speaker.sweep()), *plane.sweep()]
    print(json.dumps(removed))
    return 0
