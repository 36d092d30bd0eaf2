"""The plane alone: time to make, look at and remove one customer's pieces (both legs), and TCP throughput through the
double-tag chain against the same veth path without xconnect.

    python bench/fabric.py [SECONDS]        seconds of iperf3 per run, default 5

The baseline of throughput is measured in the same run: switch and edge as bridges, no tags. Runs alternate, because the
machine is shared; the median counts.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from stand import report

# isort: split
from chains import THERE, Chain, shared
from trunkline.fabric import namespace
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Piece
from trunkline.settings import Places, load

CUSTOMERS = 20
ROUNDS = 5


@contextmanager
def plane() -> Iterator[tuple[LinuxPlane, Places]]:
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as home:
        places = load({"TRUNKLINE_RUN": f"{home}/run"}, home=f"{home}/home").places
        found = LinuxPlane(places)
        try:
            yield found, places
        finally:
            found.sweep()


def cost(act: Callable[[], object]) -> tuple[float, float]:
    """(elapsed, CPU of this process with the kernel's work for it), milliseconds."""
    elapsed, used = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - elapsed) * 1e3, (time.process_time() - used) * 1e3


def measure_pieces() -> None:
    """A customer here is two chains, as a circuit has two legs: 8 namespaces, 10 veth pairs, 12 cross-connects and 8
    routes."""
    with plane() as (found, _):
        found.apply(Change(ensure=shared()))
        customers = [
            (*Chain(2 * n, 2 * n).pieces(), *Chain(2 * n + 1, 2 * n + 1).pieces()) for n in range(1, CUSTOMERS + 1)
        ]
        report("fabric", {"pieces_per_circuit": len(customers[0]), **phase("make", customers, found)})
        report("fabric", phase("look", customers, found))
        report("fabric", phase("remove", customers, found))


def phase(name: str, customers: Sequence[Sequence[Piece]], found: LinuxPlane) -> dict[str, float]:
    acts: dict[str, Callable[[Sequence[Piece]], object]] = {
        "make": lambda pieces: found.apply(Change(ensure=tuple(pieces))),
        "look": found.observe,
        "remove": lambda pieces: found.apply(Change(remove=tuple(pieces))),
    }
    costs = [cost(lambda p=pieces: acts[name](p)) for pieces in customers]  # type: ignore[misc]
    return {
        f"{name}_ms": round(statistics.median(elapsed for elapsed, _ in costs), 1),
        f"{name}_cpu_ms": round(statistics.median(used for _, used in costs), 1),
    }


def throughput_gbps(places: Places, seconds: int) -> float:
    """What the receiver got, TCP, one stream."""
    server = subprocess.Popen(inside(places, "there1", "iperf3", "-s", "-1"), stdout=subprocess.DEVNULL)
    try:
        while not subprocess.run(
            inside(places, "there1", "ss", "-Hltn", "sport = 5201"), capture_output=True, check=True
        ).stdout:
            time.sleep(0.02)
        words = ("iperf3", "-J", "-t", str(seconds), "-c", THERE)
        ran = subprocess.run(inside(places, "here1", *words), capture_output=True, text=True, check=True)
        return float(json.loads(ran.stdout)["end"]["sum_received"]["bits_per_second"]) / 1e9
    finally:
        server.wait(10)


def inside(places: Places, node: str, *words: str) -> list[str]:
    return namespace.argv(places.namespace_prefix + node, list(words))


def measure_throughput(seconds: int) -> None:
    with plane() as (tagged, tagged_places), plane() as (straight, straight_places):
        tagged.apply(Change(ensure=(*shared(), *Chain().pieces())))
        straight.apply(Change(ensure=(*shared(bridge=True), *Chain().straight())))
        found: list[tuple[float, float]] = [
            (throughput_gbps(tagged_places, seconds), throughput_gbps(straight_places, seconds)) for _ in range(ROUNDS)
        ]
    with_tags, without = (statistics.median(column) for column in zip(*found, strict=True))
    report(
        "xconnect",
        {
            "tagged_gbps": round(with_tags, 2),
            "straight_gbps": round(without, 2),
            "ratio": round(with_tags / without, 2),
        },
    )


if __name__ == "__main__":
    measure_pieces()
    measure_throughput(int(sys.argv[1]) if sys.argv[1:] else 5)
