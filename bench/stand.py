"""What every measurement stands on: a stage with real drivers, many estates, and figures to print."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import estates
from stage import Stage
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Timing, load
from waiting import until


@contextmanager
def stage() -> Iterator[Stage]:
    """Everything is swept away afterwards, also after an interruption."""
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as home:
        places = load({"TRUNKLINE_RUN": f"{home}/run"}, home=f"{home}/home").places
        plane, speaker = LinuxPlane(places), Daemons(BirdSpeaker(places), FrrSpeaker(places))
        found = Stage(places, plane, speaker, Timing(settle_deadline_s=600))
        try:
            yield found
        finally:
            found.close()
            speaker.sweep()
            plane.sweep()


def circuits(first: int, count: int, connected: bool = False) -> list[Resource]:
    """``count`` customers with equal addresses: a circuit, its site and order; ``connected`` adds the cloud side."""
    found: list[Resource] = []
    for number in range(first, first + count):
        group = f"rg{number}"
        if connected:
            found += estates.whole(number, group)
        else:
            found += [*estates.circuit(number=number, group=group), estates.peering(group=group),
                      estates.site(number=number, group=group), estates.order(number=number, group=group)]
    return found


def established(found: Stage, number: int) -> bool:
    """Whether the customer sessions on both legs of a circuit are Established."""
    key = estates.rid(CIRCUIT, "er1", group=f"rg{number}").key
    with found.store.reading() as reader:
        routers = [r for leg in Leg for r in compile(Scope(ScopeKind.LEG, key, leg), reader, AZURE).routers]
    until(lambda: all(_customer_up(found, router) for router in routers), 600, f"circuit {number} Established", 0.05)
    return True


def _customer_up(found: Stage, router: Router) -> bool:
    groups = {s.name: s.group for s in router.sessions}
    return all(s.state is SessionState.ESTABLISHED for s in found.speaker.sessions(router)
               if groups[s.name] == CUSTOMER)


def bring_up(found: Stage, first: int, count: int, connected: bool = False, deadline_s: float = 600) -> float:
    """Seconds from the wish to all customer sessions Established. One circuit is watched after the other, so that
    watching costs next to nothing."""
    started = time.monotonic()
    operations = found.begin(circuits(first, count, connected))
    found.settle(operations, deadline_s)
    assert all(established(found, number) for number in range(first, first + count))
    return time.monotonic() - started


def timed(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, most; in the unit of the values."""
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p95": ordered[int(0.95 * (len(ordered) - 1))],
            "p99": ordered[int(0.99 * (len(ordered) - 1))], "max": ordered[-1]}


def report(name: str, figures: Mapping[str, object]) -> None:
    """One JSON object per measurement on standard output, so that runs can be compared by tools."""
    print(json.dumps({"bench": name, **figures}))
