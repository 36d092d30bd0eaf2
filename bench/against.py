"""Against others, in the same run on the same machine: what the kernel does without us, and what a shell script does.

    python bench/against.py [SECONDS] [CUSTOMERS]       seconds of iperf3 per run, default 3; customers set up, 20

*Paths.* TCP in one stream, and datagrams of 64 bytes as fast as one sender goes (what arrived), between two hosts over:
one veth pair; a router's namespace; a bridge; two routers with two bridges between them, and the same with our
cross-connects and both tags in the bridges' place; two routers with a VXLAN tunnel between them; the whole way from a
site to the cloud. Runs alternate, because the machine is shared; medians. Ratios: to the path without our part.

*Setting up.* The nodes, links, tunnels, static routes and BIRDs of customers with circuit, virtual network, gateway and
connection: by a process ``ip`` for each command, by ``ip -batch``, and by our drivers; then all that we do beside, from
the wish to sessions observed, by the reconciler. Elapsed, and processor time of all that took part.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from plain import COMMON, Script, start
from stand import AZURE, Router, Stage, bring_up, estates, report, scenes, stage, until

# isort: split
from chains import HERE, THERE, Chain, shared
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.blueprint import Blueprint, in_order
from trunkline.intent.compile import compile
from trunkline.intent.dependency import touched
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Interface, Link, Node, Piece, Role, Route, Tunnel
from trunkline.model.resource import Resource
from trunkline.routing import BirdSpeaker
from trunkline.settings import Places, load

_ROUNDS = 3
_TICKS = os.sysconf("SC_CLK_TCK")


# ── paths ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def hosts() -> tuple[Piece, ...]:
    return Node("here1", Role.HOST), Node("there1", Role.HOST)


def end(node: str, name: str, *addresses: str, bridged: bool = False, mtu: int = 1500) -> Interface:
    return Interface(node, name, tuple(Address(address) for address in addresses), bridged=bridged, mtu=mtu)


def cable() -> tuple[Piece, ...]:
    return (*hosts(), Link(end("here1", "eth0", f"{HERE}/8"), end("there1", "eth0", f"{THERE}/8")))


def router() -> tuple[Piece, ...]:
    return (*hosts(), Node("r", Role.ROUTER, forwarding=True),
            Link(end("here1", "eth0", f"{HERE}/24"), end("r", "a", "10.1.1.1/24")),
            Link(end("there1", "eth0", f"{THERE}/24"), end("r", "b", "10.2.1.1/24")),
            Route("here1", "0.0.0.0/0", ("10.1.1.1",)), Route("there1", "0.0.0.0/0", ("10.2.1.1",)))


def bridge() -> tuple[Piece, ...]:
    return (*hosts(), Node("b", Role.LAN, bridge=True),
            Link(end("here1", "eth0", f"{HERE}/8"), end("b", "a", bridged=True)),
            Link(end("there1", "eth0", f"{THERE}/8"), end("b", "b", bridged=True)))


def bridged() -> tuple[Piece, ...]:
    return (*shared(bridge=True), *Chain().straight())


def connected() -> tuple[Piece, ...]:
    return (*shared(), *Chain().pieces())


def tunnel() -> tuple[Piece, ...]:
    """Two routers, each with its underlay, and a link between these."""
    ends = (("here1", HERE, "10.1.1.1", "10.2.0.0/16"), ("there1", THERE, "10.2.1.1", "10.1.0.0/16"))
    found: list[Piece] = [*hosts(), Link(end("core0", "r", "192.0.2.1/30", mtu=9000),
                                         end("core1", "r", "192.0.2.2/30", mtu=9000))]
    for n, (host, address, near, far_prefix) in enumerate(ends):
        vrf, core, mine, far = f"v{n}", f"core{n}", n + 1, 2 - n
        found += [
            Node(vrf, Role.VRF, forwarding=True), Node(core, Role.CORE, forwarding=True),
            Link(end(host, "eth0", f"{address}/24"), end(vrf, "lan", f"{near}/24")),
            Tunnel(core, end(vrf, "t", f"198.51.100.{mine}/30"), 7, f"192.0.2.{mine}", f"192.0.2.{far}"),
            Route(host, "0.0.0.0/0", (near,)), Route(vrf, far_prefix, (f"198.51.100.{far}",))]
    return tuple(found)


PATHS: dict[str, Callable[[], tuple[Piece, ...]]] = {
    "veth": cable, "router": router, "bridge": bridge, "routers and bridges": bridged,
    "routers and xconnect": connected, "routers and vxlan": tunnel}
#: What a path of ours is held against.
_AGAINST = {"routers and xconnect": "routers and bridges", "routers and vxlan": "router", "site to cloud": "router"}


class Sender:
    """iperf3 between two nodes of an instance."""

    def __init__(self, places: Places, source: str = "here1", target: str = "there1", address: str = THERE) -> None:
        self._prefix, self._source, self._target, self._address = places.namespace_prefix, source, target, address

    def gbps(self, seconds: int) -> float:
        return float(self._run(seconds)["sum_received"]["bits_per_second"]) / 1e9

    def kpps(self, seconds: int) -> float:
        """Thousand datagrams a second that arrived."""
        told = self._run(seconds, "-u", "-b", "0", "-l", "64")["sum"]
        return float(told["packets"] - told["lost_packets"]) / float(told["seconds"]) / 1e3

    def _run(self, seconds: int, *extra: str) -> dict[str, dict[str, float]]:
        listening = subprocess.Popen(self._inside(self._target, "iperf3", "-s", "-1"), stdout=subprocess.DEVNULL)
        try:
            until(lambda: self._told(self._target, "ss", "-Hltn", "sport = 5201"), 5, "iperf3 to listen")
            told = self._told(self._source, "iperf3", "-J", "-t", str(seconds), "-c", self._address, *extra)
            found: dict[str, dict[str, float]] = json.loads(told)["end"]
            return found
        finally:
            listening.wait(10)

    def _told(self, node: str, *words: str) -> str:
        return subprocess.run(self._inside(node, *words), capture_output=True, text=True, check=True).stdout

    def _inside(self, node: str, *words: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self._prefix}{node}", "--", *words]


@contextmanager
def instance(pieces: Sequence[Piece] = ()) -> Iterator[tuple[Places, LinuxPlane, BirdSpeaker]]:
    with TemporaryDirectory(prefix="trunkline-bench-") as home:
        places = load({}, home=f"{home}/home").places
        plane, speaker = LinuxPlane(places), BirdSpeaker(places)
        try:
            plane.apply(Change(ensure=tuple(pieces)))
            yield places, plane, speaker
        finally:
            speaker.sweep()
            plane.sweep()


def measure_path(name: str, sender: Sender, seconds: int) -> dict[str, float]:
    rounds = [(sender.gbps(seconds), sender.kpps(seconds)) for _ in range(_ROUNDS)]
    gbps, kpps = (statistics.median(column) for column in zip(*rounds, strict=True))
    report("against", {"path": name, "tcp_gbps": round(gbps, 2), "kpps": round(kpps)})
    return {"gbps": gbps, "kpps": kpps}


def measure_paths(seconds: int) -> None:
    found = {}
    for name, pieces in PATHS.items():
        with instance(pieces()) as (places, _, _):
            found[name] = measure_path(name, Sender(places), seconds)
    with stage() as whole:
        bring_up(whole, 1, 1, cloud=True)
        scenes.connected(whole)
        scenes.both_up(whole)
        sender = Sender(whole.places, scenes.HOST, scenes.VM, scenes.IN_CLOUD)
        found["site to cloud"] = measure_path("site to cloud", sender, seconds)
    report("against", {"ratios": {f"{ours} / {theirs}": {
        unit: round(found[ours][unit] / found[theirs][unit], 2) for unit in ("gbps", "kpps")}
        for ours, theirs in _AGAINST.items()}})


# ── setting up ─────────────────────────────────────────────────────────────────────────────────────────────────────


def customers(count: int) -> list[Resource]:
    return [r for n in range(1, count + 1) for r in (
        *estates.circuit(number=n, group=f"rg{n}"), estates.peering(group=f"rg{n}"),
        *estates.cloud(number=n, group=f"rg{n}"), estates.connection(number=n, group=f"rg{n}"))]


def topology(resources: Sequence[Resource]) -> tuple[tuple[Piece, ...], tuple[Router, ...]]:
    """What both sides can make of them, with the plant that they stand on."""
    estate = estates.snapshot(*resources)
    due = sorted({scope for found in resources for scope in touched(found, estate)})
    made: dict[str, Blueprint] = {}
    while due:
        scope = due.pop()
        if str(scope) not in made:
            made[str(scope)] = compile(scope, estate, AZURE)
            due += made[str(scope)].requires
    pieces = in_order(piece for one in made.values() for piece in one.pieces if isinstance(piece, COMMON))
    return pieces, tuple(router for one in made.values() for router in one.routers)


def cost(act: Callable[[], object]) -> dict[str, float]:
    before, started = _used_s(), time.monotonic()
    act()
    return {"s": round(time.monotonic() - started, 2), "cpu_s": round(_used_s() - before, 2)}


def _used_s() -> float:
    """By this process and by those that it has waited for, in the kernel too."""
    return sum(used.ru_utime + used.ru_stime
               for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def by_script(pieces: Sequence[Piece], routers: Sequence[Router], batched: bool) -> dict[str, float]:
    with instance() as (places, plane, _):
        plane.apply(Change(ensure=(Node("ground", Role.HOST),)))
        processes: list[int] = []
        script = Script(places, pieces, batched)
        network = cost(lambda: processes.append(script.run()))
        daemons = cost(lambda: start(places, routers))
        lacking = [piece.key for piece in pieces if isinstance(piece, Node) and piece.name not in plane.nodes()]
        assert not lacking, lacking
        return {**network, "processes": processes[0], "birds_s": daemons["s"], "birds_cpu_s": daemons["cpu_s"]}


def by_drivers(pieces: Sequence[Piece], routers: Sequence[Router]) -> dict[str, float]:
    with instance() as (_, plane, speaker):
        plane.apply(Change(ensure=(Node("ground", Role.HOST),)))
        network = cost(lambda: plane.apply(Change(ensure=tuple(pieces))))
        daemons = cost(lambda: [speaker.apply(one) for one in routers])
        assert len(plane.observe(pieces)) == len(pieces)
        return {**network, "birds_s": daemons["s"], "birds_cpu_s": daemons["cpu_s"]}


def by_reconciler(resources: Sequence[Resource]) -> dict[str, float]:
    """With everything: the store, cross-connects, source checks, counters, sessions observed."""
    with stage(apart=True) as found:
        until(found.places.wake_socket.exists, 20, "the reconciler")
        before, started = _process_s(found), time.monotonic()
        found.settle(found.begin(resources), 300)
        return {"s": round(time.monotonic() - started, 2), "cpu_s": round(_process_s(found) - before, 2)}


def _process_s(found: Stage) -> float:
    """The reconciler, what it waited for, and its daemons."""
    total, daemons = 0, (int(file.read_text()) for file in found.places.run.glob("nodes/*/bird.pid"))
    for pid in (getattr(found.reconciler, "pid", 0), *daemons):
        with suppress(FileNotFoundError):
            total += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return total / _TICKS


def measure_setting_up(count: int) -> None:
    resources = customers(count)
    pieces, routers = topology(resources)
    kinds = {kind.__name__.lower(): sum(isinstance(piece, kind) for piece in pieces) for kind in COMMON}
    report("against", {"setting_up": count, **kinds, "birds": len(routers)})
    rounds = [{"ip": by_script(pieces, routers, batched=False), "ip -batch": by_script(pieces, routers, batched=True),
               "drivers": by_drivers(pieces, routers)} for _ in range(_ROUNDS)]
    medians = {who: {unit: statistics.median(one[who][unit] for one in rounds) for unit in rounds[0][who]}
               for who in rounds[0]}
    report("against", {"customers": count, **medians, "everything, by the reconciler": by_reconciler(resources)})


if __name__ == "__main__":
    wanted_s, wanted = (int(word) for word in (*sys.argv[1:], *("3", "20")[len(sys.argv) - 1:]))
    measure_setting_up(wanted)
    measure_paths(wanted_s)
