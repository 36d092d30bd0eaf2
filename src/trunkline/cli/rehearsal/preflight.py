"""Before anything fails: what is expected, whether the network is well, by what the drill is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.cli.certificate import keys, shelf
from trunkline.cli.client import Clients, Json
from trunkline.cli.nodes import present
from trunkline.cli.rehearsal import ground as looking
from trunkline.cli.rehearsal.ground import Ground
from trunkline.cli.rehearsal.pairing import Pairing, chosen
from trunkline.cli.rehearsal.targets import Target
from trunkline.diagnosis.drill.certificate import Bounds, Route, Timers, Unmeasured
from trunkline.diagnosis.drill.ways import Expectation, Pair, expect, shaken
from trunkline.settings import Places

#: What noticing a failure is followed by: routes change, on machines that do other things too; milliseconds.
_REROUTE_MS = 1_000
_HOLD_SLACK_S = 2.0


@dataclass(frozen=True, slots=True)
class Wish:
    """As it was asked for. ``outage_ms``, ``abort_outage_s``: by the timers in force unless they are given."""

    hold_s: float = 5.0
    settle_s: float = 2.0
    drain: bool = False
    outage_ms: float | None = None
    healing_ms: float = _REROUTE_MS
    abort_outage_s: float | None = None
    abort_loss_percent: float = 5.0

    @property
    def mode(self) -> str:
        """As certificates and lists name it."""
        return "drain" if self.drain else "silent"


@dataclass(frozen=True, slots=True)
class Plan:
    """``troubles``: why it had better not be."""

    target: Target
    wish: Wish
    ground: Ground
    pairs: tuple[Pair, ...]
    unmeasured: tuple[Unmeasured, ...]
    expectations: tuple[Expectation, ...]
    timers: tuple[Timers, ...]
    routes: tuple[Route, ...]
    troubles: tuple[str, ...]

    @property
    def detection_ms(self) -> float:
        """The slowest that a session on what fails may be noticed."""
        falling = {one.label for one in shaken(self.ground.ways, self.target.fault)}
        return max((_detection_ms(one) for one in self.timers if one.leg in falling), default=0.0)

    @property
    def bounds(self) -> Bounds:
        usual_ms = self.detection_ms + _REROUTE_MS
        given = self.wish.outage_ms
        return Bounds(
            outage_ms=usual_ms if given is None else given, healing_ms=self.wish.healing_ms,
            abort_outage_s=self.wish.abort_outage_s or usual_ms / 1_000 + _HOLD_SLACK_S,
            abort_loss_percent=self.wish.abort_loss_percent)

    @property
    def hold_s(self) -> float:
        """Longer than anything may take to be noticed: else nothing is proven."""
        return max(self.wish.hold_s, self.detection_ms / 1_000 + _HOLD_SLACK_S)

    @property
    def settle_s(self) -> float:
        return self.wish.settle_s

    def is_refused(self, forced: bool) -> bool:
        """What would measure nothing cannot be forced."""
        return bool(self.troubles) and not (forced and self.pairs)

    @property
    def refusal(self) -> str:
        way_out = "--force drills all the same." if self.pairs else "--force does not help."
        return f"'{self.target.said}' is not drilled: {'; '.join(self.troubles)}. {way_out}"

    def shown(self) -> Json:
        return {"target": self.target.said, "mode": "drain" if self.wish.drain else "silent",
                "bounds": self.bounds.model_dump(by_alias=True), "troubles": list(self.troubles),
                "expectations": [{
                    "pair": one.pair.label, "falls": [way.label for way in one.falling],
                    "left": [way.label for way in one.left], "protected": one.protected, "reason": one.reason}
                    for one in self.expectations],
                "unmeasured": [one.model_dump(by_alias=True) for one in self.unmeasured]}


def _detection_ms(one: Timers) -> float:
    interval, _, multiplier = one.bfd.partition(" ms × ")
    return float(interval) * int(multiplier) if one.bfd else one.hold_time_s * 1_000


def plan(clients: Clients, places: Places, ground: Ground, target: Target, wish: Wish) -> Plan:
    found = Pairing(ground, present(places))
    pairs, left_out = chosen(found.pairs, {pair: bool(expect(pair, target.fault).falling) for pair in found.pairs})
    expectations = tuple(expect(pair, target.fault) for pair in pairs)
    troubles = (*looking.unhealthy(ground), *_unusable(places), *_unprotected(expectations))
    if not pairs:
        troubles = (*troubles, "no host of a site can send datagrams to a machine of a network or a host of another "
                    "site, so nothing would be measured; give a site hosts and a network machines")
    return Plan(target, wish, ground, pairs, (*found.unmeasured, *left_out), expectations,
                looking.timers(clients, ground), looking.routes(clients, ground), troubles)


def _unprotected(expectations: tuple[Expectation, ...]) -> Iterator[str]:
    for one in expectations:
        if not one.protected:
            yield f"{one.pair.label} would lose its last way: {one.reason}"


def _unusable(places: Places) -> Iterator[str]:
    """A drill that cannot keep its certificate proves nothing to anybody."""
    try:
        shelf.writable(places)
        keys.own_public(places)
    except OSError as problem:
        yield f"its certificate could not be kept: {places.certificates}: {problem.strerror or problem}"
