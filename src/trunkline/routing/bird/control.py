"""BIRD's control socket: one question, one answer, no other process.

The protocol (doc/reply_codes of BIRD): each line of an answer begins with four digits; a minus after them says that
more lines follow, a space that this is the last; a line that begins with a space continues the one before. The daemon
greets first with ``0001 BIRD … ready.``
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from trunkline.errors import DriverFailure
from trunkline.routing.files import NodeFiles

SOCKET = "bird.ctl"
_DEADLINE_S = 5.0
_LAST_LINE = re.compile(rb"\n\d{4} [^\n]*\n\Z")
_CODED = re.compile(r"(\d{4})[- ](.*)")

#: Line codes: table of protocols, one protocol's details, a route, its type, its attributes, OSPF neighbours, BFD
#: sessions.
PROTOCOL, DETAIL, ROUTE, ROUTE_TYPE, ATTRIBUTE, OSPF, BFD = 1002, 1006, 1007, 1008, 1012, 1013, 1020
RECONFIGURED = frozenset({3, 4, 5, 18})  #: done, under way, queued behind one that is under way, confirmed


class Unreachable(DriverFailure):
    """Nobody listens on the control socket."""


@dataclass(frozen=True, slots=True)
class Line:
    code: int
    text: str


def ask(files: NodeFiles, question: str) -> tuple[Line, ...]:
    """Raises Unreachable when nobody listens, DriverFailure when nobody answers in time."""
    return parse_reply(_told(files, (question,)))


def ask_each(files: NodeFiles, questions: Sequence[str]) -> tuple[Line, ...]:
    """Several on one connection, which costs little more than one; their answers one after the other."""
    return parse_reply(_told(files, questions))


def ask_all(questions: Sequence[tuple[NodeFiles, str]], deadline_s: float) -> None:
    """Many daemons at the same time, and wait until they have answered; who does not within ``deadline_s``, each, is
    left out."""
    with ExitStack() as opened:
        asked: list[tuple[socket.socket, str]] = []
        for files, question in questions:
            with suppress(OSError, Unreachable):
                control = opened.enter_context(_connected(files, deadline_s))
                _answer(control, b"\n")
                asked.append((control, question))
        for act in (_ask, _hear):
            for control, question in asked:
                with suppress(OSError):
                    act(control, question)


def _ask(control: socket.socket, question: str) -> None:
    control.sendall(f"{question}\n".encode())


def _hear(control: socket.socket, _question: str) -> None:
    _answer(control, b"\n")


@contextmanager
def _connected(files: NodeFiles, deadline_s: float = _DEADLINE_S) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(deadline_s)
        try:
            with files.short(SOCKET) as path:
                control.connect(path)
        except OSError as error:
            raise Unreachable(f"control socket of BIRD in {files.directory.name}: {error}") from error
        yield control


def _told(files: NodeFiles, questions: Sequence[str]) -> str:
    with _connected(files) as control:
        try:
            return "".join(_answered(control, question, first=number == 0)
                           for number, question in enumerate(questions))
        except OSError as error:
            raise DriverFailure(
                f"BIRD in {files.directory.name} did not answer '{'; '.join(questions)}': {error}") from error


def _answered(control: socket.socket, question: str, *, first: bool) -> str:
    """Before the first answer comes the greeting, from whose end the answer's is told by the line before it."""
    _ask(control, question)
    return _answer(control, b"" if first else b"\n").removeprefix("\n")


def _answer(control: socket.socket, text: bytes) -> str:
    """Everything up to the last line of the answer; the greeting before it is a last line too."""
    while not _LAST_LINE.search(text[-4096:]):
        piece = control.recv(1 << 18)
        if not piece:
            raise ConnectionResetError("closed in the middle of an answer")
        text += piece
    return text.decode(errors="replace")


def parse_reply(text: str) -> tuple[Line, ...]:
    """Lines with their codes, without the greeting; a continuation has the code of the line it continues."""
    lines: list[Line] = []
    for row in text.splitlines()[1:]:
        found = _CODED.match(row)
        if found:
            lines.append(Line(int(found[1]), found[2]))
        elif lines:
            lines.append(Line(lines[-1].code, row.removeprefix(" ")))
    return tuple(lines)
