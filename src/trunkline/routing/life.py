"""A running daemon that is certainly ours: found by pid file, proven by /proc, ended through a pidfd.

A pid alone proves nothing after a restart. So a daemon is recognised by its *mark*: an absolute path inside its
node's directory that stands among its arguments. And it must live in the node's present network namespace: when the
namespace was made anew, a daemon in the old one is a ghost.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import DriverFailure, Unsupported
from trunkline.routing.files import NodeFiles, nodes_directory
from trunkline.settings import Places

#: Nothing of our own environment (settings, secrets) reaches a daemon; UTC makes its times exact.
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC0", "LC_ALL": "C"}
_START_DEADLINE_S = 20.0
#: A machine that is busy with something else must not let BFD miss its time; a daemon needs little and needs it soon.
_NICENESS = -10
_END_DEADLINE_S = 3.0
_KILL_DEADLINE_S = 2.0


@dataclass(frozen=True, slots=True)
class Life:
    """One running daemon: its pid and the argument that proves whose it is."""

    pid: int
    mark: str

    @property
    def lasts(self) -> bool:
        return self.mark in _arguments(self.pid)


def _arguments(pid: int) -> list[str]:
    """Arguments of a process; none for one that has ended, even while nobody has reaped it."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def find(files: NodeFiles, pid_file: str, mark: str) -> Life | None:
    """The daemon that ``pid_file`` names, if it runs and is that one."""
    text = files.read(pid_file).strip()
    life = Life(int(text), mark) if text.isdigit() else None
    return life if life and life.lasts else None


def at_home(life: Life, files: NodeFiles) -> bool:
    """Whether a daemon lives in its node's present namespace."""
    try:
        here, wanted = os.stat(f"/proc/{life.pid}/ns/net"), os.stat(files.namespace)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (wanted.st_dev, wanted.st_ino)


def scan(places: Places, programs: Sequence[str]) -> Iterator[tuple[str, Life]]:
    """Every running daemon of this instance by node, whether or not a pid file still tells of it."""
    root = f"{nodes_directory(places)}/"
    for entry in Path("/proc").iterdir():
        arguments = _arguments(int(entry.name)) if entry.name.isdigit() else []
        if not arguments or os.path.basename(arguments[0]) not in programs:
            continue
        mark = next((word for word in arguments if word.startswith(root)), "")
        if mark:
            yield mark.removeprefix(root).partition("/")[0], Life(int(entry.name), mark)


def start(files: NodeFiles, command: Sequence[str]) -> int:
    """Run a program that makes itself a daemon, in the node's namespace and directory; answers its first pid."""
    if not files.namespace.exists():
        raise DriverFailure(f"network namespace {files.namespace.name} does not exist")
    with _launched(["nsenter", f"--net={files.namespace}", "--", *command], files) as launch:
        try:
            _, errors = launch.communicate(timeout=_START_DEADLINE_S)
        except subprocess.TimeoutExpired:
            launch.kill()
            raise DriverFailure(f"{os.path.basename(command[0])} did not start in {_START_DEADLINE_S} s") from None
    if launch.returncode:
        raise DriverFailure(f"{os.path.basename(command[0])} did not start: {errors.decode(errors='replace').strip()}")
    return launch.pid


def _launched(command: Sequence[str], files: NodeFiles) -> subprocess.Popen[bytes]:
    """With its own niceness, which a process and its threads have from the thread that starts it."""
    me = threading.get_native_id()
    usual = os.getpriority(os.PRIO_PROCESS, me)
    try:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, me, _NICENESS)
        return subprocess.Popen(
            command, cwd=files.directory, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
    finally:
        os.setpriority(os.PRIO_PROCESS, me, usual)


def check(command: Sequence[str], files: NodeFiles) -> str:
    """Run a daemon's own parser; answers its complaint, empty when it has none."""
    program = os.path.basename(command[0])
    try:
        done = subprocess.run(command, cwd=files.directory, env=_ENVIRONMENT, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=_START_DEADLINE_S, check=False)
    except FileNotFoundError:
        raise Unsupported(f"{program} is not installed on this machine; install it or choose another daemon") from None
    except subprocess.TimeoutExpired:
        raise DriverFailure(f"{program} did not read its configuration in {_START_DEADLINE_S} s") from None
    if done.returncode == 0:
        return ""
    return (done.stdout + done.stderr).decode(errors="replace").strip() or f"exit code {done.returncode}"


def end(lives: Sequence[Life]) -> None:
    """Ask all to end (SIGTERM), wait for all, then end what is left (SIGKILL). The deadline is for all together."""
    fds = [fd for life in lives if (fd := _pidfd(life)) is not None]
    try:
        left = _signal(fds, signal.SIGTERM, _END_DEADLINE_S)
        if left and (left := _signal(left, signal.SIGKILL, _KILL_DEADLINE_S)):
            raise DriverFailure(f"{len(left)} routing daemons do not end even when killed")
    finally:
        for fd in fds:
            os.close(fd)


def _pidfd(life: Life) -> int | None:
    """A handle on the process; its identity is proven again after it is taken, so it cannot be another's."""
    try:
        fd = os.pidfd_open(life.pid)
    except ProcessLookupError:
        return None
    if life.lasts:
        return fd
    os.close(fd)
    return None


def _signal(fds: Sequence[int], number: signal.Signals, deadline_s: float) -> list[int]:
    """Send a signal to all; answers those that still run at the deadline."""
    for fd in fds:
        try:
            signal.pidfd_send_signal(fd, number)
        except ProcessLookupError:
            continue
    return ended_within(fds, deadline_s)


def ended_within(fds: Sequence[int], deadline_s: float) -> list[int]:
    """Wait until the processes behind pidfds have ended; answers those that have not at the deadline."""
    left, limit = set(fds), time.monotonic() + deadline_s
    poll = select.poll()
    for fd in left:
        poll.register(fd, select.POLLIN)
    while left and (rest_s := limit - time.monotonic()) > 0:
        for fd, _ in poll.poll(rest_s * 1000):
            poll.unregister(fd)
            left.discard(fd)
    return list(left)
