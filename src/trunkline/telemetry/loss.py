"""What became of a stream of numbered datagrams: loss, longest gap, reordering, duplicates, round-trip times. Pure.

Times are nanoseconds of one monotonic clock, the sender's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_NS_PER_MS = 1_000_000


@dataclass(slots=True)
class Flow:
    """One source port: when each datagram left, and the round-trip time of those that were answered."""

    sent_ns: list[int] = field(default_factory=list)
    rtt_ns: dict[int, int] = field(default_factory=dict)
    duplicates: int = 0
    reordered: int = 0  #: answers that came after the answer to a later datagram (RFC 4737, type-P-reordered)
    _highest: int = -1

    def sent(self, at_ns: int) -> int:
        """Note a departure; its sequence number."""
        self.sent_ns.append(at_ns)
        return len(self.sent_ns) - 1

    def answered(self, sequence: int, at_ns: int) -> None:
        if not 0 <= sequence < len(self.sent_ns):
            return
        if sequence in self.rtt_ns:
            self.duplicates += 1
            return
        self.rtt_ns[sequence] = at_ns - self.sent_ns[sequence]
        if sequence < self._highest:
            self.reordered += 1
        self._highest = max(self._highest, sequence)

    @property
    def lost(self) -> int:
        return len(self.sent_ns) - len(self.rtt_ns)

    @property
    def lost_ns(self) -> tuple[int, ...]:
        """When those left that were not answered."""
        return tuple(at for sequence, at in enumerate(self.sent_ns) if sequence not in self.rtt_ns)

    @property
    def longest_gap_ns(self) -> int:
        """Between the departures of two answered datagrams with only lost ones between them; 0 without loss.

        Loss at the very beginning counts from the first departure, loss at the end up to the last one.
        """
        if not self.lost:
            return 0
        ends = [0, *sorted(self.rtt_ns), len(self.sent_ns) - 1]
        return max((self.sent_ns[after] - self.sent_ns[before]
                    for before, after in pairwise(ends) if self._loses(before, after)), default=0)

    def _loses(self, before: int, after: int) -> bool:
        return after - before > 1 or before not in self.rtt_ns or after not in self.rtt_ns


@dataclass(frozen=True, slots=True)
class FlowReport:
    port: int
    sent: int
    lost: int
    longest_gap_ms: float


@dataclass(frozen=True, slots=True)
class Report:
    """All flows together. ``longest_gap_ms`` is the worst flow's; percentiles are over all answered datagrams;
    ``lost_ns``: when those left that were not answered, by the machine's monotonic clock."""

    sent: int
    received: int
    lost: int
    duplicates: int
    reordered: int
    longest_gap_ms: float
    interval_ms: float
    rtt_ms: dict[str, float]
    flows: tuple[FlowReport, ...]
    lost_ns: tuple[int, ...] = ()


def report(flows: Sequence[tuple[int, Flow]], interval_ms: float) -> Report:
    """``flows``: (source port, what became of it)."""
    rows = tuple(FlowReport(port, len(f.sent_ns), f.lost, _ms(f.longest_gap_ns)) for port, f in flows)
    sent, lost = sum(row.sent for row in rows), sum(row.lost for row in rows)
    return Report(
        sent=sent, received=sent - lost, lost=lost,
        duplicates=sum(f.duplicates for _, f in flows), reordered=sum(f.reordered for _, f in flows),
        longest_gap_ms=max((row.longest_gap_ms for row in rows), default=0.0), interval_ms=interval_ms,
        rtt_ms=percentiles(rtt for _, f in flows for rtt in f.rtt_ns.values()), flows=rows,
        lost_ns=tuple(sorted(at for _, f in flows for at in f.lost_ns)))


def percentiles(times_ns: Iterable[int]) -> dict[str, float]:
    """Nearest-rank percentiles in milliseconds; empty when nothing was answered."""
    ordered = sorted(times_ns)
    if not ordered:
        return {}
    ranks = {"p50": 50, "p90": 90, "p99": 99}
    found = {name: _ms(ordered[-(-len(ordered) * rank // 100) - 1]) for name, rank in ranks.items()}
    return {"min": _ms(ordered[0]), **found, "max": _ms(ordered[-1])}


def _ms(time_ns: int) -> float:
    return round(time_ns / _NS_PER_MS, 3)
