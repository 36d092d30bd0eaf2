"""What an attack is, what it came to, and the verdict: values, with no attack in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trunkline.cli.drill.ground import Ground

#: Alerts must come within this; seconds.
ALERT_S = 5.0


class Need(StrEnum):
    """What must stand for an attack to make sense."""

    PRIVATE = "private peering"
    MICROSOFT = "Microsoft peering"
    EXCHANGE = "an exchange"
    VALIDATOR = "an RTR cache"


@dataclass(frozen=True, slots=True)
class Outcome:
    """``by``: what proves it, in words. ``after_ms``: from the attack to that proof; None if there was none."""

    blocked: bool
    by: str
    after_ms: float | None = None


Play = Callable[["Ground"], Outcome]


@dataclass(frozen=True, slots=True)
class Attack:
    """One line of the checklist. ``proof``: what shows that it was blocked. ``alert``: the kinds of events of which one
    has to be seen; none if nobody need be woken."""

    name: str
    title: str
    rfc: str
    proof: str
    play: Play
    need: Need = Need.PRIVATE
    alert: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Harm:
    """To others, while an attack ran."""

    lost_packets: int = 0
    sessions_reset: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lost_packets or self.sessions_reset)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``blocked`` is None when the attack was not played, and ``skipped`` says why. ``alerts``: kinds of events that
    were seen at the attacker's circuit; None where nothing looks for any. ``harm``: None when nobody looked."""

    attack: Attack
    blocked: bool | None
    by: str = ""
    blocked_after_ms: float | None = None
    alert_after_ms: float | None = None
    alerts: tuple[str, ...] | None = None
    harm: Harm | None = None
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Not played is not passed, but no failure of a control either."""
        if self.blocked is None:
            return True
        return self.blocked and not self.harm and not self.alert_missing

    @property
    def alert_missing(self) -> bool:
        """It ought to have alerted, somebody looked, and it did not or came too late."""
        if not self.attack.alert or self.alerts is None:
            return False
        return self.alert_after_ms is None or self.alert_after_ms > ALERT_S * 1_000

    def as_json(self) -> dict[str, object]:
        return {
            "attack": self.attack.name, "title": self.attack.title, "rfc": self.attack.rfc,
            "needs": self.attack.need.value, "proof": self.attack.proof, "blocked": self.blocked, "by": self.by,
            "timeToBlockMs": self.blocked_after_ms, "alert": list(self.attack.alert),
            "timeToAlertMs": self.alert_after_ms, "alertsSeen": self.alerts,
            "collateral": asdict(self.harm) if self.harm is not None else None,
            "skipped": self.skipped or None, "passed": None if self.blocked is None else self.passed}
