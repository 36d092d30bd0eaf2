"""How many circuits this machine has room for, and what ends it: each limit of the kernel by what one circuit takes.

Counted is the provider's side of a circuit, both legs: two namespaces and a mount for each, two BIRDs of two threads
with BFD, two tc filters and four links. Sites, virtual networks and gateways come on top.
"""

from __future__ import annotations

import resource
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trunkline.fabric.bpf import records

#: What a circuit's two VRFs take, measured with a thousand of them (bench/thousand.py), and what must stay free.
_CIRCUIT_MB, _SPARE_MB = 3.2, 512
#: The design's size: fewer than that is worth a warning.
ENOUGH = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """``have`` of something of which a circuit takes ``each``."""

    what: str
    have: float
    each: float
    way_out: str

    @property
    def circuits(self) -> int:
        return int(self.have / self.each)


def limits() -> tuple[Limit, ...]:
    """Those that this machine has; the tightest first."""
    return tuple(sorted(_limits(), key=lambda limit: limit.circuits))


def told(known: Iterable[Limit]) -> str:
    """The tightest, and the two that come next."""
    return "; then ".join(f"{limit.circuits:,} circuits by {limit.what}" for limit in list(known)[:3])


def _limits() -> Iterator[Limit]:
    memory = _memory_mb() - _SPARE_MB
    yield Limit(f"memory ({max(0, memory) / 1024:.1f} GiB free)", max(0, memory), _CIRCUIT_MB, "add memory")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files != resource.RLIM_INFINITY:
        yield Limit(f"open files of one process ({files:,})", files, 2, "raise the hard limit (ulimit -Hn)")
    yield Limit(f"cross-connects of an edge ({records.ROOMS[-1]:,})", records.ROOMS[-1], 2,
                "spread circuits over peering locations")
    for what, path, each in (
            ("process numbers", "kernel/pid_max", 4), ("threads", "kernel/threads-max", 4),
            ("network namespaces", "user/max_net_namespaces", 2), ("mounts", "fs/mount-max", 2)):
        if found := _number(path):
            yield Limit(f"{what} ({found:,})", found, each, f"raise {path.replace('/', '.')} (sysctl)")


def _memory_mb() -> float:
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return next(int(row[1]) for row in rows if row[0] == "MemAvailable:") / 1024


def _number(path: str) -> int:
    """0 where this kernel has no such limit."""
    try:
        return int(Path("/proc/sys", path).read_text())
    except (FileNotFoundError, ValueError):
        return 0
