"""SimulatedPlane: the protocol ``Plane`` over a dictionary."""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterator, Sequence
from threading import RLock

from trunkline.errors import DriverFailure, TrunklineError, Unsupported
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    PIECE_ORDER,
    Address,
    CapacityCounters,
    Counter,
    CrossConnect,
    Filter,
    Harm,
    Impairment,
    Interface,
    KernelRoute,
    Key,
    Line,
    Link,
    Neighbor,
    Node,
    Outage,
    Piece,
    PortCounters,
    Route,
    Secured,
    Wire,
    nodes_of,
)
from trunkline.simulation.frames import Point, Wires, reached, wires
from trunkline.simulation.rules import objection, on_link
from trunkline.simulation.world import World, nearest


class SimulatedGauge:
    """Of a link that loses a part of its frames, every so many echoes are lost."""

    def __init__(self, plane: SimulatedPlane) -> None:
        self._plane = plane
        self._owed: dict[Wire, float] = {}

    def beat(self, wires: Sequence[Wire]) -> dict[Wire, tuple[float | None, ...]]:
        return {wire: (self._echo(wire),) for wire in wires}

    def _echo(self, wire: Wire) -> float | None:
        owed = self._owed.get(wire, 0.0) + self._plane.lossy(wire)
        self._owed[wire] = owed - int(owed)
        return None if owed >= 1 else 0.0001

    def close(self) -> None:
        """Nothing was opened."""


class SimulatedPlane:
    """``generation`` grows with every change, so that others know when to look again."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._world = World()
        self._births: Tally[str] = Tally()
        self._faults: dict[Key, str] = {}
        self._laid: tuple[int, Wires] | None = None
        self.generation = 0

    def observe(self, pieces: Sequence[Piece]) -> frozenset[Key]:
        with self._lock:
            return frozenset(piece.key for piece in pieces if self._world.pieces.get(piece.key) == piece)

    def apply(self, change: Change) -> None:
        with self._lock:
            failures = [
                *self._each(reversed(_ordered(change.remove)), self._remove),
                *self._each(iter(_ordered(change.ensure)), self._ensure)]
        if failures:
            kind = Unsupported if all(isinstance(failure, Unsupported) for _, failure in failures) else DriverFailure
            raise kind("; ".join(f"{what} {name}: {failure}" for (what, name), failure in failures))

    def nodes(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._world.nodes)

    def existing(self, nodes: Collection[str]) -> frozenset[str]:
        return self.nodes().intersection(nodes)

    def counters(self, node: str) -> PortCounters:
        """No frame is sent here, so all counters are zero."""
        with self._lock:
            pieces = (self._world.pieces[key] for key in self._world.keys_at(node))
            entries = [piece for piece in pieces if isinstance(piece, CrossConnect)]
            return PortCounters({(entry.attachment, entry.direction): Counter() for entry in entries})

    def neighbors(self, node: str) -> tuple[Neighbor, ...]:
        with self._lock:
            return tuple(self._neighbors(node))

    def routes(self, node: str) -> tuple[KernelRoute, ...]:
        with self._lock:
            pieces = [self._world.pieces[key] for key in sorted(self._world.keys_at(node))]
            return tuple(_kernel_route(piece) for piece in pieces if isinstance(piece, Route) and piece.node == node)

    def lines(self, node: str) -> tuple[Line, ...]:
        """An interface carries if both ends of its link are up; one whose other end is not ours, if it is up itself."""
        with self._lock:
            return tuple(Line(one.name, one.up, self._carrying(one))
                         for one in self._world.interfaces.get(node, {}).values())

    def _carrying(self, one: Interface) -> bool:
        pieces = (self._world.pieces[key] for key in self._world.keys_at(one.node))
        ends = [end for piece in pieces if isinstance(piece, Link) and one in (piece.a, piece.b)
                for end in (piece.a, piece.b)]
        return one.up and all(end.up for end in ends)

    def filtered(self, node: str) -> dict[str, Counter]:
        """No packet is sent here, so all counters are zero."""
        with self._lock:
            pieces = (self._world.pieces[key] for key in self._world.keys_at(node))
            lists = [one for piece in pieces if isinstance(piece, Filter) for one in piece.lists]
            return {rule.counter: Counter() for one in lists for rule in one.rules}

    def kept_out(self, _node: str) -> dict[str, dict[str, Counter]]:
        """No packet is sent here."""
        return {}

    def capacity(self, _shared: str) -> CapacityCounters:
        """No packet is sent here."""
        return CapacityCounters()

    def refused(self, _node: str) -> dict[str, int]:
        """No segment is sent here."""
        return {}

    def impaired(self, pieces: Sequence[Impairment]) -> dict[Key, Harm]:
        """No frame is sent here, so nothing happens to any."""
        return {piece.key: Harm() for piece in pieces}

    def vanished(self, pieces: Sequence[Outage]) -> dict[Key, int]:
        """No frame is sent here, so none vanishes."""
        return {piece.key: 0 for piece in pieces}

    def gauge(self) -> SimulatedGauge:
        return SimulatedGauge(self)

    def lossy(self, wire: Wire) -> float:
        """The part of echoes over a link that is lost, there or back."""
        with self._lock:
            ends = {(wire.node, wire.interface), self._wires().far.get((wire.node, wire.interface))}
            rates = [piece.loss_ppm / 1e6 for piece in self._world.pieces.values()
                     if isinstance(piece, Impairment) and (piece.node, piece.interface) in ends]
            return max(rates, default=0.0) if len(ends - {None}) == 2 else 1.0

    def sweep(self) -> tuple[str, ...]:
        with self._lock:
            swept = tuple(sorted(f"{kind} {name}" for kind, name in self._world.pieces))
            self._world = World()
            self.generation += 1
        return swept

    def fail_next(self, key: Key, reason: str = "injected") -> None:
        """The next attempt to make or remove this piece fails."""
        with self._lock:
            self._faults[key] = reason

    def carries(self, a_node: str, a_interface: str, b_node: str, b_interface: str) -> bool:
        """Whether untagged frames pass between two interfaces, both ways."""
        a, b = (a_node, a_interface), (b_node, b_interface)
        with self._lock:
            return b in reached(self._wires(), a) and a in reached(self._wires(), b)

    def reaches(self, node: str, address: str) -> str:
        """The nearest node with this address beyond any number of routers of virtual networks; empty if there is none.
        Where routes would lead is taken for granted."""
        with self._lock:
            return nearest(self._world, node, address)

    def addresses(self, node: str, interface: str) -> tuple[Address, ...]:
        with self._lock:
            found = self._world.interface(node, interface)
        return found.addresses if found else ()

    def interface_towards(self, node: str, peer: str) -> str:
        """The interface at whose other end an address is; empty without one."""
        with self._lock:
            found = self._world.interfaces.get(node, {}).values()
            return next((one.name for one in found if any(address.peer == peer for address in one.addresses)), "")

    def birth(self, node: str) -> int:
        """Which of the nodes of this name that ever were exists now; zero for none."""
        with self._lock:
            return self._births[node] if node in self._world.nodes else 0

    def _each(self, pieces: Iterator[Piece], act: Callable[[Piece], None]) -> list[tuple[Key, TrunklineError]]:
        """What failed of what was tried; one failure does not stop the others."""
        failures: list[tuple[Key, TrunklineError]] = []
        for piece in pieces:
            try:
                if reason := self._faults.pop(piece.key, ""):
                    raise DriverFailure(reason)
                act(piece)
            except TrunklineError as failure:
                failures.append((piece.key, failure))
        return failures

    def _ensure(self, piece: Piece) -> None:
        """Make, or mend in place: what leaned on the old one and cannot lean on the new one falls."""
        old = self._world.pieces.get(piece.key)
        if old == piece:
            return
        if old:
            self._world.discard(old)
        if isinstance(piece, Secured):
            raise Unsupported("MACsec is not built in this version of Trunkline; the link stays down")
        if reason := objection(piece, self._world):
            if old:
                self._world.add(old)
            raise DriverFailure(reason)
        if isinstance(piece, Node) and not old:
            self._births[piece.name] += 1
        self._world.add(piece)
        self._changed(nodes_of(piece) | nodes_of(old) if old else frozenset())  # what is new makes nothing fall

    def _remove(self, piece: Piece) -> None:
        old = self._world.pieces.get(piece.key)
        if old:
            self._world.discard(old)
            self._changed(nodes_of(old))

    def _changed(self, nodes: frozenset[str]) -> None:
        """Drop what no longer stands in these nodes, and what then falls elsewhere."""
        self.generation += 1
        shaken = set(nodes)
        while shaken:
            for key in self._world.keys_at(shaken.pop()):
                piece = self._world.pieces[key]
                self._world.discard(piece)
                if objection(piece, self._world):
                    shaken |= nodes_of(piece)
                else:
                    self._world.add(piece)

    def _wires(self) -> Wires:
        if self._laid is None or self._laid[0] != self.generation:
            self._laid = (self.generation, wires(self._world.pieces.values()))
        return self._laid[1]

    def _neighbors(self, node: str) -> Iterator[Neighbor]:
        """Own addresses, and those of every interface that answers on the same link."""
        for one in self._world.interfaces.get(node, {}).values():
            yield from (Neighbor(_bare(own), _mac(one), one.name, "PERMANENT", 0) for own in one.addresses)
            for point in sorted(reached(self._wires(), (node, one.name))):
                yield from self._answers(one, point)

    def _answers(self, asking: Interface, point: Point) -> Iterator[Neighbor]:
        other = self._world.interface(*point)
        if other is None or not self.carries(asking.node, asking.name, *point):
            return
        for theirs in other.addresses:
            if any(on_link(_bare(theirs), own) for own in asking.addresses):
                yield Neighbor(_bare(theirs), _mac(other), asking.name, "REACHABLE", 0)


def _ordered(pieces: Sequence[Piece]) -> list[Piece]:
    return sorted(pieces, key=lambda piece: PIECE_ORDER.index(type(piece)))


def _kernel_route(route: Route) -> KernelRoute:
    hops = tuple((hop, route.interface) for hop in route.next_hops) or ((("", route.interface),) if route.interface
                                                                       else ())
    return KernelRoute(route.prefix, route.table, route.kind.value, "static", hops)


def _bare(address: Address) -> str:
    return address.local.partition("/")[0]


def _mac(interface: Interface) -> str:
    """The interface's own, or one that is always the same for it (locally administered)."""
    digest = hashlib.blake2b(f"{interface.node}:{interface.name}".encode(), digest_size=5).hexdigest()
    return interface.mac or ":".join(["02", *(digest[at:at + 2] for at in range(0, 10, 2))])
