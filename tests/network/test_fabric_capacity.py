"""The gateway's program on single frames, handed to it by the kernel and sent nowhere."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trunkline.fabric.bpf import build, libbpf
from trunkline.fabric.bpf import gateway_records as records
from trunkline.intent.network import Capacity, Direction

pytestmark = pytest.mark.root

PIECE = Capacity("gw-0", "gw-0", ("c1p",), ("vnet",), ("10.1.255.12", "10.1.255.13"), 10**9, 10**6, 2, 300, 240)
ONLY = records.KEY.pack(0)
PLACES = [records.KEY.pack(place) for place in range(len(records.DIRECTIONS) * len(records.VERDICTS))]


@contextmanager
def gateway(flows: int) -> Iterator[tuple[int, dict[str, int]]]:
    """Its program and maps, and as if so many flows had been counted."""
    with libbpf.loaded(build.required("gateway"), records.sets(PIECE), "flows") as handle:
        maps = libbpf.descriptors(handle)
        libbpf.update(maps["limits"], ONLY, records.compile_limits(PIECE) + bytes(records.SEED.size))
        libbpf.update(maps["state"], ONLY, records.STATE.pack(0, 0, 0, 0, flows, 0, 0))
        yield libbpf.descriptors(handle, "program")["gateway_in"], maps


def datagram(port: int) -> bytes:
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 17, 0, *map(socket.inet_aton, ("10.0.0.1", "10.1.0.4")))
    return bytes(12) + struct.pack("!H", 0x0800) + ip + struct.pack("!4H", port, 9, 8, 0)


def verdicts(maps: dict[str, int]) -> dict[str, int]:
    """Of frames that came in; only those that there were."""
    width = records.COUNTER.size * libbpf.cpus()
    rows = [libbpf.lookup(maps["counters"], place, width) or bytes(width) for place in PLACES]
    found = records.parse_counters(0, rows).verdicts
    return {name: counter.packets for (way, name), counter in found.items() if way is Direction.IN and counter.packets}


def test_a_flow_more_than_the_size_allows_is_refused_and_known_ones_go_on() -> None:
    with gateway(flows=0) as (program, maps):
        for port in (1, 2, 3, 1, 2):
            libbpf.tried(program, datagram(port), 1)
        assert verdicts(maps) == {"passed": 4, "flows": 1}


def test_flows_that_are_swept_before_they_are_counted_refuse_nobody() -> None:
    """For a moment there is one less than none."""
    with gateway(flows=-1) as (program, maps):
        libbpf.tried(program, datagram(1), 1)
        assert verdicts(maps) == {"passed": 1}
        assert records.parse_flows(libbpf.lookup(maps["state"], ONLY, records.STATE.size) or b"") == 0
