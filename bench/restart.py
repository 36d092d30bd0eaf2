"""The control plane killed and started again under traffic.

    python bench/restart.py [CIRCUITS ...]      default 1 20

Budgets: 0 packets lost, converged in at most 2 s.

The reconciler is a process of its own and is ended with SIGKILL while a host sends 1,000 datagrams a second to a
machine in the cloud. While it is dead a new site is wished for. The clock runs from the start of the new process until
that wish is realised: its scope is the last in the queue, so all that ran before has been looked at by then.
``import_s`` is what the interpreter takes to import the same modules and do nothing more.
"""

from __future__ import annotations

import subprocess
import sys
import time

from stand import Stage, bring_up, estates, probing, report, scenes, spread, stage, timed_s, until

_REPEATED = 5
_IMPORTS = "import trunkline.assembly.reconcile"


def restart_s(found: Stage, number: int) -> float:
    """Kill, wish, start; seconds from the start to the wish come true."""
    found.reconciler.kill()
    operations = found.begin([estates.site(f"lyon{number}", number=number)])
    started = time.monotonic()
    found.reconciler.start()
    found.settle(operations, 60)
    return time.monotonic() - started


def measure(circuits: int) -> None:
    with stage(apart=True) as found:
        bring_up(found, 1, 1, cloud=True)
        if circuits > 1:
            bring_up(found, 2, circuits - 1)
        scenes.connected(found)
        scenes.both_up(found)
        before = scenes.footprint(found)
        with probing.probing(found) as seen:
            probing.both_legs_carry(found)
            took_s = [restart_s(found, 1000 + n) for n in range(_REPEATED)]
            probing.both_legs_carry(found)
        until(lambda: not scenes.missing(found), 10, "everything as described")
        report("restart", {
            "circuits": circuits, "restarts": _REPEATED, "lost": seen.lost, "sent": seen.sent,
            "disturbed": len(scenes.disturbed(before, scenes.footprint(found))), "converged_s": spread(took_s),
            "import_s": round(min(timed_s(lambda: subprocess.run([sys.executable, "-c", _IMPORTS], check=True))
                                  for _ in range(3)), 2)})


if __name__ == "__main__":
    for wanted in [int(word) for word in sys.argv[1:]] or [1, 20]:
        measure(wanted)
