"""From one end of a pair to the other, over all equal paths at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trunkline.intent.connectivity.deriving import Derivation
from trunkline.intent.connectivity.topology import Hop, Topology
from trunkline.intent.connectivity.wiring import Meter

#: More nodes than any path has; a packet that meets as many is going round in circles.
_MOST_HOPS = 24
INWARD, OUTWARD = "inward", "outward"


@dataclass(frozen=True, slots=True)
class Course:
    """One direction of a pair. ``starts``: where packets begin, each router of a site with an equal share. ``goals``:
    where they have arrived. ``covering``: what leads to ``address``, the longest prefix first; ``sources``: what leads
    back to where they come from."""

    starts: tuple[str, ...]
    goals: frozenset[str]
    address: str
    covering: tuple[Derivation, ...]
    sources: tuple[Derivation, ...]


@dataclass(slots=True)
class Carried:
    """``share``: of equally spread flows, how many arrive. ``loads``: the part that passes each meter."""

    share: float = 0.0
    loads: dict[Meter, float] = field(default_factory=dict)

    def add(self, meter: Meter, share: float) -> None:
        self.loads[meter] = self.loads.get(meter, 0.0) + share


@dataclass(frozen=True, slots=True)
class _Packet:
    node: str
    interface: str
    share: float
    hops: int = 0


class Walk:
    """With something missing."""

    def __init__(self, topology: Topology, missing: int) -> None:
        self._topology, self._missing = topology, missing

    def along(self, course: Course) -> Carried:
        found = Carried()
        alive = [node for node in course.starts if not self._topology.alive(node) & self._missing]
        travelling = [_Packet(node, "", 1 / len(alive)) for node in alive]
        while travelling:
            packet = travelling.pop()
            self._meter(packet, found)
            if packet.node in course.goals:
                found.share += packet.share
            elif packet.hops < _MOST_HOPS:
                travelling += self._next(packet, course, found)
        return found

    def _next(self, packet: _Packet, course: Course, found: Carried) -> Sequence[_Packet]:
        hops = self._hops(packet.node, course)
        passed = []
        for hop in hops:
            if self._passes(hop, course):
                share = packet.share / len(hops)
                for meter in hop.meters:
                    found.add(meter, share)
                passed.append(_Packet(*hop.point, share, packet.hops + 1))
        return passed

    def _hops(self, node: str, course: Course) -> tuple[Hop, ...]:
        """By the longest prefix; where both have one, a static route goes before a learned one."""
        static = self._topology.static(node, course.address)
        for derivation in course.covering:
            if int(derivation.prefix.partition("/")[2]) <= static.length:
                break
            hops = derivation.settled(self._missing).hops(node)
            if hops is not None:
                return hops
        return static.hops

    def _passes(self, hop: Hop, course: Course) -> bool:
        """Frames come through, and a sentry lets in only what its router has a way back to."""
        if hop.need & self._missing:
            return False
        return hop.point not in self._topology.sentries or any(
            source.settled(self._missing).heard(*hop.point) for source in course.sources)

    def _meter(self, packet: _Packet, found: Carried) -> None:
        capacity = self._topology.capacity_of(packet.node)
        if capacity:
            way = OUTWARD if packet.interface in capacity.outward else INWARD
            found.add((capacity.shared, way), packet.share)
