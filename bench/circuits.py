"""N circuits at once, one more among many, a thousand on the provider's side, and memory per VRF.

    python bench/circuits.py [N ...]            default 10 100
    python bench/circuits.py --provider-side 1000

Budgets: 100 circuits, both legs, all sessions Established, in at most 20 s; 1,000 in at most 180 s and 6 GiB on the
provider's side; one more circuit at most 1.5 times the first; a VRF (namespace, veth, BIRD) at most 1.5 MB.

Each circuit comes with its site: two CE routers in BIRD, a LAN and a host, so six namespaces, nine links and four
daemons a circuit. All wishes are written at once; the reconciler is a process of its own, and its start is counted in
``with_plant_s``, the first circuit with the plant it stands on. Baseline in the same run: the second circuit, alone. A
VRF is weighed by what is available in the machine before and after 80 of them, the median of three times.
On the provider's side alone there are no sites: what is timed is that all operations have succeeded.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from stand import Leg, Resource, Stage, bring_up, estates, report, stage, timed_s
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.view import CIRCUIT

#: Circuits whose VRFs are weighed at a time, repetitions of one more circuit, and of weighing.
_WEIGHED, _MORE, _WEIGHINGS = 40, 5, 3


def bird_mb(run: Path, count: int) -> float:
    """Proportional set size of a VRF's daemon (shared pages are split among those who share), median of all."""
    return statistics.median(
        _pss_kb(run / "nodes" / vrf_node(estates.rid(CIRCUIT, "er1", group=f"rg{number}"), leg) / "bird.pid")
        for number in range(1, count + 1) for leg in Leg) / 1024


def _pss_kb(pid_file: Path) -> int:
    rollup = Path(f"/proc/{pid_file.read_text().strip()}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def available_mb() -> float:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) / 1024


def provider_side(first: int, count: int) -> list[Resource]:
    """Circuits and peerings whose customers have no router."""
    return [r for number in range(first, first + count)
            for r in (*estates.circuit(number=number, group=f"rg{number}"), estates.peering(group=f"rg{number}"))]


def vrf_mb(found: Stage, first: int) -> float:
    """Machine memory of one VRF: namespace, attachment, daemon, and its share of maps."""
    found.put(*provider_side(first, 1), within_s=120)
    weighed = []
    for n in range(_WEIGHINGS):
        before = available_mb()
        found.put(*provider_side(first + 1 + n * _WEIGHED, _WEIGHED), within_s=120)
        weighed.append((before - available_mb()) / (2 * _WEIGHED))
    return statistics.median(weighed)


def measure_provider_side(count: int) -> None:
    with stage(apart=True) as found:
        found.put(*provider_side(1, 1), within_s=120)
        before = available_mb()
        all_s = timed_s(lambda: found.put(*provider_side(2, count - 1), within_s=900))
        report("circuits", {"part": "provider side", "circuits": count, "all_s": round(all_s, 1),
                            "each_s": round(all_s / (count - 1), 3), "memory_mb": round(before - available_mb())})


def measure(count: int) -> None:
    with stage(apart=True) as found:
        plant_s, first_s = bring_up(found, 1, 1), bring_up(found, 2, 1)
        before = available_mb()
        rest_s = bring_up(found, 3, count - 2)
        used = before - available_mb()
        more_s = [bring_up(found, count + n, 1) for n in range(1, _MORE + 1)]
        one_more_s = statistics.median(more_s)
        report("circuits", {
            "circuits": count, "all_s": round(plant_s + first_s + rest_s, 2), "with_plant_s": round(plant_s, 2),
            "first_s": round(first_s, 2), "each_s": round(rest_s / (count - 2), 3), "one_more_s": round(one_more_s, 2),
            "one_more_ratio": round(one_more_s / first_s, 2), "bird_pss_mb": round(bird_mb(found.places.run, count), 2),
            "vrf_mb": round(vrf_mb(found, count + _MORE + 1), 2),
            "circuit_with_site_mb": round(used / (count - 2), 2)})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--provider-side"]:
        measure_provider_side(int(sys.argv[2]))
    else:
        for wanted in [int(word) for word in sys.argv[1:]] or [10, 100]:
            measure(wanted)
