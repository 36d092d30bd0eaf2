"""Programs of ours that run in nodes: found again by pid file, proven by an argument, ended through a pidfd.

A pid alone proves nothing after a restart, so a program is recognised by its *mark*: a path of ours that stands among
its arguments.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import DriverFailure

_END_DEADLINE_S = 3.0


@dataclass(frozen=True, slots=True)
class Program:
    """The one that ``pid_file`` names, if ``mark`` is among its arguments."""

    pid_file: Path
    mark: str

    @property
    def pid(self) -> int | None:
        """Of the process, if it runs."""
        with suppress(FileNotFoundError, NotADirectoryError):
            text = self.pid_file.read_text().strip()
            if text.isdigit() and self.mark in arguments(int(text)):
                return int(text)
        return None

    def tell(self, number: signal.Signals) -> bool:
        """Send it a signal; false if it does not run."""
        pidfd = self.opened()
        if pidfd is None:
            return False
        try:
            signal.pidfd_send_signal(pidfd, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(pidfd)
        return True

    def opened(self) -> int | None:
        """A pidfd; whose process it is, is proven again after it was taken."""
        pid = self.pid
        if pid is None:
            return None
        with suppress(ProcessLookupError):
            pidfd = os.pidfd_open(pid)
            if self.mark in arguments(pid):
                return pidfd
            os.close(pidfd)
        return None


def lives_in(pid: int, namespace: Path) -> bool:
    """Whether a process is in the network namespace of this path as it is now."""
    with suppress(OSError):
        here, wanted = os.stat(f"/proc/{pid}/ns/net"), os.stat(namespace)
        return (here.st_dev, here.st_ino) == (wanted.st_dev, wanted.st_ino)
    return False


def text_of(path: Path) -> str:
    """Empty without the file."""
    try:
        return path.read_text()
    except OSError:
        return ""


def arguments(pid: int) -> list[str]:
    """Of a process; none of one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def end(programs: Iterable[Program]) -> None:
    """Asked to leave first; whoever does not is killed. Their pid files go too."""
    known = list(programs)
    pidfds = [pidfd for program in known if (pidfd := program.opened()) is not None]
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            pidfds = _signalled(pidfds, number)
        if pidfds:
            raise DriverFailure(f"{len(pidfds)} programs do not end even when killed")
    finally:
        for pidfd in pidfds:
            os.close(pidfd)
    for program in known:
        program.pid_file.unlink(missing_ok=True)


def _signalled(pidfds: list[int], number: signal.Signals) -> list[int]:
    """Those that have not ended by the deadline; the others are closed."""
    for pidfd in pidfds:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, number)
    left, limit = set(pidfds), time.monotonic() + _END_DEADLINE_S
    poll = select.poll()
    for pidfd in left:
        poll.register(pidfd, select.POLLIN)
    while left and (rest_s := limit - time.monotonic()) > 0:
        for pidfd, _ in poll.poll(rest_s * 1000):
            poll.unregister(pidfd)
            left.discard(pidfd)
            os.close(pidfd)
    return list(left)
