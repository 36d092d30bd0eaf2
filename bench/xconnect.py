"""What each eBPF program costs a packet, by BPF_PROG_TEST_RUN, and how long all counters of a node take to read.

    python bench/xconnect.py [REPEAT]        runs of a program per round, default one million

Budget: 100 ns for match, meter, police and redirect. Baseline in the same run: an empty program, whose nanoseconds are
those of the test run itself and are taken off. Rounds alternate; the least of them counts, because whatever else the
machine does only adds. A test run keeps its frame, so the tagged one is given back the tags that it came with; what
the kernel does after the program (the redirect itself) is not in it. Other programs than xconnect are run as they are
loaded, without a row in their maps.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from stand import report, spread, stage, timed_s
from trunkline.fabric import switchboard
from trunkline.fabric.bpf import build, libbpf, records
from trunkline.fabric.bpf.records import CLOCKS_MAP, ENTRIES, PLACE, POLICERS, PORTS
from trunkline.fabric.visit import Visit
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    ETH_P_8021AD,
    CrossConnect,
    Direction,
    Interface,
    Link,
    Node,
    Policer,
    Role,
    Tag,
)

_ROUNDS = 7
_LOOPBACK = 1
_EDGE, _ATTACHMENTS = "bench-edge", 10_000
_QINQ = (Tag(100, ETH_P_8021AD), Tag(20))
_EMPTY = """\
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int empty(struct __sk_buff *skb) { return !skb; }
"""


def packet(tags: tuple[Tag, ...]) -> bytes:
    """The smallest UDP packet in a frame."""
    head = b"".join(struct.pack("!HH", tag.protocol, tag.vid) for tag in tags)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 46, 1, 0, 64, 17, 0, bytes([10, 1, 1, 10]), bytes([10, 2, 1, 10]))
    udp = struct.pack("!HHHH", 9, 9, 26, 0) + bytes(18)
    return bytes(5) + b"\x01" + bytes(5) + b"\x02" + head + b"\x08\x00" + ip + udp


@contextmanager
def empty() -> Iterator[int]:
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory) / "empty.c"
        source.write_text(_EMPTY)
        with libbpf.loaded(build.compiled(source)) as handle:
            yield libbpf.descriptors(handle, "program")["empty"]


def lay(parts: dict[str, int], tags: tuple[Tag, ...], policed: bool) -> None:
    """One entry of xconnect: from loopback to loopback, with a policer that nothing exceeds."""
    piece = CrossConnect("bench", "lo", "lo", "bench", Direction.IN, match=tags, push=tags)
    rate = records.compile_policer(Policer("bench", "bench", 400_000_000_000, 1_000))
    libbpf.update(parts[POLICERS.name], PLACE.pack(1), rate)
    libbpf.update(parts[CLOCKS_MAP.name], PLACE.pack(1), bytes(CLOCKS_MAP.value.size))
    libbpf.update(parts[PORTS.name], PLACE.pack(_LOOPBACK), PLACE.pack(1))
    wiring = records.Wiring(_LOOPBACK, _LOOPBACK, 1, 1 if policed else records.NONE)
    libbpf.update(parts[ENTRIES.name], records.compile_key(piece, _LOOPBACK), records.compile_entry(piece, wiring))


def reading() -> None:
    """All counters of an edge with so many attachments; the first look learns their names."""
    with stage() as found:
        ends = Interface(_EDGE, "p"), Interface(_EDGE, "a")
        found.plane.apply(Change(ensure=(Node(_EDGE, Role.EDGE), Link(*ends), attachment(0, Direction.IN))))
        with Visit(found.places) as visit, switchboard.writing(visit, _EDGE) as board:
            for number in range(_ATTACHMENTS):
                for direction in Direction:
                    board.take(records.meter_name(attachment(number, direction)))
        look = partial(found.plane.counters, _EDGE)
        took = [timed_s(look) * 1000 for _ in range(10)]
        start = time.process_time()
        look()
        busy_ms = round((time.process_time() - start) * 1000, 1)
        assert len(found.plane.counters(_EDGE).attachments) == 2 * _ATTACHMENTS
        report("counters", {"attachments": _ATTACHMENTS, "first_ms": round(took[0], 1), "cpu_ms": busy_ms,
                            **spread(took[1:], 1)})


def attachment(number: int, direction: Direction) -> CrossConnect:
    return CrossConnect(_EDGE, "p", "a", f"c{number}.primary.private", direction, match=_QINQ)


def measure(repeat: int) -> None:
    with ExitStack() as stack:
        nothing = stack.enter_context(empty())
        runs: dict[str, tuple[int, bytes]] = {}
        for program in build.programs():
            handle = stack.enter_context(libbpf.loaded(build.required(program)))
            runs |= {name: (number, packet(())) for name, number in libbpf.descriptors(handle, "program").items()}
        for name, tags, policed in (("match, meter, redirect", (), False), ("match, meter, police, redirect", (), True),
                                    ("the same, two tags off and two on", _QINQ, True)):
            handle = stack.enter_context(libbpf.loaded(build.required("xconnect")))
            lay(libbpf.descriptors(handle), tags, policed)
            runs[f"xconnect: {name}"] = libbpf.descriptors(handle, "program")["xconnect"], packet(tags)
        rounds = [{name: libbpf.tried(*run, repeat)[1] - libbpf.tried(nothing, run[1], repeat)[1]
                   for name, run in runs.items()} for _ in range(_ROUNDS)]
        for name, (program, _) in runs.items():
            verified, jited = libbpf.lengths(program)
            report("xconnect", {"program": name, "ns": min(one[name] for one in rounds),
                                "instructions": verified // 8, "jited_bytes": jited})


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
    reading()
