"""``xconnect.h`` in Python: the layout of keys and values of xconnect's maps, and the names of its drop reasons."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass
from enum import IntEnum

from trunkline.errors import DriverFailure
from trunkline.intent.bucket import Bucket, bucket
from trunkline.intent.network import Counter, CrossConnect, Direction, Policer, Where

#: Entries, meters and policers that a node can hold: it begins with the first, and the last is the most.
ROOMS = (64, 512, 4_096, 32_768)
NO_TAG = 0xFFFF
NAME_BYTES = 63
NONE = 0  #: the first place of both arrays is nobody's

#: What control traffic may take beside a policer that data has filled: 256 kbit/s, half a percent of the least circuit.
CONTROL = bucket(256_000, 250)

#: In the order of ``enum xc_reason``.
REASONS = ("unknown-tag", "untagged", "too-many-tags", "malformed", "mtu", "policed", "failed")

KEY = struct.Struct("=IHH")
ENTRY = struct.Struct("=4I2H4H2BH")
POLICER_AT = 2  #: word of an entry
NAME = struct.Struct(f"={NAME_BYTES}sB")
PLACE = struct.Struct("=I")
METER = struct.Struct(f"={3 + 2 * len(REASONS)}Q")
POLICER = struct.Struct("=6Q")
CLOCKS = struct.Struct("=4Q")

_DIRECTIONS = (Direction.IN, Direction.OUT)


class Kind(IntEnum):
    """Whose place it is."""

    IN = 0
    OUT = 1
    PORT = 2
    POLICER = 3


@dataclass(frozen=True, slots=True)
class Map:
    """``each_cpu``: a key has a value on every CPU."""

    name: str
    key: struct.Struct
    value: struct.Struct
    each_cpu: bool = False


ENTRIES, PORTS, NAMES = Map("entries", KEY, ENTRY), Map("ports", PLACE, PLACE), Map("names", NAME, PLACE)
METERS, LATE = Map("meters", PLACE, METER, each_cpu=True), Map("late", PLACE, METER)
POLICERS, CLOCKS_MAP = Map("policers", PLACE, POLICER), Map("clocks", PLACE, CLOCKS)
FREE_METERS, FREE_POLICERS = Map("free_meters", PLACE, PLACE), Map("free_policers", PLACE, PLACE)
MAPS = (ENTRIES, PORTS, NAMES, METERS, LATE, POLICERS, CLOCKS_MAP, FREE_METERS, FREE_POLICERS)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What an entry says in the kernel's numbers: interfaces, and places of its meter and policer."""

    ingress: int
    egress: int
    meter: int
    policer: int = NONE


def compile_key(piece: CrossConnect, ingress: int) -> bytes:
    vids = [tag.vid for tag in piece.match] + [NO_TAG, NO_TAG]
    return KEY.pack(ingress, vids[0], vids[1])


def compile_entry(piece: CrossConnect, wiring: Wiring) -> bytes:
    if max(len(piece.match), len(piece.push)) > 2:
        raise DriverFailure(f"{piece.attachment}: a cross-connect takes two tags at most")
    protocols = [tag.protocol for tag in piece.match] + [0, 0]
    push = [number for tag in piece.push for number in (tag.protocol, tag.vid)] + [0, 0, 0, 0]
    counts = (len(piece.match), len(piece.push), 0)
    return ENTRY.pack(wiring.egress, wiring.meter, wiring.policer, piece.mtu, *protocols[:2], *push[:4], *counts)


def compile_name(text: str, kind: Kind) -> bytes:
    name = text.encode()
    if not 0 < len(name) <= NAME_BYTES:
        raise DriverFailure(f"{kind.name.lower()} {text!r}: its name must have 1 to {NAME_BYTES} bytes")
    return NAME.pack(name, kind)


def meter_name(piece: CrossConnect) -> bytes:
    return compile_name(piece.attachment, Kind(_DIRECTIONS.index(piece.direction)))


def parse_name(key: bytes) -> tuple[str, Kind]:
    name, kind = NAME.unpack(key)
    return name.rstrip(b"\0").decode(), Kind(kind)


@functools.lru_cache(maxsize=1 << 17)
def where(key: bytes) -> Where:
    """Whose meter it is, if an attachment's; remembered, because all are asked for again and again."""
    name, kind = parse_name(key)
    return name, _DIRECTIONS[kind]


def compile_policer(piece: Policer) -> bytes:
    limit, tolerance = bucket(piece.bandwidth_bps, piece.burst_ms), Bucket()
    if piece.tolerance_percent:
        tolerance = bucket(piece.bandwidth_bps * (100 + piece.tolerance_percent) // 100, piece.burst_ms)
    words = (number for each in (limit, tolerance, CONTROL) for number in (each.pace, each.burst_ns))
    return POLICER.pack(*words)


def drops(words: tuple[int, ...]) -> dict[str, Counter]:
    """Of a meter's words; only reasons that there were."""
    pairs = zip(words[3::2], words[4::2], strict=True)
    return {reason: Counter(*pair) for reason, pair in zip(REASONS, pairs, strict=True) if pair[0]}
