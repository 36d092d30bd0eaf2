"""Relays: the processes that delay frames, started with a TAP in their node, found again by pid file, ended in order.

A TAP lives exactly as long as the relay that holds it open, so the map of TAPs, out of which the kernel takes what is
gone, tells whether a relay runs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import interface, namespace, netlink, program, rtnl, sysctl, tap, tc
from trunkline.fabric.bpf import impair_records as records
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.relay import VNET_HEADER
from trunkline.fabric.visit import Visit
from trunkline.settings import Places

_TUNSETVNETHDRSZ = 0x400454D8
_MTU, _RING = 65_500, 10_000
_IFF_NOARP = 0x80
_START_DEADLINE_S = 20.0
TAP_PREFIX = "im"


@dataclass(frozen=True, slots=True)
class Detour:
    """One impaired line: the rule's ``key``, the ``number`` of its TAP, and where frames go on."""

    node: str
    key: bytes
    number: int
    ifindex: int
    leaving: bool

    @property
    def interface(self) -> str:
        return tap_name(self.number)


@dataclass(frozen=True, slots=True)
class Maps:
    """Open descriptors: what the impair programs share, and the program for the TAP."""

    rules: int
    taps: int
    returns: int
    relayed: int
    program: int


def tap_name(number: int) -> str:
    return f"{TAP_PREFIX}{number:08x}"


def directory(places: Places) -> Path:
    return places.run / "impair"


def _mark(places: Places, detour: Detour) -> Path:
    return directory(places) / detour.node / f"{detour.interface}.pid"


def runs(taps: int, number: int) -> bool:
    return libbpf.lookup(taps, records.TAP.pack(number), records.TAP.size) is not None


# Starting


def start(visit: Visit, detour: Detour, maps: Maps) -> None:
    """The TAP enters the path last: whatever reaches it from then on is read."""
    end(visit.places, detour)
    with _tap(visit, detour) as (descriptor, index):
        back = records.RETURN.pack(detour.ifindex, int(detour.leaving))
        libbpf.update(maps.returns, records.TAP.pack(index), back)
        tc.attach(visit.channel(detour.node), index, maps.program, "impair_return", tc.Hook.INGRESS, tc.Turn.IMPAIR)
        _launch(_mark(visit.places, detour), detour, descriptor, maps)
        with namespace.entered(visit.descriptor(detour.node)):
            libbpf.update(maps.taps, records.TAP.pack(detour.number), records.TAP.pack(index))


@contextmanager
def _tap(visit: Visit, detour: Detour) -> Iterator[tuple[int, int]]:
    """An open TAP, up and silent; it lasts as long as somebody has it open."""
    channel = visit.channel(detour.node)
    with namespace.entered(visit.descriptor(detour.node)):
        descriptor = tap.opened(detour.interface, headed=True)
        fcntl.ioctl(descriptor, _TUNSETVNETHDRSZ, struct.pack("i", VNET_HEADER))
        sysctl.ensure([(f"ipv6.conf.{detour.interface}.disable_ipv6", "1")])
    try:
        state = interface.find(channel, detour.interface)
        if state is None:
            raise DriverFailure(f"a TAP was made in {detour.node} and is not there")
        fields = {"index": state.index, "flags": interface.IFF_UP | _IFF_NOARP,
                  "change": interface.IFF_UP | _IFF_NOARP}
        pairs: list[tuple[str, object]] = [("IFLA_MTU", _MTU), ("IFLA_TXQLEN", _RING)]
        channel.tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_SETLINK, 0, fields, pairs))
        yield descriptor, state.index
    finally:
        os.close(descriptor)


def _launch(mark: Path, detour: Detour, descriptor: int, maps: Maps) -> None:
    """Nothing of our environment reaches it but where its code is."""
    mark.parent.mkdir(parents=True, exist_ok=True)
    given = (descriptor, maps.rules, maps.taps, maps.relayed)
    words = [sys.executable, "-m", "trunkline.fabric.relay", str(mark), *map(str, given), detour.key.hex()]
    done = subprocess.run(
        words, env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}, cwd="/",
        pass_fds=given, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True, timeout=_START_DEADLINE_S, check=False)
    if done.returncode:
        raise DriverFailure(f"the relay of {detour.node} did not start: {done.stderr.strip()[-500:]}")


# Ending


def _program(mark: Path) -> program.Program:
    return program.Program(mark, str(mark))


def end(places: Places, detour: Detour) -> None:
    program.end([_program(_mark(places, detour))])


def look(places: Places, detour: Detour) -> None:
    """Tell a relay, if there is one, that its rule is another one."""
    _program(_mark(places, detour)).tell(signal.SIGHUP)


def end_all(places: Places, node: str) -> None:
    home = directory(places) / node
    program.end(map(_program, home.glob("*.pid")))
    shutil.rmtree(home, ignore_errors=True)


def sweep(places: Places) -> None:
    program.end(map(_program, directory(places).glob("*/*.pid")))
    shutil.rmtree(directory(places), ignore_errors=True)
