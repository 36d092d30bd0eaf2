"""Line conditions for tests: an end of time for an impairment, and numbered datagrams that tell what became of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import estates
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Impairment
from trunkline.intent.span import span_between, span_id
from trunkline.intent.view import CIRCUIT, IMPAIRMENT
from trunkline.model.resource import Resource
from trunkline.settings import Places
from waiting import until
from wires import socket_in

_SO_RCVBUFFORCE = 33
_PAYLOAD = bytes(range(100))


def ends_in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


@contextmanager
def impaired(plane: LinuxPlane, *pieces: Impairment) -> Iterator[None]:
    """The line is whole again afterwards."""
    plane.apply(Change(ensure=pieces))
    yield
    plane.apply(Change(remove=pieces))


class Datagrams:
    """Numbered datagrams from one node to an address of another."""

    def __init__(self, sender: socket.socket, receiver: socket.socket) -> None:
        self._sender, self._receiver = sender, receiver
        self.sent = 0
        self._due = 0.0
        self.arrived: list[int] = []  #: in the order of arrival

    def send(self, count: int, per_second: float = 20_000) -> None:
        """At this pace also over several calls: more than that a receiver's buffer would not hold."""
        self._due = max(self._due, time.monotonic())
        for _ in range(count):
            while time.monotonic() < self._due:
                pass
            self._due += 1 / per_second
            self._sender.send(self.sent.to_bytes(4, "big") + _PAYLOAD)
            self.sent += 1

    def take(self, quiet_s: float = 0.3) -> list[int]:
        """All that has arrived when nothing has for a while. What arrives is what was sent."""
        self._receiver.settimeout(quiet_s)
        while True:
            try:
                datagram = self._receiver.recv(2048)
            except TimeoutError:
                return self.arrived
            assert datagram[4:] == _PAYLOAD
            self.arrived.append(int.from_bytes(datagram[:4], "big"))


@contextmanager
def datagrams(places: Places, source: str, target: str, address: str) -> Iterator[Datagrams]:
    with closing(socket_in(places, source, socket.AF_INET, socket.SOCK_DGRAM)) as sender, \
            closing(socket_in(places, target, socket.AF_INET, socket.SOCK_DGRAM)) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        receiver.bind((address, 0))
        sender.connect(receiver.getsockname())
        yield Datagrams(sender, receiver)


def relays(places: Places) -> list[int]:
    """Of the instance, by their pid files."""
    return [int(file.read_text()) for file in (places.run / "impair").glob("*/*.pid")]


def without_relays(places: Places) -> None:
    until(lambda: not relays(places), 10, "all relays to have left")


def line(leg: str = "primary", at: str = "handoff", circuit: str = "er1", seconds: float = 300,
         **conditions: object) -> Resource:
    """An impairment as stored, for a stage: ``stage.put(line(delayInMilliseconds=20))`` until it is deleted."""
    owner = {"id": str(estates.rid(CIRCUIT, circuit))}
    return estates.resource(
        estates.rid(IMPAIRMENT, f"{circuit}-{leg}-{at}"), {"circuit": owner, "leg": leg, "at": at, **conditions},
        {"expiresAt": ends_in(seconds)})


def span_line(site: str, to: str, leg: str, seconds: float = 300, **conditions: object) -> Resource:
    """The same of a link of the backbone."""
    span = span_between(site, to)
    assert span
    return estates.resource(
        estates.rid(IMPAIRMENT, f"link-{span}-{leg}"), {"at": "link", "site": site, "to": to, "leg": leg, **conditions},
        {"expiresAt": ends_in(seconds), "link": {"id": str(span_id(span))}})
