"""What a failover drill proves, as it is signed, stored, shown and compared."""

from __future__ import annotations

import json
from enum import StrEnum

from trunkline.model.resource import Json, Properties

KIND, VERSION = "trunkline failover certificate", 1

#: Names of the phases, in their order.
PREFLIGHT, SETTLE, BASELINE, DRAIN, FAIL, RESTORE, AFTERWARDS = (
    "preflight", "settle", "baseline", "drain", "fail", "restore", "afterwards")
#: While what had failed returns.
HEALING = (RESTORE, AFTERWARDS)


class Direction(StrEnum):
    TO_CLOUD = "toCloud"
    TO_SITE = "toSite"


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ABORTED = "aborted"  #: by a stop condition
    INTERRUPTED = "interrupted"  #: by whoever ran it, or with the service


class PhaseLoss(Properties):
    """``outage_ms``: the longest of a flow that began in this phase."""

    phase: str
    lost: int
    outage_ms: float


class Measure(Properties):
    """``prefix``: where the datagrams went. ``leg``: which leg the flows took before anything failed, as ``er1
    primary``; empty where that was not to be told. ``flows_hit``: that lost any."""

    pair: str
    prefix: str
    direction: Direction
    leg: str
    flows: int
    flows_hit: int
    sent: int
    lost: int
    outage_ms: float
    reordered: int
    duplicates: int
    phases: tuple[PhaseLoss, ...] = ()

    @property
    def lost_by_phase(self) -> dict[str, int]:
        return {one.phase: one.lost for one in self.phases}

    @property
    def failing_ms(self) -> float:
        """The longest outage that began before anything healed."""
        return max((one.outage_ms for one in self.phases if one.phase not in (SETTLE, *HEALING)), default=0.0)

    @property
    def healing_ms(self) -> float:
        return max((one.outage_ms for one in self.phases if one.phase in HEALING), default=0.0)

    @property
    def healing_lost(self) -> int:
        return sum(one.lost for one in self.phases if one.phase in HEALING)


class Unprotected(Properties):
    """A pair of prefixes without a second way, and why."""

    pair: str
    prefixes: tuple[str, ...]
    reason: str


class Unmeasured(Properties):
    """A prefix between which and the other side the drill had no two machines to send datagrams."""

    prefix: str
    reason: str


class Route(Properties):
    """``router``: whose; ``why``: why it is best, as the looking glass says."""

    router: str
    leg: str
    prefix: str
    next_hop: str
    as_path: str
    why: str = ""


class Routes(Properties):
    """Those in use before, while it failed, and afterwards."""

    before: tuple[Route, ...] = ()
    during: tuple[Route, ...] = ()
    after: tuple[Route, ...] = ()


class Timers(Properties):
    """In force on a leg's session with the customer. ``bfd``: interval × multiplier; empty without BFD."""

    leg: str
    session: str
    bfd: str
    hold_time_s: int
    keepalive_time_s: int


class Phase(Properties):
    name: str
    began_at: str
    seconds: float
    note: str = ""


class Bounds(Properties):
    """By which it is judged, and aborted. ``outage_ms``: of a pair with a second way; ``healing_ms``: of the same,
    while what failed returns. ``abort_outage_s``: after so long in the dark; ``abort_loss_percent``: of a second's
    datagrams on flows that nothing failed."""

    outage_ms: float
    healing_ms: float
    abort_outage_s: float
    abort_loss_percent: float


class Verdict(Properties):
    result: Result
    reasons: tuple[str, ...] = ()


class Failed(Properties):
    """``mode``: silent, or drain (longer paths first, then silent). ``fault``: as it was put."""

    target: str
    mode: str
    lease_s: int
    fault: Json
    ways: tuple[str, ...] = ()


class Certificate(Properties):
    kind: str = KIND
    version: int = VERSION
    id: str
    instance: str
    host: str
    operator: str
    versions: dict[str, str]
    began_at: str
    ended_at: str
    failed: Failed
    interval_ms: float
    bounds: Bounds
    timers: tuple[Timers, ...]
    phases: tuple[Phase, ...]
    measures: tuple[Measure, ...]
    unprotected: tuple[Unprotected, ...]
    unmeasured: tuple[Unmeasured, ...]
    routes: Routes
    restored: bool
    verdict: Verdict

    @property
    def protected_ms(self) -> float | None:
        """The worst outage of what has a second way; None if nothing has."""
        return max((one.failing_ms for one in self.measures if self.is_protected(one)), default=None)

    @property
    def unprotected_ms(self) -> float | None:
        return max((one.outage_ms for one in self.measures if not self.is_protected(one)), default=None)

    @property
    def healing_ms(self) -> float:
        """The worst of what has a second way, while what failed returned."""
        return max((one.healing_ms for one in self.measures if self.is_protected(one)), default=0.0)

    @property
    def healing_lost(self) -> int:
        return sum(one.healing_lost for one in self.measures if self.is_protected(one))

    @property
    def lone_prefixes(self) -> tuple[str, ...]:
        """Those of some pair without a second way, each once."""
        return tuple(sorted({prefix for one in self.unprotected for prefix in one.prefixes}))

    @property
    def pairs(self) -> frozenset[str]:
        return frozenset(one.pair for one in self.measures)

    def is_protected(self, measure: Measure) -> bool:
        return all(measure.pair != one.pair for one in self.unprotected)

    @property
    def lost(self) -> int:
        return sum(one.lost for one in self.measures)

    @property
    def sent(self) -> int:
        return sum(one.sent for one in self.measures)


def rendered(certificate: Certificate) -> Json:
    found: Json = certificate.model_dump(by_alias=True, mode="json")
    return found


def signable(document: Json) -> bytes:
    """What a signature is over: all but itself, in one spelling."""
    bare = {name: value for name, value in document.items() if name != "signature"}
    return json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
