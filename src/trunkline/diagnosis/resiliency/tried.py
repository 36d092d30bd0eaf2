"""Which legs were tried, by tests that were asked of ARM and by failover drills."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from trunkline.diagnosis.resiliency.evidence import LegOf, Spoiled, Tried
from trunkline.intent.connectivity.inventory import Inventory
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.failover import FailoverTest, TestStatus, link_tests, site_tests
from trunkline.model.fault import FaultKind, Target
from trunkline.model.resiliency import DrillOutcome, DrillResult


def passed(test: FailoverTest) -> bool:
    return test.status is TestStatus.COMPLETED and test.was_simulation_successful


def by_tests(found: Inventory) -> Iterator[Tried]:
    """What was asked of ARM, and ended to the customer's content."""
    for circuit in found.circuits:
        for test in link_tests(circuit.resource):
            if passed(test):
                yield Tried((circuit.resource.id.key, test.leg), datetime.fromisoformat(test.end_time))
    for gateway in found.gateways:
        for site in filter(passed, site_tests(gateway.resource)):
            for circuit in found.circuits:
                if circuit.location.casefold() == site.peering_location.casefold():
                    yield from (Tried((circuit.resource.id.key, leg), datetime.fromisoformat(site.end_time))
                                for leg in Leg)


def by_drills(drills: Iterable[DrillResult], found: Inventory) -> Iterator[Tried]:
    """What is no more, or never was, proves nothing."""
    for drill in drills:
        if drill.result is DrillOutcome.PASSED:
            yield from (Tried(leg, drill.ended_at) for leg in _legs_of(drill.fault.target, found))


_SPOILED = {DrillOutcome.FAILED: "failed", DrillOutcome.ABORTED: "was aborted",
            DrillOutcome.INTERRUPTED: "was interrupted", DrillOutcome.KILLED: "was killed"}


def spoiled_by(drills: Iterable[DrillResult], found: Inventory) -> Iterator[Spoiled]:
    """Drills that were begun and not passed."""
    for drill in drills:
        if drill.result in _SPOILED:
            yield from (Spoiled(leg, drill.ended_at, _SPOILED[drill.result])
                        for leg in _legs_of(drill.fault.target, found))


def _legs_of(target: Target, found: Inventory) -> Iterator[LegOf]:
    """All that such a failure takes away."""
    if target.kind is FaultKind.LEG:
        yield target.key, Leg(target.part)
    elif target.kind in (FaultKind.EDGE, FaultKind.SWITCH, FaultKind.LOCATION):
        provider, _, place = target.key.rpartition("~")
        for circuit in found.circuits:
            for leg in Leg:
                here = site_of(circuit.location, leg) == site_of(place, leg) and target.part in ("", leg)
                if here and provider in ("", circuit.provider.casefold()):
                    yield circuit.resource.id.key, leg
