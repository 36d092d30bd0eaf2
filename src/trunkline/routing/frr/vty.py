"""FRR's vty sockets: what vtysh speaks, without vtysh, so that no secret stands among a process's arguments.

The protocol: a command ends with a zero byte; its answer ends with three zero bytes and a status, zero for success.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from typing import Any

from trunkline.errors import DriverFailure
from trunkline.routing.files import NodeFiles

#: An answer to a ``show … json``.
Json = dict[str, Any]

_DEADLINE_S = 5.0


class Unreachable(DriverFailure):
    """Nobody listens on a daemon's vty socket."""


class CommandRefused(DriverFailure):
    """A daemon refused a command; the message has passwords left out."""


class Vty:
    """A conversation with one daemon of a node."""

    def __init__(self, files: NodeFiles, daemon: str) -> None:
        self._daemon = daemon
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_DEADLINE_S)
        try:
            with files.short(f"{daemon}.vty") as path:
                self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise Unreachable(f"vty of {daemon} in {files.directory.name}: {error}") from error

    def __enter__(self) -> Vty:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, command: str) -> str:
        try:
            self._socket.sendall(command.encode() + b"\0")
            answer = self._answer()
        except OSError as error:
            raise DriverFailure(f"{self._daemon} did not answer: {error}") from error
        text = answer[:-4].decode(errors="replace")
        if answer[-1]:
            raise CommandRefused(f"{self._daemon} refuses '{_shown(command)}': {_shown(text).strip()}")
        return text

    def ask_json(self, command: str) -> Json:
        answer: Json = json.loads(self.ask(f"{command} json") or "{}")
        return answer

    def _answer(self) -> bytes:
        answer = b""
        while answer[-4:-1] != b"\0\0\0":
            piece = self._socket.recv(1 << 18)
            if not piece:
                raise ConnectionResetError("closed in the middle of an answer")
            answer += piece
        return answer


def ask_json(files: NodeFiles, daemon: str, command: str) -> Json:
    with Vty(files, daemon) as vty:
        vty.ask("enable")
        return vty.ask_json(command)


def configure(files: NodeFiles, daemon: str, commands: Iterable[str]) -> None:
    with Vty(files, daemon) as vty:
        for command in ("enable", "configure terminal", *commands, "end"):
            vty.ask(command)


def _shown(text: str) -> str:
    """A command or complaint up to where a password begins."""
    head, found, _ = text.partition(" password ")
    return f"{head} password ***" if found else text
