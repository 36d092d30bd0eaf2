"""BGP messages there and back: what is said is what is heard, also where it is forged."""

from __future__ import annotations

import struct

import pytest

from trunkline.drill.message import (
    HEADER,
    KEEPALIVE,
    LONGEST,
    MARKER,
    Heard,
    Introduction,
    Kind,
    Route,
    announcement,
    as_path,
    message,
    messages,
    parse_notification,
    parse_update,
    withdrawal,
)

ROUTE = Route(("10.10.0.0/16", "10.20.0.0/15"), (65010, 4_200_000_001), "172.16.0.1")
ROUTE6 = Route(("fd00:10::/48",), (65010,), "fd00:ac::1")


def heard(raw: bytes) -> Heard:
    (kind, body), = messages(bytearray(raw))
    assert kind == Kind.UPDATE
    return parse_update(body)


@pytest.mark.parametrize("route", [ROUTE, ROUTE6], ids=["IPv4", "IPv6"])
def test_an_announcement_is_heard_as_it_was_said(route: Route) -> None:
    said, = announcement(route)
    assert heard(said) == Heard(route.prefixes, (), route.as_path, route.next_hop)


def test_communities_of_both_kinds_travel_with_a_route() -> None:
    said, = announcement(Route(("10.10.0.0/16",), (65010,), "172.16.0.1", communities=((65535, 666), (1, 2, 3))))
    assert heard(said).communities == ((65535, 666), (1, 2, 3))


@pytest.mark.parametrize("prefix", ["10.10.0.0/16", "fd00:10::/48"])
def test_a_withdrawal_names_its_prefixes_alone(prefix: str) -> None:
    assert heard(withdrawal(prefix)) == Heard((), (prefix,))


def test_many_prefixes_take_as_many_messages_as_they_need() -> None:
    prefixes = tuple(f"10.{n // 256}.{n % 256}.0/24" for n in range(5_000))
    said = announcement(Route(prefixes, (65010,), "172.16.0.1"))
    assert len(said) > 1
    assert all(len(one) <= LONGEST for one in said)
    assert tuple(prefix for one in said for prefix in heard(one).announced) == prefixes


def test_a_long_path_is_said_in_segments_of_255() -> None:
    path = as_path(range(1, 301), as_set=(7, 8))
    assert (path[0], path[1]) == (2, 255)
    assert path[2 + 4 * 255:][:2] == bytes((2, 45))
    assert path[-10:] == struct.pack("!BBII", 1, 2, 7, 8)


def test_a_large_as_number_is_said_in_the_capability_alone() -> None:
    raw = Introduction(4_200_000_001, "192.0.2.1", families=(4, 6), role=3).encoded()
    assert HEADER.unpack_from(raw) == (MARKER, len(raw), Kind.OPEN)
    version, short, hold_time_s = struct.unpack_from("!BHH", raw, HEADER.size)
    assert (version, short, hold_time_s) == (4, 23456, 180)
    assert struct.pack("!BBI", 65, 4, 4_200_000_001) in raw
    assert struct.pack("!BBB", 9, 1, 3) in raw


def test_a_stream_is_cut_into_whole_messages() -> None:
    stream = bytearray(KEEPALIVE + message(Kind.NOTIFICATION, bytes((6, 1))) + KEEPALIVE[:5])
    kinds = [(kind, body) for kind, body in messages(stream)]
    assert kinds == [(Kind.KEEPALIVE, b""), (Kind.NOTIFICATION, bytes((6, 1)))]
    assert stream == KEEPALIVE[:5]


@pytest.mark.parametrize(("body", "words"), [
    (bytes((6, 1)), "Cease: Maximum Number of Prefixes Reached"),
    (bytes((3, 11)), "UPDATE Message Error: Malformed AS_PATH"),
    (bytes((4, 0)), "Hold Timer Expired"),
    (bytes((99, 1)), "code 99"),
    (b"", "code 0")])
def test_a_notification_is_told_in_words(body: bytes, words: str) -> None:
    assert str(parse_notification(body)) == words
