"""rtnetlink over a plain socket in one namespace.

A library's socket takes 12 ms to open in a namespace, its decoder 0.5 ms for an interface and its encoder as long for a
message, where a whole circuit may cost 60 ms. So the socket is Python's, ``rtnl`` writes questions and ``attributes``
reads answers (10 µs each).
"""

from __future__ import annotations

import errno
import itertools
import os
import socket
import struct
from collections.abc import Iterator, Mapping

from trunkline.errors import DriverFailure
from trunkline.fabric import rtnl
from trunkline.fabric.rtnl import Attributes, Layout

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x001, 0x004, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
_NLM_F_DUMP_INTR, _NLM_F_CAPPED, _NLM_F_ACK_TLVS = 0x10, 0x100, 0x200
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_SOL_NETLINK, _CAP_ACK, _EXT_ACK, _STRICT_CHECK = 270, 10, 11, 12
_NLMSGERR_ATTR_MSG = 1
_NLA_TYPE = 0x3FFF  #: without the flags for nested and network order

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_ERRNO = struct.Struct("=i")
_RECEIVE_BYTES = 1 << 18
_DUMP_TRIES = 20


class KernelRefusal(DriverFailure):
    """The kernel answered with an error number, and often with a reason in words."""

    def __init__(self, number: int, reason: str) -> None:
        text = os.strerror(number)
        super().__init__(f"{text}: {reason}" if reason else text)
        self.number = number


def nest(*pairs: tuple[str, object]) -> Attributes:
    return pairs


def encode(
    layout: Layout, kind: int, flags: int, fields: Mapping[str, int], pairs: Attributes = ()
) -> bytes:
    """A request of message type ``kind``."""
    body = layout.render(fields) + rtnl.render(pairs)
    return _HEADER.pack(_HEADER.size + len(body), kind, NLM_F_REQUEST | flags, 0, 0) + body


def encode_body(kind: int, flags: int, body: bytes) -> bytes:
    """A request whose body was read from the kernel."""
    return _HEADER.pack(_HEADER.size + len(body), kind, NLM_F_REQUEST | flags, 0, 0) + body


def attributes(data: bytes, start: int = 0) -> dict[int, bytes]:
    """The attributes that follow the fixed part of a message, or fill a nested attribute, by number."""
    return dict(attribute_list(data, start))


def attribute_list(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    at, end = start, len(data)
    while at + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < 4:
            return
        yield kind & _NLA_TYPE, data[at + 4 : at + length]
        at += (length + 3) & ~3


def _split(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence, body) of each message of a datagram."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        yield kind, flags, sequence, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3


def _refusal(number: int, flags: int, body: bytes) -> KernelRefusal:
    """After the error number stands the refused message's header, and, if flagged, attributes with the reason."""
    if not flags & _NLM_F_ACK_TLVS:
        return KernelRefusal(number, "")
    length = _HEADER.unpack_from(body, 4)[0]
    start = 4 + (_HEADER.size if flags & _NLM_F_CAPPED else (length + 3) & ~3)
    reason = attributes(body, start).get(_NLMSGERR_ATTR_MSG, b"")
    return KernelRefusal(number, reason.rstrip(b"\0").decode())


class Channel:
    """A socket that belongs to the namespace in which its thread was when it was made."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        for option in (_CAP_ACK, _EXT_ACK, _STRICT_CHECK):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.bind((0, 0))
        self._sequences = itertools.count(1)

    def close(self) -> None:
        self._socket.close()

    def tell(self, message: bytes, *tolerated: int) -> None:
        """Have something done. Error numbers in ``tolerated`` mean that it was so already."""
        try:
            self.ask(message)
        except KernelRefusal as refusal:
            if refusal.number not in tolerated:
                raise

    def ask(self, message: bytes) -> list[bytes]:
        """The bodies of the answers to one request."""
        return self._exchange(message, NLM_F_ACK)[0]

    def dump(self, message: bytes) -> list[bytes]:
        """All rows of a table; read again when it changed while it was read."""
        for _ in range(_DUMP_TRIES):
            bodies, torn = self._exchange(message, NLM_F_DUMP)
            if not torn:
                return bodies
        raise DriverFailure("a kernel table changes faster than it can be read")

    def _exchange(self, message: bytes, flags: int) -> tuple[list[bytes], bool]:
        sequence = next(self._sequences)
        length, kind, given, _, _ = _HEADER.unpack_from(message)
        with rtnl.TURN:
            self._socket.send(_HEADER.pack(length, kind, given | flags, sequence, 0) + message[_HEADER.size :])
        bodies: list[bytes] = []
        torn = False
        while True:
            for kind, marks, number, body in _split(self._socket.recv(_RECEIVE_BYTES)):
                if number != sequence:
                    continue
                torn = torn or bool(marks & _NLM_F_DUMP_INTR)
                if kind not in (_NLMSG_ERROR, _NLMSG_DONE):
                    bodies.append(body)
                    continue
                failure = -_ERRNO.unpack_from(body)[0] if len(body) >= 4 else 0
                if failure > 0:
                    raise _refusal(failure, marks if kind == _NLMSG_ERROR else 0, body)
                return bodies, torn


def is_missing(refusal: KernelRefusal) -> bool:
    return refusal.number in (errno.ENODEV, errno.ENOENT)
