"""What got better or worse between two certificates of the same failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trunkline.diagnosis.drill.certificate import SETTLE, Certificate, Measure, Result, Timers

_RANK = {Result.PASSED: 0, Result.FAILED: 1, Result.ABORTED: 2, Result.INTERRUPTED: 3}


class Change(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    OTHER = "other"  #: neither: another way, other timers


@dataclass(frozen=True, slots=True)
class Difference:
    what: str
    before: str
    after: str
    change: Change


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Two outages are one and the same if they are so near each other. Without ``ms`` and ``percent``: an interval of
    the slowest BFD in force, for a failure may happen at any moment of it, and one of the datagrams."""

    ms: float | None = None
    percent: float | None = None

    def of(self, *found: Certificate) -> float:
        """The part of it that is absolute, in milliseconds."""
        if self.ms is not None:
            return self.ms
        return 0.0 if self.percent is not None else max(
            _ms(timer.bfd) + one.interval_ms for one in found for timer in (*one.timers, _NONE))

    def holds(self, one: float, other: float, absolute: float) -> bool:
        return abs(one - other) <= max(absolute, (self.percent or 0.0) / 100 * max(one, other))


_NONE = Timers(leg="", session="", bfd="", hold_time_s=0, keepalive_time_s=0)


def _ms(bfd: str) -> float:
    return float(bfd.partition(" ms")[0] or 0)


def differences(before: Certificate, after: Certificate,
                tolerance: Tolerance = Tolerance()) -> tuple[Difference, ...]:
    return (*failed_otherwise(before, after), *_verdict(before, after), *_protection(before, after),
            *_measured(before, after, tolerance), *_timers(before, after), *_routes(before, after))


def failed_otherwise(before: Certificate, after: Certificate) -> tuple[Difference, ...]:
    """Where they are not of the same failure. The same thing may be called otherwise since, or be made anew elsewhere.
    """
    was, is_ = before.failed, after.failed
    found = [Difference("how", was.mode, is_.mode, Change.OTHER)] if was.mode != is_.mode else []
    if was.target != is_.target and was.fault != is_.fault:
        found.insert(0, Difference("what failed", was.target, is_.target, Change.OTHER))
    return tuple(found)


def _verdict(before: Certificate, after: Certificate) -> Iterator[Difference]:
    one, other = before.verdict.result, after.verdict.result
    if one is not other:
        yield Difference("verdict", one, other, _lower(_RANK[one], _RANK[other]))
    if before.restored is not after.restored:
        yield Difference("restored", _yes(before.restored), _yes(after.restored),
                         Change.BETTER if after.restored else Change.WORSE)


def _protection(before: Certificate, after: Certificate) -> Iterator[Difference]:
    was, is_ = ({one.pair: one.reason for one in found.unprotected} for found in (before, after))
    for pair in sorted(was.keys() - is_.keys()):
        yield Difference(f"second way of {pair}", f"none: {was[pair]}", "there is one", Change.BETTER)
    for pair in sorted(is_.keys() - was.keys()):
        yield Difference(f"second way of {pair}", "there is one", f"none: {is_[pair]}", Change.WORSE)


def _measured(before: Certificate, after: Certificate, tolerance: Tolerance) -> Iterator[Difference]:
    was, is_, absolute = _worst(before), _worst(after), tolerance.of(before, after)
    for key in sorted(was.keys() & is_.keys()):
        where = f"towards {key[1]} ({key[0]})"
        for (what, one), (_, other) in zip(was[key].told, is_[key].told, strict=True):
            if not tolerance.holds(one, other, absolute):
                yield Difference(f"{what} {where}", f"{one:,.0f} ms", f"{other:,.0f} ms", _lower(one, other))
        late, late_now = was[key].reordered, is_[key].reordered
        if abs(late - late_now) > _REORDERED:
            yield Difference(f"reordered {where}", f"{late:.2%}", f"{late_now:.2%}", _lower(late, late_now))
    for pair, prefix in sorted(was.keys() - is_.keys()):
        yield Difference(f"towards {prefix} ({pair})", "measured", "not measured", Change.OTHER)
    for pair, prefix in sorted(is_.keys() - was.keys()):
        yield Difference(f"towards {prefix} ({pair})", "not measured", "measured", Change.OTHER)


#: A part of the datagrams so small may change places by chance.
_REORDERED = 0.001


@dataclass(frozen=True, slots=True)
class _Seen:
    """Towards one prefix: which leg a flow took is chance, and so is how many were hit."""

    told: tuple[tuple[str, float], ...]
    reordered: float  #: of all datagrams


def _worst(found: Certificate) -> dict[tuple[str, str], _Seen]:
    rows: dict[tuple[str, str], list[Measure]] = {}
    for one in found.measures:
        rows.setdefault((one.pair, one.prefix), []).append(one)
    return {key: _seen(there, found.interval_ms) for key, there in rows.items()}


def _seen(rows: list[Measure], interval_ms: float) -> _Seen:
    hit, lost = sum(one.flows_hit for one in rows), sum(sum(part.lost for part in one.phases if part.phase != SETTLE)
                                                        for one in rows)
    return _Seen((("outage", max(one.failing_ms for one in rows)),
                  ("outage while healing", max(one.healing_ms for one in rows)),
                  ("lost by each flow that was hit", lost * interval_ms / max(hit, 1))),
                 sum(one.reordered for one in rows) / max(sum(one.sent for one in rows), 1))


def _timers(before: Certificate, after: Certificate) -> Iterator[Difference]:
    was, is_ = ({(one.leg, one.session): f"BFD {one.bfd or 'off'}, hold time {one.hold_time_s} s"
                 for one in found.timers} for found in (before, after))
    for key in sorted(was.keys() & is_.keys()):
        if was[key] != is_[key]:
            yield Difference(f"timers of {' '.join(key)}", was[key], is_[key], Change.OTHER)


def _routes(before: Certificate, after: Certificate) -> Iterator[Difference]:
    """Those in use while nothing failed."""
    was, is_ = ({(one.router, one.leg, one.prefix): f"{one.as_path or 'own'} via {one.next_hop or '-'}"
                 for one in found.routes.before} for found in (before, after))
    for key in sorted(was.keys() | is_.keys()):
        one, other = was.get(key, "none"), is_.get(key, "none")
        if one != other:
            yield Difference(f"route to {key[2]} at {key[0]}", one, other, Change.OTHER)


def _lower(before: float, after: float) -> Change:
    return Change.BETTER if after < before else Change.WORSE


def _yes(value: bool) -> str:
    return "yes" if value else "no"
