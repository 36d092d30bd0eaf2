"""How long a sweep takes in the model, and how long the same takes the naive way.

    python bench/whatif.py [CUSTOMERS]       default 50, which is 100 circuits

Each customer has two circuits at two locations of ten, a site with two routers, a virtual network with a gateway in one
of three regions. One by one and two by two for that many; one by one for ten times as many. What is timed is all that a
question costs: compiling the estate, deriving routes, the sweep. The baseline recomputes: for a sample of the same
states it converges BGP anew in the network without what is missing, and follows packets; its time for all states is
that of the sample, multiplied. Processor time of this process.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from stand import AZURE, Resource, brute, report, resilient
from trunkline.diagnosis.whatif.sweep import State, Sweep
from trunkline.intent.connectivity.inventory import blueprints
from trunkline.intent.connectivity.needs import Kind
from trunkline.intent.estate import Snapshot

_PLACES = ("Amsterdam", "London", "Paris", "Frankfurt", "Dublin", "Madrid", "Milan", "Stockholm", "Zurich", "Marseille")
_REGIONS = ("westeurope", "northeurope", "francecentral")
_SAMPLE = 3


def customer(number: int) -> list[Resource]:
    """``number`` from 0; everything of its own in its own group."""
    group, first = f"rg{number}", 2 * number + 1
    places = _PLACES[number % len(_PLACES)], _PLACES[(number + 1 + number // len(_PLACES)) % len(_PLACES)]
    site, *cloud = (one for one in resilient.estate(group=group, number=number + 1))
    region = _REGIONS[number % len(_REGIONS)]
    ways = [resilient.Way(place, ("ce1", "ce2"), ("Equinix", "Colt")[index]) for index, place in enumerate(places)]
    return [site, *(replace(one, location=region) for one in cloud),
            *(piece for index, way in enumerate(ways)
              for piece in resilient.circuit(first + index, way, group=group, links=index + 1))]


@dataclass
class Asked:
    """A question that was answered, and what it cost."""

    sweep: Sweep
    states: tuple[State, ...]
    findings: int
    used_s: float


def used_s(act: Callable[[], object]) -> float:
    started = time.process_time()
    act()
    return time.process_time() - started


def ask(resources: Sequence[Resource], two: bool) -> Asked:
    started = time.process_time()
    network = resilient.connectivity(resources)
    sweep = Sweep(network, [1e8] * len(network.bundles))
    states = sweep.states(network.causes)
    findings = sum(1 for _ in sweep.pairs(states)) if two else sum(bool(state.cost) for state in states)
    return Asked(sweep, states, findings, time.process_time() - started)


def naive_s(resources: Sequence[Resource], asked: Asked) -> float:
    """For one state, by a sample."""
    snapshot = Snapshot(resources)
    parts = blueprints(resilient.everything(resources), snapshot, AZURE)
    chosen = random.Random(1).sample(list(asked.states), _SAMPLE)  # noqa: S311

    def recompute() -> None:
        for state in chosen:
            names = {kind: frozenset(name for one, name in state.needs if one is kind) for kind in Kind}
            slow = brute.Brute(parts, brute.Gone(names[Kind.NODE], names[Kind.ATTACHMENT],
                                     frozenset(frozenset(name.split(" ")) for name in names[Kind.LINK])))
            for bundle in asked.sweep.bundles:
                for course, source in ((bundle.to, bundle.pairs[0].here), (bundle.back, bundle.pairs[0].there)):
                    slow.share(course.starts, course.goals, course.address, source.address)

    return used_s(recompute) / _SAMPLE


def main(customers: int) -> None:
    small = [one for number in range(customers) for one in customer(number)]
    large = [one for number in range(10 * customers) for one in customer(number)]
    single, double = ask(small, two=False), ask(small, two=True)
    many = ask(large, two=False)
    failures = sum(len(state.causes) for state in single.states)
    both = sum(1 for _ in combinations(range(failures), 2))
    naive = naive_s(small, single)
    report("what-if in a model, processor time", {
        "circuits": 2 * customers, "pairs of ends": len(single.sweep.bundles), "failures": failures,
        "n-1, s": round(single.used_s, 2), "n-2, s": round(double.used_s, 2), "combinations of two": both,
        "findings of two": double.findings, "naive, one state, s": round(naive, 3),
        "naive n-1 / ours": round(naive * failures / single.used_s, 1),
        "naive n-2 / ours": round(naive * both / double.used_s, 1),
        "circuits, large": 20 * customers, "failures, large": sum(len(one.causes) for one in many.states),
        "n-1, large, s": round(many.used_s, 2)})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
