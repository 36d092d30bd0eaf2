"""A client of RPKI-to-Router caches over TCP: RFC 8210 (version 1), RFC 6810 (version 0) where a cache knows no better.

One call is one connection: all VRPs at first, later what has changed since.
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from trunkline.errors import DriverFailure
from trunkline.model.vrp import Vrp

log = logging.getLogger(__name__)

_HEADER = struct.Struct("!BBHI")
_IPV4, _IPV6 = struct.Struct("!BBBx4sI"), struct.Struct("!BBBx16sI")
(SERIAL_NOTIFY, SERIAL_QUERY, RESET_QUERY, CACHE_RESPONSE, IPV4_PREFIX, IPV6_PREFIX, END_OF_DATA, CACHE_RESET,
 ROUTER_KEY, ERROR_REPORT) = (0, 1, 2, 3, 4, 6, 7, 8, 9, 10)
_UNSUPPORTED_VERSION = 4
_ANNOUNCED = 1
#: A PDU longer than that, or more of them, come from no cache of VRPs.
_LONGEST, _MOST = 1 << 16, 5_000_000
_DEADLINE_S = 20.0
_SHORTEST_S = 0.001  #: zero would mean not to wait at all


class Broken(DriverFailure):
    """A cache cannot be reached, or does not keep to the protocol."""


@dataclass(frozen=True, slots=True)
class Learned:
    """All that a cache has told: as of ``serial`` of its ``session``."""

    version: int
    session: int
    serial: int
    vrps: frozenset[Vrp]


class Pdu(NamedTuple):
    version: int
    kind: int
    session: int  #: or zero, or an error's code
    body: bytes


def fetch(host: str, port: int, known: Learned | None = None, deadline_s: float = _DEADLINE_S) -> Learned:
    """Raises Broken. A cache that cannot go on from what is known, for it began a new life (RFC 8210, section 5.1), or
    was another's, is asked for everything within the same time."""
    limit = time.monotonic() + deadline_s
    if known:
        try:
            return _ask(host, port, known.version, known, limit)
        except (Broken, OSError, _OtherVersion) as problem:
            log.info("cache is asked for everything", extra={"cache": f"{host} {port}", "problem": str(problem)})
    try:
        return _everything(host, port, limit)
    except OSError as error:
        raise Broken(f"cache {host} port {port}: {error}") from error


def _everything(host: str, port: int, limit: float) -> Learned:
    for version in (1, 0):
        try:
            return _ask(host, port, version, None, limit)
        except _OtherVersion:
            continue
    raise Broken(f"cache {host} port {port} speaks neither version 1 nor version 0 of the protocol")


def _ask(host: str, port: int, version: int, known: Learned | None, limit: float) -> Learned:
    left_s = max(limit - time.monotonic(), _SHORTEST_S)
    with socket.create_connection((host, port), timeout=left_s) as connection:
        conversation = _Conversation(connection, f"cache {host} port {port}", version, limit)
        return conversation.changes(known) if known else conversation.everything()


class _OtherVersion(Exception):
    pass


class _Conversation:
    def __init__(self, connection: socket.socket, name: str, version: int, limit: float) -> None:
        self._socket, self._name, self._version, self._limit = connection, name, version, limit
        self._unread = bytearray()

    def everything(self) -> Learned:
        self._ask(RESET_QUERY, 0)
        session = self._response()
        if session is None:
            raise self._broken("it has no data yet")
        return self._collect(Learned(self._version, session, 0, frozenset()))

    def changes(self, known: Learned) -> Learned:
        self._ask(SERIAL_QUERY, known.session, struct.pack("!I", known.serial))
        session = self._response()
        if session is None:
            return self.everything()
        if session != known.session:
            raise self._broken(f"it answers for session {session} where {known.session} was asked about")
        return self._collect(known)

    def _ask(self, kind: int, session: int, body: bytes = b"") -> None:
        self._socket.sendall(_HEADER.pack(self._version, kind, session, _HEADER.size + len(body)) + body)

    def _response(self) -> int | None:
        """The session of a Cache Response; None where the cache cannot tell what was asked."""
        for pdu in self._pdus():
            if pdu.kind == CACHE_RESPONSE:
                return pdu.session
            if pdu.kind == CACHE_RESET:
                return None
            if pdu.kind != SERIAL_NOTIFY:
                raise self._broken(f"it answers with a PDU of type {pdu.kind}")
        return None

    def _collect(self, known: Learned) -> Learned:
        vrps: set[Vrp] | None = None
        for count, pdu in enumerate(self._pdus()):
            if count > _MOST:
                raise self._broken(f"it sends more than {_MOST:,} PDUs")
            if pdu.kind == END_OF_DATA:
                return replace(known, serial=self._serial(pdu), vrps=known.vrps if vrps is None else frozenset(vrps))
            if pdu.kind in (IPV4_PREFIX, IPV6_PREFIX):
                vrps = set(known.vrps) if vrps is None else vrps
                self._take(pdu, vrps)
            elif pdu.kind not in (SERIAL_NOTIFY, ROUTER_KEY):
                raise self._broken(f"it sends a PDU of type {pdu.kind} among data")
        raise self._broken("its data have no end")

    def _take(self, pdu: Pdu, vrps: set[Vrp]) -> None:
        """RFC 8210, sections 5.6 and 12: twice the same is as wrong as taking back what was never told."""
        announced, vrp = self._vrp(pdu)
        if announced and vrp not in vrps:
            vrps.add(vrp)
        elif not announced and vrp in vrps:
            vrps.remove(vrp)
        else:
            raise self._broken(f"it {'announces' if announced else 'withdraws'} {vrp}, which it has"
                               f"{' already' if announced else ' not told'}")

    def _vrp(self, pdu: Pdu) -> tuple[bool, Vrp]:
        family, shape, bits = (
            (socket.AF_INET, _IPV4, 32) if pdu.kind == IPV4_PREFIX else (socket.AF_INET6, _IPV6, 128))
        if len(pdu.body) != shape.size:
            raise self._broken(f"a prefix has {len(pdu.body)} bytes where {shape.size} are right")
        flags, length, most, packed, asn = shape.unpack(pdu.body)
        vrp = Vrp(f"{socket.inet_ntop(family, packed)}/{length}", most, asn)
        if not length <= most <= bits or int.from_bytes(packed) & ((1 << (bits - length)) - 1):
            raise self._broken(f"{vrp} is no VRP")
        return bool(flags & _ANNOUNCED), vrp

    def _serial(self, pdu: Pdu) -> int:
        if len(pdu.body) < 4:
            raise self._broken("its End of Data has no serial number")
        return int.from_bytes(pdu.body[:4])

    def _pdus(self) -> Iterator[Pdu]:
        while True:
            version, kind, session, length = _HEADER.unpack(self._read(_HEADER.size))
            if not _HEADER.size <= length <= _LONGEST:
                raise self._broken(f"a PDU says that it has {length} bytes; that is not the RPKI-to-Router protocol")
            pdu = Pdu(version, kind, session, self._read(length - _HEADER.size))
            self._refuse(pdu)
            yield pdu

    def _refuse(self, pdu: Pdu) -> None:
        if pdu.kind == ERROR_REPORT:
            if pdu.session == _UNSUPPORTED_VERSION:
                raise _OtherVersion
            raise self._broken(f"it reports error {pdu.session} (RFC 8210, section 12){_text(pdu.body)}")
        if pdu.version != self._version:
            raise _OtherVersion

    def _read(self, count: int) -> bytes:
        while len(self._unread) < count:
            left_s = self._limit - time.monotonic()
            if left_s <= 0:
                raise self._broken("it does not come to an end in time")
            self._socket.settimeout(left_s)
            piece = self._socket.recv(1 << 18)
            if not piece:
                raise self._broken("it closed the connection in the middle of an answer")
            self._unread += piece
        found = bytes(self._unread[:count])
        del self._unread[:count]
        return found

    def _broken(self, problem: str) -> Broken:
        return Broken(f"{self._name}: {problem}")


def _text(body: bytes) -> str:
    """What an Error Report says in words, behind the PDU that it is about."""
    try:
        at = 4 + int.from_bytes(body[:4])
        told = body[at + 4:at + 4 + int.from_bytes(body[at:at + 4])].decode(errors="replace")
    except (IndexError, ValueError):
        return ""
    return f": {told[:200]}" if told else ""
