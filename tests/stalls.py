"""Whether the machine itself stood still: then what was timed meanwhile says nothing about the network.

    python tests/stalls.py     until its standard input ends; prints the longest pause in milliseconds
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

Found = TypeVar("Found")

#: BFD between our own routers gives up after 300 ms.
TOO_LONG_MS = 150.0
_EVERY_S = 0.005


@contextmanager
def longest_pause() -> Iterator[Callable[[], float]]:
    """Milliseconds, told after the end, of a process that comes before all others that are not the kernel's."""
    with subprocess.Popen([sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as watch:
        told: list[float] = []
        yield lambda: told[0]
        out, _ = watch.communicate(timeout=10)
        told.append(float(out))


def unless_stalled(attempt: Callable[[], Found], most: int = 3) -> Found:
    """What ``attempt`` answers; one during which the machine stood still is made again."""
    for _ in range(most - 1):
        with longest_pause() as pause:
            try:
                return attempt()
            except AssertionError as problem:
                failure = problem
        if pause() < TOO_LONG_MS:
            raise failure
    return attempt()


def void_if_stalled(pause_ms: float) -> None:
    """Skips the test if the machine stood still for long enough to explain a failure."""
    if pause_ms >= TOO_LONG_MS:
        pytest.skip(f"void: the machine stood still for {pause_ms:.0f} ms; BFD waits for 300")


def main() -> None:
    os.nice(-20)
    worst, last = 0.0, time.monotonic()
    while not select.select([sys.stdin], [], [], _EVERY_S)[0]:
        now = time.monotonic()
        worst, last = max(worst, now - last), now
    print(worst * 1000)


if __name__ == "__main__":
    main()
