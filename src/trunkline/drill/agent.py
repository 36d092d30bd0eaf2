"""Speakers and frames inside a network namespace, told what to send by lines of JSON on standard input; one line
answers each. It ends with its input.

    {"do": "open", "as": "a", "local": …, "peer": …, "asn": …, "router_id": …, "key": …}     → what became of it
    {"do": "say", "as": "a", "hex": [message, …]}         {"do": "told", "as": "a"}         {"do": "close", "as": "a"}
    {"do": "wire", "interface": …, "hex": [frame, …], "listen_s": …}         → frames that came meanwhile
     "nudge": a session on which a KEEPALIVE is said then, so that the peer has something to acknowledge
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from trunkline.drill.message import KEEPALIVE, Introduction
from trunkline.drill.speaker import Peer, Speaker, Told

Json = dict[str, Any]

_ETH_P_ALL = 3
_PACKET_OUTGOING = 4
#: An answer tells so many frames at most.
_MOST_FRAMES = 500


class Agent:
    def __init__(self) -> None:
        self._speakers: dict[str, Speaker] = {}
        self._words: dict[str, Callable[[Json], Json]] = {
            "open": self._open, "say": self._say, "told": self._told, "close": self._close, "wire": self._wire}

    def answer(self, asked: Json) -> Json:
        return self._words[asked["do"]](asked)

    def end(self) -> None:
        for speaker in self._speakers.values():
            speaker.close()

    def _open(self, asked: Json) -> Json:
        self._forget(asked["as"], politely=True)
        introduction = Introduction(
            asked["asn"], asked["router_id"], families=tuple(asked["families"]), role=asked.get("role"))
        peer = Peer(asked["local"], asked["peer"], introduction, asked.get("key", ""), asked.get("ttl"),
                    asked.get("interface", ""))
        speaker = self._speakers[asked["as"]] = Speaker(peer)
        return _told(speaker.open(asked["within_s"]))

    def _say(self, asked: Json) -> Json:
        speaker = self._speakers[asked["as"]]
        for raw in asked["hex"]:
            speaker.send(bytes.fromhex(raw))
        return _told(speaker.told())

    def _told(self, asked: Json) -> Json:
        return _told(self._speakers[asked["as"]].told())

    def _close(self, asked: Json) -> Json:
        self._forget(asked["as"], bool(asked.get("politely", True)))
        return {}

    def _wire(self, asked: Json) -> Json:
        with closing(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))) as wire:
            wire.bind((asked["interface"], 0))
            for raw in asked["hex"]:
                wire.send(bytes.fromhex(raw))
            if session := self._speakers.get(asked.get("nudge", "")):
                session.send(KEEPALIVE)
            own = wire.getsockname()[4].hex(":")
            came = [frame.hex() for frame in _received(wire, asked["listen_s"])]
        return {"mac": own, "frames": came[:_MOST_FRAMES]}

    def _forget(self, name: str, politely: bool) -> None:
        if speaker := self._speakers.pop(name, None):
            speaker.close(politely)


def _told(told: Told) -> Json:
    return {
        "established": told.established, "error": told.error,
        "notification": str(told.notification) if told.notification else "",
        "code": [told.notification.code, told.notification.subcode] if told.notification else [],
        "routes": {prefix: {"as_path": heard.as_path, "next_hop": heard.next_hop, "communities": heard.communities}
                   for prefix, heard in told.routes.items()}}


def _received(wire: socket.socket, listen_s: float) -> Iterator[bytes]:
    end = time.monotonic() + listen_s
    while (left := end - time.monotonic()) > 0:
        wire.settimeout(left)
        try:
            frame, sender = wire.recvfrom(1 << 16)
        except TimeoutError:
            return
        if sender[2] != _PACKET_OUTGOING:
            yield frame


def main() -> int:
    agent = Agent()
    try:
        for line in sys.stdin:
            try:
                told = agent.answer(json.loads(line))
            except OSError as problem:
                told = {"failed": str(problem)}
            print(json.dumps(told), flush=True)
    finally:
        agent.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
