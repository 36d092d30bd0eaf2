"""``gateway.h`` in Python: the layout of limits, state and counters of a gateway's size, and the names of verdicts."""

from __future__ import annotations

import ipaddress
import math
import struct

from trunkline.intent.bucket import LONGEST_NS, SHIFT, bucket
from trunkline.intent.network import Capacity, CapacityCounters, Counter, Direction

#: In the order of ``enum gw_verdict`` and ``enum gw_direction``.
VERDICTS = ("passed", "control", "bandwidth", "packets", "flows", "malformed")
DIRECTIONS = (Direction.IN, Direction.OUT)

#: Slots of a set, and how many of them there are for each flow that may be: a full gateway finds room for the last one.
SLOTS, SLOTS_PER_FLOW = 8, 1.6

LIMITS = struct.Struct("=2Q2Q4I4s4s16s16s")  #: the seed follows
SEED = struct.Struct("=Q")
STATE = struct.Struct("=4Qq2Q")
COUNTER = struct.Struct("=QQ")
KEY = struct.Struct("=I")
LIMITS_BYTES = LIMITS.size + SEED.size
_GSO_PACKETS = 128
_FLOWS = 4  #: place of the number of flows in the state


def sets(piece: Capacity) -> int:
    return math.ceil(piece.flows * SLOTS_PER_FLOW / SLOTS)


def compile_limits(piece: Capacity) -> bytes:
    """Without the seed. A bucket may run ahead by ``burst_ms`` at its rate, or by a GSO frame if that takes longer."""
    octets = bucket(piece.bandwidth_bps, piece.burst_ms)
    burst_ns = min(max(piece.burst_ms * 1_000_000, _GSO_PACKETS * 10**9 // piece.packets_per_s), LONGEST_NS)
    own = [ipaddress.ip_address(address) for address in piece.own]
    four, six = ([one.packed for one in own if one.version == version] for version in (4, 6))
    return LIMITS.pack(
        octets.pace, octets.burst_ns, (10**9 << SHIFT) // piece.packets_per_s, burst_ns, piece.flows, piece.idle_s,
        sets(piece), 0, *[*four, b"", b""][:2], *[*six, b"", b""][:2])


def parse_sets(limits: bytes) -> int:
    return int(LIMITS.unpack_from(limits)[6])


def parse_flows(state: bytes) -> int:
    """For a moment there may be less than none: a flow is counted after it took its slot, and may be swept before."""
    return max(0, int(STATE.unpack(state)[_FLOWS]))


def parse_counters(flows: int, rows: list[bytes]) -> CapacityCounters:
    """``rows``: for every direction and verdict, of all CPUs."""
    sums = [[sum(column) for column in zip(*COUNTER.iter_unpack(row), strict=True)] for row in rows]
    counted = iter(Counter(*each) for each in sums)
    return CapacityCounters(flows, {(direction, verdict): next(counted)
                                    for direction in DIRECTIONS for verdict in VERDICTS})
