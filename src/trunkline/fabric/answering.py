"""The program that answers for public services: HTTP on port 80, DNS on port 53. ``python -m trunkline.fabric.answering
FILE PID``.

All addresses of the services' prefixes are its node's own, so it listens on all, and tells by the address that was
asked which service it is. It becomes a daemon once it listens, and nobody: what strangers ask has no right to anything.
SIGHUP lets it read its file anew, through its directory, which it has opened before.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Any

NOBODY = 65534
_HTTP, _DNS = 80, 53
_PATIENCE_S, _REQUEST_BYTES, _DNS_BYTES = 10.0, 8192, 4096
_BACKLOG = 1024
_HEADER = struct.Struct("!6H")
_RESPONSE, _AUTHORITATIVE, _RECURSION_DESIRED, _REFUSED = 0x8000, 0x0400, 0x0100, 5
_A, _TXT, _AAAA, _ANY, _IN, _TTL_S = 1, 16, 28, 255, 1, 60
_POINTER = 0xC00C  #: to the name in the question, which follows the header
_IP_PKTINFO = 8  #: linux/in.h; Python 3.11 has no word for it
_PKTINFO6 = struct.Struct("=16sI")
_PKTINFO4 = struct.Struct("=I4s4s")


class Catalogue:
    """Which service an address is of."""

    def __init__(self, path: Path) -> None:
        self._directory, self._name = os.open(path.parent, os.O_PATH | os.O_DIRECTORY), path.name
        self.read()

    def read(self) -> None:
        with open(os.open(self._name, os.O_RDONLY, dir_fd=self._directory), encoding="utf-8") as file:
            found = json.load(file)
        self._region = str(found["region"])
        self._prefixes = sorted(((ip_network(prefix), str(service)) for prefix, service in found["answers"]),
                                key=lambda row: -row[0].prefixlen)

    def told(self, asked: str, asker: str) -> dict[str, str]:
        address = ip_address(asked)
        service = next((name for prefix, name in self._prefixes if address in prefix), "")
        return {"service": service, "region": self._region, "address": asked, "you": asker}


def plain(address: str) -> str:
    """Without scope, and IPv4 as such."""
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


# ── HTTP ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def serve_http(catalogue: Catalogue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    asked, asker = (plain(writer.get_extra_info(name)[0]) for name in ("sockname", "peername"))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            request = await reader.readuntil(b"\r\n\r\n")
            body = json.dumps(catalogue.told(asked, asker)).encode() + b"\n"
            head = (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                    "Connection: close\r\n\r\n").encode()
            writer.write(head if request.startswith(b"HEAD ") else head + body)
            await writer.drain()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # whoever asks no whole question gets no answer
    finally:
        writer.close()


# ── DNS ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def reply(catalogue: Catalogue, query: bytes, asked: str, asker: str) -> bytes | None:
    """Every name is here: an address question is answered with the address that was asked, TXT with who that is. Of
    what is no query nothing is said."""
    if len(query) < _HEADER.size:
        return None
    number, flags, questions, *_ = _HEADER.unpack_from(query)
    end = _question_end(query)
    if flags & _RESPONSE or questions != 1 or end is None:
        return None if flags & _RESPONSE else _HEADER.pack(number, _RESPONSE | 1, 0, 0, 0, 0)
    kind, _ = struct.unpack_from("!2H", query, end - 4)
    records = b"".join(_records(kind, catalogue.told(asked, asker)))
    told = _RESPONSE | _AUTHORITATIVE | flags & (0x7800 | _RECURSION_DESIRED)
    return _HEADER.pack(number, told, 1, int(bool(records)), 0, 0) + query[_HEADER.size : end] + records


def _question_end(query: bytes) -> int | None:
    """Behind name, type and class."""
    at = _HEADER.size
    while at < len(query) and query[at]:
        if query[at] > 63:
            return None
        at += 1 + query[at]
    return at + 5 if at + 5 <= len(query) else None


def _records(kind: int, told: dict[str, str]) -> Iterator[bytes]:
    """At most one."""
    address = ip_address(told["address"])
    own = _A if isinstance(address, IPv4Address) else _AAAA
    if kind == own:
        yield _record(own, address.packed)
    elif kind in (_TXT, _ANY):
        text = " ".join(f"{name}={value}" for name, value in told.items()).encode()[:255]
        yield _record(_TXT, bytes([len(text)]) + text)


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("!3HIH", _POINTER, kind, _IN, _TTL_S, len(data)) + data


async def serve_dns(catalogue: Catalogue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Over TCP each message has its length before it (RFC 1035, 4.2.2)."""
    asked, asker = (plain(writer.get_extra_info(name)[0]) for name in ("sockname", "peername"))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            length = int.from_bytes(await reader.readexactly(2))
            answer = reply(catalogue, await reader.readexactly(min(length, _DNS_BYTES)), asked, asker)
            if answer:
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def answer_datagram(catalogue: Catalogue, bound: socket.socket) -> None:
    """From the address that was asked: the kernel tells it beside the datagram (RFC 3542)."""
    try:
        query, beside, _, peer = bound.recvmsg(_DNS_BYTES, 256)
        asked = next(filter(None, (_asked(level, kind, data) for level, kind, data in beside)), "")
        answer = reply(catalogue, query, asked, plain(peer[0])) if asked else None
        if answer:
            bound.sendmsg([answer], [_from(asked)], 0, peer)
    except OSError:
        return  # an error that an earlier answer has met


def _asked(level: int, kind: int, data: bytes) -> str:
    if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
        return str(ip_address(_PKTINFO4.unpack_from(data)[2]))
    if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
        return str(ip_address(_PKTINFO6.unpack_from(data)[0]))
    return ""


def _from(asked: str) -> tuple[int, int, bytes]:
    address = ip_address(asked)
    if isinstance(address, IPv4Address):
        return socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO4.pack(0, address.packed, bytes(4))
    return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _PKTINFO6.pack(address.packed, 0)


# ── its life ───────────────────────────────────────────────────────────────────────────────────────────────────────


def listening(family: int, kind: int, port: int) -> socket.socket:
    found = socket.socket(family, kind)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        found.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    found.bind(("", port))
    found.setblocking(False)
    return found


async def serve(catalogue: Catalogue, sockets: Mapping[tuple[socket.SocketKind, int], list[socket.socket]]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGHUP, catalogue.read)
    for (kind, port), found in sockets.items():
        for one in found:
            if kind == socket.SOCK_DGRAM:
                loop.add_reader(one, answer_datagram, catalogue, one)
                continue
            conversation: Any = serve_http if port == _HTTP else serve_dns
            await asyncio.start_server(partial(conversation, catalogue), sock=one, backlog=_BACKLOG,
                                       limit=_REQUEST_BYTES)
    await stop.wait()


def become_nobody() -> None:
    """With the user go all capabilities."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def main(words: list[str]) -> None:
    """``FILE PID``: what to say, whose path marks the process as ours, and where its pid goes."""
    catalogue, mark = Catalogue(Path(words[0])), Path(words[1])
    sockets = {(kind, port): [listening(family, kind, port) for family in (socket.AF_INET, socket.AF_INET6)]
               for kind, port in ((socket.SOCK_STREAM, _HTTP), (socket.SOCK_STREAM, _DNS), (socket.SOCK_DGRAM, _DNS))}
    for one in sockets[socket.SOCK_STREAM, _HTTP] + sockets[socket.SOCK_STREAM, _DNS]:
        one.listen(_BACKLOG)
    daemon = os.fork()
    if daemon:
        mark.write_text(str(daemon), "ascii")
        return
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    become_nobody()
    asyncio.run(serve(catalogue, sockets))


if __name__ == "__main__":
    main(sys.argv[1:])
