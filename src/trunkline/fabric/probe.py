"""Trying out what the kernel can do, really, in a namespace that is gone afterwards.

Each probe returns quietly or raises; the reason is the exception's text. They run in a thread of their own that gets a
new, nameless namespace: it ends with the thread, and whatever was made in it too.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from trunkline.errors import TrunklineError, Unsupported
from trunkline.fabric import interface, netlink, rtnl, sysctl, system
from trunkline.fabric.bpf import build, libbpf
from trunkline.fabric.netlink import Channel
from trunkline.fabric.tap import opened

_VETH, _PEER = "probe0", "probe1"
_NUMBER = 1 << 28
_MODULES = Path("/proc/modules")
_CLSACT, _CLSACT_HANDLE, _ROOT = 0xFFFF_FFF1, 0xFFFF_0000, 0xFFFF_FFFF
_TCP_MD5SIG, _TCP_AO_ADD_KEY = 14, 38
_KEY = b"probe"

_FILTER_FRAME = """
add table inet probe
delete table inet probe
add table inet probe
add counter inet probe hits
add chain inet probe other
add chain inet probe forward { type filter hook forward priority 0; }
add rule inet probe """
_FILTER_WORDS = {
    "chains and named counters": "other counter name hits drop",
    "connection tracking": "forward ct state established,related accept",
    "verdict maps": 'forward iifname vmap { "probe0" : jump other }',
    "sets with intervals": "other ip saddr { 192.0.2.0/24 } th dport { 1-2 } drop",
    "questions to the routing table (fib)": 'other fib saddr oifname { "probe0" } drop',
}

Probe = Callable[[Channel], None]


def run(probes: Mapping[str, Probe]) -> dict[str, str]:
    """What is wrong with each, empty if nothing is. Modules that the kernel loaded for it are unloaded again."""
    answers: dict[str, str] = {}
    with _modules_unloaded():
        thread = threading.Thread(target=_run_alone, args=(probes, answers))
        thread.start()
        thread.join()
    return answers


def _run_alone(probes: Mapping[str, Probe], answers: dict[str, str]) -> None:
    try:
        system.unshare()
    except OSError as problem:
        answers.update(dict.fromkeys(probes, f"not tried, no namespace could be made: {problem.strerror}"))
        return
    with closing(Channel()) as channel:
        for name, probe in probes.items():
            answers[name] = _try(probe, channel)
        _delete_links(channel)


def _try(probe: Probe, channel: Channel) -> str:
    try:
        probe(channel)
    except OSError as problem:
        return problem.strerror or str(problem)
    except TrunklineError as problem:
        return str(problem)
    return ""


def _delete_links(channel: Channel) -> None:
    for state in interface.find_all(channel):
        if state.kind:
            interface.delete(channel, state.index)


@contextmanager
def _modules_unloaded() -> Iterator[None]:
    before = _modules()
    yield
    for name in _modules() - before:
        if shutil.which("rmmod"):
            subprocess.run(["rmmod", name], capture_output=True, check=False)


def _modules() -> set[str]:
    return {line.split()[0] for line in _MODULES.read_text().splitlines()} if _MODULES.exists() else set()


# The probes


def namespaces(channel: Channel) -> None:
    """That this runs is the proof."""
    interface.find_all(channel)


def link(kind: str, **data: int) -> Probe:
    """An interface of a kind that stands alone; ``data`` are its kind's own attributes."""

    def probe(channel: Channel) -> None:
        _add(channel, f"p-{kind}"[:15], kind, [(f"IFLA_{name.upper()}", value) for name, value in data.items()])

    return probe


def link_over(kind: str, **data: int) -> Probe:
    """An interface of a kind that stands on another."""

    def probe(channel: Channel) -> None:
        pairs = [(f"IFLA_{name.upper()}", value) for name, value in data.items()]
        _add(channel, f"p-{kind}"[:15], kind, pairs, [("IFLA_LINK", _veth(channel))])

    return probe


def veth(channel: Channel) -> None:
    _veth(channel)


def numbered(channel: Channel) -> None:
    """An interface of a number that we choose."""
    info = ("IFLA_LINKINFO", netlink.nest(("IFLA_INFO_KIND", "veth")))
    flags, number = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL, {"index": _NUMBER}
    pairs = [("IFLA_IFNAME", "probe-number"), info]
    channel.tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_NEWLINK, flags, number, pairs))
    found = interface.find(channel, "probe-number")
    if found is None or found.index != _NUMBER:
        raise Unsupported("the kernel numbers interfaces as it likes")


def clsact(channel: Channel) -> None:
    fields = {"index": _veth(channel), "handle": _CLSACT_HANDLE, "parent": _CLSACT}
    channel.tell(netlink.encode(rtnl.tcmsg, rtnl.RTM_NEWQDISC, netlink.NLM_F_CREATE, fields, [("TCA_KIND", "clsact")]))


def netem(channel: Channel) -> None:
    fields = {"index": _veth(channel), "handle": 0x10000, "parent": _ROOT}
    pairs: list[tuple[str, object]] = [("TCA_KIND", "netem"), ("TCA_OPTIONS", struct.pack("=6I", 0, 1000, 0, 0, 0, 0))]
    channel.tell(netlink.encode(rtnl.tcmsg, rtnl.RTM_NEWQDISC, netlink.NLM_F_CREATE, fields, pairs))


def hash_seed(_: Channel) -> None:
    if not sysctl.read(sysctl.HASH_SEED):
        raise Unsupported(f"this kernel has no setting net.{sysctl.HASH_SEED}")


def tap(_: Channel) -> None:
    """With what the relay asks of one: headers that describe GSO frames."""
    os.close(opened("probe-tap", headed=True))


def bpf(_: Channel) -> None:
    """Every program verified and thrown away."""
    for program in build.programs():
        with libbpf.loaded(build.required(program)):
            pass


def bpffs(_: Channel) -> None:
    with tempfile.TemporaryDirectory(prefix="trunkline-probe-") as directory:
        system.mount("probe", directory, "bpf")
        system.unmount(directory)


def nftables(_: Channel) -> None:
    """A child process starts in the namespace of the thread that starts it. Each kind of expression that a filter is
    written with is tried on its own, so that the answer names what this kernel lacks."""
    if shutil.which("nft") is None:
        raise Unsupported("nft is not installed (apt install nftables)")
    lacking = [name for name, rule in _FILTER_WORDS.items() if not _takes(_FILTER_FRAME + rule)]
    if lacking:
        raise Unsupported(f"this kernel's nftables lacks {', '.join(lacking)}")


def _takes(script: str) -> bool:
    return not subprocess.run(["nft", "-f", "-"], input=script, capture_output=True, text=True, check=False).returncode


def tcp_md5(_: Channel) -> None:
    """struct tcp_md5sig: address, flags, prefix length, key length, ifindex, key."""
    record = _peer() + struct.pack("=BBHi80s", 0, 0, len(_KEY), 0, _KEY)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, _TCP_MD5SIG, record)


def kernel_lacks_tcp_ao() -> str:
    """Empty if it has it."""
    try:
        _add_tcp_ao_key()
    except OSError as error:
        return f"this kernel has no TCP_AO_ADD_KEY ({os.strerror(error.errno or 0)})"
    return ""


def tcp_ao(_: Channel) -> None:
    _add_tcp_ao_key()


def _add_tcp_ao_key() -> None:
    """struct tcp_ao_add: address, algorithm, ifindex, two words of flags, then prefix length, the key's ids for
    sending and receiving, length of the MAC, flags and length of the key, and the key."""
    sizes = struct.pack("=6B", 32, 1, 1, 12, 0, len(_KEY))
    record = _peer() + struct.pack("=64siIH", b"hmac(sha1)", 0, 0, 0) + sizes + _KEY.ljust(80, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, _TCP_AO_ADD_KEY, record)


def _peer() -> bytes:
    """A struct sockaddr_storage."""
    return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton("192.0.2.1")).ljust(128, b"\0")


def _veth(channel: Channel) -> int:
    """The ifindex of a veth, made when first asked for."""
    if interface.find(channel, _VETH) is None:
        _add(channel, _VETH, "veth", [("VETH_INFO_PEER", netlink.nest(("IFLA_IFNAME", _PEER)))])
    state = interface.find(channel, _VETH)
    if state is None:
        raise Unsupported("a veth was made and is not there")
    return state.index


def _add(channel: Channel, name: str, kind: str, data: rtnl.Attributes, pairs: rtnl.Attributes = ()) -> None:
    info: list[tuple[str, object]] = [("IFLA_INFO_KIND", kind)]
    if data:
        info.append(("IFLA_INFO_DATA", netlink.nest(*data)))
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    every = [("IFLA_IFNAME", name), *pairs, ("IFLA_LINKINFO", netlink.nest(*info))]
    channel.tell(netlink.encode(rtnl.ifinfmsg, rtnl.RTM_NEWLINK, flags, {}, every))
