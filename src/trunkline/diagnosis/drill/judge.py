"""The verdict on a drill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trunkline.diagnosis.drill.certificate import (
    AFTERWARDS,
    BASELINE,
    DRAIN,
    FAIL,
    RESTORE,
    Bounds,
    Measure,
    Result,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """``unprotected``: pairs without a second way, and why; ``aborted``: by which stop condition; ``interrupted``: by
    what else; ``restored``: all is as it was; ``drained``: nothing may be lost at all."""

    measures: tuple[Measure, ...]
    unprotected: Mapping[str, str]
    bounds: Bounds
    restored: bool
    aborted: str = ""
    interrupted: str = ""
    drained: bool = False


def judge(found: Evidence) -> Verdict:
    unrestored = () if found.restored else ("not everything is as it was before",)
    if found.aborted:
        return Verdict(result=Result.ABORTED, reasons=(found.aborted, *unrestored))
    if found.interrupted:
        return Verdict(result=Result.INTERRUPTED, reasons=(found.interrupted, *unrestored))
    alone = (f"{pair} has no second way: {why}" for pair, why in found.unprotected.items())
    reasons = (*unrestored, *alone, *_late(found), *_lossy(found))
    return Verdict(result=Result.FAILED if reasons else Result.PASSED, reasons=reasons)


def _late(found: Evidence) -> Iterator[str]:
    for one in found.measures:
        if one.pair in found.unprotected:
            continue
        for when, outage_ms, allowed_ms in (("", one.failing_ms, found.bounds.outage_ms),
                                            (" while it healed", one.healing_ms, found.bounds.healing_ms)):
            if outage_ms > allowed_ms:
                yield f"{_where(one)}: {outage_ms:,.0f} ms without packets{when}, {allowed_ms:,.0f} ms are allowed"


def _lossy(found: Evidence) -> Iterator[str]:
    """A drain loses nothing, and neither does a network that nobody has failed yet."""
    where = (BASELINE, DRAIN, FAIL, RESTORE, AFTERWARDS) if found.drained else (BASELINE,)
    for one, lost in _lost_in(found.measures, where):
        yield f"{_where(one)}: {lost} datagrams lost in {' or '.join(where) if not found.drained else 'a drain'}"


def _lost_in(measures: Iterable[Measure], phases: tuple[str, ...]) -> Iterator[tuple[Measure, int]]:
    for one in measures:
        lost = sum(one.lost_by_phase.get(phase, 0) for phase in phases)
        if lost:
            yield one, lost


def _where(one: Measure) -> str:
    way = f" on {one.leg}" if one.leg else ""
    return f"towards {one.prefix} ({one.pair}){way}"
