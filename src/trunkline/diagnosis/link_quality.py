"""Whether traffic should keep off a link that stands but is bad: dynamic path selection's judgement. Pure.

A link leaves the paths when it has been bad for a while, and comes back when it has been good for longer, so that one
on the verge does not flap. It is judged by a window of echoes, for one that is lost says little.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from trunkline.model.profile import LinkBounds

#: How many of the latest echoes count, and how many must have been sent before any is judged.
WINDOW, LEAST = 50, 20


@dataclass(frozen=True, slots=True)
class Quality:
    """Of the echoes in the window. ``round_trip_ms``: their median; None where none came back."""

    loss_percent: float = 0.0
    round_trip_ms: float | None = None
    echoes: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``turning_s``: since when what is measured has spoken against it; None while it has not."""

    avoided: bool = False
    turning_s: float | None = None


def quality(echoes: Sequence[float | None]) -> Quality:
    """``echoes``: round-trip times in seconds, the latest last; None of those that did not come back."""
    seen = echoes[-WINDOW:]
    back = [time for time in seen if time is not None]
    return Quality(round(100 * (len(seen) - len(back)) / len(seen), 1) if seen else 0.0,
                   round(median(back) * 1000, 3) if back else None, len(seen))


def is_bad(found: Quality, expected_ms: float, bounds: LinkBounds) -> bool:
    if found.echoes < LEAST:
        return False
    late = found.round_trip_ms is not None and found.round_trip_ms - expected_ms > bounds.latency_ms
    return late or found.loss_percent > bounds.loss_percent


def judge(before: Verdict, bad: bool, at_s: float, bounds: LinkBounds) -> Verdict:
    """The verdict at a moment after ``before``."""
    if bad is before.avoided:
        return replace(before, turning_s=None)
    since = at_s if before.turning_s is None else before.turning_s
    patience_s = bounds.return_s if before.avoided else bounds.leave_s
    return Verdict(bad) if at_s - since >= patience_s else replace(before, turning_s=since)


def reason(found: Quality, expected_ms: float) -> str:
    late = "" if found.round_trip_ms is None else (
        f", round trip {found.round_trip_ms:g} ms where {expected_ms:g} ms are expected")
    return f"{found.loss_percent:g} % of {found.echoes} echoes lost{late}"


def windowed(before: Iterable[float | None], fresh: Iterable[float | None]) -> tuple[float | None, ...]:
    return (*before, *fresh)[-WINDOW:]
