"""One BGP session of an attacker's: it opens as it is told, answers keepalives, says any bytes, and notes what the peer
made of it. It runs in the network namespace in which it was made."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Thread

from trunkline.drill.message import (
    HEADER,
    KEEPALIVE,
    Heard,
    Introduction,
    Kind,
    Notification,
    messages,
    parse_notification,
    parse_update,
)
from trunkline.intent.bgp.signature import TCP_MD5SIG, key_for
from trunkline.model.bgp import family_of

BGP_PORT = 179
_CEASE_SHUTDOWN = struct.pack("!16sHBBB", b"\xff" * 16, HEADER.size + 2, Kind.NOTIFICATION, 6, 2)
_KEEPALIVE_S = 10.0
_GLANCE_S = 0.1


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom to speak to, and as whom. ``ttl``: of what we send; the kernel's own if None. ``interface``: leave by that
    one alone (SO_BINDTODEVICE)."""

    local: str
    address: str
    introduction: Introduction
    key: str = ""
    ttl: int | None = None
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the session. ``notification``: what the peer closed it with. ``error``: why it is over."""

    established: bool
    notification: Notification | None
    error: str
    routes: dict[str, Heard]


class Speaker:
    """``open`` first; ``close`` at the end, which also ends its thread."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._socket: socket.socket | None = None
        self._up, self._over, self._lock = Event(), Event(), Lock()
        self._notification: Notification | None = None
        self._error = ""
        self._routes: dict[str, Heard] = {}
        self._reader: Thread | None = None

    def open(self, within_s: float) -> Told:
        """Connect and come to Established; whatever is so by then."""
        end = time.monotonic() + within_s
        try:
            self._socket = connected(self.peer, within_s)
        except OSError as problem:
            self._error = problem.strerror or "timed out"
            self._over.set()
            return self.told()
        self.send(self.peer.introduction.encoded())
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        while not (self._up.is_set() or self._over.is_set()) and time.monotonic() < end:
            self._up.wait(0.02)
        return self.told()

    def send(self, raw: bytes) -> None:
        """A peer that has closed meanwhile shows in ``told``."""
        if self._socket:
            with self._lock, suppress(OSError):
                self._socket.sendall(raw)

    def told(self) -> Told:
        established = self._up.is_set() and not self._over.is_set()
        return Told(established, self._notification, self._error, dict(self._routes))

    def close(self, politely: bool = True) -> None:
        """Politely: with a NOTIFICATION (Cease, Administrative Shutdown); else the connection just ends."""
        if politely and not self._over.is_set():
            self.send(_CEASE_SHUTDOWN)
        self._over.set()
        if self._reader:
            self._reader.join(2)
        if self._socket:
            self._socket.close()

    def _read(self) -> None:
        assert self._socket  # noqa: S101 - there is one before the thread
        self._socket.settimeout(_GLANCE_S)
        stream, said = bytearray(), time.monotonic()
        while not self._over.is_set():
            if time.monotonic() - said > _KEEPALIVE_S:
                self.send(KEEPALIVE)
                said = time.monotonic()
            try:
                got = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError as problem:
                self._end(problem.strerror or str(problem))
                return
            if not got:
                self._end("closed by the peer")
                return
            stream += got
            for kind, body in messages(stream):
                self._take(kind, body)

    def _end(self, why: str) -> None:
        self._error = self._error or why
        self._over.set()

    def _take(self, kind: int, body: bytes) -> None:
        takers: dict[int, Callable[[bytes], None]] = {
            Kind.OPEN: self._opened, Kind.KEEPALIVE: self._alive, Kind.UPDATE: self._learn,
            Kind.NOTIFICATION: self._closed}
        if taker := takers.get(kind):
            taker(body)

    def _opened(self, _body: bytes) -> None:
        self.send(KEEPALIVE)

    def _alive(self, _body: bytes) -> None:
        self._up.set()

    def _learn(self, body: bytes) -> None:
        heard = parse_update(body)
        for prefix in heard.withdrawn:
            self._routes.pop(prefix, None)
        self._routes.update(dict.fromkeys(heard.announced, heard))

    def _closed(self, body: bytes) -> None:
        self._notification = parse_notification(body)
        self._end(str(self._notification))


def connected(peer: Peer, within_s: float) -> socket.socket:
    """A TCP connection to the peer's BGP port; raises OSError."""
    family = socket.AF_INET if family_of(peer.address) == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.settimeout(within_s)
        if peer.interface:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, peer.interface.encode())
        if peer.ttl is not None:
            level, option = ((socket.IPPROTO_IP, socket.IP_TTL) if family == socket.AF_INET
                             else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS))
            made.setsockopt(level, option, peer.ttl)
        if peer.key:
            made.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, key_for(peer.address, family, peer.key))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.bind((peer.local, 0))
        made.connect((peer.address, BGP_PORT))
    except OSError:
        made.close()
        raise
    return made
