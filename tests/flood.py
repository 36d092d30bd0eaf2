"""Frames as fast as one core can send them: ``python flood.py INTERFACE SECONDS [CORE] < frames``.

Each is a line of hex digits. They are sent in turn, in batches of one system call; at the end the number is printed.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time

_BATCH = 64


class _Vector(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """struct mmsghdr: a struct msghdr, and how much of it was sent."""

    _fields_ = (
        ("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32), ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int), ("sent", ctypes.c_uint32))


def flood(interface: str, frames: list[bytes], seconds: float) -> int:
    batch = (_Header * _BATCH)()
    vectors = [_Vector(frames[at % len(frames)], len(frames[at % len(frames)])) for at in range(_BATCH)]
    for header, vector in zip(batch, vectors, strict=True):
        header.vectors, header.vector_count = ctypes.pointer(vector), 1
    send = ctypes.CDLL(None).sendmmsg
    total, end = 0, time.monotonic() + seconds
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        while time.monotonic() < end:
            total += max(0, send(wire.fileno(), batch, _BATCH, 0))
    return total


if __name__ == "__main__":
    if len(sys.argv) > 3:
        os.sched_setaffinity(0, {int(sys.argv[3])})
    print(flood(sys.argv[1], [bytes.fromhex(line) for line in sys.stdin.read().split()], float(sys.argv[2])))
