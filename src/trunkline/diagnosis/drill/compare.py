"""What got better or worse between two certificates of the same failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trunkline.diagnosis.drill.certificate import Certificate, Measure, Result

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


def differences(before: Certificate, after: Certificate) -> tuple[Difference, ...]:
    return (*_failed(before, after), *_verdict(before, after), *_protection(before, after), *_measured(before, after),
            *_timers(before, after), *_routes(before, after))


def _failed(before: Certificate, after: Certificate) -> Iterator[Difference]:
    for name, one, other in (("what failed", before.failed.target, after.failed.target),
                             ("how", before.failed.mode, after.failed.mode)):
        if one != other:
            yield Difference(name, one, other, Change.OTHER)


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


def _measured(before: Certificate, after: Certificate) -> Iterator[Difference]:
    """An outage within an interval of the datagrams is the same."""
    was, is_ = _worst(before), _worst(after)
    for key in sorted(was.keys() & is_.keys()):
        (outage, lost, reordered), (outage_now, lost_now, reordered_now) = was[key], is_[key]
        where = f"towards {key[1]} ({key[0]})"
        if abs(outage - outage_now) > max(before.interval_ms, after.interval_ms):
            yield Difference(f"outage {where}", f"{outage:,.0f} ms", f"{outage_now:,.0f} ms",
                             _lower(outage, outage_now))
        if lost != lost_now:
            yield Difference(f"lost {where}", str(lost), str(lost_now), _lower(lost, lost_now))
        if reordered != reordered_now:
            yield Difference(f"reordered {where}", str(reordered), str(reordered_now),
                             _lower(reordered, reordered_now))
    for pair, prefix in sorted(was.keys() - is_.keys()):
        yield Difference(f"towards {prefix} ({pair})", "measured", "not measured", Change.OTHER)
    for pair, prefix in sorted(is_.keys() - was.keys()):
        yield Difference(f"towards {prefix} ({pair})", "not measured", "measured", Change.OTHER)


def _worst(found: Certificate) -> dict[tuple[str, str], tuple[float, int, int]]:
    """Outage, lost, reordered by pair and prefix: which leg a flow took is chance."""
    rows: dict[tuple[str, str], list[Measure]] = {}
    for one in found.measures:
        rows.setdefault((one.pair, one.prefix), []).append(one)
    return {key: (max(one.outage_ms for one in there), sum(one.lost for one in there),
                  sum(one.reordered for one in there)) for key, there in rows.items()}


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
