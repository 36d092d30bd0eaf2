"""Numbered datagrams of many streams, counted one way: a process in each node sends some and hears others.

    python -m trunkline.telemetry.streams

It is asked by lines of JSON on standard input and answers each with one on standard output; it ends with its input. The
nodes of one machine have one monotonic clock, so a datagram's age is known where it arrives.
"""

from __future__ import annotations

import json
import os
import selectors
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import Any

from trunkline.telemetry.probe import datagram_socket

Json = dict[str, Any]

#: Mark, number of the stream, flow, sequence number, departure in nanoseconds.
_DATAGRAM = struct.Struct("!4sHHIQ")
_MARK = b"TLst"
#: Of a sounding, which counts nowhere.
_SOUNDING = b"TLso"
_IDLE_S = 0.2


@dataclass(slots=True)
class Sent:
    """One flow of a stream, as it leaves: a socket of its own, so a source port of its own."""

    socket: socket
    count: int = 0
    last_ns: int = 0


@dataclass(slots=True)
class Heard:
    """The same flow where it arrives: departures by sequence number."""

    departures: dict[int, int] = field(default_factory=dict)
    reordered: int = 0  #: came after a later one (RFC 4737)
    duplicates: int = 0
    highest: int = -1

    def arrive(self, sequence: int, departed_ns: int) -> None:
        if sequence in self.departures:
            self.duplicates += 1
            return
        self.departures[sequence] = departed_ns
        if sequence < self.highest:
            self.reordered += 1
        self.highest = max(self.highest, sequence)

    def runs(self) -> list[list[int]]:
        """Unbroken stretches: first and last sequence number, first and last departure."""
        found: list[list[int]] = []
        for sequence in sorted(self.departures):
            if found and found[-1][1] == sequence - 1:
                found[-1][1], found[-1][3] = sequence, self.departures[sequence]
            else:
                found.append([sequence, sequence, self.departures[sequence], self.departures[sequence]])
        return found


class Node:
    """What one process sends and hears."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sending: dict[int, list[Sent]] = {}
        self._hearing: dict[int, dict[int, Heard]] = defaultdict(lambda: defaultdict(Heard))
        self._turns: list[tuple[int, int]] = []
        self._turn, self._began_ns, self._step_ns = 0, 0, 0
        self._words: dict[str, Callable[[Json], Json]] = {
            "listen": self._listen, "open": self._open, "sound": self._sound, "start": self._start, "told": self._told,
            "stop": self._stop, "heard": self._heard}

    def run(self) -> None:
        os.set_blocking(sys.stdin.fileno(), False)
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        said = b""
        while True:
            for key, _ in self._selector.select(self._send()):
                if key.data:
                    self._drain(key.data)
                    continue
                read = os.read(sys.stdin.fileno(), 65536)
                if not read:
                    return
                *lines, said = (said + read).split(b"\n")
                for line in lines:
                    asked = json.loads(line)
                    print(json.dumps(self._words[asked["do"]](asked)), flush=True)

    # ── the words ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _listen(self, asked: Json) -> Json:
        server = datagram_socket(asked["address"])
        server.bind((asked["address"], asked["port"]))
        self._selector.register(server, selectors.EVENT_READ, server)
        return {}

    def _open(self, asked: Json) -> Json:
        flows = []
        for _ in range(asked["flows"]):
            made = datagram_socket(asked["source"])
            made.bind((asked["source"], 0))
            made.connect((asked["target"], asked["port"]))
            flows.append(Sent(made))
        self._sending[asked["stream"]] = flows
        return {"ports": [one.socket.getsockname()[1] for one in flows]}

    def _sound(self, asked: Json) -> Json:
        """Some large datagrams on one flow alone, for counters on the way to show which way it takes."""
        flow = self._sending[asked["stream"]][asked["flow"]]
        for _ in range(asked["count"]):
            self._leave(flow, _DATAGRAM.pack(_SOUNDING, 0, 0, 0, 0) + bytes(asked["bytes"]))
        return {}

    def _start(self, asked: Json) -> Json:
        """``interval_ms``: of each flow; all flows take turns."""
        self._turns = [(stream, flow) for flow in range(max(map(len, self._sending.values()), default=0))
                       for stream, flows in self._sending.items() if flow < len(flows)]
        self._turn, self._began_ns = 0, time.monotonic_ns()
        self._step_ns = int(asked["interval_ms"] * 1_000_000 / max(1, len(self._turns)))
        return {}

    def _stop(self, _asked: Json) -> Json:
        self._turns = []
        return {"sent": {stream: [[one.count, one.last_ns] for one in flows] for stream, flows in
                         self._sending.items()}}

    def _told(self, _asked: Json) -> Json:
        self._drain_all()
        return {"sent": {stream: [one.count for one in flows] for stream, flows in self._sending.items()},
                "heard": {stream: {flow: len(one.departures) for flow, one in flows.items()}
                          for stream, flows in self._hearing.items()}}

    def _heard(self, _asked: Json) -> Json:
        self._drain_all()
        return {"heard": {stream: {flow: {"runs": one.runs(), "reordered": one.reordered,
                                          "duplicates": one.duplicates} for flow, one in flows.items()}
                          for stream, flows in self._hearing.items()}}

    # ── datagrams ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _send(self) -> float:
        """All that is due; how long there is nothing to send, in seconds."""
        while self._turns:
            now = time.monotonic_ns()
            due = self._began_ns + self._turn * self._step_ns
            if now < due:
                return (due - now) / 1e9
            stream, index = self._turns[self._turn % len(self._turns)]
            flow = self._sending[stream][index]
            self._leave(flow, _DATAGRAM.pack(_MARK, stream, index, flow.count, now))
            flow.count, flow.last_ns = flow.count + 1, now
            self._turn += 1
            if self._turn % 16 == 0:
                return 0.0
        return _IDLE_S

    def _drain_all(self) -> None:
        """What waits in this process's buffers has arrived."""
        for key in self._selector.get_map().values():
            if key.data:
                self._drain(key.data)

    @staticmethod
    def _leave(flow: Sent, datagram: bytes) -> None:
        try:
            flow.socket.send(datagram)
        except OSError:
            # An unreachable answer to an earlier datagram surfaces here: this one counts as lost.
            return

    def _drain(self, server: socket) -> None:
        while True:
            try:
                data = server.recv(2048)
            except OSError:
                return
            if len(data) >= _DATAGRAM.size:
                mark, stream, flow, sequence, departed_ns = _DATAGRAM.unpack_from(data)
                if mark == _MARK:
                    self._hearing[stream][flow].arrive(sequence, departed_ns)


if __name__ == "__main__":
    Node().run()
