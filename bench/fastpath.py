"""FastPath: throughput and latency between a site and a machine in the cloud, past the gateway and through it.

    python bench/fastpath.py [SECONDS]        seconds of iperf3 per run, default 3

No budget. Both in the same run, alternating, because the machine is shared; medians of three rounds, and their ratio.
The circuit has 10 Gbit/s and the gateway the SKU UltraPerformance, so neither is what is measured. Latency: 2,000 echo
requests, one each millisecond.
"""

from __future__ import annotations

import statistics
import sys

from stand import Stage, estates, report, scenes, stage, until
from throughput import gbps
from trunkline.intent.compile.draft import vnet_node
from trunkline.intent.view import VNET

_ROUNDS = 3
_ROUTER = vnet_node(estates.rid(VNET, "hub"))


def switch(found: Stage, on: bool) -> None:
    found.put(estates.connection(expressRouteGatewayBypass=on))
    wanted = {"f1p", "f1s"} if on else {"g1i0", "g1i1"}
    until(lambda: {name for route in found.plane.routes(_ROUTER) if route.prefix == "10.10.0.0/16"
                   for _, name in route.next_hops} == wanted, 10, f"FastPath {'on' if on else 'off'}")


def latency_us(found: Stage) -> float:
    ran = found.run(scenes.HOST, "ping", "-q", "-c", "2000", "-i", "0.001", scenes.IN_CLOUD, timeout_s=30)
    return float(ran.stdout.rsplit("= ", 1)[1].split("/")[1]) * 1000


def measure(seconds: int) -> None:
    wide = [one if one.id.type != estates.CIRCUIT else _wide(one) for one in estates.large()]
    figures: dict[str, list[float]] = {name: [] for name in ("fast_gbps", "through_gbps", "fast_us", "through_us")}
    with stage() as found:
        found.put(*wide)
        scenes.connected(found)
        scenes.all_up(found)
        for _ in range(_ROUNDS):
            for on, name in ((True, "fast"), (False, "through")):
                switch(found, on)
                figures[f"{name}_gbps"].append(gbps(found, scenes.HOST, scenes.VM, scenes.IN_CLOUD, seconds))
                figures[f"{name}_us"].append(latency_us(found))
    medians = {name: statistics.median(values) for name, values in figures.items()}
    report("fastpath", {**{name: round(value, 2) for name, value in medians.items()},
                        "throughput_ratio": round(medians["fast_gbps"] / medians["through_gbps"], 2),
                        "latency_ratio": round(medians["fast_us"] / medians["through_us"], 2)})


def _wide(circuit: estates.Resource) -> estates.Resource:
    sold = {**circuit.properties["serviceProviderProperties"], "bandwidthInMbps": 10_000}
    return estates.replace(circuit, properties={"serviceProviderProperties": sold})


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 3)
