"""One phase after the other. Whatever happens in between, what was failed is restored: by us, or by its lease."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from types import FrameType

from trunkline.cli.client import Clients
from trunkline.cli.failure import Failed
from trunkline.cli.progress import Progress, Step
from trunkline.cli.rehearsal import ground as looking
from trunkline.cli.rehearsal.drain import Drain
from trunkline.cli.rehearsal.lease import Lease
from trunkline.cli.rehearsal.preflight import Plan
from trunkline.cli.rehearsal.sounding import sound
from trunkline.cli.rehearsal.traffic import FLOWS, Stream, Traffic, traffic
from trunkline.diagnosis.drill.certificate import (
    AFTERWARDS,
    BASELINE,
    DRAIN,
    FAIL,
    PREFLIGHT,
    RESTORE,
    SETTLE,
    Phase,
    Route,
)
from trunkline.diagnosis.drill.conditions import Conditions, Observed, Sample, Watched, happened
from trunkline.diagnosis.drill.measure import Flow, Span
from trunkline.diagnosis.drill.ways import CircuitLeg, Way, shaken
from trunkline.settings import Places

#: Between two looks at the datagrams, and at the network; seconds.
_SAMPLE_S, _OBSERVE_S = 0.2, 1.0
#: How long everything may take to be as it was; how much later than we think a lease may end.
_RESTORE_S, _LEASE_SLACK_S = 90.0, 5.0
#: How long the drill's own traffic may take until none of it is lost.
_CALM_S = 20.0


@dataclass(slots=True)
class Played:
    """What came of it; filled while it goes. ``aborted``: by which condition, ``interrupted``: by what else."""

    began_at: str
    phases: list[Phase] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    flows: tuple[Flow, ...] = ()
    interval_ms: float = 0.0
    during: tuple[Route, ...] = ()
    after: tuple[Route, ...] = ()
    aborted: str = ""
    interrupted: str = ""
    restored: bool = False

    @property
    def stopped(self) -> str:
        return self.aborted or self.interrupted


@dataclass(slots=True)
class Drill:
    """``drained``: paths are made longer first."""

    clients: Clients
    places: Places
    plan: Plan
    lease: Lease
    progress: Progress
    asked: Event  #: somebody wants an end
    drained: Drain | None = None
    _before: Observed = field(default_factory=Observed)

    def run(self) -> Played:
        played = Played(datetime.now(UTC).isoformat())
        with traffic(self.plan.pairs, self.places) as found:
            played.interval_ms = found.interval_ms
            with self._phase(played, PREFLIGHT, "preflight: which leg each flow takes") as step:
                sound(found, self.clients.named("operator"), self.plan.pairs)
                self._before = looking.observed(self.clients)
                step.note = _shares(found)
            try:
                self._fail(played, found)
            except Failed as failure:
                played.interrupted = failure.message
            finally:
                self._restore(played, found)
        return played

    # ── phases ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _fail(self, played: Played, found: Traffic) -> None:
        conditions = Conditions(self.plan.bounds, self._watched(found))
        with self._phase(played, SETTLE, "settle: until the drill's own traffic is lost nowhere") as step:
            found.start()
            self._calm(found, step)
        with self._phase(played, BASELINE, f"baseline: {len(self.plan.pairs)} pairs, {FLOWS} flows each way") as step:
            self._watch(played, found, conditions, step, self.plan.settle_s)
        if self.drained and not played.stopped:
            with self._phase(played, DRAIN, "drain: paths over the leg become longer") as step:
                self.drained.begin(step.waiting)
                self.drained.quiet(step.waiting, self.asked)
                self._watch(played, found, conditions, step, _SAMPLE_S)
        if not played.stopped:
            with self._phase(played, FAIL, f"fail {self.plan.target.said} for {self.plan.hold_s:.0f} s") as step:
                self.lease.begin()
                self._watch(played, found, conditions, step, self.plan.hold_s)
                with suppress(Failed):
                    played.during = looking.routes(self.clients, self.plan.ground)

    def _restore(self, played: Played, found: Traffic) -> None:
        with self._phase(played, RESTORE, "restore") as step:
            ended = self.lease.end() if self.lease.begun else True
            if not ended:
                self._await_lease(played, step)
            played.restored = self._is_restored(played, found, step)
            if self.drained and not self.drained.end(step.waiting):
                played.restored = False
                played.interrupted = played.interrupted or "a failover test could not be ended; it ends by itself"
        with self._phase(played, AFTERWARDS, "afterwards: the same traffic again") as step:
            self._watch(played, found, None, step, self.plan.settle_s)
            played.flows = found.flows()
            with suppress(Failed):
                played.after = looking.routes(self.clients, looking.look(self.clients))

    def _await_lease(self, played: Played, step: Step) -> None:
        played.interrupted = played.interrupted or (
            f"the service did not end the failure ({self.lease.lapsed}); its lease did")
        while (left := self.lease.ends + _LEASE_SLACK_S - time.monotonic()) > 0:
            step.waiting(f"the lease to end by itself at the edge, {left:.0f} s")
            time.sleep(_SAMPLE_S)

    def _is_restored(self, played: Played, found: Traffic, step: Step) -> bool:
        """All sessions are as before, and every flow arrives. While the service is away the packets alone tell."""
        end, away_since, heard = time.monotonic() + _RESTORE_S, 0.0, found.sample()
        while time.monotonic() < end:
            time.sleep(_SAMPLE_S)
            missing, heard = _silent(found, heard, now := found.sample()), now
            try:
                down = _down(self._before, looking.observed(self.clients), self.lease.path)
            except Failed as away:
                away_since = away_since or time.monotonic()
                played.interrupted = played.interrupted or f"the service stopped answering: {away.message}"
                down = "" if time.monotonic() - away_since > self.lease.seconds else "the service to answer"
            if not (missing or down):
                return True
            step.waiting(missing or down)
        step.note = missing or down
        return False

    def _calm(self, found: Traffic, step: Step) -> None:
        """What a network still loses that was changed a moment ago says nothing of the failure."""
        end, before = time.monotonic() + _CALM_S, found.sample()
        while not self.asked.wait(_OBSERVE_S) and time.monotonic() < end:
            lost = _lost(before, before := found.sample())
            if lost <= 0:
                return
            step.waiting(f"calm: {lost} datagrams were lost within a second")

    # ── looking ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _watch(self, played: Played, found: Traffic, conditions: Conditions | None, step: Step,
               seconds: float) -> None:
        """Until the time is over, or something demands that the drill stops."""
        end, look = time.monotonic() + seconds, time.monotonic() + _OBSERVE_S
        while not (conditions and played.stopped) and (left := end - time.monotonic()) > 0:
            time.sleep(min(_SAMPLE_S, left))
            sample = found.sample()
            step.note = _noted(sample)
            if conditions is None:
                continue
            if self.lease.begun and time.monotonic() > self.lease.ends:
                played.interrupted = f"the failure ended by itself, for it could not be renewed ({self.lease.lapsed})"
            if self.asked.is_set():
                played.interrupted = "whoever ran the drill interrupted it"
            played.aborted = conditions.broken(sample)
            if not played.stopped and time.monotonic() >= look:
                played.aborted = self._else()
                look = time.monotonic() + _OBSERVE_S

    def _else(self) -> str:
        """What else has happened. A service that does not answer is no reason to stop: the lease is at the edge."""
        try:
            now = looking.observed(self.clients)
        except Failed:
            return ""
        falling = shaken(self.plan.ground.ways, self.plan.target.fault)
        return happened(self._before, now, self.lease.path.lower(), falling)

    def _watched(self, found: Traffic) -> dict[tuple[int, int], Watched]:
        """What takes no way that is known may be on one that falls."""
        falling = shaken(self.plan.ground.ways, self.plan.target.fault)
        protected = {one.pair for one in self.plan.expectations if one.protected}
        return {key: _as_watched(stream, found.ways.get(key), stream.pair in protected, falling)
                for key, stream in found.each_flow()}

    @contextmanager
    def _phase(self, played: Played, name: str, title: str) -> Iterator[Step]:
        began, at = time.monotonic_ns(), datetime.now(UTC).isoformat()
        played.spans.append(Span(name, began, began))
        with self.progress.step(title) as step:
            try:
                yield step
            finally:
                ended = time.monotonic_ns()
                played.spans[-1] = Span(name, began, ended)
                played.phases.append(Phase(name=name, began_at=at, seconds=round((ended - began) / 1e9, 3),
                                           note=step.note))


def _as_watched(stream: Stream, way: Way | None, protected: bool, falling: frozenset[CircuitLeg]) -> Watched:
    where = way.label if way else "an unknown leg"
    return Watched(f"a flow towards {stream.target.prefix} on {where}", protected=protected,
                   falling=way is None or not falling.isdisjoint(way.legs))


def _shares(found: Traffic) -> str:
    counted: dict[str, int] = {}
    for key, _ in found.each_flow():
        way = found.ways.get(key)
        name = way.label if way else "unknown"
        counted[name] = counted.get(name, 0) + 1
    return ", ".join(f"{way} {count} flows" for way, count in sorted(counted.items()))


def _lost(before: Sample, now: Sample) -> int:
    """Between two samples; what is under way cancels out."""
    return (sum(now.sent.values()) - sum(now.heard.values())) - (sum(before.sent.values()) - sum(before.heard.values()))


def _noted(sample: Sample) -> str:
    sent, heard = sum(sample.sent.values()), sum(sample.heard.values())
    return f"{sent:,} datagrams sent, {max(0, sent - heard):,} lost or under way"


def _silent(found: Traffic, before: Sample, now: Sample) -> str:
    silent = {stream.target.prefix for key, stream in found.each_flow()
              if now.heard.get(key, 0) <= before.heard.get(key, 0)}
    return f"packets towards {', '.join(sorted(silent))}" if silent else ""


def _down(before: Observed, now: Observed, fault: str) -> str:
    if fault.lower() in now.faults:
        return "the failure to be taken away"
    down = before.down(now)
    return str(down[0]) if down else ""


@contextmanager
def listening() -> Iterator[Event]:
    """Set when somebody wants an end. An exception in the middle of a question would spoil its answer."""
    asked = Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    known = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield asked
    finally:
        for number, action in known.items():
            signal.signal(number, action)
