"""The drill's own datagrams: a process in each machine, streams both ways between each pair."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from trunkline.cli.client import Json
from trunkline.cli.drill.agent import within
from trunkline.cli.failure import Failed
from trunkline.diagnosis.drill.certificate import Direction
from trunkline.diagnosis.drill.conditions import Key, Sample
from trunkline.diagnosis.drill.measure import Flow
from trunkline.diagnosis.drill.ways import End, Pair, Way
from trunkline.settings import Places

PORT = 7017
#: Of a stream: all on one of two legs has a chance of 2 in 2^16.
FLOWS = 16
#: Of all streams together, so that two cores carry them beside the network.
_MOST_PER_S = 4_000
_FASTEST_MS = 16.0
LINGER_S = 0.5


@dataclass(frozen=True, slots=True)
class Stream:
    """``outward``: from the pair's first end, which is a site."""

    number: int
    pair: Pair
    direction: Direction
    source: End
    target: End
    outward: bool


class Machine:
    """One process, asked by lines."""

    def __init__(self, namespace: str) -> None:
        self._process = subprocess.Popen(
            within(namespace, sys.executable, "-m", "trunkline.telemetry.streams"), text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True)

    def ask(self, word: str, **more: object) -> Json:
        if not (self._process.stdin and self._process.stdout):
            raise Failed("a machine's process has no input")
        try:
            self._process.stdin.write(json.dumps({"do": word, **more}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed("a process that sends the drill's datagrams has ended; is its node still there?")
        found: Json = json.loads(line)
        return found

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(slots=True)
class Traffic:
    """``ways``: which way each flow takes, where that was to be told."""

    streams: tuple[Stream, ...]
    machines: Mapping[str, Machine]
    interval_ms: float
    ways: dict[Key, Way] = field(default_factory=dict)
    began_ns: int = 0

    def each_flow(self) -> Iterator[tuple[Key, Stream]]:
        for stream in self.streams:
            for flow in range(FLOWS):
                yield (stream.number, flow), stream

    def sound(self, key: Key, count: int, size: int) -> None:
        stream = self.streams[key[0]]
        self.machines[stream.source.node].ask("sound", stream=stream.number, flow=key[1], count=count, bytes=size)

    def start(self) -> None:
        """``interval_ms`` is each flow's; a machine's flows take turns."""
        self.began_ns = time.monotonic_ns()
        for machine in self.machines.values():
            machine.ask("start", interval_ms=self.interval_ms)

    def sample(self) -> Sample:
        """What was sent is asked first, so that little seems lost which is on its way."""
        told = [machine.ask("told") for machine in self.machines.values()]
        later = [machine.ask("told") for machine in self.machines.values()]
        return Sample(time.monotonic(),
                      {(int(stream), flow): count for one in told for stream, counts in one["sent"].items()
                       for flow, count in enumerate(counts)},
                      {(int(stream), int(flow)): count for one in later for stream, counts in one["heard"].items()
                       for flow, count in counts.items()})

    def flows(self) -> tuple[Flow, ...]:
        """Ends the sending."""
        sent = {int(stream): counts for machine in self.machines.values()
                for stream, counts in machine.ask("stop")["sent"].items()}
        time.sleep(LINGER_S)
        heard = {(int(stream), int(flow)): one for machine in self.machines.values()
                 for stream, flows in machine.ask("heard")["heard"].items() for flow, one in flows.items()}
        return tuple(self._flow(key, stream, sent[stream.number][key[1]], heard.get(key))
                     for key, stream in self.each_flow())

    def _flow(self, key: Key, stream: Stream, sent: Sequence[int], heard: Json | None) -> Flow:
        told = heard or {"runs": [], "reordered": 0, "duplicates": 0}
        way = self.ways.get(key)
        return Flow(stream.pair.label, stream.target.prefix, stream.direction, way.label if way else "", sent[0],
                    sent[1], tuple((first, last, left, right) for first, last, left, right in told["runs"]),
                    told["reordered"], told["duplicates"])


@contextmanager
def traffic(pairs: Sequence[Pair], places: Places) -> Iterator[Traffic]:
    """Streams that are open and silent. The machines' processes end with this one, however it ends."""
    streams = tuple(_streams(pairs))
    with ExitStack() as stack:
        machines: dict[str, Machine] = {}
        for end in (one for pair in pairs for one in (pair.here, pair.there)):
            if end.node not in machines:
                machines[end.node] = Machine(places.namespace_prefix + end.node)
                stack.callback(machines[end.node].end)
        for node, address in {(one.node, one.address) for pair in pairs for one in (pair.here, pair.there)}:
            machines[node].ask("listen", address=address, port=PORT)
        for stream in streams:
            machines[stream.source.node].ask("open", stream=stream.number, source=stream.source.address,
                                             target=stream.target.address, port=PORT, flows=FLOWS)
        yield Traffic(streams, machines, _interval_ms(len(streams)))


def _interval_ms(streams: int) -> float:
    return max(_FASTEST_MS, streams * FLOWS * 1_000 / _MOST_PER_S)


def _streams(pairs: Sequence[Pair]) -> Iterator[Stream]:
    for number, pair in enumerate(pairs):
        outward = Direction.TO_SITE if pair.between_sites else Direction.TO_CLOUD
        yield Stream(2 * number, pair, outward, pair.here, pair.there, outward=True)
        yield Stream(2 * number + 1, pair, Direction.TO_SITE, pair.there, pair.here, outward=False)
