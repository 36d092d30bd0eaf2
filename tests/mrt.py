"""MRT files (RFC 6396) taken apart: TABLE_DUMP_V2 of unicast alone, as tests need it and nothing else in the house."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

_TABLE_DUMP_V2, _PEERS, _RIB4, _RIB6 = 13, 1, 2, 4


@dataclass(frozen=True)
class Path:
    prefix: str
    peer: tuple[str, int]  #: address, AS number
    attributes: dict[int, Any]


def paths(raw: bytes) -> list[Path]:
    """All paths of all tables of a file, in its order."""
    found: list[Path] = []
    peers: list[tuple[str, int]] = []
    for subtype, body in _records(raw):
        if subtype == _PEERS:
            peers = list(_peers(body))
        else:
            found += _rib(body, 4 if subtype == _RIB4 else 6, peers)
    return found


def _records(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(raw):
        _, kind, subtype, length = struct.unpack_from("!IHHI", raw, at)
        assert kind == _TABLE_DUMP_V2
        assert subtype in (_PEERS, _RIB4, _RIB6)
        yield subtype, raw[at + 12:at + 12 + length]
        at += 12 + length
    assert at == len(raw)


def _peers(body: bytes) -> Iterator[tuple[str, int]]:
    (name,) = struct.unpack_from("!H", body, 4)
    (count,) = struct.unpack_from("!H", body, 6 + name)
    at = 8 + name
    for _ in range(count):
        kind = body[at]
        size, wide = (16 if kind & 1 else 4), bool(kind & 2)
        address = str(ip_address(body[at + 5:at + 5 + size]))
        (asn,) = struct.unpack_from("!I" if wide else "!H", body, at + 5 + size)
        yield address, asn
        at += 5 + size + (4 if wide else 2)
    assert at == len(body)


def _rib(body: bytes, family: int, peers: list[tuple[str, int]]) -> Iterator[Path]:
    length = body[4]
    used = (length + 7) // 8
    prefix = _prefix(body[5:5 + used], length, family)
    (count,) = struct.unpack_from("!H", body, 5 + used)
    at = 7 + used
    for _ in range(count):
        place, _, size = struct.unpack_from("!HIH", body, at)
        yield Path(prefix, peers[place], dict(_attributes(body[at + 8:at + 8 + size])))
        at += 8 + size
    assert at == len(body)


def _prefix(packed: bytes, length: int, family: int) -> str:
    return f"{ip_address(packed.ljust(4 if family == 4 else 16, bytes(1)))}/{length}"


def _attributes(raw: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(raw):
        flags, code = raw[at], raw[at + 1]
        wide = 2 if flags & 0x10 else 1
        size = int.from_bytes(raw[at + 2:at + 2 + wide], "big")
        value = raw[at + 2 + wide:at + 2 + wide + size]
        yield code, _READ.get(code, bytes)(value)
        at += 2 + wide + size
    assert at == len(raw)


def _segments(value: bytes) -> list[tuple[int, tuple[int, ...]]]:
    at, found = 0, []
    while at < len(value):
        kind, count = value[at], value[at + 1]
        found.append((kind, struct.unpack_from(f"!{count}I", value, at + 2)))
        at += 2 + 4 * count
    return found


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _address(value: bytes) -> str:
    return str(ip_address(value))


_READ: dict[int, Any] = {
    1: _number, 2: _segments, 3: _address, 4: _number, 5: _number,
    8: lambda value: list(struct.iter_unpack("!HH", value)),
    14: lambda value: _address(value[1:17]),
    32: lambda value: list(struct.iter_unpack("!III", value))}
