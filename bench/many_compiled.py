"""Beyond this machine: ten thousand customers, compiled and compared, realised nowhere.

    python bench/many_compiled.py [CUSTOMERS ...]       default 10 100 1000 10000

No budget in the design but "no O(N) work per change". Each customer has a circuit on both legs, peering, site, order,
virtual network, gateway, machine and connection, spread over locations of 4,000 S-tags each. Once all scopes of all
customers are compiled, which is the dry run of the whole estate. Then a bandwidth, a peering and a site change, each
for fifty customers: which scopes feel it, what these compile to, and how that differs from before. Baseline: the same
with the fewest customers in the same run. Processor time of this process, not elapsed: others may use the machine. What
is read for a change is counted by tests/unit/intent/test_cost.py.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from stand import AZURE, estates, report, spread
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.dependency import touched
from trunkline.intent.estate import Remembered, Snapshot
from trunkline.intent.scope import Scope
from trunkline.intent.view import CIRCUIT, PEERING, SITE
from trunkline.model.resource import Resource
from trunkline.reconcile.difference import Difference, differ

_SAMPLES = 50
_STAGS = 4000
_PLACES = ("Amsterdam", "London", "Paris", "Frankfurt")


def used_s(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started


def customer(number: int) -> Iterator[Resource]:
    """Alike, but for the location and the S-tag there."""
    for resource in estates.whole(number, f"rg{number}"):
        if resource.id.type.lower() == CIRCUIT.lower():
            service = {**resource.properties["serviceProviderProperties"],
                       "peeringLocation": _PLACES[number // _STAGS % len(_PLACES)]}
            yield replace(resource, properties={**resource.properties, "serviceProviderProperties": service},
                          system={**resource.system, "stag": number % _STAGS + 1})
        else:
            yield resource


def changed(resource: Resource) -> Resource:
    kind = resource.id.type.lower()
    if kind == PEERING.lower():
        return replace(resource, properties={**resource.properties, "vlanId": 200})
    if kind == SITE.lower():
        return replace(resource, properties={**resource.properties, "prefixes": ["10.20.0.0/16"]})
    service = {**resource.properties["serviceProviderProperties"], "bandwidthInMbps": 2000}
    return replace(resource, properties={**resource.properties, "serviceProviderProperties": service})


class Changing:
    """The estate with one resource replaced, as a store has it after a PUT."""

    def __init__(self, before: Snapshot, new: Resource) -> None:
        self._before, self._new, self.referrers = before, new, before.referrers

    def get(self, resource: estates.ResourceId) -> Resource | None:
        return self._new if resource.key == self._new.id.key else self._before.get(resource)

    def children(self, parent: estates.ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return tuple(self._new if r.id.key == self._new.id.key else r for r in self._before.children(parent, kind))


def change(estate: Snapshot, new: Resource) -> list[Difference]:
    after = Remembered(Changing(estate, new))
    return [_difference(scope, estate, after) for scope in sorted(touched(new, after))]


def _difference(scope: Scope, before: Snapshot, after: Remembered) -> Difference:
    """Desired against what was applied before; what is described alike is taken as there."""
    applied, desired = compile(scope, before, AZURE), compile(scope, after, AZURE)
    known = {item.key: item for item in (*applied.pieces, *applied.routers)}
    same = [item.key for item in (*desired.pieces, *desired.routers) if known.get(item.key) == item]
    return differ(desired, applied, frozenset(same))


def everything(estate: Snapshot, count: int) -> list[Blueprint]:
    scopes = {scope for number in range(1, count + 1) for resource in customer(number)
              for scope in touched(resource, estate)}
    return [compile(scope, estate, AZURE) for scope in sorted(scopes)]


def measure(count: int, first_ms: dict[str, float]) -> dict[str, float]:
    """Milliseconds of a change by kind (median)."""
    made: list[Snapshot] = []
    filled_cpu_s = used_s(lambda: made.append(Snapshot(r for number in range(1, count + 1) for r in customer(number))))
    estate, numbers = made[0], [1 + n * count // _SAMPLES for n in range(_SAMPLES)]
    blueprints: list[Blueprint] = []
    compiled_s = used_s(lambda: blueprints.extend(everything(estate, count)))
    figures: dict[str, object] = {}
    medians = {}
    for what, kind, names in (("bandwidth", CIRCUIT, ("er1",)), ("peering", PEERING, ("er1", "AzurePrivatePeering")),
                              ("site", SITE, ("paris",))):
        news = [changed(found) for number in numbers
                if (found := estate.get(estates.rid(kind, *names, group=f"rg{number}")))]
        took_ms = spread([used_s(lambda new=new: change(estate, new)) * 1000 for new in news], 2)  # type: ignore[misc]
        medians[what] = took_ms["median"]
        figures[f"{what}_cpu_ms"] = took_ms
    report("many_compiled", {
        "customers": count, "filled_cpu_s": round(filled_cpu_s, 1), "all_cpu_s": round(compiled_s, 1),
        "scopes": len(blueprints),
        "pieces": sum(len(one.pieces) for one in blueprints),
        "sessions": sum(len(router.sessions) for one in blueprints for router in one.routers), **figures,
        "ratio": {what: round(ms / first_ms.get(what, ms), 2) for what, ms in medians.items()}})
    return medians


if __name__ == "__main__":
    least: dict[str, float] = {}
    for wanted in [int(word) for word in sys.argv[1:]] or [10, 100, 1000, 10000]:
        found_ms = measure(wanted, least)
        least = least or found_ms
