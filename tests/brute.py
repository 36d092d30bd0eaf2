"""The slow way to the same answer: take away pieces and routers, let the simulation's BGP converge anew, and follow
packets hop by hop. Shares nothing with the model but the policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trunkline.intent.bgp import Router, Session
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.network import (
    MAIN,
    CrossConnect,
    Interface,
    Link,
    Piece,
    Route,
    RouteKind,
    Sentry,
    nodes_of,
)
from trunkline.model.bgp import bare, network, within
from trunkline.simulation.bgp import Outcome, converge
from trunkline.simulation.frames import Point, reached, wires
from trunkline.simulation.world import World


@dataclass(frozen=True, slots=True)
class Gone:
    """What is taken away: nodes, attachments, links between two nodes."""

    nodes: frozenset[str] = frozenset()
    attachments: frozenset[str] = frozenset()
    links: frozenset[frozenset[str]] = frozenset()

    def spares(self, piece: Piece) -> bool:
        if nodes_of(piece) & self.nodes:
            return False
        if isinstance(piece, CrossConnect):
            return piece.attachment not in self.attachments
        return not (isinstance(piece, Link) and frozenset((piece.a.node, piece.b.node)) in self.links)


class Brute:
    def __init__(self, blueprints: Iterable[Blueprint], gone: Gone) -> None:
        known = tuple(blueprints)
        pieces = [piece for one in known for piece in one.pieces if gone.spares(piece)]
        self._world, self._laid = World(pieces), wires(pieces)
        self._routers = {router.node: router for one in known for router in one.routers
                         if router.node in self._world.nodes and not router.down}
        self._outcome: Outcome = converge(self._routers.values(), self._hears)
        self._pieces = pieces
        self.nodes = frozenset(self._world.nodes)

    def _hears(self, node: str, mine: Session, far: str, theirs: Session) -> bool:
        return (far, theirs.interface) in reached(self._laid, (node, mine.interface))

    def share(self, starts: Iterable[str], goals: frozenset[str], address: str, source: str) -> float:
        """Of flows from ``source`` that are spread evenly, how many arrive."""
        alive = [node for node in starts if node in self.nodes]
        return sum(self._onward(node, goals, address, source, 24) for node in alive) / len(alive) if alive else 0.0

    def _onward(self, node: str, goals: frozenset[str], address: str, source: str, most: int) -> float:
        if node in goals:
            return 1.0
        points = self._next(node, address) if most else []
        return sum(self._onward(far, goals, address, source, most - 1) for far, interface in points
                   if self._lets_in(far, interface, source)) / len(points) if points else 0.0

    def _next(self, node: str, address: str) -> list[Point]:
        table = self._outcome.paths.get(node, {})
        learned = max((prefix for prefix in table if within(address, prefix)), key=_length, default="")
        static = max((one for one in self._pieces if isinstance(one, Route) and one.node == node and one.table == MAIN
                      and within(address, one.prefix)), key=lambda one: _length(one.prefix), default=None)
        if static and (not learned or _length(static.prefix) >= _length(learned)):
            hops = static.next_hops if static.kind is RouteKind.UNICAST else ()
        elif learned:
            best = table[learned][0]
            equal = [path for path in table[learned] if path.preference == best.preference]
            hops = tuple(dict.fromkeys(path.entry.next_hop for path in equal))
        else:
            return []
        return list(dict.fromkeys(point for hop in hops for point in self._towards(node, hop)))

    def _towards(self, node: str, hop: str) -> list[Point]:
        for interface in self._world.interfaces.get(node, {}).values():
            if any(_is_there(hop, own.local, own.peer) for own in interface.addresses):
                return [point for point in reached(self._laid, (node, interface.name))
                        if hop in self._addresses(point)]
        return []

    def _addresses(self, point: Point) -> set[str]:
        found: Interface | None = self._world.interface(*point)
        return {bare(own.local) for own in found.addresses} if found else set()

    def _lets_in(self, node: str, interface: str, source: str) -> bool:
        guarded = any(isinstance(one, Sentry) and (one.node, one.interface) == (node, interface)
                      for one in self._pieces)
        router: Router | None = self._routers.get(node)
        over = {session.name for session in router.sessions if session.interface == interface} if router else set()
        return not guarded or any(path.entry.session in over
                                  for prefix, paths in self._outcome.paths.get(node, {}).items()
                                  if within(source, prefix) for path in paths)


def _length(prefix: str) -> int:
    return network(prefix).prefixlen


def _is_there(address: str, local: str, peer: str) -> bool:
    return address == peer if peer else address != bare(local) and within(address, local)
