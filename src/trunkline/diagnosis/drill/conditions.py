"""When a drill has to stop at once: what it did not fail suffers, what ought to have a second way stays dark, or
something else has happened meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trunkline.diagnosis.drill.certificate import Bounds
from trunkline.diagnosis.drill.ways import CircuitLeg

#: By stream and flow.
Key = tuple[int, int]

#: Datagrams that may be on the way, or not yet counted, when both ends are asked.
_SLACK = 5
_WINDOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What all flows have sent and heard so far."""

    at_s: float
    sent: Mapping[Key, int]
    heard: Mapping[Key, int]


@dataclass(frozen=True, slots=True)
class Watched:
    """A flow: ``protected`` if its pair has a second way, ``falling`` if the failure takes its present one, or it is
    not known which that is."""

    label: str
    protected: bool
    falling: bool


@dataclass(slots=True)
class Conditions:
    """Fed with samples in order; ``bounds`` and ``flows`` do not change."""

    bounds: Bounds
    flows: Mapping[Key, Watched]
    _samples: deque[Sample] = field(default_factory=deque)
    _alive: dict[Key, tuple[int, float]] = field(default_factory=dict)  #: heard, and when that last grew

    def broken(self, sample: Sample) -> str:
        """Why the drill has to stop; empty while it may go on."""
        while self._samples and sample.at_s - self._samples[0].at_s > _WINDOW_S:
            self._samples.popleft()
        self._samples.append(sample)
        return next(iter([*self._losing(sample), *self._dark(sample)]), "")

    def _losing(self, sample: Sample) -> Iterator[str]:
        """What was sent until the last look has had the time since to arrive."""
        if len(self._samples) < 2:
            return
        before, last = self._samples[0], self._samples[-2]
        for label, keys in self._together():
            sent = sum(last.sent.get(key, 0) - before.sent.get(key, 0) for key in keys)
            lost = sent - sum(sample.heard.get(key, 0) - before.heard.get(key, 0) for key in keys)
            if lost > _SLACK and lost * 100 > sent * self.bounds.abort_loss_percent:
                yield (f"{label}, which was not failed, lost {lost} of {sent} datagrams within {_WINDOW_S:.0f} s; "
                       f"{self.bounds.abort_loss_percent:g} % are allowed")

    def _together(self) -> Iterator[tuple[str, list[Key]]]:
        """Flows of one way that ought not to fall: a single one may have moved since its way was told."""
        ways: dict[str, list[Key]] = {}
        for key, flow in self.flows.items():
            if not flow.falling:
                ways.setdefault(flow.label, []).append(key)
        yield from ways.items()

    def _dark(self, sample: Sample) -> Iterator[str]:
        for key, flow in self.flows.items():
            heard = sample.heard.get(key, 0)
            known, since = self._alive.get(key, (-1, sample.at_s))
            if heard > known:
                self._alive[key] = heard, sample.at_s
            elif flow.protected and sample.at_s - since > self.bounds.abort_outage_s:
                yield (f"{flow.label} has heard nothing for {sample.at_s - since:.1f} s, though it has a second way; "
                       f"{self.bounds.abort_outage_s:g} s are allowed")


class Seen(NamedTuple):
    """A session at a circuit's leg. ``circuit``: the id's key; ``said``: its name, told apart from others."""

    circuit: str
    leg: str
    name: str
    said: str

    def __str__(self) -> str:
        return f"session {self.name} of {self.said} {self.leg}"


@dataclass(frozen=True, slots=True)
class Observed:
    """The network as the service sees it. ``sessions``: whether each is Established."""

    sessions: Mapping[Seen, bool] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()
    alarms: frozenset[str] = frozenset()

    def down(self, now: Observed) -> tuple[Seen, ...]:
        """Those that were up and are not."""
        return tuple(sorted(one for one, up in self.sessions.items() if up and not now.sessions.get(one, False)))


def happened(before: Observed, now: Observed, own: str, falling: frozenset[CircuitLeg]) -> str:
    """What else has begun since; ``own``: the drill's fault, ``falling``: what it takes."""
    for fault in sorted(now.faults - before.faults - {own}):
        return f"another failure was begun: {fault}"
    legs = {(one.circuit, one.leg) for one in falling}
    for seen in before.down(now):
        if (seen.circuit, seen.leg) not in legs:
            return f"{seen}, which was not failed, is no longer Established"
    for alarm in sorted(now.alarms - before.alarms):
        return f"the monitor raised an event: {alarm}"
    return ""
