"""What each kind of failure costs: outage and loss as distributions, with nobody helping.

    python bench/convergence.py [KIND ...] [--rounds N]        default all kinds, 5 rounds; 100 for the page

A host and a virtual machine talk at 1,000 datagrams a second on 16 flows, which the machine echoes, over one circuit
with both legs (``location``: over two circuits; ``region``: hosts of two sites, over Global Reach, past the region that
fails; ``around-region``: so, but the path of one leg leads over that region). Something fails silently until every flow
has found another way, then it heals until every session is back. ``drain`` is a leg that is left by prepending and
closed. The outage is the longest gap of the flow that was hit worst, resolved to 16 ms. Baseline in the same run: the
longest gap and the loss of some seconds in which nothing fails.

Each round is appended to docs/figures/convergence.json at once, of which ``scripts/figures`` makes figures; several
kinds may be measured at the same time. A round in which the machine itself stood still for 150 ms, half of what BFD
waits for, says nothing about the network: it is counted as stalled and played again.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from stand import AZURE, Profile, Stage, estates, probing, report, resilient, scenes, spread, stage, stalls

# isort: split
import outages
import reaching
from estates import whole
from trunkline.model.profile import Bfd
from trunkline.model.resource import Json, Resource

FIGURES = Path(__file__).resolve().parents[1] / "docs/figures/convergence.json"
FAST = replace(AZURE, customer_bfd=Bfd(30, 3))
#: Kind: profile, what fails, the budget in milliseconds.
KINDS: dict[str, tuple[Profile, Json, int]] = {
    "leg": (AZURE, outages.TARGETS["leg"], 1200), "leg-30ms": (FAST, outages.TARGETS["leg"], 200),
    "edge": (AZURE, outages.TARGETS["edge"], 1000), "switch": (AZURE, outages.TARGETS["switch"], 1200),
    "gateway-instance": (AZURE, outages.TARGETS["gateway instance"], 1000),
    "backbone-link": (AZURE, outages.TARGETS["backbone link"], 1000),
    "backbone-node": (AZURE, outages.TARGETS["backbone node"], 1000),
    "location": (AZURE, outages.LOCATION, 1500), "region": (AZURE, outages.REGION, 1500),
    "around-region": (AZURE, outages.REGION_BETWEEN, 1500), "drain": (AZURE, {}, 0)}
COURSES = {"region": outages.BETWEEN_SITES, "around-region": outages.between_sites(4, 5)}


def estate_of(kind: str) -> list[Resource]:
    if kind == "location":
        return resilient.estate(resilient.Way("Amsterdam"), resilient.Way("London"))
    if kind == "region":
        return [*reaching.premises(1), *reaching.premises(2), reaching.link(), *estates.cloud(), estates.connection()]
    if kind == "around-region":
        return reaching.across_region()
    return whole()


def meet(found: Stage, kind: str) -> outages.Met:
    if kind == "drain":
        return outages.drain(found)
    return outages.meet(found, KINDS[kind][1], COURSES.get(kind, outages.TO_CLOUD))


def detection_ms(kind: str) -> int:
    profile, properties, _ = KINDS[kind]
    return outages.detection_ms(profile, properties)


def quiet(found: Stage, seconds: float) -> probing.Probe:
    with probing.probing(found) as seen:
        time.sleep(seconds)
    return seen


def measure(kind: str, rounds: int) -> None:
    budget_ms = KINDS[kind][2]
    with stage(KINDS[kind][0]) as found:
        found.put(*estate_of(kind))
        scenes.all_up(found)
        course = COURSES.get(kind, outages.TO_CLOUD)
        scenes.connected(found, course.source, course.address)
        played = [play(found, kind) for _ in range(rounds)]
        baseline = quiet(found, 3)
    met = [one for one, _ in played]
    lost_ms = [one.failed.longest_gap_ms for one in met]
    report("convergence", {
        "kind": kind, "failures": rounds, "outage_ms": spread(lost_ms, 1),
        "detection_ms": detection_ms(kind), "within_budget": sum(one <= budget_ms for one in lost_ms),
        "budget_ms": budget_ms, "lost": spread([float(one.failed.lost) for one in met], 1),
        "lost_while_healing": sum(one.healed.lost for one in met), "stalled": sum(stalled for _, stalled in played),
        "quiet_gap_ms": baseline.longest_gap_ms, "quiet_lost": baseline.lost})


def play(found: Stage, kind: str) -> tuple[outages.Met, int]:
    """One round, and how often the machine spoiled it before."""
    stalled = 0
    while True:
        with stalls.longest_pause() as pause:
            met = meet(found, kind)
        if pause() < stalls.TOO_LONG_MS:
            keep(kind, met, stalled)
            return met, stalled
        stalled += 1


def keep(kind: str, met: outages.Met, stalled: int) -> None:
    """Beside what earlier rounds have found."""
    FIGURES.parent.mkdir(exist_ok=True)
    with FIGURES.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = json.loads(file.read() or "{}")
        old = known.get(kind, {"outageMs": [], "lost": [], "lostWhileHealing": 0, "stalled": 0})
        known[kind] = {
            "outageMs": [*old["outageMs"], met.failed.longest_gap_ms], "lost": [*old["lost"], met.failed.lost],
            "lostWhileHealing": old["lostWhileHealing"] + met.healed.lost, "stalled": old.get("stalled", 0) + stalled,
            "budgetMs": KINDS[kind][2], "detectionMs": detection_ms(kind)}
        file.truncate(0)
        file.write(json.dumps(known, indent=1, sort_keys=True) + "\n")


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kinds", nargs="*", default=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(words)
    if unknown := set(asked.kinds) - set(KINDS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    for kind in asked.kinds:
        measure(kind, asked.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
