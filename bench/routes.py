"""Many routes on BIRD: accepted and in the kernel, judged again, churned, and what they weigh.

    python bench/routes.py [PREFIXES] [SESSIONS]        default 10,000 and 100

*Taking.* A speaker of our own tells PREFIXES prefixes on one session, 400 to a message. Elapsed from the first byte
until as many routes stand in the kernel, for: BIRD with the least configuration that it takes (import all, export all
to the kernel); ours with a policy that permits all; with one as of public peerings (martians, path length, AS_SETs,
next hops, communities, permitted space); the same as a route server's client, which keeps what it heard apart and puts
nothing into the kernel, so until accepted. Three rounds in turn; medians. Memory: the daemon's PSS after less before.

*Judging again.* SESSIONS sessions of one BIRD with peers that have ten each, 100 prefixes on each session; the import
policy of all is changed to give another local preference. The peers are asked for their routes again (RFC 2918); once
more where what they said is kept, as on route servers and where origins are validated, and nobody has to be asked.
Elapsed until every route has it, as BIRD counts; how many sessions were closed.

*Churn.* Of 4,000 prefixes on one session 1,000 updates a second for five seconds, half of them withdrawals; beside it
the session of another router, with BFD at 100 ms × 3, is watched. Updates taken in a second, and whether it stayed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from stand import report, until

# isort: split
from speaking import link, mirrored, namespaces, status, unbroken, wait_established
from trunkline.drill.message import Introduction, Route, announcement, withdrawal
from trunkline.drill.speaker import Peer, Speaker
from trunkline.fabric import namespace
from trunkline.intent.bgp import (
    PERMIT_ALL,
    Action,
    CommunityMatch,
    Origin,
    Policy,
    PrefixMatch,
    Refusal,
    Router,
    Rule,
    Session,
)
from trunkline.intent.compile.vrf import MARTIANS
from trunkline.model.profile import Bfd
from trunkline.model.site import Daemon
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.routing.bird import control
from trunkline.routing.files import NodeFiles
from trunkline.settings import Places, load

_ROUNDS = 3
_IN_A_MESSAGE = 400
#: In a space that no rule of the policy below refuses.
_SPACE = ip_network("20.0.0.0/8")
PLAIN = """router id 192.0.2.1;
protocol device {{ scan time 3600; }}
protocol kernel {{ ipv4 {{ import none; export all; }}; }}
protocol bgp 'left' {{ local {own} as 12076; neighbor {peer} as 65001; direct; interface "left0";
  ipv4 {{ import all; export none; }}; connect delay time 0; connect retry time 1; error wait time 1, 2; }}
"""
LEFT = Session("left", "customer", "left0", "10.0.1.2", "10.0.1.1", 12076, 65001, PERMIT_ALL, Policy())
PUBLIC = Policy((
    Rule(Action.DENY, MARTIANS, refusal=Refusal.MARTIAN),
    Rule(Action.DENY, as_set=True, refusal=Refusal.AS_SET),
    Rule(Action.DENY, longer_than=30, refusal=Refusal.PATH_TOO_LONG),
    Rule(Action.DENY, contains_asn=((0, 0), (23456, 23456), (64496, 64511)), refusal=Refusal.BOGON_ASN),
    Rule(Action.DENY, foreign_next_hop=True, refusal=Refusal.FOREIGN_NEXT_HOP),
    Rule(Action.NEXT, remove_communities=(CommunityMatch(((12076, 12076), (0, 65535))),)),
    Rule(Action.PERMIT, (PrefixMatch("20.0.0.0/8", 8, 24),), local_pref=120, add_communities=((12076, 1),))))


@dataclass(frozen=True)
class Kind:
    name: str
    session: Session | None  #: None: BIRD without us


KINDS = (Kind("raw", None), Kind("permits all", LEFT), Kind("public policy", replace(LEFT, import_policy=PUBLIC)),
         Kind("public policy, route server", replace(LEFT, import_policy=PUBLIC, route_server=True, group="none")))


def prefixes(count: int) -> list[str]:
    found = _SPACE.subnets(new_prefix=24)
    return [str(next(found)) for _ in range(count)]


def messages(told: list[str], path: tuple[int, ...] = (65001, 64900)) -> list[bytes]:
    pieces = [told[start:start + _IN_A_MESSAGE] for start in range(0, len(told), _IN_A_MESSAGE)]
    return [raw for piece in pieces for raw in announcement(Route(tuple(piece), path, LEFT.peer_address))]


@contextmanager
def places() -> Iterator[Places]:
    with TemporaryDirectory(prefix="trunkline-bench-") as home:
        yield load({}, home=f"{home}/home").places


@contextmanager
def told(where: Places, node: str, peer: Peer) -> Iterator[Speaker]:
    known: list[Speaker] = []

    def up() -> bool:
        known[:] = [Speaker(peer)]
        descriptor = namespace.descriptor(f"{where.namespace_prefix}{node}")
        try:
            with namespace.entered(descriptor):
                return known[0].open(3).established
        finally:
            os.close(descriptor)

    until(up, 20, "the session", every_s=0.2)
    yield known[0]
    known[0].close()


def in_kernel(where: Places) -> int:
    shown = subprocess.run(["ip", "-n", f"{where.namespace_prefix}mid", "route", "show", "proto", "bird"], check=True,
                           capture_output=True).stdout
    return shown.count(b"\n")


def pss_bytes(where: Places, node: str) -> int:
    pid = next(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()
               and str(where.run / "nodes" / node).encode() in _command(entry))
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) * 1024


def _command(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


@contextmanager
def running(where: Places, kind: Kind) -> Iterator[None]:
    daemons = Daemons(BirdSpeaker(where), FrrSpeaker(where))
    try:
        if kind.session:
            daemons.apply(Router("mid", Daemon.BIRD, 12076, "192.0.2.1", (kind.session,)))
        else:
            directory = where.run / "nodes" / "mid"
            directory.mkdir(parents=True)
            (directory / "bird.conf").write_text(PLAIN.format(own=LEFT.local_address, peer=LEFT.peer_address))
            subprocess.run(["nsenter", f"--net=/run/netns/{where.namespace_prefix}mid", "bird", "-c",
                            str(directory / "bird.conf"), "-s", str(directory / "bird.ctl"), "-P",
                            str(directory / "bird.pid")], check=True)
        yield
    finally:
        daemons.sweep()


def taking(kind: Kind, count: int) -> tuple[float, float]:
    """Seconds, and bytes for 10,000 routes."""
    said = messages(prefixes(count))
    with places() as where, namespaces(where, "left", "mid"):
        link(where, ("mid", "left0", "10.0.1.2/24"), ("left", "mid0", "10.0.1.1/24"))
        peer = Peer(LEFT.peer_address, LEFT.local_address, Introduction(65001, "192.0.2.9"))
        with running(where, kind), told(where, "left", peer) as speaker:
            before, begun = pss_bytes(where, "mid"), time.monotonic()
            for raw in said:
                speaker.send(raw)
            if kind.session and kind.session.route_server:
                return _seen(where, kind, count, begun), (pss_bytes(where, "mid") - before) * 10_000 / count
            until(lambda: in_kernel(where) >= count, 60, "routes in the kernel")
            return time.monotonic() - begun, (pss_bytes(where, "mid") - before) * 10_000 / count


def _seen(where: Places, kind: Kind, count: int, begun: float) -> float:
    """A route server puts nothing into the kernel."""
    assert kind.session
    router, speaker = Router("mid", Daemon.BIRD, 12076, "192.0.2.1", (kind.session,)), BirdSpeaker(where)
    until(lambda: status(speaker, router, "left").prefixes_accepted >= count, 60, "routes accepted")
    return time.monotonic() - begun


def measure_taking(count: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {kind.name: [] for kind in KINDS}
    for _ in range(_ROUNDS):
        for kind in KINDS:
            found[kind.name].append(taking(kind, count))
    raw_s = statistics.median(elapsed for elapsed, _ in found["raw"])
    for name, runs in found.items():
        elapsed, size = (statistics.median(column) for column in zip(*runs, strict=True))
        report("routes taken", {"kind": name, "prefixes": count, "seconds": round(elapsed, 2),
                                "against raw": round(elapsed / raw_s, 2), "MB for 10,000": round(size / 1e6, 2)})


def many(count: int, policy: Policy, kept: bool) -> tuple[Router, ...]:
    """``mid``, and its peers with ten sessions each; on each session 100 prefixes of its own. ``kept``: as a route
    server, which keeps what it heard."""
    peers = [f"left{n}" for n in range((count + 9) // 10)]
    ends = [(node, f"{node}-{k}", f"10.8.{n}.{k + 1}", f"10.8.{n}.{k + 101}", f"20.{n * 10 + k}.0.0/16")
            for n, node in enumerate(peers) for k in range(10)][:count]
    mid = Router("mid", Daemon.BIRD, 12076, "192.0.2.1", tuple(
        Session(name, "customer", node, own, peer, 12076, 65001, policy, Policy(), route_server=kept)
        for node, name, own, peer, _ in ends))
    return mid, *(_left(node, [one for one in ends if one[0] == node]) for node in peers)


def _left(node: str, ends: list[tuple[str, str, str, str, str]]) -> Router:
    sessions = tuple(
        Session(name, "edge", "mid0", peer, own, 65001, 12076, Policy(), Policy((
            Rule(Action.PERMIT, (PrefixMatch(space, 24, 24),)),)))
        for _, name, own, peer, space in ends)
    told = (str(one) for *_, space in ends for one in islice(ip_network(space).subnets(new_prefix=24), 100))
    return Router(node, Daemon.BIRD, 65001, ends[0][3], sessions, tuple(map(Origin, told)))


def addressed(where: Places, node: str, sessions: tuple[Session, ...]) -> None:
    batch = "".join(f"address add {one.local_address}/24 dev {one.interface}\n" for one in sessions)
    subprocess.run(["ip", "-n", f"{where.namespace_prefix}{node}", "-batch", "-"], input=batch.encode(), check=True)


def measure_judging(count: int, kept: bool) -> None:
    mid, *peers = many(count, PERMIT_ALL, kept)
    changed = many(count, Policy((Rule(Action.PERMIT, local_pref=150),)), kept)[0]
    with places() as where, namespaces(where, "mid", *(one.node for one in peers)):
        for number, one in enumerate(peers):
            link(where, ("mid", one.node, f"10.8.{number}.253/24"), (one.node, "mid0", f"10.8.{number}.254/24"))
        daemons = Daemons(BirdSpeaker(where), FrrSpeaker(where))
        try:
            for router in (mid, *peers):
                addressed(where, router.node, router.sessions)
                daemons.apply(router)
            until(lambda: _counted(where, "true") == count * 100, 90, "all routes", every_s=0.2)
            since = {one.name: one.since for one in daemons.sessions(mid)}
            begun = time.monotonic()
            daemons.apply(changed)
            until(lambda: _counted(where, "bgp_local_pref = 150") == count * 100, 60, "judged again")
            elapsed = time.monotonic() - begun
            closed = sum(not unbroken(since[one.name], one.since) for one in daemons.sessions(changed))
        finally:
            daemons.sweep()
    report("policy changed", {"sessions": count, "routes": count * 100, "seconds": round(elapsed, 2),
                              "heard is kept": kept, "sessions closed": closed})


def _counted(where: Places, condition: str) -> int:
    """Asked of BIRD, which counts 10,000 routes faster than anybody reads them."""
    told = control.ask(NodeFiles.of(where, "mid"), f"show route table master4 where {condition} count")
    return int(told[0].text.split()[0])


def measure_churn() -> None:
    quiet = Session("quiet", "customer", "quiet0", "10.0.2.2", "10.0.2.1", 12076, 65002, PERMIT_ALL, Policy(),
                    bfd=Bfd(100, 3))
    mid = Router("mid", Daemon.BIRD, 12076, "192.0.2.1", (replace(LEFT, import_policy=PUBLIC),))
    other = Router("other", Daemon.BIRD, 12076, "192.0.2.3", (quiet,))
    far = Router("far", Daemon.BIRD, 65002, "192.0.2.4", (mirrored(quiet, "far", "other0"),))
    with places() as where, namespaces(where, "left", "mid", "other", "far"):
        link(where, ("mid", "left0", "10.0.1.2/24"), ("left", "mid0", "10.0.1.1/24"))
        link(where, ("other", "quiet0", "10.0.2.2/24"), ("far", "other0", "10.0.2.1/24"))
        daemons = Daemons(BirdSpeaker(where), FrrSpeaker(where))
        try:
            for one in (mid, other, far):
                daemons.apply(one)
            wait_established(daemons, other, "quiet")
            peer = Peer(LEFT.peer_address, LEFT.local_address, Introduction(65001, "192.0.2.9"))
            with told(where, "left", peer) as speaker:
                before = status(daemons, other, "quiet").since
                taken, elapsed = _churned(daemons, mid, speaker)
                stayed = unbroken(before, status(daemons, other, "quiet").since)
        finally:
            daemons.sweep()
    report("churn", {"updates in a second": round(taken / elapsed), "neighbour stayed": stayed})


def _churned(daemons: Daemons, mid: Router, speaker: Speaker) -> tuple[int, float]:
    table, seconds = prefixes(4000), 5
    for raw in messages(table):
        speaker.send(raw)
    until(lambda: status(daemons, mid, "left").prefixes_accepted == len(table), 30, "the whole table")
    counted, begun = status(daemons, mid, "left").updates, time.monotonic()
    for step in range(seconds * 10):
        piece = table[step * 50 % 4000:step * 50 % 4000 + 50]
        speaker.send(withdrawal(*piece))
        for raw in messages(piece, (65001, 64900 + step)):
            speaker.send(raw)
        time.sleep(max(0.0, begun + (step + 1) / 10 - time.monotonic()))
    until(lambda: status(daemons, mid, "left").updates >= counted + seconds * 1000, 30, "all taken")
    return status(daemons, mid, "left").updates - counted, time.monotonic() - begun


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[1:]] + [10_000, 100][len(sys.argv) - 1:]
    measure_taking(counts[0])
    measure_judging(counts[1], kept=False)
    measure_judging(counts[1], kept=True)
    measure_churn()
