"""A Loc-RIB as MRT (RFC 6396, 4.3: TABLE_DUMP_V2), which every tool for routing tables reads. Pure.

Each router's table begins with its own PEER_INDEX_TABLE, so files may be put one behind another.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from trunkline.intent.bgp.observed import RibEntry, SessionStatus
from trunkline.intent.bgp.router import Router, Session
from trunkline.model.bgp import family_of

_TABLE_DUMP_V2 = 13
_PEER_INDEX_TABLE = 1
_RIB_UNICAST = {4: 2, 6: 4}
_ORIGIN, _AS_PATH, _NEXT_HOP, _MED, _LOCAL_PREF, _COMMUNITIES, _MP_REACH, _LARGE = 1, 2, 3, 4, 5, 8, 14, 32
_WELL_KNOWN, _OPTIONAL, _TRANSITIVE, _EXTENDED = 0x40, 0x80, 0xC0, 0x10
_SET, _SEQUENCE = 1, 2
_ORIGINS = {"IGP": 0, "EGP": 1, "INCOMPLETE": 2}


@dataclass(frozen=True, slots=True)
class Peer:
    """Who told a path; the router itself of what it originates."""

    name: str
    router_id: str
    address: str
    asn: int


def dump(router: Router, entries: Sequence[RibEntry], statuses: Iterable[SessionStatus], at: int) -> bytes:
    """``at``: seconds since the epoch, of the whole file; when each path came is not known."""
    peers = tuple(_peers(router, statuses))
    places = {peer.name: place for place, peer in enumerate(peers)}
    by_prefix: dict[str, list[RibEntry]] = {}
    for entry in entries:
        by_prefix.setdefault(entry.prefix, []).append(entry)
    ribs = (_rib(number, prefix, paths, places, at) for number, (prefix, paths) in enumerate(sorted(by_prefix.items())))
    return _record(_PEER_INDEX_TABLE, _index(router, peers), at) + b"".join(ribs)


def _peers(router: Router, statuses: Iterable[SessionStatus]) -> Iterator[Peer]:
    yield Peer("local", router.router_id, "0.0.0.0", router.asn)  # noqa: S104  # RFC 6396 has no word for itself
    ids = {status.name: status.peer_router_id for status in statuses}
    yield from (_peer(session, ids.get(session.name) or "0.0.0.0") for session in router.sessions)  # noqa: S104


def _peer(session: Session, router_id: str) -> Peer:
    return Peer(session.name, router_id, session.peer_address, session.peer_asn)


def _record(subtype: int, body: bytes, at: int) -> bytes:
    return struct.pack("!IHHI", at, _TABLE_DUMP_V2, subtype, len(body)) + body


def _index(router: Router, peers: Sequence[Peer]) -> bytes:
    """Without a view's name. Each peer's type says how wide its address is, and that its AS number has four bytes."""
    shown = b"".join(
        struct.pack("!B", 2 | (family_of(peer.address) == 6)) + ip_address(peer.router_id).packed
        + ip_address(peer.address).packed + struct.pack("!I", peer.asn) for peer in peers)
    return ip_address(router.router_id).packed + struct.pack("!HH", 0, len(peers)) + shown


def _rib(number: int, prefix: str, paths: Iterable[RibEntry], places: dict[str, int], at: int) -> bytes:
    network = ip_network(prefix)
    packed = network.network_address.packed[:(network.prefixlen + 7) // 8]
    listed = [_entry(path, places.get(path.session, 0), at) for path in paths]
    body = struct.pack("!IB", number, network.prefixlen) + packed + struct.pack("!H", len(listed)) + b"".join(listed)
    return _record(_RIB_UNICAST[network.version], body, at)


def _entry(path: RibEntry, place: int, at: int) -> bytes:
    attributes = b"".join(_attributes(path))
    return struct.pack("!HIH", place, at, len(attributes)) + attributes


def _attributes(path: RibEntry) -> Iterator[bytes]:
    """Of IPv6 the next hop alone stands in MP_REACH_NLRI (RFC 6396, 4.3.4)."""
    yield _attribute(_ORIGIN, _WELL_KNOWN, bytes([_ORIGINS.get(path.origin, 2)]))
    yield _attribute(_AS_PATH, _WELL_KNOWN, _as_path(path))
    hop = ip_address(path.next_hop).packed if path.next_hop else bytes(4 if family_of(path.prefix) == 4 else 16)
    if family_of(path.prefix) == 4:
        yield _attribute(_NEXT_HOP, _WELL_KNOWN, hop)
    yield _attribute(_MED, _OPTIONAL, struct.pack("!I", path.med))
    yield _attribute(_LOCAL_PREF, _WELL_KNOWN, struct.pack("!I", path.local_pref))
    for parts, code, form in ((2, _COMMUNITIES, "!HH"), (3, _LARGE, "!III")):
        if packed := b"".join(struct.pack(form, *one) for one in path.communities if len(one) == parts):
            yield _attribute(code, _TRANSITIVE, packed)
    if family_of(path.prefix) == 6:
        yield _attribute(_MP_REACH, _OPTIONAL, bytes([len(hop)]) + hop)


def _attribute(code: int, flags: int, value: bytes) -> bytes:
    if len(value) > 255:
        return struct.pack("!BBH", flags | _EXTENDED, code, len(value)) + value
    return struct.pack("!BBB", flags, code, len(value)) + value


def _as_path(path: RibEntry) -> bytes:
    cut = len(path.as_path) - path.as_sets
    segments = [(_SEQUENCE, path.as_path[start:start + 255][:cut - start]) for start in range(0, cut, 255)]
    segments += [(_SET, path.as_path[cut:])] if path.as_sets else []
    return b"".join(struct.pack(f"!BB{len(numbers)}I", kind, len(numbers), *numbers) for kind, numbers in segments)
