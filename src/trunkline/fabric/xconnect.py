"""Cross-connects: a node's own copy of the xconnect program and its maps, pinned under the node's name.

The pins are the memory: a restarted control plane finds program, entries and counters there. One set per node, so two
legs share nothing.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from trunkline.errors import DriverFailure, Unsupported
from trunkline.fabric import ground, interface, netlink, rtnl
from trunkline.fabric.bpf import build, libbpf, records
from trunkline.fabric.bpf.records import Entry
from trunkline.fabric.netlink import Channel, KernelRefusal
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Counter, CrossConnect, Direction, PortCounters
from trunkline.settings import Places

PROGRAM, ENTRIES, COUNTERS, DROPS = "xconnect", "entries", "counters", "drops"

_CLSACT, _INGRESS = 0xFFFF_FFF1, 0xFFFF_FFF2  #: TC_H_CLSACT, and its ingress
_CLSACT_HANDLE = 0xFFFF_0000
_FILTER_HANDLE, _PRIORITY = 1, 1
_ETH_P_ALL = 0x0003
_DIRECT_ACTION = 1
_TC_BYTES = 20
_TCA_OPTIONS, _TCA_BPF_ID = 2, 11

#: Two threads that load the same node's program at once would pin two sets over each other.
_loading = threading.Lock()


def directory(places: Places, node: str) -> Path:
    """bpffs refuses dots in names, and no node's name has a tilde."""
    return places.bpf / node.replace(".", "~")


def is_settled(visit: Visit, piece: CrossConnect) -> bool:
    if not visit.has(piece.node) or not directory(visit.places, piece.node).exists():
        return False
    ingress, egress = _indexes(visit, piece)
    entry = records.compile_entry(piece, ingress, egress)
    with _opened(visit.places, piece.node, ENTRIES, PROGRAM) as (entries, program):
        held = libbpf.lookup(entries, entry.key, len(entry.value))
        return held == entry.value and _attached(visit.channel(piece.node), ingress) == libbpf.identifier(program)


def ensure(visit: Visit, piece: CrossConnect) -> None:
    ingress, egress = _indexes(visit, piece)
    entry = records.compile_entry(piece, ingress, egress)
    _load(visit.places, piece.node)
    with _opened(visit.places, piece.node, ENTRIES, COUNTERS, PROGRAM) as (entries, counters, program):
        _attach(visit.channel(piece.node), ingress, program)
        with suppress(libbpf.Full):
            return _connect(piece, entry, entries, counters)
        _forget_lost(visit, piece.node, entries)
        return _connect(piece, entry, entries, counters)


def _connect(piece: CrossConnect, entry: Entry, entries: int, counters: int) -> None:
    """The counter first: from the first frame on, each is counted."""
    zeros = bytes(records.COUNTER.size * libbpf.cpus())
    libbpf.insert(counters, records.compile_counter_key(piece.attachment, piece.direction), zeros)
    libbpf.update(entries, entry.key, entry.value)


def remove(visit: Visit, piece: CrossConnect, keep_counter: bool = False) -> None:
    """The filter stays on its port until the port goes: what arrives there unconnected is still dropped and counted."""
    if not visit.has(piece.node) or not directory(visit.places, piece.node).exists():
        return
    with _opened(visit.places, piece.node, ENTRIES, COUNTERS) as (entries, counters):
        ingress = interface.find(visit.channel(piece.node), piece.ingress)
        if ingress is None:
            _forget_lost(visit, piece.node, entries)
        else:
            libbpf.delete(entries, records.compile_key(piece, ingress.index))
        if not keep_counter:
            libbpf.delete(counters, records.compile_counter_key(piece.attachment, piece.direction))


def read_counters(places: Places, node: str) -> PortCounters:
    """Nothing, for a node without cross-connects."""
    if not directory(places, node).exists():
        return PortCounters({}, {})
    width = records.COUNTER.size * libbpf.cpus()
    with _opened(places, node, COUNTERS, DROPS) as (counters, drops):
        attachments: dict[tuple[str, Direction], Counter] = {
            records.parse_counter_key(key): records.sum_counters(value)
            for key, value in libbpf.rows(counters, records.COUNTER_KEY.size, width)
        }
        dropped = [libbpf.lookup(drops, records.REASON.pack(n), width) or b"" for n in range(len(records.REASONS))]
    return PortCounters(attachments, dict(zip(records.REASONS, map(records.sum_counters, dropped), strict=True)))


def forget(places: Places, node: str) -> None:
    """Unpin; the kernel frees program and maps when the last filter has gone with its port."""
    shutil.rmtree(directory(places, node), ignore_errors=True)


# Program and maps


def _load(places: Places, node: str) -> None:
    """Pinned beside, then renamed: a node has all pins or none."""
    home = directory(places, node)
    if home.exists():
        return
    with _loading:
        if home.exists():
            return
        if not build.OBJECT.exists():
            raise Unsupported(
                f"{build.OBJECT} is missing: no cross-connects (build it with `python -m trunkline.fabric.bpf.build`)"
            )
        with ground.on_bpffs(), libbpf.loaded(build.OBJECT) as handle:
            half = home.with_name(f"~{home.name}")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            libbpf.pin(handle, PROGRAM, half)
            half.rename(home)


@contextmanager
def _opened(places: Places, node: str, *names: str) -> Iterator[list[int]]:
    home = directory(places, node)
    with ExitStack() as stack:
        descriptors = []
        for name in names:
            descriptors.append(libbpf.get(home / name))
            stack.callback(os.close, descriptors[-1])
        yield descriptors


def _indexes(visit: Visit, piece: CrossConnect) -> tuple[int, int]:
    found = []
    for name in (piece.ingress, piece.egress):
        state = interface.find(visit.channel(piece.node), name)
        if state is None:
            raise DriverFailure(f"{piece.node} has no interface {name} to connect")
        found.append(state.index)
    return found[0], found[1]


def _forget_lost(visit: Visit, node: str, entries: int) -> None:
    """Drop the entries of ports that are gone; nothing can arrive there."""
    present = {state.index for state in interface.find_all(visit.channel(node))}
    keys = [key for key, _ in libbpf.rows(entries, records.KEY.size, records.ENTRY_BYTES)]
    for key in keys:
        if records.KEY.unpack(key)[0] not in present:
            libbpf.delete(entries, key)


# The filter


def _filter(index: int) -> dict[str, int]:
    return {
        "index": index,
        "handle": _FILTER_HANDLE,
        "parent": _INGRESS,
        "info": _PRIORITY << 16 | struct.unpack("=H", struct.pack("!H", _ETH_P_ALL))[0],
    }


@functools.lru_cache(maxsize=8192)
def _filter_question(index: int) -> bytes:
    return netlink.encode(rtnl.tcmsg, rtnl.RTM_GETTFILTER, 0, _filter(index), [("TCA_KIND", "bpf")])


def _attached(channel: Channel, index: int) -> int:
    """The number of the program on the ingress of an interface, 0 if there is none."""
    with suppress(KernelRefusal):
        for body in channel.ask(_filter_question(index)):
            options = netlink.attributes(netlink.attributes(body, _TC_BYTES).get(_TCA_OPTIONS, b""))
            return int.from_bytes(options.get(_TCA_BPF_ID, b""), sys.byteorder)
    return 0


def _attach(channel: Channel, index: int, program: int) -> None:
    if _attached(channel, index) != libbpf.identifier(program):
        channel.tell(_qdisc(index), errno.EEXIST)
        channel.tell(_filter_with(index, program))


@functools.lru_cache(maxsize=8192)
def _qdisc(index: int) -> bytes:
    fields = {"index": index, "handle": _CLSACT_HANDLE, "parent": _CLSACT}
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    return netlink.encode(rtnl.tcmsg, rtnl.RTM_NEWQDISC, flags, fields, [("TCA_KIND", "clsact")])


@functools.lru_cache(maxsize=8192)
def _filter_with(index: int, program: int) -> bytes:
    options = netlink.nest(("TCA_BPF_FD", program), ("TCA_BPF_NAME", PROGRAM), ("TCA_BPF_FLAGS", _DIRECT_ACTION))
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_REPLACE
    pairs = [("TCA_KIND", "bpf"), ("TCA_OPTIONS", options)]
    return netlink.encode(rtnl.tcmsg, rtnl.RTM_NEWTFILTER, flags, _filter(index), pairs)
