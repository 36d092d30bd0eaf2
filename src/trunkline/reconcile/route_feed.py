"""Changes of routes, told to whoever asks for them: of one circuit, since the last time.

Nobody is watched for nobody. A question compares the tables of the circuit's routers with those that the one before
found, and reads a table only if its sessions have sent, lost or changed something since, or its router was told
something else; what changed is kept for other listeners of the same circuit. What is kept is bounded by its size, for
each circuit, each subscription and all of them. ``since`` names a change; one that is not known any more, after a
restart or too many changes, is answered by saying so, and the listener reads the routes anew.
"""

from __future__ import annotations

import json
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from uuid import uuid4

from trunkline.intent.bgp import RibEntry, Router, SessionStatus
from trunkline.intent.drivers import Speaker
from trunkline.model.resource import Json, ResourceId
from trunkline.reconcile.looking_glass import Place, route_row

#: Bytes of changes of one circuit; of all that is kept for a subscription, and altogether.
_MOST_CHANGES, _MOST_OF_SUBSCRIPTION, _MOST = 4_000_000, 48_000_000, 256_000_000
#: A router that was told something else tells its table again for so long, until all of it shows; seconds.
_SETTLES_S = 10.0

#: A path of one router.
_Path = tuple[str, str]
_Table = Mapping[_Path, RibEntry]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A router's table. ``settled``: when all shows that ``router`` says; by the monotonic clock."""

    router: Router
    settled: float
    mark: object
    table: _Table
    weight: int


@dataclass(slots=True)
class _Remembered:
    """Of one circuit. ``serial``: of its last change; changes are kept as they are told."""

    subscription: str
    epoch: str = field(default_factory=lambda: uuid4().hex[:8])
    began: bool = False
    serial: int = 0
    tables: dict[str, _Seen] = field(default_factory=dict)
    changes: deque[tuple[int, bytes]] = field(default_factory=deque)
    weight_of_changes: int = 0
    lock: Lock = field(default_factory=Lock)

    @property
    def weight(self) -> int:
        return self.weight_of_changes + sum(one.weight for one in list(self.tables.values()))

    def add(self, change: Json) -> None:
        self.serial += 1
        text = json.dumps({"serial": self.serial, **change}).encode()
        self.changes.append((self.serial, text))
        self.weight_of_changes += len(text)
        while self.weight_of_changes > _MOST_CHANGES:
            self.weight_of_changes -= len(self.changes.popleft()[1])

    def told(self, since: str) -> Json:
        epoch, _, number = since.partition(".")
        following = f"{self.epoch}.{self.serial}"
        if not since:
            return {"next": following, "complete": True, "changes": []}
        wanted = int(number) if number.isdecimal() and epoch == self.epoch else None
        oldest = self.changes[0][0] if self.changes else self.serial + 1
        if wanted is None or not oldest - 1 <= wanted <= self.serial:
            return {"next": following, "complete": False, "changes": []}
        return {"next": following, "complete": True,
                "changes": [json.loads(change) for serial, change in self.changes if serial > wanted]}


class RouteFeed:
    """Thread-safe; who asks for one circuit does not wait for who asks for another."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._known: OrderedDict[str, _Remembered] = OrderedDict()
        self._lock = Lock()

    def since(self, circuit: ResourceId, places: Iterable[Place], since: str) -> Json:
        """``next``: what to ask with the next time. ``complete``: whether nothing in between was forgotten."""
        with self._lock:
            memory = self._known.setdefault(circuit.key, _Remembered(circuit.subscription))
            self._known.move_to_end(circuit.key)
        with memory.lock:
            for place in places:
                self._look(memory, place)
            memory.began = True
            answer = memory.told(since)
        self._forget(circuit.key)
        return answer

    def _look(self, memory: _Remembered, place: Place) -> None:
        mark, before = _mark(self._speaker.sessions(place.router)), memory.tables.get(place.router.node)
        now_s = time.monotonic()
        if before and before.mark == mark and before.router == place.router and now_s >= before.settled:
            return
        table = {(entry.prefix, entry.session): entry for entry in self._speaker.routes(place.router)}
        settled = before.settled if before and before.router == place.router else now_s + _SETTLES_S
        memory.tables[place.router.node] = _Seen(
            place.router, settled, mark, table, sum(map(_weight, table.values())))
        if not memory.began:
            return
        for kind, entry in differences(before.table if before else {}, table):
            memory.add({"at": datetime.now(UTC).isoformat(), "change": kind, "peering": place.peering,
                        "leg": place.leg, "router": place.router.node, **route_row(entry)})

    def _forget(self, latest: str) -> None:
        """Who has most kept loses what he asked for longest ago, never what was just asked for."""
        with self._lock:
            while True:
                weights: Counter[str] = Counter()
                for memory in self._known.values():
                    weights[memory.subscription] += memory.weight
                heaviest, weight = weights.most_common(1)[0] if weights else ("", 0)
                if weight <= _MOST_OF_SUBSCRIPTION and weights.total() <= _MOST:
                    return
                oldest = next((key for key, memory in self._known.items()
                               if memory.subscription == heaviest and key != latest), None)
                if oldest is None:
                    return
                del self._known[oldest]


def _mark(statuses: Iterable[SessionStatus]) -> object:
    """While this stays the same, so do the tables, unless the router is told something else."""
    return tuple((one.name, one.state, one.since, one.updates, one.prefixes_accepted) for one in statuses)


def _weight(entry: RibEntry) -> int:
    """Bytes that it takes, roughly: numbers are objects."""
    return 600 + 40 * len(entry.as_path) + 140 * len(entry.communities)


def differences(before: _Table, now: _Table) -> Iterator[tuple[str, RibEntry]]:
    """In the order of prefixes: what is gone, what is new, what is other than it was."""
    for key in sorted(before.keys() | now.keys()):
        if key not in now:
            yield "withdrawn", before[key]
        elif key not in before:
            yield "announced", now[key]
        elif before[key] != now[key]:
            yield "changed", now[key]
