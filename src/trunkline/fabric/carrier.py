"""Carrier taken on purpose: interfaces of a node set down, kept so, and lifted in time whatever becomes of us.

The lease is held by the keeper, one process for all of an instance, which outlives the control plane.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import held, interface, namespace, netlink, program, rtnl, sysctl
from trunkline.fabric.bpf.impair_records import boottime_ns
from trunkline.fabric.bpf.outage_records import compile_rule
from trunkline.fabric.held import Hold
from trunkline.fabric.interface import State
from trunkline.fabric.netlink import Channel
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Outage
from trunkline.settings import Places

_CLOCKS_NS = 50_000_000  #: how far wall clock and boot clock may drift apart before times are set anew
_START_DEADLINE_S = 20.0
_FAMILIES, _STATIC = (2, 10), 4  #: AF_INET, AF_INET6; the protocol of our own routes
_OIF, _MULTIPATH = 4, 9  #: RTA_
_HOP_BYTES = 8


def is_settled(visit: Visit, piece: Outage, concerned: list[State]) -> bool:
    wanted, found = _wanted(piece), held.read(_file(visit.places, piece))
    now_ns = boottime_ns()
    if wanted.is_over(now_ns):
        return found is None
    if found is None or not _same(found, wanted) or _keeper(held.directory(visit.places)).pid is None:
        return False
    return {state.name for state in concerned} <= set(found.interfaces) and (
        not found.is_down(now_ns) or not any(state.is_up for state in concerned))


def ensure(visit: Visit, piece: Outage, concerned: list[State]) -> None:
    """What is to be lifted is written down before anything is taken."""
    home, wanted = held.directory(visit.places), _wanted(piece)
    if wanted.is_over(boottime_ns()):
        remove(visit, piece)
        return
    channel, indexes = visit.channel(piece.node), {state.index for state in concerned}
    with held.locked(home):
        file = _file(visit.places, piece)
        old = held.read(file) or wanted
        kept = replace(wanted, interfaces=old.interfaces, routes=old.routes)
        held.write(file, kept.with_more((state.name for state in concerned), _routes_over(channel, indexes)))
        if not _keeper(home).tell(signal.SIGHUP):
            _start(visit.places, home)
        if wanted.is_down(boottime_ns()):
            with namespace.entered(visit.descriptor(piece.node)):
                lower(channel, concerned)


def remove(visit: Visit, piece: Outage) -> None:
    home, file = held.directory(visit.places), _file(visit.places, piece)
    if not file.exists():
        return
    with held.locked(home):
        if visit.has(piece.node):
            lift(visit.channel(piece.node), file, held.read(file))
        held.forget(file)
    _keeper(home).tell(signal.SIGHUP)


def forget(places: Places, node: str) -> None:
    for file in (held.directory(places) / node).glob("*.json"):
        held.forget(file)


def sweep(places: Places) -> None:
    """Before the nodes: nothing is lifted in what goes."""
    home = held.directory(places)
    program.end([_keeper(home)])
    for file in held.files(home):
        held.forget(file)


# ── taking and lifting ───────────────────────────────────────────────────────────────────────────────────────────────


def lower(channel: Channel, states: Iterable[State]) -> None:
    """In the node's namespace. IPv6 addresses of ours stay on an interface that is down."""
    up = [state for state in states if state.is_up]
    sysctl.ensure((f"ipv6.conf.{state.name.replace('.', '/')}.keep_addr_on_down", "1")
                  for state in up if state.has_ipv6)
    for state in up:
        interface.configure(channel, state.index, [], up=False)


def lift(channel: Channel, file: Path, hold: Hold | None) -> None:
    """Where nobody can read what was taken, all that the file may be of. What is down for another reason is set down
    again by whoever wants that."""
    named = (held.named(file),) if held.named(file) else (state.name for state in interface.find_all(channel))
    for name in hold.interfaces if hold else named:
        state = interface.find(channel, name)
        if state and not state.is_up:
            interface.configure(channel, state.index, [])
    for body in map(bytes.fromhex, hold.routes if hold else ()):
        message = netlink.encode_body(rtnl.RTM_NEWROUTE, netlink.NLM_F_CREATE | netlink.NLM_F_EXCL, body)
        # Where somebody else was faster, or a next hop is gone, there is nothing to mend.
        channel.tell(message, errno.EEXIST, errno.ENETUNREACH, errno.ENODEV, errno.EINVAL, errno.EHOSTUNREACH,
                     errno.ENETDOWN)


def _routes_over(channel: Channel, indexes: set[int]) -> Iterator[str]:
    """Static ones, which are ours."""
    for family in _FAMILIES:
        question = netlink.encode(rtnl.rtmsg, rtnl.RTM_GETROUTE, 0, {"family": family, "proto": _STATIC})
        yield from (body.hex() for body in channel.dump(question) if indexes & _ways(body))


def _ways(body: bytes) -> set[int]:
    """Numbers of the interfaces that a route leads over."""
    found = netlink.attributes(body, 12)
    ways = {int.from_bytes(found[_OIF], sys.byteorder)} if _OIF in found else set()
    hops = found.get(_MULTIPATH, b"")
    while len(hops) >= _HOP_BYTES:
        ways.add(int.from_bytes(hops[4:8], sys.byteorder))
        length = int.from_bytes(hops[:2], sys.byteorder)
        hops = hops[max(_HOP_BYTES, (length + 3) & ~3):]
    return ways


# ── the keeper ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _keeper(home: Path) -> program.Program:
    mark = home / "keeper.pid"
    return program.Program(mark, str(mark))


def _start(places: Places, home: Path) -> None:
    """Nothing of our environment reaches it but where its code is."""
    words = [sys.executable, "-m", "trunkline.fabric.keeper", str(home / "keeper.pid"), places.namespace_prefix]
    done = subprocess.run(
        words, env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}, cwd="/",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True, timeout=_START_DEADLINE_S, check=False)
    if done.returncode:
        raise DriverFailure(f"the keeper of carriers did not start: {done.stderr.strip()[-500:]}")


def _file(places: Places, piece: Outage) -> Path:
    return held.file_of(places, piece.node, piece.interface)


def _wanted(piece: Outage) -> Hold:
    rule = compile_rule(piece)
    return Hold(rule.begun_ns, rule.until_ns, rule.period_ns, rule.down_ns)


def _same(found: Hold, wanted: Hold) -> bool:
    drift_ns = max(abs(found.begun_ns - wanted.begun_ns), abs(found.until_ns - wanted.until_ns))
    return (found.period_ns, found.down_ns) == (wanted.period_ns, wanted.down_ns) and drift_ns < _CLOCKS_NS
