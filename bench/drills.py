"""Failover drills at random, killed at random, and whether everything is as it was in the end.

    python bench/drills.py [--runs 100] [--seed 1] [--within SECONDS]

Goal: 100 of 100. Each run draws a target (a leg, silent or drained; an edge, a switch, a gateway instance, a location)
and what befalls it at a random moment of a random phase: nothing, kill -9 of the whole control plane (started again 0
to 20 s later), kill -9 of the drill, Ctrl-C. Restored: no fault and no failover test stands, every session is
Established with its routes, and a host's pings are answered from all three, within two minutes. The estate is
``examples/estate.yaml`` with a network behind a Virtual WAN hub and a site over Global Reach. Each process has a home
and an instance of its own: several with seeds of their own may run beside each other.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from stand import drilling, report, spread, started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--within", type=float, default=float("inf"), help="begin none after so many seconds")
    asked = parser.parse_args()
    end, outcomes = time.monotonic() + asked.within, []
    chance = random.Random(asked.seed)  # noqa: S311  no secret
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as home, started(Path(home) / "home") as running:
        drilling.wide(running)
        for number in range(1, asked.runs + 1):
            if time.monotonic() > end:
                break
            found = drilling.play(running, drilling.Attempt.drawn(chance), chance)
            outcomes.append(found)
            print(f"{number:>3}  {' '.join(found.attempt.target):<38} {found.attempt.event:<13} "
                  f"{found.attempt.phase:<11} {found.verdict or '-':<12} "
                  f"{'NOT RESTORED' if found.restored_s is None else f'restored +{found.restored_s} s':<18} "
                  f"{found.seconds} s", flush=True)
    restored = [one.restored_s for one in outcomes if one.restored_s is not None]
    report("drills", {
        "runs": len(outcomes), "restored": len(restored), "restored_after_the_end_s": spread(restored),
        "by_event": {event: f"{sum(one.restored_s is not None for one in there)} of {len(there)}"
                     for event in sorted(set(drilling.EVENTS))
                     if (there := [one for one in outcomes if one.attempt.event == event])}})


if __name__ == "__main__":
    main()
