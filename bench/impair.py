"""What line conditions cost: TCP and small datagrams over one wire, plain, through the impair program that does
nothing, and through the relay; and how late the relay is.

    python bench/impair.py [SECONDS]        seconds of iperf3 per run, default 3

The baseline, the same wire without programs, is measured in the same run; runs alternate, because the machine is
shared, and the median counts. Sender, receiver and relay share the machine's cores: what the relay takes, they lack.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from fabric import inside, plane
from stand import report

# isort: split
import wires
from conditions import ends_in
from trunkline.fabric.bpf import build, libbpf
from trunkline.fabric.bpf import impair_records as records
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Impairment, Interface, Link, Node, Role
from trunkline.settings import Places

_ROUNDS = 3
_EAST = "10.5.0.2"
_LINE = (Node("west", Role.HOST), Node("east", Role.HOST),
         Link(Interface("west", "eth0", (Address("10.5.0.1/30"),)),
              Interface("east", "eth0", (Address(f"{_EAST}/30"),))))
_NOTHING = Impairment("east", "eth0", False, ends_in(3600))
_DELAYED = replace(_NOTHING, delay_us=1)
_LATE_MS = 20.0
_REPEAT, _LOOPBACK = 300_000, 1


def iperf(places: Places, seconds: int, *extra: str) -> dict[str, float]:
    server = subprocess.Popen(inside(places, "east", "iperf3", "-s", "-1"), stdout=subprocess.DEVNULL)
    try:
        while not subprocess.run(inside(places, "east", "ss", "-Hltn", "sport = 5201"), capture_output=True,
                                 check=True).stdout:
            time.sleep(0.02)
        words = ("iperf3", "-J", "-t", str(seconds), "-c", _EAST, *extra)
        ran = subprocess.run(inside(places, "west", *words), capture_output=True, text=True, check=True)
        found: dict[str, dict[str, float]] = json.loads(ran.stdout)["end"]
        return found["sum"] if "-u" in extra else found["sum_received"]
    finally:
        server.wait(10)


def figures(places: Places, seconds: int) -> dict[str, float]:
    """Gbit/s of one TCP stream, and datagrams of 64 bytes that arrive each second when all are sent that can be."""
    flood = iperf(places, seconds, "-u", "-b", "0", "-l", "64")
    return {"tcp_gbps": iperf(places, seconds)["bits_per_second"] / 1e9,
            "datagrams_per_s": (flood["packets"] - flood["lost_packets"]) / flood["seconds"]}


def measure(seconds: int) -> None:
    with plane() as (found, places):
        found.apply(Change(ensure=_LINE))
        wires.reach(places, "west", _EAST)
        ways: dict[str, Callable[[], None]] = {
            "plain": lambda: found.apply(Change(remove=(_NOTHING,))),
            "program": lambda: found.apply(Change(ensure=(_NOTHING,))),
            "relay": lambda: found.apply(Change(ensure=(_DELAYED,)))}
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
        for _ in range(_ROUNDS):
            for name, prepare in ways.items():
                prepare()
                rows[name].append(figures(places, seconds))
        medians = {name: {what: statistics.median(row[what] for row in found_rows) for what in found_rows[0]}
                   for name, found_rows in rows.items()}
        ratios = {f"{name}_{what}_ratio": round(medians[name][what] / medians["plain"][what], 2)
                  for name in ("program", "relay") for what in medians["plain"]}
        report("impair", {f"{name}_{what}": round(value, 2) for name, row in medians.items()
                          for what, value in row.items()} | ratios | lateness(found, places) | program_ns())


def program_ns() -> dict[str, int]:
    """Nanoseconds of one run of the program on a small frame (BPF_PROG_TEST_RUN, its own cost of some 20 ns included):
    without a rule for the interface, and with one that spares the frame. The least of some rounds counts."""
    frame = wires.frame_with([])
    with libbpf.loaded(build.required("impair")) as loaded:
        parts, program = libbpf.descriptors(loaded), libbpf.descriptors(loaded, "program")["impair_in"]
        without = min(libbpf.tried(program, frame, _REPEAT)[1] for _ in range(_ROUNDS))
        key = records.KEY.pack(_LOOPBACK, 0, records.NO_TAG)
        libbpf.update(parts["counters"], key, bytes(records.COUNTER.size * libbpf.cpus()))
        libbpf.update(parts["rules"], key, bytes(records.compile_rule(_NOTHING)))
        spared = min(libbpf.tried(program, frame, _REPEAT)[1] for _ in range(_ROUNDS))
    return {"no_rule_ns": without, "spared_ns": spared}


def lateness(found: LinuxPlane, places: Places) -> dict[str, float]:
    """How much later than asked for an echo comes back, beyond the round trip of the plain wire."""
    found.apply(Change(remove=(_NOTHING,)))
    plain = round_trips_ms(places)
    found.apply(Change(ensure=(replace(_NOTHING, delay_us=int(_LATE_MS * 1000)),)))
    late = [value - _LATE_MS - statistics.median(plain) for value in round_trips_ms(places)]
    ordered = sorted(late)
    return {"late_ms_median": round(statistics.median(ordered), 2),
            "late_ms_p95": round(ordered[-(len(ordered) // 20)], 2)}


def round_trips_ms(places: Places) -> list[float]:
    rows = []
    for _ in range(100):
        started = time.perf_counter()
        wires.echoes(places, "west", _EAST)
        rows.append((time.perf_counter() - started) * 1000)
    return rows


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 3)
