"""The backbone's routers: what one costs, how soon it leads, and how long a leg that is alone misses a broken link.

    python bench/backbone.py [ROUNDS]       default 5

A router is one BIRD with both OSPF protocols and BFD 100 ms × 3 on each of its links; memory (PSS) and CPU are the mean
of all that one circuit with a gateway needs. How soon it leads: from the first wish to OSPF's own route to the far
loopback, and to the first answer between site and cloud, which planned routes carry.

Alone: the secondary leg has failed before, so only OSPF can lead the primary one over the other plane when its link
fails silently. A host sends 1,000 numbered datagrams a second on 16 flows, which a machine in the cloud answers; the
outage is the longest gap between two answers of the flow that was hit worst, resolved to 16 ms. The baseline is the
longest gap of the same run without a failure. With both legs: ``bench/convergence.py backbone-link``.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from stand import Leg, Resource, Stage, estates, probing, report, scenes, spread, stage, until
from trunkline.intent.allocation import core_loopback
from trunkline.intent.compile.plant import core_node
from trunkline.intent.network import Role
from trunkline.intent.span import AVOIDED
from trunkline.intent.view import CIRCUIT
from trunkline.model.profile import AZURE

#: Longer than BFD, two of BIRD's ticks and a reset of BGP's.
_WATCHED_S = 6.0
#: BIRD tells of changes at most every five seconds.
_QUIET_S = 6.0


def broken_link() -> Resource:
    return estates.fault("link", kind="backboneLink", site="Amsterdam", to="westeurope", leg=Leg.PRIMARY.value)


def outage_ms(found: Stage, broken: Resource | None) -> float:
    with probing.probing(found) as seen:
        time.sleep(0.5)
        if broken:
            found.put(broken)
        time.sleep(_WATCHED_S)
    return seen.longest_gap_ms


def alone(found: Stage, rounds: int) -> list[float]:
    gaps = []
    for _ in range(rounds):
        time.sleep(_QUIET_S)
        broken = broken_link()
        gaps.append(outage_ms(found, broken))
        found.delete(broken.id)
        until(lambda: not avoided(found), 60, "no link to be avoided")
        scenes.connected(found)
    return gaps


def avoided(found: Stage) -> bool:
    with found.store.reading() as reader:
        return bool(reader.list(AVOIDED))


def leads(found: Stage) -> bool:
    wanted = f"{core_loopback('westeurope', Leg.PRIMARY)}/32"
    return any((route.prefix, route.protocol) == (wanted, "bird")
               for route in found.plane.routes(core_node("amsterdam", Leg.PRIMARY)))


def cost(found: Stage) -> dict[str, float]:
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
        began = time.monotonic()
        found.put(*estates.whole())
        scenes.connected(found)
        answered_s = time.monotonic() - began
        until(lambda: leads(found), 30, "OSPF's route")
        led_s = time.monotonic() - began
        scenes.all_up(found)
        told = {"router": cost(found), "first_answer_s": round(answered_s, 1), "ospf_leads_s": round(led_s, 1),
                "baseline_ms": round(outage_ms(found, None), 1)}
        found.put(estates.fault("other", kind="leg", circuit=estates.link(CIRCUIT, "er1"), leg=Leg.SECONDARY.value))
        until(lambda: not scenes.is_up(scenes.customer(found, Leg.SECONDARY)), 20, "the secondary leg to be down")
        report("backbone", {**told, "link_alone_ms": spread(alone(found, rounds), 1)})


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
