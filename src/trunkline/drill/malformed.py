"""UPDATEs that are broken on purpose, each with what RFC 7606 says must follow, and such as chance makes."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address

from trunkline.drill.message import (
    OPTIONAL,
    OPTIONAL_TRANSITIVE,
    Code,
    Kind,
    Route,
    announcement,
    as_path,
    attribute,
    message,
    prefix,
    reach6,
    update,
)


class Outcome(StrEnum):
    """RFC 7606, section 2, from the mildest to the strongest."""

    DISCARD = "attribute discarded"  #: the route is taken without the attribute
    WITHDRAW = "treated as withdrawn"
    RESET = "session reset"


@dataclass(frozen=True, slots=True)
class Broken:
    """``spoil``: the UPDATE made of an honest route of that ``family``. ``section``: of RFC 7606."""

    name: str
    section: str
    outcome: Outcome
    spoil: Callable[[Route], bytes]
    family: int = 4


def _whole(route: Route, *, origin: bytes = b"", path: bytes = b"", hop: bytes = b"", more: bytes = b"") -> bytes:
    """An IPv4 UPDATE in which some attributes are given as bytes."""
    attributes = (
        origin or attribute(Code.ORIGIN, bytes([route.origin])),
        path or attribute(Code.AS_PATH, as_path(route.as_path)),
        hop or attribute(Code.NEXT_HOP, _packed(route.next_hop)), more)
    return update(b"".join(attributes), b"".join(prefix(text) for text in route.prefixes))


def _packed(address: str) -> bytes:
    return ip_address(address).packed


def _bad_origin(route: Route) -> bytes:
    return _whole(route, origin=attribute(Code.ORIGIN, b"\x07"))


def _bad_path(route: Route) -> bytes:
    """A segment that claims more numbers than there are."""
    return _whole(route, path=attribute(Code.AS_PATH, struct.pack("!BBI", 2, 9, route.as_path[0])))


def _empty_segment(route: Route) -> bytes:
    return _whole(route, path=attribute(Code.AS_PATH, as_path(route.as_path) + b"\x02\x00"))


def _unknown_segment(route: Route) -> bytes:
    return _whole(route, path=attribute(Code.AS_PATH, struct.pack("!BBI", 9, 1, route.as_path[0])))


def _bad_flags(route: Route) -> bytes:
    """ORIGIN said to be optional."""
    return _whole(route, origin=attribute(Code.ORIGIN, b"\0", OPTIONAL_TRANSITIVE))


def _bad_next_hop(route: Route) -> bytes:
    """Three bytes long."""
    return _whole(route, hop=attribute(Code.NEXT_HOP, _packed(route.next_hop)[:3]))


def _no_next_hop(route: Route) -> bytes:
    attributes = attribute(Code.ORIGIN, b"\0") + attribute(Code.AS_PATH, as_path(route.as_path))
    return update(attributes, b"".join(prefix(text) for text in route.prefixes))


def _duplicate(route: Route) -> bytes:
    """The second MED is to be ignored, and the first one counts."""
    one = attribute(Code.MED, struct.pack("!I", 10), OPTIONAL)
    return _whole(route, more=one + attribute(Code.MED, struct.pack("!I", 20), OPTIONAL))


def _bad_med(route: Route) -> bytes:
    return _whole(route, more=attribute(Code.MED, b"\0\0", OPTIONAL))


def _bad_communities(route: Route) -> bytes:
    return _whole(route, more=attribute(Code.COMMUNITIES, b"\0\1\2", OPTIONAL_TRANSITIVE))


def _bad_aggregator(route: Route) -> bytes:
    return _whole(route, more=attribute(Code.AGGREGATOR, b"\0\1\2", OPTIONAL_TRANSITIVE))


def _overrunning(route: Route) -> bytes:
    """The last attribute is longer than what is left (RFC 7606, section 4)."""
    return _whole(route, more=struct.pack("!BBB", OPTIONAL, Code.MED, 200) + bytes(4))


def _two_reaches(route: Route) -> bytes:
    one = reach6(bytes(15) + b"\1", prefix("2001:db8:bad::/48"))
    return _whole(route, more=one + one)


def _bad_reach(route: Route) -> bytes:
    """A next hop of five bytes."""
    attributes = attribute(Code.ORIGIN, b"\0") + attribute(Code.AS_PATH, as_path(route.as_path))
    return update(reach6(bytes(5), b"".join(prefix(text) for text in route.prefixes)) + attributes)


def _bad_nlri(route: Route) -> bytes:
    """A prefix of 77 bits."""
    whole = _whole(replace(route, prefixes=route.prefixes[:1]))
    return message(Kind.UPDATE, whole[19:] + b"\x4d\x0a\x0a")


#: What is done with each, in the order of RFC 7606, sections 3, 5 and 7.
CASES = (
    Broken("flags", "3 c", Outcome.WITHDRAW, _bad_flags),
    Broken("missing-next-hop", "3 d", Outcome.WITHDRAW, _no_next_hop),
    Broken("two-mp-reach", "3 g", Outcome.RESET, _two_reaches),
    Broken("duplicate-med", "3 g", Outcome.DISCARD, _duplicate),
    Broken("overrunning-attribute", "4", Outcome.WITHDRAW, _overrunning),
    Broken("nlri-length", "5.3", Outcome.RESET, _bad_nlri),
    Broken("origin", "7.1", Outcome.WITHDRAW, _bad_origin),
    Broken("as-path-overrun", "7.2", Outcome.WITHDRAW, _bad_path),
    Broken("as-path-empty-segment", "7.2", Outcome.WITHDRAW, _empty_segment),
    Broken("as-path-unknown-segment", "7.2", Outcome.WITHDRAW, _unknown_segment),
    Broken("next-hop", "7.3", Outcome.WITHDRAW, _bad_next_hop),
    Broken("med", "7.4", Outcome.WITHDRAW, _bad_med),
    Broken("aggregator", "7.7", Outcome.DISCARD, _bad_aggregator),
    Broken("communities", "7.8", Outcome.WITHDRAW, _bad_communities),
    Broken("mp-reach-next-hop", "7.11", Outcome.RESET, _bad_reach, 6),
)


def garbled(route: Route, chance: random.Random) -> bytes:
    """An honest UPDATE of which chance has changed some bytes behind the header; now and then also its length."""
    body = bytearray(announcement(route)[0][19:])
    for _ in range(chance.randint(1, 6)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    if chance.random() < 0.2:
        body += chance.randbytes(chance.randint(1, 40))
    return message(Kind.UPDATE, bytes(body))


def junk(chance: random.Random) -> bytes:
    """A message of an honest header and nothing honest in it."""
    return message(chance.choice((Kind.UPDATE, Kind.UPDATE, Kind.ROUTE_REFRESH, 77)), chance.randbytes(
        chance.randint(0, 200)))
