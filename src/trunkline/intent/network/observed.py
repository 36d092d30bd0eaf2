"""What a plane reads from the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from trunkline.intent.network.handoff import Direction


@dataclass(frozen=True, slots=True)
class Counter:
    packets: int = 0
    byte_count: int = 0

    def __add__(self, other: Counter) -> Counter:
        return Counter(self.packets + other.packets, self.byte_count + other.byte_count)

    def without(self, others: Iterable[Counter]) -> Counter:
        packets, byte_count = self.packets, self.byte_count
        for other in others:
            packets, byte_count = packets - other.packets, byte_count - other.byte_count
        return Counter(max(0, packets), max(0, byte_count))


@dataclass(frozen=True, slots=True)
class CapacityCounters:
    """``flows``: known now, as of the last packet. ``verdicts``: what became of packets, by direction and verdict:
    ``passed``, ``control`` or the bound that dropped them (``bandwidth``, ``packets``, ``flows``), ``malformed``."""

    flows: int = 0
    verdicts: dict[tuple[Direction, str], Counter] = field(default_factory=dict)


#: An attachment's name and a direction.
Where = tuple[str, Direction]


@dataclass(frozen=True, slots=True)
class PortCounters:
    """What the programs of a node have counted since they were loaded. A frame is either passed or dropped.

    ``attachments``: what passed. ``drops``: what did not, by reason, where there was any. ``ports``: frames that belong
    to no attachment, by the interface they came in on and by reason.
    """

    attachments: dict[Where, Counter]
    drops: dict[Where, dict[str, Counter]] = field(default_factory=dict)
    ports: dict[str, dict[str, Counter]] = field(default_factory=dict)

    def dropped(self) -> dict[str, Counter]:
        """By reason, all attachments and ports of the node together."""
        total: dict[str, Counter] = {}
        for by_reason in (*self.drops.values(), *self.ports.values()):
            for reason, counter in by_reason.items():
                total[reason] = total.get(reason, Counter()) + counter
        return total

    def beside(self, other: PortCounters) -> PortCounters:
        """With what another program of the same node counted; passed is what the last of both let through."""
        drops = {where: _added(self.drops.get(where, {}), other.drops.get(where, {}))
                 for where in {**self.drops, **other.drops}}
        ports = {port: _added(self.ports.get(port, {}), other.ports.get(port, {}))
                 for port in {**self.ports, **other.ports}}
        return PortCounters({**self.attachments, **other.attachments}, drops, ports)

    def before(self, later: PortCounters) -> PortCounters:
        """With what a program dropped through which frames go after this one's: those have not passed both."""
        both, passed = self.beside(later), dict(self.attachments)
        for where, by_reason in later.drops.items():
            if where in passed:
                passed[where] = passed[where].without(by_reason.values())
        return PortCounters(passed, both.drops, both.ports)


def _added(one: dict[str, Counter], other: dict[str, Counter]) -> dict[str, Counter]:
    if not one or not other:
        return one or other
    return {reason: one.get(reason, Counter()) + other.get(reason, Counter()) for reason in {**one, **other}}


@dataclass(frozen=True, slots=True)
class Harm:
    """What an impairment has done to frames since it stands. ``overflowed``: lost because too many were held.
    ``missed``: passed without delay because there was no relay. ``corrupted``, ``reordered`` and ``overflowed`` count
    frames as the relay gets them, which is a GSO frame as one unless frames are corrupted."""

    seen: int = 0
    lost: int = 0
    duplicated: int = 0
    delayed: int = 0
    missed: int = 0
    corrupted: int = 0
    reordered: int = 0
    overflowed: int = 0


@dataclass(frozen=True, slots=True)
class Wire:
    """A link to be measured: from ``interface`` of ``node`` to ``address`` at its other end."""

    node: str
    interface: str
    address: str


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One row of a kernel neighbour table; ``state`` in the kernel's word (REACHABLE, STALE, INCOMPLETE …)."""

    address: str
    mac: str
    interface: str
    state: str
    age_s: int


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """One route as the kernel has it, whoever made it: ``protocol`` is ``static`` for ours, else the daemon's name or
    the kernel's word. ``next_hops``: (gateway, interface), either may be empty."""

    prefix: str
    table: int
    kind: str
    protocol: str
    next_hops: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """An interface of a node as the kernel has it, and what it has carried. ``carrier``: the line protocol is up.
    ``light``: received and sent power of each lane in dBm, as the optic tells it; none where there is no optic."""

    name: str
    up: bool
    carrier: bool
    received: Counter = Counter()
    sent: Counter = Counter()
    light: tuple[tuple[float, float], ...] = ()
