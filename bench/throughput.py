"""TCP through the whole path, from a host of a site to a machine in the cloud and back.

    python bench/throughput.py [SECONDS]        seconds of iperf3 per run, default 5

Policed: 95 to 100 % of the ordered bandwidth, one stream, both ways, two congestion controls, for twice as long. Then
as fast as it goes, on a circuit of 10 Gbit/s and with the largest gateway, without a budget: host, CE, provider switch,
edge, VRF, VXLAN, gateway, VNet router, machine, all on this machine's cores. What xconnect costs against the same path
without it is in fabric.py. Baseline in the same run: two namespaces and one veth pair, which is what this kernel and
iperf3 can do at most. Runs alternate, because the machine is shared; medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

from stand import Stage, bring_up, estates, report, scenes, stage, until
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Interface, Link, Node, Role

_ROUNDS = 3
_ORDERED_MBPS, _WIDEST_MBPS = (50, 200, 1_000), 10_000
_NEAR, _FAR = "bench-near", "bench-far"
_FAR_ADDRESS = "192.0.2.2"


def baseline() -> tuple[Node | Link, ...]:
    return (Node(_NEAR, Role.HOST), Node(_FAR, Role.HOST),
            Link(Interface(_NEAR, "eth0", (Address("192.0.2.1/30"),)),
                 Interface(_FAR, "eth0", (Address(f"{_FAR_ADDRESS}/30"),))))


def gbps(found: Stage, client: str, server: str, address: str, seconds: int, *extra: str) -> float:
    """What the receiver got, one stream."""
    listening = subprocess.Popen(found.command(server, "iperf3", "-s", "-1"), stdout=subprocess.DEVNULL)
    try:
        until(lambda: found.run(server, "ss", "-Hltn", "sport = 5201").stdout, 5, "iperf3 to listen")
        ran = found.run(client, "iperf3", "-J", "-t", str(seconds), "-c", address, *extra, timeout_s=seconds + 30)
        return float(json.loads(ran.stdout)["end"]["sum_received"]["bits_per_second"]) / 1e9
    finally:
        listening.wait(10)


def order(found: Stage, mbps: int) -> None:
    """Another bandwidth for the circuit."""
    own, twin = estates.circuit(group="rg1")
    service = {**own.properties["serviceProviderProperties"], "bandwidthInMbps": mbps}
    found.put(replace(own, properties={"serviceProviderProperties": service}), twin)


def measure_policed(found: Stage, seconds: int) -> None:
    """One stream of TCP against the ordered bandwidth of one leg: share of it that the receiver got as data. With two,
    Linux gives a stream another flow hash, and so perhaps the other leg, after each timeout."""
    found.put(estates.order(group="rg1", secondary=None))
    for mbps in _ORDERED_MBPS:
        order(found, mbps)
        shares = {}
        for control in ("cubic", "bbr"):
            for way, extra in (("to_cloud", ()), ("to_site", ("--reverse",))):
                got = gbps(found, scenes.HOST, scenes.VM, scenes.IN_CLOUD, seconds, "-C", control, *extra)
                shares[f"{control}_{way}"] = round(got * 1000 / mbps, 3)
        report("policed", {"ordered_mbps": mbps, **shares})
    found.put(estates.order(group="rg1"))


def measure(seconds: int) -> None:
    with stage() as found:
        bring_up(found, 1, 1, cloud=True)
        scenes.connected(found)
        scenes.both_up(found)
        measure_policed(found, 2 * seconds)
        order(found, _WIDEST_MBPS)
        found.put(estates.sized_gateway("UltraPerformance", group="rg1"))
        pieces = baseline()
        found.plane.apply(Change(ensure=pieces))
        runs: dict[str, Callable[[], float]] = {
            "to_cloud_gbps": lambda: gbps(found, scenes.HOST, scenes.VM, scenes.IN_CLOUD, seconds),
            "to_site_gbps": lambda: gbps(found, scenes.HOST, scenes.VM, scenes.IN_CLOUD, seconds, "--reverse"),
            "one_veth_gbps": lambda: gbps(found, _NEAR, _FAR, _FAR_ADDRESS, seconds)}
        rounds = [{name: run() for name, run in runs.items()} for _ in range(_ROUNDS)]
        found.plane.apply(Change(remove=pieces))
    medians = {name: statistics.median(one[name] for one in rounds) for name in runs}
    ratio = min(medians["to_cloud_gbps"], medians["to_site_gbps"]) / medians["one_veth_gbps"]
    report("throughput", {**{name: round(value, 2) for name, value in medians.items()}, "ratio": round(ratio, 2)})


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 5)
