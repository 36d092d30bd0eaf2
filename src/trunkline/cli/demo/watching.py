"""Looking until something is so, and saying meanwhile what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from trunkline.cli.client import Clients, Json
from trunkline.cli.commands.status import LEGS, overview
from trunkline.cli.demo import estate
from trunkline.cli.failure import Failed
from trunkline.cli.progress import Step

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str, step: Step, deadline_s: float, every_s: float = 0.1) -> Found:
    """The first answer of ``look`` that is not ``None``."""
    end = time.monotonic() + deadline_s
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {deadline_s:.0f} s")
        step.waiting(what)
        time.sleep(every_s)


def legs(clients: Clients) -> dict[str, Json]:
    """Both legs of the demo's circuit, as observed now."""
    circuit = next(c for c in overview(clients)["circuits"] if c["name"] == estate.CIRCUIT)
    return {leg: circuit["legs"][leg] for leg in LEGS}


def customer_session(leg: Json) -> Json:
    return next((s for s in leg["sessions"] if s["group"] == "customer"), {})


def established(leg: Json) -> bool:
    return bool(leg["bgp"] == "Established")


def packets(leg: Json) -> int:
    """In both directions, counted by the edge's eBPF program."""
    return int(leg["traffic"]["in"]["packets"]) + int(leg["traffic"]["out"]["packets"])
