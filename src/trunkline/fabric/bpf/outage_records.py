"""``outage.h`` in Python: the layout of keys and values of outage's maps, and a piece as a rule."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass
from datetime import datetime

from trunkline.fabric.bpf.impair_records import NO_TAG, boottime_ns
from trunkline.intent.network import ANY_TAG, Outage

NODE = 0
COMING, LEAVING = 1, 2

KEY = struct.Struct("=IHH")
RULE = struct.Struct("=4QII")
COUNTER = struct.Struct("=2Q")

_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """``struct ou_rule``. Times by CLOCK_BOOTTIME."""

    begun_ns: int
    until_ns: int
    period_ns: int
    down_ns: int
    ways: int

    def __bytes__(self) -> bytes:
        return RULE.pack(self.begun_ns, self.until_ns, self.period_ns, self.down_ns, self.ways, 0)

    @classmethod
    def parse(cls, value: bytes) -> Rule:
        return cls(*RULE.unpack(value)[:5])


def compile_key(piece: Outage, index: int) -> bytes:
    """``index``: the interface's ifindex, or NODE."""
    return KEY.pack(index, NO_TAG if piece.vid == ANY_TAG else piece.vid, 0)


def index_of(key: bytes) -> int:
    return int(KEY.unpack(key)[0])


def compile_rule(piece: Outage) -> Rule:
    return Rule(
        begun_ns=boottime_of(piece.begun), until_ns=boottime_of(piece.expires),
        period_ns=(piece.down_ms + piece.up_ms) * _NS_PER_MS if piece.up_ms else 0, down_ns=piece.down_ms * _NS_PER_MS,
        ways=COMING * piece.coming | LEAVING * piece.leaving)


def boottime_of(text: str) -> int:
    """An ISO 8601 time by CLOCK_BOOTTIME; what was before the machine began counts as its beginning."""
    return max(0, boottime_ns() + int((datetime.fromisoformat(text).timestamp() - time.time()) * 1e9))


def sum_counters(per_cpu: bytes) -> tuple[int, int]:
    """Frames that vanished: coming, leaving."""
    coming, leaving = zip(*COUNTER.iter_unpack(per_cpu), strict=True)
    return sum(coming), sum(leaving)
