"""The client of RPKI-to-Router caches, against caches that are honest, old, or not caches at all."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Thread

import pytest

from trunkline.model.vrp import Vrp
from trunkline.reconcile.rtr import Broken, Learned, fetch

ONE, TWO, SIX = Vrp("198.51.100.0/24", 25, 64500), Vrp("203.0.113.0/24", 24, 0), Vrp("2001:db8::/32", 48, 64501)


def pdu(kind: int, session: int = 7, body: bytes = b"", version: int = 1) -> bytes:
    return struct.pack("!BBHI", version, kind, session, 8 + len(body)) + body


def prefix(vrp: Vrp, announced: bool = True, version: int = 1) -> bytes:
    address, _, length = vrp.prefix.partition("/")
    packed = ip_address(address).packed
    body = struct.pack("!BBBx", announced, int(length), vrp.max_length) + packed + struct.pack("!I", vrp.asn)
    return pdu(4 if len(packed) == 4 else 6, 0, body, version)


def end(serial: int, version: int = 1) -> bytes:
    return pdu(7, 7, struct.pack("!I", serial) + (struct.pack("!III", 3600, 600, 7200) if version else b""), version)


def told(*vrps: Vrp, serial: int = 1, version: int = 1) -> bytes:
    return pdu(3, version=version) + b"".join(prefix(vrp, version=version) for vrp in vrps) + end(serial, version)


@contextmanager
def cache(*answers: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Answers one question with each of these, on a connection of its own unless the last one stayed open; a list of
    what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        def serve() -> None:
            left = list(answers)
            while left:
                connection, _ = server.accept()
                with connection:
                    while left and (question := connection.recv(64)):
                        asked.append(question)
                        connection.sendall(left.pop(0))
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(5)


def test_all_vrps_are_learned_at_first() -> None:
    with cache(pdu(0, body=b"\0\0\0\5") + told(ONE, TWO, SIX, serial=5)) as (port, asked):
        assert fetch("127.0.0.1", port) == Learned(1, 7, 5, frozenset({ONE, TWO, SIX}))
    assert asked == [pdu(2, 0)]


def test_later_only_changes_are_asked_for() -> None:
    known = Learned(1, 7, 5, frozenset({ONE, TWO}))
    with cache(pdu(3) + prefix(TWO, announced=False) + prefix(SIX) + end(6)) as (port, asked):
        assert fetch("127.0.0.1", port, known) == Learned(1, 7, 6, frozenset({ONE, SIX}))
    assert asked == [pdu(1, 7, struct.pack("!I", 5))]


def test_nothing_new_leaves_the_very_same_set() -> None:
    known = Learned(1, 7, 5, frozenset({ONE}))
    with cache(told(serial=5)) as (port, _):
        assert fetch("127.0.0.1", port, known).vrps is known.vrps


def test_a_cache_that_lost_its_memory_tells_all_again() -> None:
    with cache(pdu(8, 0), told(TWO, serial=1)) as (port, asked):
        assert fetch("127.0.0.1", port, Learned(1, 7, 5, frozenset({ONE}))).vrps == {TWO}
    assert [question[1] for question in asked] == [1, 2]


@pytest.mark.parametrize("refusal", [pdu(10, 4, b"\0" * 8, version=0), told(ONE, version=0)])
def test_a_cache_of_the_older_version_is_spoken_to_in_it(refusal: bytes) -> None:
    with cache(refusal, told(ONE, version=0)) as (port, asked):
        assert fetch("127.0.0.1", port) == Learned(0, 7, 1, frozenset({ONE}))
    assert [question[0] for question in asked] == [1, 0]


@pytest.mark.parametrize(("answer", "words"), [
    (b"", "closed the connection"),
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not the RPKI-to-Router protocol"),
    (pdu(3), "closed the connection"),
    (pdu(3) + prefix(ONE), "closed the connection"),
    (told(ONE, ONE), "announces 198.51.100.0/24-25 AS64500, which it has already"),
    (pdu(3) + prefix(ONE, announced=False) + end(1), "withdraws 198.51.100.0/24-25 AS64500, which it has not told"),
    (told(Vrp("198.51.100.0/24", 23, 1)), "is no VRP"),
    (told(Vrp("198.51.100.0/24", 33, 1)), "is no VRP"),
    (told(Vrp("198.51.100.1/24", 24, 1)), "is no VRP"),
    (pdu(3) + pdu(4, 0, b"\1"), "has 1 bytes where 12 are right"),
    (pdu(3) + pdu(7), "has no serial number"),
    (pdu(3) + pdu(3), "type 3 among data"),
    (pdu(6), "answers with a PDU of type 6"),
    (pdu(8), "has no data yet"),
    (pdu(10, 2, b"\0\0\0\0\0\0\0\4oops"), "error 2 .*: oops"),
    (struct.pack("!BBHI", 1, 3, 7, 1 << 31), "2147483648 bytes"),
    (struct.pack("!BBHI", 1, 3, 7, 0), "0 bytes"),
])
def test_what_does_not_keep_to_the_protocol_is_told_and_nothing_learned(answer: bytes, words: str) -> None:
    with cache(answer) as (port, _), pytest.raises(Broken, match=words):
        fetch("127.0.0.1", port)


@pytest.mark.parametrize("refusal", [
    pdu(3, 8) + end(6), pdu(10, 0, b"\0" * 8), pdu(3) + prefix(SIX, announced=False) + end(6),
    pdu(10, 4, b"\0" * 8, version=0), b"HTTP/1.1 400 Bad Request\r\n\r\n"],
    ids=["another session", "corrupt data", "unknown withdrawal", "another version", "another protocol"])
def test_a_cache_that_cannot_go_on_from_what_is_known_is_asked_for_everything_at_once(refusal: bytes) -> None:
    """One that began a new life answers for another session, or with Error Report 0 (RFC 8210, section 5.1)."""
    with cache(refusal, told(TWO, serial=1)) as (port, asked):
        assert fetch("127.0.0.1", port, Learned(1, 7, 5, frozenset({ONE}))) == Learned(1, 7, 1, frozenset({TWO}))
    assert [question[1] for question in asked] == [1, 2]


def test_a_cache_that_keeps_silent_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(Broken, match=r"in time|timed out"):
        fetch("127.0.0.1", server.getsockname()[1], deadline_s=0.05)


def test_nobody_there_is_told_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Broken, match=f"cache 127.0.0.1 port {port}: "):
        fetch("127.0.0.1", port)
