"""``impair.h`` in Python: the layout of keys and values of impair's maps, and a piece as a rule."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import dataclass
from datetime import datetime

from trunkline.intent.network import ANY_TAG, Impairment

RULES = 256
PASSED = 0x544C4B
NO_TAG = 0xFFFF
FOREVER = 1 << 62
CERTAIN = 1 << 32  #: chances are out of this

KEY = struct.Struct("=IHH")
RULE = struct.Struct("=9QII")
COUNTER = struct.Struct("=5Q")
RELAYED = struct.Struct("=4Q")
RETURN = struct.Struct("=II")
TAP = struct.Struct("=I")

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """``struct im_rule``. Chances out of CERTAIN, times in ns; ``until_ns`` by CLOCK_BOOTTIME."""

    until_ns: int
    lose: int
    duplicate: int
    detour: int
    corrupt: int
    reorder: int
    delay_ns: int
    jitter_ns: int
    hold_ns: int
    tap: int

    def __bytes__(self) -> bytes:
        return RULE.pack(self.until_ns, self.lose, self.duplicate, self.detour, self.corrupt, self.reorder,
                         self.delay_ns, self.jitter_ns, self.hold_ns, self.tap, 0)

    @classmethod
    def parse(cls, value: bytes) -> Rule:
        return cls(*RULE.unpack(value)[:10])

    @property
    def frame_by_frame(self) -> bool:
        """The relay must get frames as they are on a wire: no GSO, checksums complete."""
        return self.corrupt > 0


def boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def compile_key(piece: Impairment, index: int) -> bytes:
    """``index`` is the interface's ifindex."""
    return KEY.pack(index, int(piece.leaving), NO_TAG if piece.vid == ANY_TAG else piece.vid)


def compile_rule(piece: Impairment) -> Rule:
    """Where nothing but reordering is asked for, only the frames that are to be overtaken leave the path."""
    whole = bool(piece.delay_us or piece.jitter_us or piece.corruption_ppm)
    reorder = _chance(piece.reordering_ppm)
    return Rule(
        until_ns=_until_ns(piece.expires),
        lose=_chance(piece.loss_ppm), duplicate=_chance(piece.duplication_ppm),
        detour=CERTAIN if whole else reorder, corrupt=_chance(piece.corruption_ppm),
        reorder=reorder if whole or not reorder else CERTAIN,
        delay_ns=piece.delay_us * 1000, jitter_ns=piece.jitter_us * 1000, hold_ns=piece.hold_us * 1000,
        tap=tap_number(piece))


def _until_ns(expires: str) -> int:
    if not expires:
        return FOREVER
    return boottime_ns() + int((datetime.fromisoformat(expires).timestamp() - time.time()) * 1e9)


def tap_number(piece: Impairment) -> int:
    """Names the TAP of a rule within its node."""
    return zlib.crc32(f"{piece.interface}:{int(piece.leaving)}:{piece.vid}".encode())


def _chance(ppm: int) -> int:
    return ppm * CERTAIN // _MILLION


def sum_counters(per_cpu: bytes) -> tuple[int, ...]:
    """Seen, lost, duplicated, detoured, missed."""
    return tuple(sum(column) for column in zip(*COUNTER.iter_unpack(per_cpu), strict=True))
