"""Sockets in nodes: single packets and connections between them, and whether they arrive."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from stage import Stage
from trunkline.fabric import namespace
from trunkline.model.bgp import family_of

_PATIENCE_S = 0.4


def socket_in(stage: Stage, node: str, kind: socket.SocketKind, family: int = 4) -> socket.socket:
    descriptor = namespace.descriptor(stage.namespace(node))
    try:
        with namespace.entered(descriptor):
            made = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind)
    finally:
        os.close(descriptor)
    made.settimeout(_PATIENCE_S)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


@contextmanager
def listening(stage: Stage, node: str, port: int, family: int = 4) -> Iterator[socket.socket]:
    with socket_in(stage, node, socket.SOCK_STREAM, family) as server:
        server.bind(("", port))
        server.listen()
        yield server


def connects(stage: Stage, node: str, address: str, port: int) -> bool:
    with socket_in(stage, node, socket.SOCK_STREAM, family_of(address)) as client, suppress(OSError):
        client.connect((address, port))
        return True
    return False


@contextmanager
def receiving(stage: Stage, node: str, port: int) -> Iterator[socket.socket]:
    with socket_in(stage, node, socket.SOCK_DGRAM) as server:
        server.bind(("", port))
        yield server


def says(stage: Stage, node: str, address: str, port: int, server: socket.socket) -> bool:
    """Whether a datagram arrives, and an answer to it comes back."""
    with socket_in(stage, node, socket.SOCK_DGRAM) as client, suppress(OSError):
        client.connect((address, port))
        client.send(b"ping")
        _, sender = server.recvfrom(100)
        server.sendto(b"pong", sender)
        return client.recv(100) == b"pong"
    return False


@contextmanager
def flooding(stage: Stage, node: str, address: str) -> Iterator[None]:
    """Datagrams from a node to an address, as fast as one thread can, in flows for all equal paths."""
    stop = threading.Event()

    def send() -> None:
        wires = [socket_in(stage, node, socket.SOCK_DGRAM) for _ in range(8)]
        while not stop.is_set():
            for wire in wires:
                try:
                    wire.sendto(bytes(1400), (address, 9))
                except OSError:
                    continue
        for wire in wires:
            wire.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
