"""What this machine has, what it lacks, and what follows: the facts behind ``trunkline doctor``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trunkline.fabric import probe, room
from trunkline.fabric.probe import Probe
from trunkline.fabric.room import Limit

_FRR = ("/usr/lib/frr", "/usr/sbin", "/usr/bin")
_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_SYS_ADMIN": 21, "CAP_BPF": 39}


@dataclass(frozen=True, slots=True)
class Fact:
    """``consequence``: what follows if it is not present."""

    name: str
    present: bool
    detail: str
    consequence: str


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    probe: Probe
    consequence: str


_KERNEL = (
    _Question("namespaces", probe.namespaces, "nothing works: every node is a network namespace"),
    _Question("veth", probe.veth, "nothing works: every link is a veth pair"),
    _Question(
        "vxlan", probe.link("vxlan", vxlan_id=1), "no tunnels between edges and gateways: circuits reach no VNet"
    ),
    _Question("bridge", probe.link("bridge"), "no LANs in sites"),
    _Question("tc clsact", probe.clsact, "no hand-offs: xconnect cannot be attached"),
    _Question("interface numbers", probe.numbered, "no circuits: attachments cannot be told apart by the source check"),
    _Question("BPF", probe.bpf, "no hand-offs: xconnect and guard cannot be loaded"),
    _Question("bpffs", probe.bpffs, "no hand-offs: programs cannot outlive the control plane"),
    _Question("nftables", probe.nftables, "no network security groups, and no route tables on subnets"),
    _Question("multipath hash seed", probe.hash_seed,
              "routers may choose paths alike, and flows spread over some of the equal paths only (Linux 6.11 has it)"),
    _Question("TCP-MD5", probe.tcp_md5, "no shared keys on BGP sessions"),
    _Question("TCP-AO", probe.tcp_ao,
              "sessions are protected by TCP-MD5, as Azure's are; one that asks for TCP-AO is refused"),
    _Question("8021q", probe.link_over("vlan", vlan_id=2), "none: tags are xconnect's work"),
    _Question("VRF", probe.link("vrf", vrf_table=10), "none: a VRF is a namespace of its own"),
    _Question("MACsec", probe.link_over("macsec"), "no MACsec on Direct ports, for which it is not built yet either"),
    _Question("netem", probe.netem, "none: line conditions are our own program's and relay's work"),
    _Question("/dev/net/tun", probe.tap, "`trunkline impair` has loss and duplication only; no TAPs on Direct ports"),
    _Question("bonding", probe.link("bond"), "no link aggregation on ports"),
    _Question("dummy", probe.link("dummy"), "none: loopback addresses are on lo"),
    _Question("WireGuard", probe.link("wireguard"), "none: VPN gateways speak IPsec in user space"),
)

_PROGRAMS = (
    ("bird", ("bird", "birdc"), "nothing routes: install bird2"),
    ("frr", ("zebra", "bgpd", "bfdd", "vtysh"), "sites cannot have FRR routers: install frr, or choose bird"),
    ("stayrtr", ("stayrtr",), "no router learns which origins are valid; those that must know refuse all: install it"),
    ("iperf3", ("iperf3",), "no throughput measurement in the demo: install iperf3"),
    ("tcpdump", ("tcpdump",), "`trunkline capture` cannot work: install tcpdump"),
    ("clang", ("clang",), "xconnect cannot be built here; an installed package brings it built"),
)


def facts() -> tuple[Fact, ...]:
    """Everything is really tried, in a throw-away namespace; nothing stays."""
    wrong = probe.run({question.name: question.probe for question in _KERNEL})
    kernel = (Fact(q.name, not wrong[q.name], wrong[q.name] or "works", q.consequence) for q in _KERNEL)
    return (_privileges(), *kernel, *_programs(), size(room.limits()))


def size(limits: Sequence[Limit]) -> Fact:
    """``limits``: the tightest first."""
    tightest = limits[0]
    return Fact(f"room for {room.ENOUGH:,} circuits", tightest.circuits >= room.ENOUGH, room.told(limits),
                f"a circuit beyond {tightest.circuits:,} cannot be made: {tightest.way_out}")


def _privileges() -> Fact:
    held = next(
        int(line.split()[1], 16)
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("CapEff:")
    )
    lacking = [name for name, bit in _CAPABILITIES.items() if not held >> bit & 1]
    detail = f"missing {', '.join(lacking)}" if lacking else "root, or all capabilities that matter"
    return Fact("privileges", not lacking, detail, "nothing can be made: run as root")


def _programs() -> Iterator[Fact]:
    for name, needed, consequence in _PROGRAMS:
        found = [_find(program) for program in needed]
        lacking = [program for program, path in zip(needed, found, strict=True) if path is None]
        detail = f"missing {', '.join(lacking)}" if lacking else _listed(found)
        yield Fact(name, not lacking, detail, consequence)


def _find(program: str) -> str | None:
    """FRR keeps its daemons outside of PATH."""
    return shutil.which(program) or next((str(p) for d in _FRR if (p := Path(d, program)).exists()), None)


def _listed(paths: Sequence[str | None]) -> str:
    return ", ".join(path for path in paths if path)
