"""Whether traffic should keep off a link that stands but is bad: dynamic path selection's judgement. Pure.

A link leaves the paths when it has been bad for a while, and comes back when it has been good for longer, so that one
on the verge does not flap. It is judged by a window of echoes, for one that is lost says little. One that is gone needs
no judgement, for OSPF has lost it as well: it is only seen to that its return is a slow one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from statistics import median

from trunkline.intent.span import Standing
from trunkline.model.profile import LinkBounds

#: How many of the latest echoes count, how many must have been sent before any is judged, and how many in a row are
#: lost of a link that is gone.
WINDOW, LEAST, GONE = 50, 20, 5
#: How long one is returning: a router tells of itself at most every five seconds (RFC 2328, MinLSInterval), and each
#: calculates once a second.
RETURNING_S = 8.0


@dataclass(frozen=True, slots=True)
class Quality:
    """Of the echoes in the window. ``round_trip_ms``: their median; None where none came back."""

    loss_percent: float = 0.0
    round_trip_ms: float | None = None
    echoes: int = 0


class Reading(Enum):
    GOOD = auto()
    BAD = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``turning_s``: since when what is measured speaks for another one, ``turning``; None while it does not."""

    standing: Standing = Standing.TRUSTED
    turning: Standing | None = None
    turning_s: float = 0.0


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


def reading(echoes: Sequence[float | None], expected_ms: float, bounds: LinkBounds) -> Reading:
    if _is_gone(echoes):
        return Reading.GONE
    return Reading.BAD if is_bad(quality(echoes), expected_ms, bounds) else Reading.GOOD


def _is_gone(echoes: Sequence[float | None]) -> bool:
    return len(echoes) >= GONE and all(one is None for one in echoes[-GONE:])


def judge(before: Verdict, found: Reading, at_s: float, bounds: LinkBounds) -> Verdict:
    """The verdict at a moment after ``before``."""
    wish = _wish(before.standing, found)
    if wish is before.standing:
        return Verdict(wish)
    since = before.turning_s if before.turning is wish else at_s
    is_over = at_s - since >= _patience_s(wish, found, bounds)
    return Verdict(wish) if is_over else replace(before, turning=wish, turning_s=since)


def _patience_s(wish: Standing, found: Reading, bounds: LinkBounds) -> float:
    if found is Reading.GOOD:
        return RETURNING_S if wish is Standing.TRUSTED else bounds.return_s
    return bounds.leave_s if found is Reading.BAD else 0.0


def _wish(standing: Standing, found: Reading) -> Standing:
    """From avoided to trusted in two steps. A bad link also loses some in a row, and is still to be avoided."""
    if found is Reading.GOOD:
        return Standing.RETURNING if standing is Standing.AVOIDED else Standing.TRUSTED
    return Standing.AVOIDED if standing is Standing.AVOIDED or found is Reading.BAD else Standing.RETURNING


def reason(found: Quality, expected_ms: float) -> str:
    late = "" if found.round_trip_ms is None else (
        f", round trip {found.round_trip_ms:g} ms where {expected_ms:g} ms are expected")
    return f"{found.loss_percent:g} % of {found.echoes} echoes lost{late}"


def is_returning(verdict: Verdict, echoes: Sequence[float | None]) -> bool:
    """Whether it carries again and is not yet trusted."""
    return verdict.standing is Standing.RETURNING and bool(echoes) and echoes[-1] is not None


def windowed(before: Sequence[float | None], fresh: Sequence[float | None]) -> tuple[float | None, ...]:
    """What was lost while the link was gone says nothing of it when it is back."""
    is_back = _is_gone(before) and any(one is not None for one in fresh)
    return (*(() if is_back else before), *fresh)[-WINDOW:]
