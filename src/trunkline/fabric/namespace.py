"""Network namespaces under their names in /run/netns, as ``ip netns`` knows them.

Only the calling thread ever changes its namespace, and only inside ``entered``: other threads, and the processes they
start meanwhile, stay where they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import system

DIRECTORY = Path("/run/netns")
_OWN = "/proc/thread-self/ns/net"


def path(name: str) -> Path:
    return DIRECTORY / name


def argv(name: str, command: list[str]) -> list[str]:
    """The argument list that runs ``command`` in a namespace; a third of the time of ``ip netns exec``, which also
    remounts /sys."""
    return ["nsenter", f"--net={path(name)}", "--", *command]


@contextmanager
def restored() -> Iterator[None]:
    """Whatever the thread's namespace becomes inside, it is the old one afterwards."""
    home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        try:
            system.setns(home)
        finally:
            os.close(home)


@contextmanager
def entered(descriptor: int) -> Iterator[None]:
    with restored():
        system.setns(descriptor)
        yield


def exists(name: str) -> bool:
    """True for a real one; a crash between making the file and mounting on it leaves a plain file."""
    return name in existing([name])


def existing(wanted: Iterable[str]) -> Iterator[str]:
    """Those of them that are real."""
    real = os.stat(_OWN).st_dev
    for name in wanted:
        with suppress(FileNotFoundError):
            if os.stat(f"{DIRECTORY}/{name}").st_dev == real:
                yield name


def create(name: str) -> None:
    """Make it, or finish what a crash left half-made."""
    with suppress(FileNotFoundError):
        path(name).unlink()
    path(name).touch(mode=0o444, exist_ok=False)
    with restored():
        system.unshare()
        system.mount(_OWN, str(path(name)), "none", system.MS_BIND)


def delete(name: str) -> None:
    """Take its name away. The kernel ends it, with everything in it, when the last process and socket has left."""
    with suppress(OSError):
        system.unmount(str(path(name)), system.MNT_DETACH)
    with suppress(FileNotFoundError):
        path(name).unlink()


def names(prefix: str) -> list[str]:
    """Also the half-made ones."""
    with suppress(FileNotFoundError):
        return sorted(entry.name for entry in os.scandir(DIRECTORY) if entry.name.startswith(prefix))
    return []


def descriptor(name: str) -> int:
    """An open descriptor of the namespace; of the thread's own for the empty name."""
    try:
        return os.open(path(name) if name else _OWN, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise DriverFailure(f"there is no namespace {name}") from None
