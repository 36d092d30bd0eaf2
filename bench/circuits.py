"""N circuits at once (10, 100), one more among many, and memory per VRF.

    python bench/circuits.py [N ...]        default 10 100

Baseline in the same run: the time of the first circuit alone. `one_more_ratio` is the cost of a further circuit when N
exist against that of the first (budget: at most 1.5).
"""

from __future__ import annotations

import sys
from pathlib import Path

from stand import bring_up, estates, report, stage
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg


def resident_mb(run: Path, count: int) -> float:
    """Proportional set size of the VRFs' daemons, MB per VRF (shared pages are counted once, among those who share)."""
    total = 0
    for number in range(1, count + 1):
        for leg in Leg:
            node = vrf_node(estates.rid(CIRCUIT, "er1", group=f"rg{number}"), leg)
            pid = (run / "nodes" / node / "bird.pid").read_text().strip()
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024 / (2 * count)


def available_mb() -> float:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) / 1024


def measure(count: int) -> None:
    with stage() as found:
        first = bring_up(found, 1, 1)
        before = available_mb()
        rest = bring_up(found, 2, count - 1)
        used = before - available_mb()
        one_more = bring_up(found, count + 1, 1)
        report("circuits", {
            "circuits": count, "first_s": round(first, 2), "all_s": round(first + rest, 2),
            "one_more_s": round(one_more, 2), "one_more_ratio": round(one_more / first, 2),
            "bird_pss_mb_per_vrf": round(resident_mb(found.places.run, count), 2),
            "machine_mb_per_circuit_with_site": round(used / (count - 1), 2)})


if __name__ == "__main__":
    for wanted in [int(word) for word in sys.argv[1:]] or [10, 100]:
        measure(wanted)
