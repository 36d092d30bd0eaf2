"""A UDP prober: numbered datagrams on many source ports, so that every equal path carries some, and their echo.

    python -m trunkline.telemetry.probe echo --bind 10.1.0.4 --port 7007
    python -m trunkline.telemetry.probe send 10.1.0.4 --port 7007 --flows 16 --interval-ms 5 --duration 10 --json

``send`` without a duration, and ``echo``, run until SIGINT or SIGTERM; both then print what they counted.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import ip_address

from trunkline.telemetry.loss import Flow, Report, report

#: Mark, run, flow, sequence number.
_DATAGRAM = struct.Struct("!4sIHI")
_MARK = b"TLpr"

DEFAULT_PORT = 7007
#: How long to wait for late answers after the last datagram; seconds.
LINGER_S = 1.0
#: How often a signal is looked for when nothing else happens; seconds.
_GLANCE_S = 0.1
_NS = 1_000_000_000
#: The kernel holds some 100 datagrams for a socket by default: on a busy machine a prober that has to wait for its turn
#: would take its own loss for the network's. SO_RCVBUFFORCE (asm-generic/socket.h) needs CAP_NET_ADMIN.
_BUFFER_BYTES = 8 * 1024 * 1024
_SO_RCVBUFFORCE = 33


class Stop:
    """Becomes true when SIGINT or SIGTERM arrives."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def __bool__(self) -> bool:
        return self._asked


@dataclass(frozen=True, slots=True)
class Plan:
    """``interval_ms`` is each flow's; the flows take turns. ``duration_s`` 0: until stopped."""

    target: str
    port: int = DEFAULT_PORT
    flows: int = 8
    interval_ms: float = 2.0
    duration_s: float = 0.0
    size: int = 64

    @property
    def turn_ns(self) -> int:
        return max(1, int(self.interval_ms * 1_000_000 / self.flows))


def datagram_socket(address: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    except PermissionError:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    return made


class Sender:
    """One run of ``send``: opens a socket per flow, keeps the beat, notes what comes back."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._run = struct.unpack("!I", os.urandom(4))[0]
        self._padding = b"\0" * max(0, plan.size - _DATAGRAM.size)
        self._flows = [Flow() for _ in range(plan.flows)]
        self._sockets = [datagram_socket(plan.target) for _ in range(plan.flows)]
        self._selector = selectors.DefaultSelector()
        for index, each in enumerate(self._sockets):
            each.connect((plan.target, plan.port))
            self._selector.register(each, selectors.EVENT_READ, index)

    def run(self, stop: Stop) -> Report:
        start = due = time.monotonic_ns()
        end = start + int(self._plan.duration_s * _NS) if self._plan.duration_s else None
        turn = 0
        while not stop and (end is None or due < end):
            now = time.monotonic_ns()
            if now < due:
                self._listen(min(_GLANCE_S, (due - now) / _NS))
                continue
            self._send(turn % self._plan.flows)
            turn += 1
            due = start + turn * self._plan.turn_ns
            self._listen(0)
        self._linger()
        ports = [each.getsockname()[1] for each in self._sockets]
        self._close()
        return report(tuple(zip(ports, self._flows, strict=True)), self._plan.interval_ms)

    def _send(self, index: int) -> None:
        sequence = self._flows[index].sent(time.monotonic_ns())
        try:
            self._sockets[index].send(_DATAGRAM.pack(_MARK, self._run, index, sequence) + self._padding)
        except OSError:
            # An unreachable or refused answer to an earlier datagram surfaces here: the datagram counts as lost.
            return

    def _listen(self, patience_s: float) -> None:
        for key, _ in self._selector.select(patience_s):
            self._drain(self._sockets[key.data])

    def _drain(self, ready: socket.socket) -> None:
        while True:
            try:
                data = ready.recv(2048)
            except OSError:
                return
            now = time.monotonic_ns()
            if len(data) < _DATAGRAM.size:
                continue
            mark, run, index, sequence = _DATAGRAM.unpack_from(data)
            if (mark, run) == (_MARK, self._run) and index < len(self._flows):
                self._flows[index].answered(sequence, now)

    def _linger(self) -> None:
        end = time.monotonic() + LINGER_S
        while time.monotonic() < end and any(flow.lost for flow in self._flows):
            self._listen(0.02)

    def _close(self) -> None:
        self._selector.close()
        for each in self._sockets:
            each.close()


def echo(address: str, port: int, stop: Stop) -> int:
    """Answer every datagram with itself until stopped; how many."""
    count = 0
    with datagram_socket(address) as server, selectors.DefaultSelector() as selector:
        server.bind((address, port))
        selector.register(server, selectors.EVENT_READ)
        print(f"echoing on {address} port {port}", file=sys.stderr, flush=True)
        while not stop:
            if selector.select(_GLANCE_S):
                count += _answer_all(server)
    return count


def _answer_all(server: socket.socket) -> int:
    count = 0
    while True:
        try:
            data, sender = server.recvfrom(2048)
            server.sendto(data, sender)
        except OSError:
            return count
        count += 1


def _text(found: Report) -> str:
    times = "  ".join(f"{name} {value} ms" for name, value in found.rtt_ms.items()) or "no answer"
    return (f"sent {found.sent}  lost {found.lost}  longest gap {found.longest_gap_ms} ms  "
            f"reordered {found.reordered}  duplicates {found.duplicates}\nround trip: {times}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m trunkline.telemetry.probe")
    words = parser.add_subparsers(dest="word", required=True)
    server = words.add_parser("echo", help="answer datagrams")
    server.add_argument("--bind", default="0.0.0.0", metavar="ADDRESS")  # noqa: S104 - the namespace is the border
    sender = words.add_parser("send", help="send datagrams and count the answers")
    sender.add_argument("target")
    sender.add_argument("--flows", type=int, default=8)
    sender.add_argument("--interval-ms", type=float, default=2.0, help="between two datagrams of one flow")
    sender.add_argument("--duration", type=float, default=0.0, help="seconds; 0 means until interrupted")
    sender.add_argument("--size", type=int, default=64, help="bytes of payload")
    for each in (server, sender):
        each.add_argument("--port", type=int, default=DEFAULT_PORT)
        each.add_argument("--json", action="store_true")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    asked = parser.parse_args(arguments)
    stop = Stop()
    if asked.word == "echo":
        count = echo(asked.bind, asked.port, stop)
        print(json.dumps({"echoed": count}) if asked.json else f"echoed {count}")
        return 0
    if asked.flows < 1 or asked.interval_ms <= 0 or asked.duration < 0:
        parser.error("--flows must be at least 1, --interval-ms above 0, --duration not negative")
    plan = Plan(asked.target, asked.port, asked.flows, asked.interval_ms, asked.duration, asked.size)
    print(f"sending to {plan.target} port {plan.port}", file=sys.stderr, flush=True)
    found = Sender(plan).run(stop)
    print(json.dumps(asdict(found)) if asked.json else _text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
