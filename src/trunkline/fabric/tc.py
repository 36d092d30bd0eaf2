"""BPF programs on an interface: the clsact queueing discipline and its filters, over netlink.

A program is one filter: at its hook, of its priority (the lower runs first; one that answers TC_ACT_UNSPEC hands the
frame to the next). What is attached is known by the kernel's number of the program.
"""

from __future__ import annotations

import errno
import functools
import struct
import sys
from contextlib import suppress
from enum import IntEnum

from trunkline.fabric import netlink, rtnl
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.netlink import Channel, KernelRefusal

_CLSACT, _CLSACT_HANDLE = 0xFFFF_FFF1, 0xFFFF_0000
_FILTER_HANDLE = 1
_ETH_P_ALL = 0x0003
_DIRECT_ACTION = 1
_TC_BYTES, _INFO_AT = 20, 16
_TCA_OPTIONS, _TCA_BPF_NAME, _TCA_BPF_ID = 2, 7, 11


class Turn(IntEnum):
    """Priorities of programs at one hook: failures and line conditions come first, as they do on a wire."""

    OUTAGE = 5
    IMPAIR = 10
    XCONNECT = 20
    CAPACITY = 30


class Hook(IntEnum):
    """Where a program sees frames: as they come in from the wire, or as they are about to leave."""

    INGRESS = 0xFFFF_FFF2
    EGRESS = 0xFFFF_FFF3


def attached(channel: Channel, index: int, hook: Hook = Hook.INGRESS, priority: int = Turn.XCONNECT) -> int:
    """The kernel's number of the program that is attached to an interface there, 0 if there is none."""
    with suppress(KernelRefusal):
        for body in channel.ask(_question(index, hook, priority)):
            options = netlink.attributes(netlink.attributes(body, _TC_BYTES).get(_TCA_OPTIONS, b""))
            return int.from_bytes(options.get(_TCA_BPF_ID, b""), sys.byteorder)
    return 0


def attach(channel: Channel, index: int, program: int, name: str, hook: Hook = Hook.INGRESS,
           priority: int = Turn.XCONNECT) -> None:
    """``program``: its descriptor. Another one in its place is replaced in one step, without a frame lost; one
    of the same name at another turn, which another build has put there, goes."""
    if attached(channel, index, hook, priority) != libbpf.identifier(program):
        channel.tell(_qdisc(index), errno.EEXIST)
        options = netlink.nest(("TCA_BPF_FD", program), ("TCA_BPF_NAME", name), ("TCA_BPF_FLAGS", _DIRECT_ACTION))
        flags = netlink.NLM_F_CREATE | netlink.NLM_F_REPLACE
        pairs = [("TCA_KIND", "bpf"), ("TCA_OPTIONS", options)]
        channel.tell(netlink.encode(rtnl.tcmsg, rtnl.RTM_NEWTFILTER, flags, _filter(index, hook, priority), pairs))
        for turn in _turns(channel, index, hook, name) - {priority}:
            _delete(channel, index, hook, turn)


def _turns(channel: Channel, index: int, hook: Hook, name: str) -> set[int]:
    """Priorities of the filters of this name."""
    found = set()
    question = netlink.encode(rtnl.tcmsg, rtnl.RTM_GETTFILTER, 0, {"index": index, "parent": int(hook)})
    for body in channel.dump(question):
        options = netlink.attributes(netlink.attributes(body, _TC_BYTES).get(_TCA_OPTIONS, b""))
        if options.get(_TCA_BPF_NAME, b"").rstrip(b"\0") == name.encode():
            found.add(int.from_bytes(body[_INFO_AT:_TC_BYTES], sys.byteorder) >> 16)
    return found


def detach(channel: Channel, index: int, hook: Hook = Hook.INGRESS, priority: int = Turn.XCONNECT) -> None:
    """Nothing, where nothing is attached."""
    _delete(channel, index, hook, priority)


def _delete(channel: Channel, index: int, hook: Hook, priority: int) -> None:
    message = netlink.encode(rtnl.tcmsg, rtnl.RTM_DELTFILTER, 0, _filter(index, hook, priority))
    channel.tell(message, errno.ENOENT, errno.EINVAL, errno.ENODEV)


def _filter(index: int, hook: Hook, priority: int) -> dict[str, int]:
    protocol = struct.unpack("=H", struct.pack("!H", _ETH_P_ALL))[0]
    return {"index": index, "handle": _FILTER_HANDLE, "parent": int(hook), "info": priority << 16 | protocol}


@functools.lru_cache(maxsize=8192)
def _question(index: int, hook: Hook, priority: int) -> bytes:
    return netlink.encode(rtnl.tcmsg, rtnl.RTM_GETTFILTER, 0, _filter(index, hook, priority), [("TCA_KIND", "bpf")])


@functools.lru_cache(maxsize=8192)
def _qdisc(index: int) -> bytes:
    fields = {"index": index, "handle": _CLSACT_HANDLE, "parent": _CLSACT}
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    return netlink.encode(rtnl.tcmsg, rtnl.RTM_NEWQDISC, flags, fields, [("TCA_KIND", "clsact")])
