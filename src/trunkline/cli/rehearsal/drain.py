"""Planned work: paths over a leg become longer, as in Azure's own maintenance, until it is quiet; the failure follows.

It is Azure's link failover test of category ASPathPrepend, which also ends by itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

from trunkline.cli.client import Client, RequestFailed, Watch
from trunkline.cli.failure import Failed
from trunkline.diagnosis.drill.ways import Way, falls
from trunkline.model.failover import TestCategory
from trunkline.model.fault import RehearsedFault

_CATEGORY, _VERSION = TestCategory.AS_PATH_PREPEND, "2025-07-01"
#: What a session takes by itself, one way, of each family, as in 'trunkline drain'.
_QUIET_BYTES_PER_S = 2_000
_LOOK_S, _PATIENCE_S = 1.0, 30.0
#: Beyond the failure itself: for the leg to become quiet, and its session to come back.
_LEASE_S = 75


@dataclass(slots=True)
class Drain:
    """``legs``: circuits' ids and the leg of each; one leg of a circuit at a time. ``seconds``: after which it ends by
    itself."""

    client: Client
    legs: tuple[tuple[str, str], ...]
    seconds: int
    _begun: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, client: Client, ways: tuple[Way, ...], fault: RehearsedFault, hold_s: float) -> Drain:
        return cls(client, tuple(dict.fromkeys(
            (way.legs[0].circuit, way.leg) for way in ways if len(way.legs) == 1 and falls(way, fault))),
                   int(hold_s) + _LEASE_S)

    def begin(self, watch: Watch) -> None:
        for circuit, leg in self.legs:
            self._begun.append((circuit, leg))
            self.client.post(f"{circuit}/startCircuitLinkFailoverTest?linkType={leg}&circuitTestCategory={_CATEGORY}"
                             f"&expiresInSeconds={self.seconds}&api-version={_VERSION}", watch=watch)

    def quiet(self, watch: Watch, asked: Event) -> None:
        """Waits until nothing but sessions is on the legs, or somebody wants an end; raises Failed if that does not
        come."""
        end, before = time.monotonic() + _PATIENCE_S, list(self._carried())
        while not asked.wait(_LOOK_S):
            now = list(self._carried())
            busiest = max((after - earlier for after, earlier in zip(now, before, strict=True)), default=0)
            if busiest <= _QUIET_BYTES_PER_S * _LOOK_S:
                return
            if time.monotonic() > end:
                raise Failed(f"a leg still carries {busiest:,} B/s after {_PATIENCE_S:.0f} s with longer paths; a "
                             "router that prefers it by local preference keeps it busy.")
            watch(f"traffic to leave the leg ({busiest:,} B/s)")
            before = now

    def _carried(self) -> Iterator[int]:
        for circuit, leg in self.legs:
            told = self.client.get(f"{circuit}/stats")
            yield from (int(told[f"{leg}Bytes{way}"]) for way in ("In", "Out"))

    def end(self, watch: Watch) -> bool:
        """Whether all were ended."""
        for circuit, leg in tuple(self._begun):
            try:
                self.client.post(f"{circuit}/stopCircuitLinkFailoverTest?api-version={_VERSION}",
                                 {"linkType": leg, "wasSimulationSuccessful": True}, watch)
            except RequestFailed as refused:
                if refused.code != "FailoverTestNotRunning":
                    continue
            except Failed:
                continue
            self._begun.remove((circuit, leg))
        return not self._begun
