"""What became of the drill's own datagrams, one way, by departure.

A flow's outage is the time between the departures of two datagrams that arrived with only lost ones between them. It
belongs to the phase in which the first lost one left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from trunkline.diagnosis.drill.certificate import SETTLE, Direction, Measure, PhaseLoss

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A phase by the machine's monotonic clock."""

    name: str
    began_ns: int
    ended_ns: int


@dataclass(frozen=True, slots=True)
class Flow:
    """One source port. ``way``: which leg it took before anything failed; empty if that is not known. ``runs``:
    unbroken stretches of what arrived: first and last sequence number, first and last departure."""

    pair: str
    prefix: str
    direction: Direction
    way: str
    sent: int
    last_sent_ns: int
    runs: tuple[tuple[int, int, int, int], ...]
    reordered: int = 0
    duplicates: int = 0

    @property
    def lost(self) -> int:
        return self.sent - sum(last - first + 1 for first, last, _, _ in self.runs)

    def gaps(self, began_ns: int, interval_ns: int) -> Iterator[Gap]:
        """``began_ns``: when its first datagram left."""
        ends = [(-1, began_ns - interval_ns), *((last, at) for _, last, _, at in self.runs)]
        starts = [*((first, at) for first, _, at, _ in self.runs), (self.sent, self.last_sent_ns)]
        for (before, left_ns), (after, next_ns) in zip(ends, starts, strict=True):
            if after - before > 1:
                yield Gap(left_ns + interval_ns, max(0, next_ns - left_ns), after - before - 1)


@dataclass(frozen=True, slots=True)
class Gap:
    first_lost_ns: int
    length_ns: int
    lost: int


def measures(flows: Iterable[Flow], phases: tuple[Span, ...], interval_ms: float) -> tuple[Measure, ...]:
    """A row for each pair, direction and way."""
    rows: dict[tuple[str, str, Direction, str], list[Flow]] = {}
    for flow in flows:
        rows.setdefault((flow.pair, flow.prefix, flow.direction, flow.way), []).append(flow)
    return tuple(_measure(key, found, phases, int(interval_ms * _MS)) for key, found in sorted(rows.items()))


def _measure(key: tuple[str, str, Direction, str], flows: list[Flow], phases: tuple[Span, ...],
             interval_ns: int) -> Measure:
    pair, prefix, direction, way = key
    began = phases[0].began_ns
    by_phase = _by_phase([gap for flow in flows for gap in flow.gaps(began, interval_ns)], phases)
    return Measure(
        pair=pair, prefix=prefix, direction=direction, leg=way, flows=len(flows),
        sent=sum(flow.sent for flow in flows), lost=sum(flow.lost for flow in flows),
        flows_hit=sum(flow.lost > 0 for flow in flows),
        outage_ms=max((found.outage_ms for found in by_phase if found.phase != SETTLE), default=0.0),
        reordered=sum(flow.reordered for flow in flows), duplicates=sum(flow.duplicates for flow in flows),
        phases=tuple(by_phase))


def _by_phase(gaps: list[Gap], phases: tuple[Span, ...]) -> list[PhaseLoss]:
    found: Mapping[str, list[Gap]] = {phase.name: [] for phase in phases}
    for gap in gaps:
        found[_phase_at(gap.first_lost_ns, phases)].append(gap)
    return [PhaseLoss(phase=name, lost=sum(gap.lost for gap in there),
                      outage_ms=round(max((gap.length_ns for gap in there), default=0) / _MS, 1))
            for name, there in found.items() if there]


def _phase_at(moment_ns: int, phases: tuple[Span, ...]) -> str:
    for phase, following in pairwise(phases):
        if moment_ns < following.began_ns:
            return phase.name
    return phases[-1].name
