"""Echoes over links, one socket for each: bound to the interface, so that no other way answers for it.

The far kernel answers, and the near one stamps what arrives, so a busy machine neither loses nor delays an echo that
the link did not. Echoes are told in the order in which they were sent; one that is waited for holds up those after it.
A socket keeps its namespace alive; it is let go as soon as the node is another or none.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from trunkline.fabric import namespace
from trunkline.intent.network import Wire
from trunkline.settings import Places

#: How long an echo is waited for; seconds. The longest link takes 0.16 s to and fro.
_PATIENCE_S = 0.5
_ECHO_REQUEST, _ECHO_REPLY, _HEADER, _IDENTIFIER = 8, 0, struct.Struct("!BBHHH"), 0x544C
_SOL_RAW, _ICMP_FILTER, _SO_TIMESTAMPNS = 255, 1, 35
_STAMP = struct.Struct("=qq")
_OTHERS = ~(1 << _ECHO_REPLY) & 0xFFFFFFFF


class LinuxGauge:
    """Not thread-safe."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._lines: dict[Wire, _Line] = {}

    def beat(self, wires: Sequence[Wire]) -> dict[Wire, tuple[float | None, ...]]:
        for gone in self._lines.keys() - set(wires):
            self._lines.pop(gone).close()
        return {wire: found for wire in wires if (found := self._beat(wire))}

    def close(self) -> None:
        self.beat(())

    def _beat(self, wire: Wire) -> tuple[float | None, ...]:
        """A link whose interface is not there has lost the echo that could not be sent."""
        path = namespace.path(self._places.namespace_prefix + wire.node)
        try:
            home = os.stat(path)
            line = self._lines.get(wire)
            if line and line.home != (home.st_dev, home.st_ino):
                self._lines.pop(wire).close()
                line = None
            if line is None:
                line = self._lines[wire] = _Line(wire, str(path), (home.st_dev, home.st_ino))
            return line.beat()
        except OSError:
            if line := self._lines.pop(wire, None):
                line.close()
            return (None,)


class _Line:
    def __init__(self, wire: Wire, path: str, home: tuple[int, int]) -> None:
        self.home, self._address = home, wire.address
        self._sent: dict[int, float] = {}
        self._back: dict[int, float] = {}
        self._number = 0
        self._socket = _opened(wire, path)

    def beat(self) -> tuple[float | None, ...]:
        self._receive()
        found = tuple(self._settled())
        self._number = (self._number + 1) & 0xFFFF
        self._sent[self._number] = time.time()
        self._socket.sendto(_request(self._number), (self._address, 0))
        return found

    def close(self) -> None:
        self._socket.close()

    def _receive(self) -> None:
        with suppress(BlockingIOError):
            while True:
                packet, told, _, _ = self._socket.recvmsg(256, 64)
                number = _HEADER.unpack_from(packet, (packet[0] & 15) * 4)[4]
                if number in self._sent:
                    self._back[number] = max(0.0, _arrival(told) - self._sent[number])

    def _settled(self) -> Iterator[float | None]:
        """In the order in which they were sent: what was lost before a link came back is not told after it."""
        for number, sent in tuple(self._sent.items()):
            if number not in self._back and time.time() - sent <= _PATIENCE_S:
                return
            del self._sent[number]
            yield self._back.pop(number, None)


def _opened(wire: Wire, path: str) -> socket.socket:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with namespace.entered(descriptor):
            made = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
    finally:
        os.close(descriptor)
    try:
        made.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", _OTHERS))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, wire.interface.encode())
        made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        made.close()
        raise
    return made


def _arrival(told: list[tuple[int, int, bytes]]) -> float:
    stamp = next((data for level, kind, data in told if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS)), None)
    if stamp is None:
        return time.time()
    seconds, nanoseconds = _STAMP.unpack(stamp[:_STAMP.size])
    return float(seconds + nanoseconds / 1e9)


def _request(number: int) -> bytes:
    """Type, code, checksum (RFC 1071), identifier, number."""
    total = (_ECHO_REQUEST << 8) + _IDENTIFIER + number
    total = (total & 0xFFFF) + (total >> 16)
    return _HEADER.pack(_ECHO_REQUEST, 0, ~total & 0xFFFF, _IDENTIFIER, number)
