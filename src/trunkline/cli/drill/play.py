"""One attack after the other, and the verdict on each control."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from trunkline.cli.drill.alarms import Alarms
from trunkline.cli.drill.attack import ALERT_S, Attack, Harm, Outcome, Verdict
from trunkline.cli.drill.collateral import Prober, Sessions, reset
from trunkline.cli.drill.ground import Ground, Watch
from trunkline.cli.failure import Failed
from trunkline.cli.progress import Progress, Step


@dataclass(frozen=True, slots=True)
class Played:
    """A verdict without lost packets, which the prober tells at its end, and the time in which they count."""

    verdict: Verdict
    began_ns: int
    ended_ns: int


@dataclass(slots=True)
class Drill:
    """``watched``: the sessions of others as they are now. ``lacking``: why an attack cannot be played, if so."""

    ground: Ground
    progress: Progress
    watched: Callable[[], Sessions]
    lacking: Callable[[Attack], str]
    alarms: Alarms
    played: list[Played] = field(default_factory=list)

    def run(self, attacks: Sequence[Attack]) -> None:
        for attack in attacks:
            why = self.lacking(attack)
            self.played.append(self._skipped(attack, why) if why else self._play(attack))

    def verdicts(self, prober: Prober) -> list[Verdict]:
        return [_with_losses(one, prober) for one in self.played]

    def _skipped(self, attack: Attack, why: str) -> Played:
        now = time.monotonic_ns()
        return Played(Verdict(attack, None, skipped=why), now, now)

    def _play(self, attack: Attack) -> Played:
        before, began_ns = self.watched(), time.monotonic_ns()
        with self.progress.step(f"{attack.name}: {attack.title}") as step:
            outcome = self._outcome(attack)
            noticed = self._noticed(attack, step)
            self.ground.tidy()
            step.note = ("blocked" if outcome.blocked else "NOT BLOCKED") + f" — {outcome.by}"
        verdict = Verdict(
            attack, outcome.blocked, outcome.by, outcome.after_ms,
            min((noticed[kind] for kind in attack.alert if kind in noticed), default=None),
            tuple(sorted(noticed)) if self.alarms.present else None,
            harm=Harm(sessions_reset=reset(before, self.watched())))
        return Played(verdict, began_ns, time.monotonic_ns())

    def _noticed(self, attack: Attack, step: Step) -> dict[str, float]:
        """What the monitor says of it; waited for where it has to say something."""
        struck = self.ground.struck
        if struck is None or not self.alarms.present:
            return {}
        while attack.alert and struck.ms < ALERT_S * 1_000 and not self._is_told(attack, struck):
            step.waiting(f"an alert: {' or '.join(attack.alert)}")
            time.sleep(0.05)
        return self.alarms.of(struck.mark)

    def _is_told(self, attack: Attack, struck: Watch) -> bool:
        seen = self.alarms.of(struck.mark)
        return any(kind in seen for kind in attack.alert)

    def _outcome(self, attack: Attack) -> Outcome:
        """What cannot be judged is not blocked."""
        self.ground.struck = None
        try:
            return attack.play(self.ground)
        except Failed as failure:
            return Outcome(False, f"could not be judged: {failure.format_message()}")


def _with_losses(one: Played, prober: Prober) -> Verdict:
    if one.verdict.harm is None:
        return one.verdict
    lost = prober.lost_within(one.began_ns, one.ended_ns)
    return replace(one.verdict, harm=replace(one.verdict.harm, lost_packets=lost))
