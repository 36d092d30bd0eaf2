"""Silent failure of a leg to traffic on the other, and recovery, by BFD interval.

    python bench/failover.py [ROUNDS]       default 10 of each leg

Budgets: BFD 300 ms × 3 p99 at most 1.2 s, 30 ms × 3 at most 0.2 s; healing loses nothing.

A host behind two CEs sends 1,000 numbered datagrams a second on 16 flows, which a machine in the cloud answers; both
legs carry. The edge's eBPF program then drops all frames of one leg in both directions, and no link goes down. The
outage is the longest gap between two answers of the flow that was hit worst, resolved to a flow's interval, 16 ms.
Loss after the order to heal is counted apart, until the leg has carried again.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from stand import AZURE, Leg, Resource, Stage, bring_up, estates, probing, report, scenes, spread, stage, until
from trunkline.intent.view import CIRCUIT
from trunkline.model.profile import Bfd


def fault(leg: Leg) -> Resource:
    return estates.fault(circuit=estates.link(CIRCUIT, "er1"), leg=leg.value)


def fail(found: Stage, leg: Leg) -> tuple[float, int]:
    """(outage in milliseconds, lost datagrams)"""
    other = next(one for one in Leg if one is not leg)
    with probing.probing(found) as seen:
        probing.both_legs_carry(found)
        found.put(fault(leg))
        until(lambda: not scenes.is_up(scenes.customer(found, leg)), 20, "BFD to notice")
        before = scenes.carried(found)[other]
        until(lambda: scenes.carried(found)[other] > before + 200, 20, "traffic on the other leg")
    return seen.longest_gap_ms, seen.lost


def heal(found: Stage, leg: Leg) -> int:
    """Lost datagrams."""
    with probing.probing(found) as seen:
        found.delete(fault(leg).id)
        scenes.both_up(found)
        probing.both_legs_carry(found)
    return seen.lost


def measure(bfd: Bfd, rounds: int) -> None:
    with stage(replace(AZURE, customer_bfd=bfd)) as found:
        bring_up(found, 1, 1, cloud=True)
        scenes.connected(found)
        scenes.both_up(found)
        failed, healed = [], []
        for _ in range(rounds):
            for leg in Leg:
                failed.append(fail(found, leg))
                healed.append(heal(found, leg))
        report("failover", {
            "bfd": f"{bfd.interval_ms} ms x {bfd.multiplier}", "failures": len(failed),
            "outage_ms": spread([outage for outage, _ in failed], 1), "lost": spread([lost for _, lost in failed], 1),
            "lost_while_healing": sum(healed), "heals_with_loss": sum(map(bool, healed)), "sent_per_s": 1000})


if __name__ == "__main__":
    for interval_ms in (300, 30):
        measure(Bfd(interval_ms, 3), int(sys.argv[1]) if sys.argv[1:] else 10)
