"""Which leg each flow takes: a burst on it alone, and the edges' counters say where it went. A pair's flow each way is
sounded at once, for what goes in and what comes out is counted apart."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from trunkline.cli.client import Client
from trunkline.cli.commands.status import LEGS
from trunkline.cli.rehearsal.traffic import FLOWS, Stream, Traffic
from trunkline.diagnosis.drill.conditions import Key
from trunkline.diagnosis.drill.ways import Pair, Way

#: A burst: datagrams and bytes of each, far more than the sessions say meanwhile.
_COUNT, _BYTES = 100, 1_000
_PATIENCE_S = 1.0
#: So many pairs are sounded; what flows of others take is not known before they lose something.
MOST_SOUNDED = 6

#: Bytes in and out, by circuit's key and leg.
_Counted = dict[tuple[str, str], tuple[int, int]]


def sound(traffic: Traffic, client: Client, pairs: tuple[Pair, ...]) -> None:
    """Fills ``traffic.ways``."""
    for pair in pairs[:MOST_SOUNDED]:
        streams = [one for one in traffic.streams if one.pair == pair]
        before = _counted(client, {leg.circuit for way in pair.ways for leg in way.legs})
        for flow in range(FLOWS):
            asked = {(one.number, flow): one for one in streams}
            before, taken = _sounded(traffic, client, asked, before)
            traffic.ways |= taken


def _sounded(traffic: Traffic, client: Client, asked: Mapping[Key, Stream],
             before: _Counted) -> tuple[_Counted, dict[Key, Way]]:
    for key in asked:
        traffic.sound(key, _COUNT, _BYTES)
    end = time.monotonic() + _PATIENCE_S
    while True:
        now = _counted(client, {circuit for circuit, _ in before})
        taken = {key: way for key, stream in asked.items() if (way := _taken(stream, before, now))}
        if len(taken) == len(asked) or time.monotonic() > end:
            return now, taken


def _taken(stream: Stream, before: _Counted, now: _Counted) -> Way | None:
    grown = {way: _grown(way, before, now, stream.outward) for way in stream.pair.ways}
    most = max(grown, key=grown.__getitem__)
    return most if grown[most] >= _COUNT * _BYTES * 0.9 else None


def _grown(way: Way, before: _Counted, now: _Counted, outward: bool) -> int:
    """What came in at the leg of the first site, and went out at that of the second one; or the other way round."""
    counters = (0, 1) if outward else (1, 0)
    return min(now[leg.circuit, leg.leg][counter] - before[leg.circuit, leg.leg][counter]
               for leg, counter in zip(way.legs, counters, strict=False))


def _counted(client: Client, circuits: Iterable[str]) -> _Counted:
    found: _Counted = {}
    for circuit in circuits:
        told = client.get(f"{circuit}/stats")
        found |= {(circuit, leg): (int(told[f"{leg}BytesIn"]), int(told[f"{leg}BytesOut"])) for leg in LEGS}
    return found
