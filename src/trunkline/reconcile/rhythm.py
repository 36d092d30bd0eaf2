"""How often something is repeated that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Whatever it costs on a large estate, a repeated look takes no more than this part of the time …
_SHARE = 0.1


class Rhythm:
    """Not thread-safe: one timer keeps it. ``share``: of the time, at most; ``most_s``: … but no rarer than this."""

    def __init__(self, every_s: float, act: Callable[[], None], share: float = _SHARE,
                 most_s: float = float("inf")) -> None:
        self._every_s, self._act, self._share, self._most_s = every_s, act, share, most_s
        self._next = time.monotonic() + every_s

    def beat(self) -> None:
        """Act, if it is time to."""
        began = time.monotonic()
        if began < self._next:
            return
        try:
            self._act()
        finally:
            took_s = time.monotonic() - began
            self._next = began + max(self._every_s, min(took_s / self._share, self._most_s))
