"""The backbone: how long a broken link or router is felt, by both legs and by one alone; what a router costs.

    python bench/backbone.py [ROUNDS]       default 5

Budget: link or router of the backbone silently down, to traffic elsewhere, at most 1 s with both legs.

A host sends 1,000 numbered datagrams a second on 16 flows, which a machine in the cloud answers. The primary leg's link
between Amsterdam and the region then drops all frames, or the leg's router at Amsterdam does, and no link goes down.
The outage is the longest gap between two answers of the flow that was hit worst, resolved to a flow's interval, 16 ms.
Alone means that the secondary leg has failed before: then only OSPF can help, over the other plane. The baseline is
what the same run loses without any failure.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from stand import Leg, Resource, Stage, bring_up, estates, probing, report, scenes, spread, stage, until
from trunkline.intent.network import Role
from trunkline.intent.span import AVOIDED
from trunkline.intent.view import CIRCUIT
from trunkline.model.profile import AZURE

LINK = {"kind": "backboneLink", "site": "Amsterdam", "to": "westeurope", "leg": "primary"}
ROUTER = {"kind": "backboneNode", "site": "westeurope", "leg": "primary"}
#: Longer than BFD, BIRD's ticks and a reset of BGP's.
_WATCHED_S = 5.0


def outage(found: Stage, broken: Resource | None) -> float:
    with probing.probing(found) as seen:
        until(lambda: sum(scenes.carried(found).values()) > 0, 10, "traffic")
        time.sleep(0.5)
        if broken:
            found.put(broken)
        time.sleep(_WATCHED_S)
    return seen.longest_gap_ms


def whole(found: Stage) -> None:
    until(lambda: not _avoided(found), 60, "no link to be avoided")
    scenes.all_up(found)
    time.sleep(6)  # BIRD tells of a change at most every five seconds


def _avoided(found: Stage) -> bool:
    with found.store.reading() as reader:
        return bool(reader.list(AVOIDED))


def measured(found: Stage, words: dict[str, str], rounds: int) -> list[float]:
    gaps = []
    for _ in range(rounds):
        broken = estates.fault("backbone", **words)
        gaps.append(outage(found, broken))
        found.delete(broken.id)
        whole(found)
    return gaps


def cost(found: Stage) -> dict[str, float]:
    """Memory and share of a core of one backbone router's daemon, all of them together divided by their number."""
    pids = [pid for (_, node, _), pid in scenes.pids(found).items() if str(node).startswith(f"{Role.CORE}-")]
    before, began = sum(map(_cpu_s, pids)), time.monotonic()
    time.sleep(10)
    spent = (sum(map(_cpu_s, pids)) - before) / (time.monotonic() - began)
    return {"routers": len(pids), "pss_mb": round(sum(map(_pss_mb, pids)) / len(pids), 2),
            "cpu_percent": round(100 * spent / len(pids), 2)}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mb(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024


def main(rounds: int) -> None:
    with stage(AZURE) as found:
        bring_up(found, 1, 1, cloud=True)
        scenes.connected(found)
        scenes.both_up(found)
        whole(found)
        told = {"router": cost(found), "baseline_ms": round(outage(found, None), 1),
                "link_ms": spread(measured(found, LINK, rounds), 1),
                "router_ms": spread(measured(found, ROUTER, rounds), 1)}
        found.put(estates.fault("other", kind="leg", circuit=estates.link(CIRCUIT, "er1"), leg=Leg.SECONDARY.value))
        until(lambda: not scenes.is_up(scenes.customer(found, Leg.SECONDARY)), 20, "the secondary leg to be down")
        gaps = []
        for _ in range(rounds):
            broken = estates.fault("backbone", **LINK)
            gaps.append(outage(found, broken))
            found.delete(broken.id)
            until(lambda: not _avoided(found), 60, "no link to be avoided")
            scenes.connected(found)
            time.sleep(6)
        report("backbone", {**told, "link_alone_ms": spread(gaps, 1)})


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
