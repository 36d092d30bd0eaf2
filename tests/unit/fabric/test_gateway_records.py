"""What Python packs for a gateway's size is what the C programs read."""

from __future__ import annotations

import re
import struct
from dataclasses import replace

from trunkline.fabric.bpf import build
from trunkline.fabric.bpf import gateway_records as records
from trunkline.intent.network import Capacity, CapacityCounters, Counter, Direction

HEADER = (build.HERE / "gateway.h").read_text()
PIECE = Capacity("gw-0", "gw-0", ("c1p",), ("vnet",), ("10.1.255.12", "10.1.255.13", "fd00::c", "fd00::d"),
                 1_000_000_000, 100_000, 200_000, 25, 240)


def test_both_sides_know_the_same_verdicts_and_sizes() -> None:
    assert re.search(r"enum gw_verdict \{(.*?)GW_VERDICTS", HEADER, re.S)
    names = re.findall(r"^\tGW_(\w+),", HEADER.partition("enum gw_verdict")[2].partition("GW_VERDICTS")[0], re.M)
    assert tuple(name.lower() for name in names) == records.VERDICTS
    assert f"#define GW_SLOTS {records.SLOTS} " in HEADER
    assert (records.LIMITS_BYTES, records.STATE.size) == (4 * 8 + 4 * 4 + 2 * 4 + 2 * 16 + 8, 7 * 8)


def test_limits_say_rates_bursts_and_who_is_never_held_back() -> None:
    limits = records.compile_limits(PIECE)
    byte_pace, byte_burst, packet_pace, packet_burst, flows, idle, sets, _, one, other, six, last = \
        records.LIMITS.unpack(limits)
    assert (byte_pace, packet_pace) == (8 << 20, 10_000 << 20)  # nanoseconds, in 2^-20
    assert byte_burst == packet_burst == 25_000_000
    assert (flows, idle, sets) == (200_000, 240, records.parse_sets(limits)) == (200_000, 240, 40_000)
    assert (one, other) == (bytes([10, 1, 255, 12]), bytes([10, 1, 255, 13]))
    assert (six[-1], last[-1]) == (0xC, 0xD)
    assert records.LIMITS.unpack(records.compile_limits(replace(PIECE, own=()))[: records.LIMITS.size])[8] == bytes(4)


def test_a_slow_gateway_still_takes_a_whole_frame_at_once() -> None:
    limits = records.LIMITS.unpack(records.compile_limits(replace(PIECE, bandwidth_bps=1_000_000, packets_per_s=100)))
    assert limits[1] > 131_072 * 8 * 1_000
    assert limits[3] == 128 * 10_000_000


def test_counters_of_all_cpus_are_added() -> None:
    rows = [struct.pack("=4Q", n, 2 * n, 1, 1) for n in range(2 * len(records.VERDICTS))]
    found = records.parse_counters(7, rows)
    assert isinstance(found, CapacityCounters)
    assert found.flows == 7
    assert found.verdicts[Direction.IN, "bandwidth"] == Counter(3, 5)
    assert found.verdicts[Direction.OUT, "passed"] == Counter(7, 13)
