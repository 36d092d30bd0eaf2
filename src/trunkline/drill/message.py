"""BGP messages as bytes, true or forged, and back (RFC 4271, section 4). Says what it is told to; judges nothing."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address, ip_network

MARKER = b"\xff" * 16
HEADER = struct.Struct("!16sHB")
LONGEST = 4096
#: RFC 6793: what a speaker with a long number says where only two bytes are.
AS_TRANS = 23456

Community = tuple[int, ...]


class Kind(IntEnum):
    OPEN = 1
    UPDATE = 2
    NOTIFICATION = 3
    KEEPALIVE = 4
    ROUTE_REFRESH = 5


class Code(IntEnum):
    """Path attributes."""

    ORIGIN = 1
    AS_PATH = 2
    NEXT_HOP = 3
    MED = 4
    LOCAL_PREF = 5
    AGGREGATOR = 7
    COMMUNITIES = 8
    ORIGINATOR_ID = 9
    CLUSTER_LIST = 10
    MP_REACH = 14
    MP_UNREACH = 15
    LARGE_COMMUNITIES = 32
    OTC = 35  #: RFC 9234


WELL_KNOWN, OPTIONAL, OPTIONAL_TRANSITIVE, EXTENDED = 0x40, 0x80, 0xC0, 0x10
_SET, _SEQUENCE = 1, 2
_CAPABILITIES, _MULTIPROTOCOL, _ROUTE_REFRESH, _ROLE, _FOUR_OCTETS = 2, 1, 2, 9, 65
_AFI = {4: 1, 6: 2}
_UNICAST = 1

#: RFC 4271, 6.1 to 6.7, with 4486, 7606 and 9234; by code, then by subcode.
_REASONS: dict[int, tuple[str, dict[int, str]]] = {
    1: ("Message Header Error", {1: "Connection Not Synchronized", 2: "Bad Message Length", 3: "Bad Message Type"}),
    2: ("OPEN Message Error", {1: "Unsupported Version Number", 2: "Bad Peer AS", 3: "Bad BGP Identifier",
                               4: "Unsupported Optional Parameter", 6: "Unacceptable Hold Time",
                               7: "Unsupported Capability", 11: "Role Mismatch"}),
    3: ("UPDATE Message Error", {1: "Malformed Attribute List", 2: "Unrecognized Well-known Attribute",
                                 3: "Missing Well-known Attribute", 4: "Attribute Flags Error",
                                 5: "Attribute Length Error", 6: "Invalid ORIGIN", 8: "Invalid NEXT_HOP",
                                 9: "Optional Attribute Error", 10: "Invalid Network Field",
                                 11: "Malformed AS_PATH"}),
    4: ("Hold Timer Expired", {}),
    5: ("Finite State Machine Error", {}),
    6: ("Cease", {1: "Maximum Number of Prefixes Reached", 2: "Administrative Shutdown", 3: "Peer De-configured",
                  4: "Administrative Reset", 5: "Connection Rejected", 6: "Other Configuration Change",
                  7: "Connection Collision Resolution", 8: "Out of Resources", 9: "Hard Reset", 10: "BFD Down"}),
}


def message(kind: int, body: bytes = b"", marker: bytes = MARKER, length: int | None = None) -> bytes:
    """``length``: said instead of the true one."""
    return HEADER.pack(marker, HEADER.size + len(body) if length is None else length, kind) + body


KEEPALIVE = message(Kind.KEEPALIVE)


@dataclass(frozen=True, slots=True)
class Introduction:
    """What an OPEN says. ``role``: the number of RFC 9234, 4.1."""

    asn: int
    router_id: str
    hold_time_s: int = 180
    families: tuple[int, ...] = (4,)
    role: int | None = None

    def encoded(self) -> bytes:
        capabilities = b"".join(_capabilities(self))
        parameter = struct.pack("!BB", _CAPABILITIES, len(capabilities)) + capabilities
        short = self.asn if self.asn < 1 << 16 else AS_TRANS
        body = struct.pack("!BHH4sB", 4, short, self.hold_time_s, ip_address(self.router_id).packed, len(parameter))
        return message(Kind.OPEN, body + parameter)


def _capabilities(said: Introduction) -> Iterator[bytes]:
    for family in said.families:
        yield struct.pack("!BBHBB", _MULTIPROTOCOL, 4, _AFI[family], 0, _UNICAST)
    yield struct.pack("!BB", _ROUTE_REFRESH, 0)
    yield struct.pack("!BBI", _FOUR_OCTETS, 4, said.asn)
    if said.role is not None:
        yield struct.pack("!BBB", _ROLE, 1, said.role)


# ── attributes and updates ─────────────────────────────────────────────────────────────────────────────────────────


def attribute(code: int, value: bytes, flags: int = WELL_KNOWN) -> bytes:
    if len(value) > 255 or flags & EXTENDED:
        return struct.pack("!BBH", flags | EXTENDED, code, len(value)) + value
    return struct.pack("!BBB", flags, code, len(value)) + value


def as_path(numbers: Iterable[int], as_set: Iterable[int] = ()) -> bytes:
    """A sequence, and behind it a set; no segment where nothing is. A segment has 255 numbers at most."""
    sequence, members, segments = list(numbers), list(as_set), b""
    for start in range(0, len(sequence), 255):
        segments += _segment(_SEQUENCE, sequence[start:start + 255])
    return segments + (_segment(_SET, members) if members else b"")


def _segment(kind: int, numbers: list[int]) -> bytes:
    return struct.pack(f"!BB{len(numbers)}I", kind, len(numbers), *numbers)


def prefix(text: str) -> bytes:
    """NLRI (RFC 4271, 4.3): the length, and as many bytes as it needs."""
    network = ip_network(text)
    return bytes([network.prefixlen]) + network.network_address.packed[:(network.prefixlen + 7) // 8]


@dataclass(frozen=True, slots=True)
class Route:
    """What is announced: prefixes of one family with the same attributes. ``extra``: further attributes, as bytes."""

    prefixes: tuple[str, ...]
    as_path: tuple[int, ...]
    next_hop: str
    as_set: tuple[int, ...] = ()
    origin: int = 0
    communities: tuple[Community, ...] = ()
    extra: bytes = b""

    @property
    def family(self) -> int:
        return ip_network(self.prefixes[0]).version


def announcement(route: Route) -> tuple[bytes, ...]:
    """As many UPDATEs as the prefixes need."""
    attributes = b"".join(_attributes(route))
    room = LONGEST - HEADER.size - 4 - len(attributes) - 32
    packed = [prefix(text) for text in route.prefixes]
    return tuple(_update(route, attributes, piece) for piece in _pieces(packed, room))


def _attributes(route: Route) -> Iterator[bytes]:
    yield attribute(Code.ORIGIN, bytes([route.origin]))
    yield attribute(Code.AS_PATH, as_path(route.as_path, route.as_set))
    if route.family == 4:
        yield attribute(Code.NEXT_HOP, ip_address(route.next_hop).packed)
    yield from _communities(route.communities)
    yield route.extra


def _communities(communities: tuple[Community, ...]) -> Iterator[bytes]:
    """RFC 1997 of two parts, RFC 8092 of three."""
    for parts, code, form in ((2, Code.COMMUNITIES, "!HH"), (3, Code.LARGE_COMMUNITIES, "!III")):
        packed = b"".join(struct.pack(form, *one) for one in communities if len(one) == parts)
        if packed:
            yield attribute(code, packed, OPTIONAL_TRANSITIVE)


def _pieces(packed: list[bytes], room: int) -> Iterator[bytes]:
    piece = b""
    for one in packed:
        if len(piece) + len(one) > room:
            yield piece
            piece = b""
        piece += one
    yield piece


def _update(route: Route, attributes: bytes, nlri: bytes) -> bytes:
    if route.family == 4:
        return update(attributes, nlri)
    return update(reach6(ip_address(route.next_hop).packed, nlri) + attributes)


def update(attributes: bytes, nlri: bytes = b"", withdrawn: bytes = b"") -> bytes:
    body = struct.pack("!H", len(withdrawn)) + withdrawn + struct.pack("!H", len(attributes)) + attributes + nlri
    return message(Kind.UPDATE, body)


def reach6(next_hop: bytes, nlri: bytes) -> bytes:
    """MP_REACH_NLRI (RFC 4760, section 3)."""
    value = struct.pack("!HBB", _AFI[6], _UNICAST, len(next_hop)) + next_hop + b"\0" + nlri
    return attribute(Code.MP_REACH, value, OPTIONAL)


def withdrawal(*prefixes: str) -> bytes:
    """Of one family."""
    packed = b"".join(prefix(text) for text in prefixes)
    if ip_network(prefixes[0]).version == 4:
        return update(b"", withdrawn=packed)
    return update(attribute(Code.MP_UNREACH, struct.pack("!HB", _AFI[6], _UNICAST) + packed, OPTIONAL))


# ── what comes back ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Notification:
    code: int
    subcode: int

    def __str__(self) -> str:
        name, subcodes = _REASONS.get(self.code, (f"code {self.code}", {}))
        return ": ".join(word for word in (name, subcodes.get(self.subcode, "")) if word)


def messages(stream: bytearray) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each whole message, which is taken off the stream."""
    while len(stream) >= HEADER.size:
        _, length, kind = HEADER.unpack_from(stream)
        if len(stream) < length:
            return
        body = bytes(stream[HEADER.size:length])
        del stream[:length]
        yield kind, body


def parse_notification(body: bytes) -> Notification:
    return Notification(*body[:2]) if len(body) >= 2 else Notification(0, 0)


@dataclass(frozen=True, slots=True)
class Heard:
    """One UPDATE of the peer's, both families together."""

    announced: tuple[str, ...]
    withdrawn: tuple[str, ...]
    as_path: tuple[int, ...] = ()
    next_hop: str = ""
    communities: tuple[Community, ...] = ()


def parse_update(body: bytes) -> Heard:
    gone = int.from_bytes(body[:2], "big")
    size = int.from_bytes(body[2 + gone:4 + gone], "big")
    start = 4 + gone
    values = dict(_split(body[start:start + size]))
    hop6, announced6 = _reached(values.get(Code.MP_REACH, b""))
    hop4 = values.get(Code.NEXT_HOP, b"")
    return Heard(
        announced=(*_prefixes(body[start + size:], 4), *announced6),
        withdrawn=(*_prefixes(body[2:2 + gone], 4), *_prefixes(values.get(Code.MP_UNREACH, b"")[3:], 6)),
        as_path=tuple(_numbers(values.get(Code.AS_PATH, b""))),
        next_hop=str(ip_address(hop4)) if hop4 else hop6,
        communities=(*struct.iter_unpack("!HH", values.get(Code.COMMUNITIES, b"")),
                     *struct.iter_unpack("!III", values.get(Code.LARGE_COMMUNITIES, b""))))


def _split(attributes: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 3 <= len(attributes):
        flags, code = attributes[at], attributes[at + 1]
        wide = 2 if flags & EXTENDED else 1
        size = int.from_bytes(attributes[at + 2:at + 2 + wide], "big")
        at += 2 + wide
        yield code, attributes[at:at + size]
        at += size


def _numbers(value: bytes) -> Iterator[int]:
    at = 0
    while at + 2 <= len(value):
        count = value[at + 1]
        yield from struct.unpack_from(f"!{count}I", value, at + 2)
        at += 2 + 4 * count


def _reached(value: bytes) -> tuple[str, tuple[str, ...]]:
    """Next hop (the global one, if a link-local stands beside it) and prefixes of an MP_REACH_NLRI."""
    if len(value) < 5:
        return "", ()
    size = value[3]
    return str(ip_address(value[4:20])), tuple(_prefixes(value[5 + size:], 6))


def _prefixes(packed: bytes, family: int) -> Iterator[str]:
    at, size = 0, 4 if family == 4 else 16
    while at < len(packed):
        length = packed[at]
        used = (length + 7) // 8
        address = ip_address(packed[at + 1:at + 1 + used].ljust(size, b"\0"))
        yield f"{address}/{length}"
        at += 1 + used
