"""Where lines go: a syslog server over UDP, TCP or a Unix socket, or a file. What tells an event never waits: a bounded
queue lies between, and what does not fit is counted as lost.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event as Signal
from threading import Lock, Thread
from urllib.parse import urlsplit

from trunkline.errors import Unsupported
from trunkline.model.event import Event
from trunkline.telemetry.siem.formats import Form, line, shortened, syslog

log = logging.getLogger(__name__)

#: Events that may wait for a server that is slow or away.
MOST_WAITING = 1000
#: First and longest pause between two attempts; patience with a server; seconds.
_PAUSE_FIRST_S, _PAUSE_MOST_S, _PATIENCE_S = 0.2, 10.0, 5.0

Send = Callable[[Event], None]


class Outlet:
    """One thread for each outlet. ``send`` raises OSError when an event could not be handed over; it is tried again
    until it can be, while others wait, and overflow. ``end``: what is left to close behind the last."""

    def __init__(self, name: str, send: Send, most: int = MOST_WAITING, end: Callable[[], None] = lambda: None) -> None:
        self._name, self._send, self._end = name, send, end
        self._waiting: Queue[Event] = Queue(most)
        self._lost, self._lock = 0, Lock()
        self._stopped = Signal()
        self._thread = Thread(target=self._run, name=f"siem {name}", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        with self._lock:
            return self._lost

    def tell(self, event: Event) -> None:
        """Never waits."""
        try:
            self._waiting.put_nowait(event)
        except Full:
            self._lose()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(_PATIENCE_S)

    def _lose(self) -> None:
        with self._lock:
            self._lost += 1

    def _run(self) -> None:
        told = 0
        while not self._stopped.is_set():
            with suppress(Empty):
                self._deliver(self._waiting.get(timeout=_PAUSE_FIRST_S))
            if (lost := self.lost) != told:
                log.warning("events lost", extra={"outlet": self._name, "lost": lost})
                told = lost
        self._end()

    def _deliver(self, event: Event) -> None:
        pause = _PAUSE_FIRST_S
        while True:
            try:
                self._send(event)
                return
            except OSError as problem:
                if problem.errno == errno.EMSGSIZE:
                    self._lose()
                    return
                log.info("not delivered", extra={"outlet": self._name, "problem": str(problem)})
            if self._stopped.wait(pause):
                return
            pause = min(pause * 2, _PAUSE_MOST_S)


class Datagrams:
    """Each event one datagram (RFC 5426), or one message to a local ``/dev/log``."""

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int] | str, form: Form) -> None:
        self._family, self._address, self._form, self._host = family, address, form, socket.gethostname()

    def __call__(self, event: Event) -> None:
        with socket.socket(self._family, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_PATIENCE_S)
            try:
                sender.sendto(syslog(event, self._form, self._host), self._address)
            except OSError as problem:
                if problem.errno != errno.EMSGSIZE:
                    raise
                sender.sendto(syslog(shortened(event), self._form, self._host), self._address)


class Stream:
    """Octet counting (RFC 6587, 3.4.1) over a connection that is made again when it breaks. One thread sends."""

    def __init__(self, address: tuple[str, int], form: Form) -> None:
        self._address, self._form, self._host = address, form, socket.gethostname()
        self._connection: socket.socket | None = None

    def __call__(self, event: Event) -> None:
        message = syslog(event, self._form, self._host)
        connection = self._connection or socket.create_connection(self._address, _PATIENCE_S)
        self._connection = None
        try:
            if _has_ended(connection):
                raise ConnectionResetError("the server has closed the connection")
            connection.sendall(f"{len(message)} ".encode() + message)
        except OSError:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        if self._connection:
            self._connection.close()


def _has_ended(connection: socket.socket) -> bool:
    """A syslog server says nothing; what can be read is its end."""
    waiting = select.poll()  # not select(), which knows no descriptor above 1,023
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0)) and connection.recv(1) == b""


class Lines:
    """Appended to a file, which may be turned over at any time."""

    def __init__(self, path: str, form: Form) -> None:
        self._path, self._form = path, form

    def __call__(self, event: Event) -> None:
        with open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(line(event, self._form) + "\n")


def syslog_outlet(url: str, form: Form) -> Outlet:
    """``udp://HOST:PORT``, ``tcp://HOST:PORT`` or ``unix:///PATH``."""
    found = urlsplit(url)
    if found.scheme == "unix" and found.path:
        return Outlet(url, Datagrams(socket.AF_UNIX, found.path, form))
    if found.scheme in ("udp", "tcp") and found.hostname:
        port = found.port or (514 if found.scheme == "udp" else 601)
        if found.scheme == "tcp":
            stream = Stream((found.hostname, port), form)
            return Outlet(url, stream, end=stream.close)
        family = socket.AF_INET6 if ":" in found.hostname else socket.AF_INET
        return Outlet(url, Datagrams(family, (found.hostname, port), form))
    raise Unsupported(f"TRUNKLINE_SYSLOG is '{url}'; write udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH.")


def file_outlet(path: str, form: Form) -> Outlet:
    return Outlet(path, Lines(path, form))
