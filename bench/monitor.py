"""What one look of the monitor costs over the legs of 100 circuits, when nothing has changed, in CPU of our own.

    python bench/monitor.py

Two circuits stand; their four legs are looked at fifty times over, each question really asked of its BIRD; counters of
edges are read once for a look. Baseline in the same run: the same legs asked for all of their sessions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from stand import Stage, estates, report, scenes, stage
from trunkline.diagnosis.evidence import Place
from trunkline.intent.view import CIRCUIT
from trunkline.reconcile.monitor.look import Looker
from trunkline.reconcile.monitor.places import WATCHED, places

_TIMES, _LOOKS = 50, 10


def watched(found: Stage) -> list[Place]:
    owner = str(estates.rid(CIRCUIT, "er1"))
    return [place for blueprint in scenes.blueprints(found) if blueprint.scope.kind in WATCHED
            for place in places(blueprint, owner, {})]


def cost_ms(act: Callable[[], object]) -> float:
    act()
    began = time.thread_time()
    for _ in range(_LOOKS):
        act()
    return (time.thread_time() - began) * 1_000 / _LOOKS


def main() -> None:
    with stage() as found:
        found.put(*estates.whole(), *estates.circuit("er2", 2), estates.peering("er2", vlanId=200),
                  estates.connection(2, circuit_name="er2", name="con2", slot=2))
        scenes.both_up(found)
        legs = watched(found)
        looker = Looker(found.store, found.plane, found.speaker)
        look = cost_ms(lambda: looker.look(legs * _TIMES, time.monotonic()))
        asked = cost_ms(lambda: [found.speaker.sessions(leg.router) for leg in legs * _TIMES])
        report("monitor", {"legs": len(legs) * _TIMES, "look_ms": round(look, 1), "all_sessions_ms": round(asked, 1),
                           "ratio": round(look / asked, 2)})


if __name__ == "__main__":
    main()
