"""A thousand circuits: time, memory, processor time at rest, one more, a dead control plane, an empty machine.

    python bench/thousand.py [--no-bfd] [--rest SECONDS] [--no-lives] [N ...]   default 100 250 500 1000, in one run

Budgets: 1,000 circuits, both legs, all sessions Established, in at most 180 s and 6 GiB on the provider's side; one
more circuit at most 1.5 times the first; the control plane killed: no packet lost, converged in at most 2 s.

Real store, reconciler (a process of its own, as in the product), namespaces, daemons and frames. The customers' ends of
all circuits are in a few namespaces (ends.py), reached through untagged hand-offs, so what is measured is the
provider's side: switch, edge, VRF and its daemon, for each leg. Circuit 1 has also a site and a cloud, for the
probe.

``all_s``: from the wishes of those that are not there yet to all sessions Established and all operations ended, summed
over the steps; ``cpu_s``: of the reconciler, what it started, and the daemons. ``more``: circuits put one at a time
(median), the same way for the first and at each N. Memory: what is available in the machine before and after, less what
the customers' BIRDs and this process have. ``rest``: processor time in a quiet stretch, of the whole machine and by who
used it, in percent of one core. ``established``, ``bfd_up``, ``fell``: the customers' sessions at the end of that
stretch, and how often one had ended by then. ``killed``: SIGKILL under a probe of 1,000 packets/s; ``wish_s`` until
something wished while nobody ran is there, ``adopted_s`` until every scope was looked at. ``reboot``: all namespaces
and daemons gone, the store kept; until all sessions are Established again.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ends import NODE, Ends, circuit, name, places_of
from stand import AZURE, Leg, Profile, Stage, bring_up, estates, probing, report, scenes, until

# isort: split
from stage import Apart
from trunkline.assembly import reconcile
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Node, Role
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Places, load

_DEADLINE_S = 1200.0
_MORE = 5
#: Highest number of a circuit beyond the N asked for.
_SPARE = 100
_TICKS = os.sysconf("SC_CLK_TCK")
_QUIET = replace(AZURE, customer_bfd=None)


class Beyond(Apart):
    """The reconciler in the customers' namespace."""

    profile = AZURE

    def command(self) -> list[str]:
        place = f"/run/netns/{self._places.namespace_prefix}{NODE}"
        return ["nsenter", f"--net={place}", "--", sys.executable, __file__, "--reconcile",
                *(["--no-bfd"] if self.profile is _QUIET else [])]


@contextmanager
def provider(most: int, profile: Profile) -> Iterator[tuple[Stage, Ends]]:
    """Everything is swept away afterwards."""
    Beyond.profile = profile
    with TemporaryDirectory(prefix="trunkline-bench-") as home:
        places = load({}, home=f"{home}/home").places
        plane, speaker = LinuxPlane(places), Daemons(BirdSpeaker(places), FrrSpeaker(places))
        plane.apply(Change(ensure=tuple(Node(node, Role.HOST) for node in (NODE, *places_of(most)))))
        found = Stage(places, plane, speaker, profile=profile, apart=Beyond)
        try:
            with Ends(places, most, profile is AZURE) as customers:
                yield found, customers
        finally:
            found.close()
            speaker.sweep()
            plane.sweep()


# ── bringing up ────────────────────────────────────────────────────────────────────────────────────────────────────


def add(found: Stage, customers: Ends, numbers: Iterable[int]) -> float:
    """Seconds from the wish to all sessions Established and all operations ended."""
    wanted = list(numbers)
    started = time.monotonic()
    operations = found.begin([resource for number in wanted for resource in circuit(number)])
    await_up(customers, wanted)
    found.settle(operations, _DEADLINE_S)
    return time.monotonic() - started


def await_up(customers: Ends, numbers: Iterable[int]) -> None:
    handoffs = {name(number, leg) for number in numbers for leg in Leg}
    until(lambda: handoffs <= customers.established(), _DEADLINE_S, f"{len(handoffs)} sessions Established",
          min(0.5, 0.02 + len(handoffs) / 2000))


class Growing:
    """Circuits are numbered from 2 in the order in which they come."""

    def __init__(self, found: Stage, customers: Ends) -> None:
        self._found, self._customers, self.last, self.all_s = found, customers, 1, 0.0

    def to(self, count: int) -> None:
        numbers = range(self.last + 1, count + 1)
        self.all_s += add(self._found, self._customers, numbers) if numbers else 0
        self.last = max(self.last, count)

    def more(self) -> dict[str, float]:
        """One circuit after the other: elapsed seconds, and the provider's processor time."""
        took = []
        for _ in range(_MORE):
            self.last += 1
            before = provider_s(self._found)
            elapsed_s = add(self._found, self._customers, [self.last])
            took.append((elapsed_s, provider_s(self._found) - before))
        return {"s": round(statistics.median(s for s, _ in took), 3),
                "cpu_s": round(statistics.median(cpu for _, cpu in took), 3)}


# ── what it takes ──────────────────────────────────────────────────────────────────────────────────────────────────


def busy_s() -> float:
    """Processor time of the whole machine since it started, without idling and waiting for disks."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS


def process_s(pid: int) -> float:
    """By the scheduler's own count, of all its threads: what wakes for a few microseconds is never met by the clock's
    tick. With the children that it has waited for."""
    spent = sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return spent / 1e9 + sum(map(int, fields[13:15])) / _TICKS


def provider_s(found: Stage) -> float:
    """Processor time of the reconciler, of whatever it started, and of the daemons."""
    return sum(map(process_s, (found.reconciler.pid, *daemons(found.places))))


def pss_mb(pid: int) -> float:
    """Proportional set size: shared pages are split among those who share."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def machine_mb() -> dict[str, float]:
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) / 1024 for row in rows}


def daemons(places: Places) -> list[int]:
    """Pids of all nodes' BIRDs, without the customers'."""
    return [int(file.read_text()) for file in places.run.glob("nodes/*/bird.pid")]


#: Where the kernel keeps what namespaces and interfaces are made of.
_KERNEL = ("Slab", "Percpu", "PageTables", "KernelStack")


class Weight:
    """What the machine had available when this was made, and what is gone since."""

    def __init__(self, found: Stage, customers: Ends) -> None:
        self._found, self._customers = found, customers
        self._before, self._theirs = machine_mb(), self._not_ours()

    def _not_ours(self) -> float:
        return sum(map(pss_mb, [*self._customers.pids, os.getpid()]))

    def mb(self) -> dict[str, float]:
        now = machine_mb()
        gone = self._before["MemAvailable"] - now["MemAvailable"] - (self._not_ours() - self._theirs)
        birds, reconciler = map(pss_mb, daemons(self._found.places)), pss_mb(self._found.reconciler.pid)
        return {"provider": round(gone), "daemons": round(sum(birds)), "reconciler": round(reconciler),
                **{part.lower(): round(now[part] - self._before[part]) for part in _KERNEL}}


def rest(found: Stage, customers: Ends, seconds: float) -> dict[str, float]:
    """Percent of one core."""
    pids = {"daemons": daemons(found.places), "reconciler": [found.reconciler.pid], "customers": customers.pids}

    def used() -> Mapping[str, float]:
        return {"machine": busy_s(), **{who: sum(map(process_s, these)) for who, these in pids.items()}}

    before, began = used(), time.monotonic()
    time.sleep(seconds)
    after, took_s = used(), time.monotonic() - began
    return {who: round(100 * (after[who] - before[who]) / took_s, 1) for who in before}


# ── a dead control plane, an empty machine ─────────────────────────────────────────────────────────────────────────


def killed(found: Stage, number: int) -> dict[str, object]:
    before = scenes.footprint(found)
    with probing.probing(found) as seen:
        probing.both_legs_carry(found)
        found.reconciler.kill()
        operations = found.begin([estates.site(f"lyon{number}", number=5000 + number)])
        started = time.monotonic()
        found.reconciler.start()
        found.settle(operations, _DEADLINE_S)
        wish_s = time.monotonic() - started
        await_adopted(found)
        adopted_s = time.monotonic() - started
        probing.both_legs_carry(found)
    return {"wish_s": round(wish_s, 2), "adopted_s": round(adopted_s, 2), "lost": seen.lost, "sent": seen.sent,
            "disturbed": len(scenes.disturbed(before, scenes.footprint(found)))}


def await_adopted(found: Stage) -> None:
    journal = found.places.log / "reconcile.log"

    def told() -> bool:
        """By the last of its lives."""
        events = [json.loads(line) for line in journal.read_text().splitlines()]
        return next(one["event"] for one in reversed(events) if one["event"] in ("adopting", "adopted")) == "adopted"

    until(told, _DEADLINE_S, "everything looked at", 0.05)


def reboot(found: Stage, customers: Ends, count: int) -> float:
    """Seconds from the start on the empty machine to all sessions Established."""
    found.reconciler.kill()
    found.speaker.sweep()
    nodes = {node for node in found.plane.nodes() if not node.startswith(NODE)}
    found.plane.apply(Change(remove=tuple(Node(node, Role.VRF) for node in nodes)))
    until(lambda: not customers.established(), 60, "the customers' sessions to be gone")
    started = time.monotonic()
    found.reconciler.start()
    await_up(customers, range(2, count + 1))
    await_adopted(found)
    return time.monotonic() - started


# ── all of it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def measure(counts: list[int], profile: Profile, rest_s: float, lives: bool) -> None:
    with provider(max(counts) + _SPARE, profile) as (found, customers):
        bring_up(found, 1, 1, cloud=True)
        growing = Growing(found, customers)
        growing.to(2)  # which brings the plant
        first, weight, cpu_s = growing.more(), Weight(found, customers), provider_s(found)
        have = growing.last
        for count in sorted(counts):
            growing.to(count)
            figures = {"bfd": profile is AZURE, "circuits": count, "all_s": round(growing.all_s, 1),
                       "all_cpu_s": round(provider_s(found) - cpu_s, 1)}
            weighed = weight.mb()
            resting = rest(found, customers, rest_s) if rest_s else {}
            figures |= {"established": len(customers.established()), "bfd_up": customers.bfd_up(),
                        "fell": customers.stops()}
            paused_s = provider_s(found)
            more = growing.more()
            report("thousand", {
                **figures, "each_mb": round(weighed["provider"] / max(1, count - have), 2), "memory_mb": weighed,
                "rest_percent": resting, "first": first, "one_more": more,
                "one_more_ratio": round(more["s"] / first["s"], 2)})
            cpu_s += provider_s(found) - paused_s
        if lives:
            report("thousand", {"killed": growing.last, **killed(found, 1)})
            report("thousand", {"reboot": growing.last, "all_s": round(reboot(found, customers, growing.last), 1)})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--no-bfd", action="store_true", help="customers' sessions without BFD")
    parser.add_argument("--rest", type=float, default=20, help="seconds of rest to measure")
    parser.add_argument("--no-lives", action="store_true", help="neither kill nor reboot")
    parser.add_argument("--reconcile", action="store_true", help="be the reconciler")
    parser.add_argument("counts", type=int, nargs="*", default=[100, 250, 500, 1000])
    return parser.parse_args()


if __name__ == "__main__":
    asked = arguments()
    wished = _QUIET if asked.no_bfd else AZURE
    if asked.reconcile:
        sys.exit(reconcile.run(load(os.environ), wished))
    measure(asked.counts, wished, asked.rest, not asked.no_lives)
