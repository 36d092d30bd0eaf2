"""Site to site over Global Reach: TCP both ways, round-trip time, and the outage when a leg or a tunnel dies.

    python bench/reach.py [ROUNDS] [SECONDS]       failures of each kind, default 5; of iperf3 per run, default 5

Budgets: a silent leg, BFD 300 ms × 3 at the customer's end, p99 at most 1.2 s; a tunnel, 100 ms × 3, at most 1 s.

Two sites behind circuits of 10 Gbit/s in Amsterdam and London, no network. Baseline in the same run: two namespaces
and one veth pair. Then 1,000 numbered datagrams a second on 16 flows, which a host of the other site answers; both legs
carry. A leg dies without a word in the edge's program; a tunnel by its device, on one edge, which nobody is told
either. The outage is the longest gap of the flow that was hit worst, resolved to 16 ms.
"""

from __future__ import annotations

import re
import statistics
import sys

from stand import Leg, Stage, estates, probing, report, scenes, spread, stage, until
from throughput import baseline, gbps

# isort: split
import reaching
from trunkline.intent.compile.draft import host_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.drivers import Change
from trunkline.intent.view import CIRCUIT

_PARIS, _ROME = (host_node(reaching.site_id(number), "h1") for number in (1, 2))
_THERE, _BACK = reaching.host_address(2), reaching.host_address(1)
_WIDEST_MBPS, _PINGS, _ROUNDS = 10_000, 500, 3


def bring_up(found: Stage) -> None:
    found.put(*reaching.premises(1, bandwidthInMbps=_WIDEST_MBPS), *reaching.premises(2, bandwidthInMbps=_WIDEST_MBPS),
              reaching.link())
    scenes.all_up(found)
    scenes.connected(found, _PARIS, _THERE)


def round_trip_ms(found: Stage, node: str, address: str) -> float:
    told = found.run(node, "ping", "-q", "-c", str(_PINGS), "-i", "0.002", address).stdout
    mean = re.search(r"= [\d.]+/([\d.]+)/", told)
    assert mean, told
    return float(mean[1])


def measure_throughput(found: Stage, seconds: int) -> None:
    """Runs alternate, because the machine is shared; medians."""
    found.plane.apply(Change(ensure=baseline()))
    runs: dict[str, list[float]] = {"one_veth": [], "there": [], "back": []}
    for _ in range(_ROUNDS):
        runs["one_veth"].append(gbps(found, "bench-near", "bench-far", "192.0.2.2", seconds))
        runs["there"].append(gbps(found, _PARIS, _ROME, _THERE, seconds))
        runs["back"].append(gbps(found, _ROME, _PARIS, _BACK, seconds))
    middle = {name: round(statistics.median(values), 2) for name, values in runs.items()}
    rtt = {"one_veth_ms": round_trip_ms(found, "bench-near", "192.0.2.2"),
           "across_ms": round_trip_ms(found, _PARIS, _THERE)}
    report("reach", {"gbps": middle, "of_one_veth": round(middle["there"] / middle["one_veth"], 2), **rtt})
    found.plane.apply(Change(remove=baseline()))


def outage_ms(found: Stage, act: list[str] | None, leg: Leg) -> float:
    """``act``: what makes a tunnel's device go down; else the leg of Paris falls silent."""
    with probing.probing(found, _PARIS, _ROME, _THERE) as seen:
        probing.both_legs_carry(found)
        before = {one: scenes.carried(found)[one] for one in Leg}
        if act:
            found.run(edge_node("Amsterdam", leg), *act, "down")
        else:
            found.put(estates.fault(circuit=estates.link(CIRCUIT, "er1"), leg=leg.value))
        other = next(one for one in Leg if one is not leg)
        until(lambda: scenes.carried(found)[other] > before[other] + 3_000, 30, "traffic on the other leg")
    if act:
        found.run(edge_node("Amsterdam", leg), *act, "up")
    else:
        found.delete(estates.fault().id)
    scenes.all_up(found)
    return seen.longest_gap_ms


def measure_outages(found: Stage, rounds: int) -> None:
    for name, act in (("leg", None), ("tunnel", ["ip", "link", "set", "gt1"])):
        outages = [outage_ms(found, act, leg) for _ in range(rounds) for leg in Leg]
        report("reach_outage", {"dies": name, "failures": len(outages), "outage_ms": spread(outages, 1)})


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    with stage() as running:
        bring_up(running)
        measure_throughput(running, words[1] if words[1:] else 5)
        measure_outages(running, words[0] if words else 5)
