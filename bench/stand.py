"""What every measurement stands on: a stage with real drivers or a whole service, many estates, figures to print.

The tests' scenes are measured here too; whoever measures takes them from this module, which knows where they are.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import brute
import drilling
import estates
import postgres
import probing
import resilient
import scenes
import stalls
from e2e_support import started
from stage import Stage
from trunkline.cli.client import Clients, connected
from trunkline.cli.demo.stage import Stage as Service
from trunkline.drill import frames
from trunkline.intent.bgp import Router, SessionState
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import CUSTOMER
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.operation import OperationStatus
from trunkline.model.profile import AZURE, Profile
from trunkline.model.resource import Resource
from trunkline.settings import Timing, load
from waiting import until

__all__ = [
    "AZURE", "Clients", "Leg", "Profile", "Resource", "Router", "Service", "Stage", "bring_up", "brute", "drilling",
    "estates", "frames", "postgres", "probing", "report", "resilient", "scenes", "service", "spread", "stage",
    "stalls", "started", "timed_s", "until"]

_DEADLINE_S = 900.0


@contextmanager
def stage(profile: Profile = AZURE, apart: bool = False) -> Iterator[Stage]:
    """Everything is swept away afterwards, also after an interruption. ``apart``: the reconciler is a process of its
    own, as in the product, and does not share its interpreter with who measures."""
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as home:
        places = load({}, home=f"{home}/home").places
        with scenes.real_stage(places, Timing(settle_deadline_s=_DEADLINE_S), profile, apart) as found:
            yield found


@contextmanager
def service(*options: str, database_url: str = "") -> Iterator[tuple[Service, Clients]]:
    """``trunkline up -d`` in a home of its own, and HTTPS clients of its accounts; afterwards ``down --purge``.
    ``database_url``: instead of SQLite in there."""
    running = Service({"TRUNKLINE_DATABASE_URL": database_url} if database_url else {})
    try:
        running.trunkline("up", "-d", "--port", str(running.port), "-o", "json", *options)
        with connected(running.instance) as clients:
            yield running, clients
    finally:
        running.close()


def circuits(first: int, count: int, cloud: bool = False) -> list[Resource]:
    """``count`` customers with equal addresses: circuit, site and order; ``cloud`` adds VNet, gateway, connection."""
    found: list[Resource] = []
    for number in range(first, first + count):
        group = f"rg{number}"
        if cloud:
            found += estates.whole(number, group)
        else:
            found += [*estates.circuit(number=number, group=group), estates.peering(group=group),
                      estates.site(number=number, group=group), estates.order(number=number, group=group)]
    return found


def await_established(found: Stage, number: int) -> None:
    """Until the customer sessions on both legs of a circuit are Established."""
    key = estates.rid(CIRCUIT, "er1", group=f"rg{number}").key
    with found.store.reading() as reader:
        routers = [r for leg in Leg for r in compile(Scope(ScopeKind.LEG, key, leg), reader, found.profile).routers]
    for router in routers:
        until(partial(_customer_up, found, router), _DEADLINE_S, f"{router.node} Established", 0.1)


def _customer_up(found: Stage, router: Router) -> bool:
    groups = {s.name: s.group for s in router.sessions}
    return all(s.state is SessionState.ESTABLISHED for s in found.speaker.sessions(router)
               if groups[s.name] == CUSTOMER)


def bring_up(found: Stage, first: int, count: int, cloud: bool = False) -> float:
    """Seconds from the wish to all customer sessions Established. One circuit is watched after the other, so that
    watching costs next to nothing."""
    started = time.monotonic()
    operations = found.begin(circuits(first, count, cloud))
    for number in range(first, first + count):
        await_established(found, number)
    elapsed_s = time.monotonic() - started
    for operation in operations:
        ended = found.ended(operation, _DEADLINE_S)
        assert ended.status is OperationStatus.SUCCEEDED, ended.error
    return elapsed_s


def timed_s(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Median, 95th and 99th percentile (nearest rank), most; in the unit of the values."""
    ordered = sorted(values)
    ranks = {"p95": 95, "p99": 99}
    found = {name: ordered[-(-len(ordered) * rank // 100) - 1] for name, rank in ranks.items()}
    return {name: round(value, digits)
            for name, value in {"median": statistics.median(ordered), **found, "max": ordered[-1]}.items()}


def report(name: str, figures: Mapping[str, object]) -> None:
    """One JSON object per measurement on standard output, so that runs can be compared by tools. The load says how much
    else the machine was doing."""
    print(json.dumps({"bench": name, **figures, "load": round(os.getloadavg()[0], 1)}), flush=True)
