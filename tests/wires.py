"""Inside nodes: commands, echo requests, TCP streams, and frames as they are on a port."""

from __future__ import annotations

import itertools
import json
import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from trunkline.fabric import namespace
from trunkline.settings import Places
from waiting import until

ETH_P_ALL = 0x0003
_SOL_PACKET, _PACKET_AUXDATA, _PACKET_OUTGOING = 263, 8, 4
_VLAN_VALID, _VLAN_PROTOCOL_VALID = 0x10, 0x40
_AUXDATA = struct.Struct("=IIIHHHH")
_SEGMENTS_OUT, _BYTES_SENT = struct.Struct("=I"), struct.Struct("=Q")  #: of struct tcp_info
_sequences = itertools.count(1)


def run(places: Places, node: str, *words: str) -> str:
    """What a command in a node prints."""
    command = namespace.argv(places.namespace_prefix + node, list(words))
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


def socket_in(places: Places, node: str, *kind: int) -> socket.socket:
    """A socket belongs for ever to the namespace in which it was made."""
    descriptor = namespace.descriptor(places.namespace_prefix + node)
    try:
        with namespace.entered(descriptor):
            return socket.socket(*kind)
    finally:
        os.close(descriptor)


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def echoes(places: Places, node: str, address: str, count: int = 1, deadline_s: float = 3.0) -> int:
    """How many of ``count`` echo requests (56 bytes of data, one after the other) are answered."""
    with closing(socket_in(places, node, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as wire:
        return sum(_echo(wire, address, next(_sequences) & 0xFFFF, deadline_s) for _ in range(count))


def reach(places: Places, node: str, address: str) -> None:
    """Wait for the first answer: a link that is new may take a moment to carry, and ARP asks once a second."""
    until(lambda: echoes(places, node, address, deadline_s=0.2) == 1, 10, f"an echo from {address} to {node}")


def echoes6(places: Places, node: str, address: str) -> int:
    """The same over IPv6, where the kernel works out the checksum."""
    with closing(socket_in(places, node, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)) as wire:
        wire.settimeout(1)
        sequence = next(_sequences) & 0xFFFF
        wire.sendto(struct.pack("!BBHHH", 128, 0, 0, 1, sequence), (address, 0))
        with suppress(TimeoutError):
            while struct.unpack("!BBHHH", wire.recv(2048)[:8])[::4] != (129, sequence):
                pass
            return 1
        return 0


def _echo(wire: socket.socket, address: str, sequence: int, deadline_s: float) -> bool:
    mark = os.getpid() & 0xFFFF
    body = struct.pack("!HH", mark, sequence) + bytes(56)
    words = struct.unpack(f"!{len(body) // 2}H", body)
    total = 0x0800 + sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    wire.sendto(struct.pack("!BBH", 8, 0, ~total & 0xFFFF) + body, (address, 0))
    end = time.monotonic() + deadline_s
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            answer = wire.recv(2048)
        except TimeoutError:
            return False
        icmp = answer[(answer[0] & 0x0F) * 4 :]
        if icmp[0] == 0 and struct.unpack_from("!HH", icmp, 4) == (mark, sequence):
            return True
    return False


def port_socket(places: Places, node: str, interface: str) -> socket.socket:
    """Sees and sends whole frames on one interface."""
    wire = socket_in(places, node, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
    wire.bind((interface, 0))
    return wire


def received(wire: socket.socket, deadline_s: float = 1.0) -> Iterator[bytes]:
    """Frames that arrive, as they were on the wire: the kernel holds the outer tag apart, here it is put back."""
    end = time.monotonic() + deadline_s
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame, extra, _, sender = wire.recvmsg(1 << 16, 1024)
        except TimeoutError:
            return
        if sender[2] != _PACKET_OUTGOING:
            yield _with_tag(frame, extra)


def _with_tag(frame: bytes, extra: list[tuple[int, int, bytes]]) -> bytes:
    for level, kind, data in extra:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
            status, _, _, _, _, tci, protocol = _AUXDATA.unpack_from(data)
            if status & _VLAN_VALID:
                protocol = protocol if status & _VLAN_PROTOCOL_VALID else 0x8100
                return frame[:12] + struct.pack("!HH", protocol, tci) + frame[12:]
    return frame


def tags_of(frame: bytes) -> list[tuple[int, int]]:
    """(protocol, VLAN id) of each tag, outer first."""
    found, at = [], 12
    while (protocol := int.from_bytes(frame[at : at + 2], "big")) in (0x8100, 0x88A8):
        found.append((protocol, int.from_bytes(frame[at + 2 : at + 4], "big") & 0x0FFF))
        at += 4
    return found


def frame_with(tags: list[tuple[int, int]], payload: bytes = bytes(46), target: bytes = b"\xff" * 6) -> bytes:
    """An Ethernet frame of an experimental protocol."""
    head = b"".join(struct.pack("!HH", protocol, vid) for protocol, vid in tags)
    return target + bytes.fromhex("020000000001") + head + b"\x88\xb5" + payload


@contextmanager
def sink(places: Places, node: str, address: str) -> Iterator[tuple[int, Callable[[], int]]]:
    """A TCP server that swallows one connection: its port, and a function that answers the bytes taken at its end."""
    taken: list[int] = []
    with closing(socket_in(places, node, family_of(address), socket.SOCK_STREAM)) as server:
        server.bind((address, 0))
        server.listen()
        server.settimeout(10)
        thread = threading.Thread(target=_swallow, args=(server, taken))
        thread.start()

        def total() -> int:
            thread.join(10)
            return sum(taken)

        yield server.getsockname()[1], total
        thread.join(10)


def _swallow(server: socket.socket, taken: list[int]) -> None:
    connection, _ = server.accept()
    with connection:
        buffer = bytearray(1 << 20)
        while got := connection.recv_into(buffer):
            taken.append(got)


@contextmanager
def connected(places: Places, node: str, address: str, port: int) -> Iterator[socket.socket]:
    with closing(socket_in(places, node, family_of(address), socket.SOCK_STREAM)) as client:
        client.settimeout(10)
        client.connect((address, port))
        yield client


def stream(places: Places, node: str, address: str, port: int, size: int) -> tuple[int, int]:
    """Send ``size`` bytes over TCP; answers what the kernel then really sent, retransmissions included: segments (of
    any kind, but perhaps the last ACK) and bytes of data."""
    with connected(places, node, address, port) as client:
        client.sendall(bytes(size))
        client.shutdown(socket.SHUT_WR)
        client.recv(1)
        told = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return _SEGMENTS_OUT.unpack_from(told, 136)[0], _BYTES_SENT.unpack_from(told, 200)[0]


def mac_of(places: Places, node: str, interface: str) -> bytes:
    told = json.loads(run(places, node, "ip", "-j", "link", "show", interface))
    return bytes.fromhex(told[0]["address"].replace(":", ""))
