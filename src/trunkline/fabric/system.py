"""System calls that Python 3.11 does not offer, through libc: namespaces, mounts, names. All raise OSError."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

CLONE_NEWNET = 0x40000000
MS_BIND, MS_REC, MS_SHARED = 0x1000, 0x4000, 0x100000
MNT_DETACH = 2
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)


def _check(answer: int, what: str) -> None:
    if answer:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


def setns(descriptor: int) -> None:
    """Moves the calling thread, and no other, into a network namespace."""
    _check(_libc.setns(descriptor, CLONE_NEWNET), "setns")


def unshare() -> None:
    """Gives the calling thread, and no other, a new network namespace."""
    _check(_libc.unshare(CLONE_NEWNET), "unshare")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    data = options.encode() or None
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, data), target)


def unmount(target: str, flags: int = 0) -> None:
    _check(_libc.umount2(target.encode(), flags), target)


def exchange(one: Path, other: Path) -> None:
    """Each gets the other's name, in one step."""
    names = os.fsencode(one), os.fsencode(other)
    _check(_libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE), str(other))
