"""Throttling: a token bucket for the reads, the writes and the deletes of each subscription (ARM answers 429
when it is empty). Used from one thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from trunkline.errors import Fault


class Throttled(Fault):
    """Too many requests; ``retry_after_s`` whole seconds until there is room again."""

    def __init__(self, subscription: str, retry_after_s: int) -> None:
        super().__init__("TooManyRequests", f"Too many requests for subscription '{subscription}'. "
                         f"Please try again after {retry_after_s} seconds.", status=429)
        self.retry_after_s = retry_after_s


class Busy(Throttled):
    """A resource is not to be written for the moment. Azure answers that with 429 too, and clients try again."""

    def __init__(self, message: str) -> None:
        Fault.__init__(self, "AnotherOperationInProgress", message, status=429)
        self.retry_after_s = 1


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class Throttle:
    """A bucket holds ``per_second`` tokens and refills in one second."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = per_second, clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, subscription: str, kind: str = "reads") -> int:
        """How many requests of this kind remain; raises Throttled when none does."""
        now = self._clock()
        bucket = self._buckets.setdefault((subscription, kind), _Bucket(float(self._rate), now))
        bucket.tokens = min(float(self._rate), bucket.tokens + (now - bucket.filled) * self._rate)
        bucket.filled = now
        if bucket.tokens < 1:
            raise Throttled(subscription, max(1, math.ceil((1 - bucket.tokens) / self._rate)))
        bucket.tokens -= 1
        return int(bucket.tokens)
