"""A certificate as drills make them, with changes."""

from __future__ import annotations

from typing import Any

from trunkline.diagnosis.drill.certificate import (
    Bounds,
    Certificate,
    Direction,
    Failed,
    Measure,
    Phase,
    PhaseLoss,
    Result,
    Route,
    Routes,
    Timers,
    Unprotected,
    Verdict,
)

PAIR = "10.10.0.0/16 ↔ 10.1.0.0/16"
BEFORE = Route(router="vrf-er1-p", leg="primary", prefix="10.10.0.0/16", next_hop="172.16.0.1", as_path="65010",
               why="the only path")


def measure(**changed: Any) -> Measure:
    """What it lost it lost while something failed, unless ``phases`` say otherwise."""
    lost, outage_ms = changed.get("lost", 54), changed.get("outage_ms", 880.0)
    return Measure.model_validate({
        "pair": PAIR, "prefix": "10.1.0.0/16", "direction": Direction.TO_CLOUD, "leg": "er1 primary", "flows": 8,
        "flows_hit": 8, "sent": 5_000, "lost": 54, "outage_ms": 880.0, "reordered": 0, "duplicates": 0,
        "phases": (PhaseLoss(phase="fail", lost=lost, outage_ms=outage_ms),), **changed})


def certificate(**changed: Any) -> Certificate:
    return Certificate.model_validate({
        "id": "6f1c2a9e-0000-4000-8000-000000000000", "instance": "1a2b", "host": "lab", "operator": "root",
        "versions": {"trunkline": "0.1.0", "bird": "2.0.12"}, "began_at": "2026-11-28T03:00:00.000000+00:00",
        "ended_at": "2026-11-28T03:00:21.000000+00:00",
        "failed": Failed(target="er1 primary", mode="silent", lease_s=15, fault={"kind": "leg", "leg": "primary"},
                         ways=("er1 primary",)),
        "interval_ms": 16.0,
        "bounds": Bounds(outage_ms=1_900, healing_ms=1_000, abort_outage_s=3.9, abort_loss_percent=5),
        "timers": (Timers(leg="er1 primary", session="customer", bfd="300 ms × 3", hold_time_s=180,
                          keepalive_time_s=60),),
        "phases": (Phase(name="baseline", began_at="2026-11-28T03:00:01+00:00", seconds=2.0, note="4,000 sent"),
                   Phase(name="fail", began_at="2026-11-28T03:00:03+00:00", seconds=5.0),
                   Phase(name="restore", began_at="2026-11-28T03:00:08+00:00", seconds=6.5)),
        "measures": (measure(), measure(prefix="10.10.0.0/16", direction=Direction.TO_SITE, leg="er1 secondary",
                                        flows_hit=0, lost=0, outage_ms=0.0, phases=())),
        "unprotected": (), "unmeasured": (), "routes": Routes(before=(BEFORE,), during=(), after=(BEFORE,)),
        "restored": True, "verdict": Verdict(result=Result.PASSED), **changed})


def unprotected(reason: str = "no circuit at another location than Amsterdam") -> Unprotected:
    return Unprotected(pair=PAIR, prefixes=("10.10.0.0/16", "10.1.0.0/16"), reason=reason)
