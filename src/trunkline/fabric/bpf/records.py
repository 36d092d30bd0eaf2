"""``xconnect.h`` in Python: the layout of keys and values of xconnect's maps, and the names of its drop reasons."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from trunkline.errors import DriverFailure
from trunkline.intent.network import Counter, CrossConnect, Direction

ENTRIES = 10_000
NO_TAG = 0xFFFF
NAME_BYTES = 63

#: In the order of ``enum xc_reason``.
REASONS = ("unknown-tag", "untagged", "too-many-tags", "malformed", "fault", "failed")

KEY = struct.Struct("=IHH")
COUNTER_KEY = struct.Struct(f"={NAME_BYTES}sB")
ENTRY_TAIL = struct.Struct("=I2H4H4B")  #: what follows the counter's key in an entry
ENTRY_BYTES = COUNTER_KEY.size + ENTRY_TAIL.size
COUNTER = struct.Struct("=QQ")
REASON = struct.Struct("=I")

_DIRECTIONS = (Direction.IN, Direction.OUT)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the map of entries, as bytes for the kernel."""

    key: bytes
    value: bytes


def compile_key(piece: CrossConnect, ingress: int) -> bytes:
    vids = [tag.vid for tag in piece.match] + [NO_TAG, NO_TAG]
    return KEY.pack(ingress, vids[0], vids[1])


def compile_entry(piece: CrossConnect, ingress: int, egress: int) -> Entry:
    """``ingress`` and ``egress`` are ifindexes in the piece's node."""
    if max(len(piece.match), len(piece.push)) > 2:
        raise DriverFailure(f"{piece.attachment}: a cross-connect takes two tags at most")
    protocols = [tag.protocol for tag in piece.match] + [0, 0]
    push = [number for tag in piece.push for number in (tag.protocol, tag.vid)] + [0, 0, 0, 0]
    counts = (len(piece.match), len(piece.push), int(piece.drop), 0)
    value = compile_counter_key(piece.attachment, piece.direction) + ENTRY_TAIL.pack(
        egress, *protocols[:2], *push[:4], *counts
    )
    return Entry(compile_key(piece, ingress), value)


def compile_counter_key(attachment: str, direction: Direction) -> bytes:
    name = attachment.encode()
    if not 0 < len(name) <= NAME_BYTES:
        raise DriverFailure(f"attachment {attachment!r}: its name must have 1 to {NAME_BYTES} bytes")
    return COUNTER_KEY.pack(name, _DIRECTIONS.index(direction))


def parse_counter_key(key: bytes) -> tuple[str, Direction]:
    name, direction = COUNTER_KEY.unpack(key)
    return name.rstrip(b"\0").decode(), _DIRECTIONS[direction]


def sum_counters(per_cpu: bytes) -> Counter:
    rows = list(COUNTER.iter_unpack(per_cpu))
    return Counter(sum(packets for packets, _ in rows), sum(octets for _, octets in rows))
