"""What this machine has and lacks."""

from __future__ import annotations

import json
from dataclasses import asdict

from trunkline.fabric.machine import facts
from trunkline.settings import Settings


def run(_settings: Settings) -> int:
    print(json.dumps([asdict(fact) for fact in facts()]))
    return 0
