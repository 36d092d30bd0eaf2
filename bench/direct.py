"""Direct ports: how soon a link that is switched is felt at the customer's end, and what ten thousand keys cost.

    python bench/direct.py [SECONDS]        seconds of iperf3 per run, default 3

Switching: from the wish to the carrier's change at the customer's end, and as baseline the same change by hand
(``ip link set``). Keys: TCP from a host of the site to a machine in the cloud over a port that knows one circuit, then
ten thousand (S,C) keys beside it, then one again; the ratio is to the median of both.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable

from stand import Leg, Stage, estates, report, scenes, spread, stage, timed_s, until
from throughput import gbps
from trunkline.intent.compile.draft import ce_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.drivers import Change
from trunkline.intent.network import CrossConnect, Direction, Tag
from trunkline.intent.view import SITE

_ROUNDS, _RUNS = 20, 3
#: With those of the circuit there are ten thousand entries on the edge.
_KEYS = 9_990
_EDGE, _CE = edge_node("Amsterdam", Leg.PRIMARY), ce_node(estates.rid(SITE, "paris"), "ce1")
_PORT, _TRUNK = "d1", "t1p"


def carries(found: Stage) -> bool:
    return next(line.carrier for line in found.plane.lines(_CE) if line.name == _TRUNK)


def switch(found: Stage, up: bool, act: Callable[[bool], object]) -> float:
    """Milliseconds until the customer's end has seen it."""
    def whole() -> None:
        act(up)
        until(lambda: carries(found) is up, 10, "the carrier to change", 0.001)
    return timed_s(whole) * 1e3


def measure_switching(found: Stage) -> None:
    def wish(up: bool) -> None:
        found.begin([estates.port(admin=("Enabled" if up else "Disabled", "Enabled"))])

    def by_hand(up: bool) -> None:
        found.run(_EDGE, "ip", "link", "set", _PORT, "up" if up else "down")

    ways: dict[str, Callable[[bool], object]] = {"wish": wish, "by_hand": by_hand}
    for name, act in ways.items():
        turns = [(switch(found, False, act), switch(found, True, act)) for _ in range(_ROUNDS)]
        report("direct", {f"{name}_down_ms": spread([down for down, _ in turns], 1),
                          f"{name}_up_ms": spread([up for _, up in turns], 1)})


def keys() -> tuple[CrossConnect, ...]:
    """Each S-tag with a hundred C-tags."""
    return tuple(CrossConnect(_EDGE, _PORT, _PORT, f"bench{n}", Direction.IN,
                              match=(Tag(1000 + n // 100), Tag(1 + n % 100))) for n in range(_KEYS))


def measure_keys(found: Stage, seconds: int) -> None:
    def runs() -> list[float]:
        return [gbps(found, scenes.HOST, scenes.VM, scenes.IN_CLOUD, seconds) for _ in range(_RUNS)]

    before, added = runs(), keys()
    put_s = timed_s(lambda: found.plane.apply(Change(ensure=added)))
    many = statistics.median(runs())
    found.plane.apply(Change(remove=added))
    one = statistics.median([*before, *runs()])
    report("direct", {"one_circuit_gbps": round(one, 2), "ten_thousand_keys_gbps": round(many, 2),
                      "ratio": round(many / one, 2), "keys_put_s": round(put_s, 1)})


def measure(seconds: int) -> None:
    with stage() as found:
        found.put(*estates.on_direct())
        scenes.both_up(found)
        scenes.connected(found)
        measure_switching(found)
        scenes.both_up(found)
        scenes.connected(found)
        found.put(estates.port(admin=("Enabled", "Disabled")))  # one leg, so that one port carries everything
        scenes.connected(found)
        measure_keys(found, seconds)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if sys.argv[1:] else 3)
