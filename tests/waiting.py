"""Waiting for a condition with a deadline: the only way a test may pass time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(condition: Callable[[], Found], deadline_s: float, what: str, every_s: float = 0.02) -> Found:
    """The first true answer of ``condition``; fails naming ``what`` when ``deadline_s`` have passed."""
    end = time.monotonic() + deadline_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(every_s)
