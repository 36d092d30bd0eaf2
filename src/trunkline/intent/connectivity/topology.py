"""Nodes with their addresses and static routes: which node is behind a next hop, and what it takes to get there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from trunkline.intent.connectivity import needs
from trunkline.intent.connectivity.needs import Numbering
from trunkline.intent.connectivity.wiring import Meter, Point, Wiring
from trunkline.intent.network import (
    MAIN,
    Address,
    Capacity,
    CrossConnect,
    Interface,
    Link,
    Lookup,
    Node,
    Piece,
    Policer,
    Role,
    Route,
    RouteKind,
    Sentry,
    Tunnel,
)
from trunkline.model.bgp import bare, host_prefix, network, within


@dataclass(frozen=True, slots=True)
class Hop:
    """The next node and the interface at which one comes in there. ``need``: bits of all that it takes."""

    point: Point
    need: int
    meters: tuple[Meter, ...] = ()


@dataclass(frozen=True, slots=True)
class Static:
    """The best static or connected route to an address. ``length``: of its prefix; -1 for none."""

    length: int = -1
    hops: tuple[Hop, ...] = ()


@dataclass(slots=True)
class _Index:
    nodes: dict[str, Node] = field(default_factory=dict)
    interfaces: dict[str, dict[str, Interface]] = field(default_factory=dict)
    statics: dict[str, list[Route]] = field(default_factory=dict)
    linked: dict[str, set[str]] = field(default_factory=dict)
    sentries: set[Point] = field(default_factory=set)
    capacities: dict[str, Capacity] = field(default_factory=dict)
    policers: dict[Meter, int] = field(default_factory=dict)
    steered: set[str] = field(default_factory=set)
    tagged: dict[tuple[str, str, int], set[str]] = field(default_factory=dict)

    def add(self, piece: Piece) -> None:
        match piece:
            case Node():
                self.nodes[piece.name] = piece
            case Link():
                for end, far in ((piece.a, piece.b), (piece.b, piece.a)):
                    self.interfaces.setdefault(end.node, {})[end.name] = end
                    self.linked.setdefault(end.node, set()).add(far.node)
            case Tunnel():
                self.interfaces.setdefault(piece.end.node, {})[piece.end.name] = piece.end
            case Route() if piece.table == MAIN:
                self.statics.setdefault(piece.node, []).append(piece)
            case _:
                self._add_bound(piece)

    def _add_bound(self, piece: Piece) -> None:
        match piece:
            case Capacity():
                self.capacities[piece.node] = piece
            case Policer():
                self.policers[piece.node, piece.name] = piece.bandwidth_bps
            case Sentry():
                self.sentries.add((piece.node, piece.interface))
            case Lookup():
                self.steered.add(piece.node)
            case CrossConnect():
                self._add_tags(piece)

    def _add_tags(self, entry: CrossConnect) -> None:
        for interface, tags in ((entry.ingress, entry.match), (entry.egress, entry.push)):
            if tags:
                self.tagged.setdefault((entry.node, interface, tags[0].vid), set()).add(entry.attachment)


class Topology:
    """``steered``: nodes whose routing depends on more than the destination (route tables of subnets)."""

    def __init__(self, pieces: Iterable[Piece], numbering: Numbering) -> None:
        known, self._index, self._numbering = tuple(pieces), _Index(), numbering
        for piece in known:
            self._index.add(piece)
        self._wiring = Wiring(known)
        self.arrivals = cache(self._wiring.arrivals)
        self.towards, self.static = cache(self._towards), cache(self._static)
        self.steered, self.sentries = self._index.steered, self._index.sentries

    @property
    def nodes(self) -> dict[str, Node]:
        return self._index.nodes

    def interface(self, point: Point) -> Interface | None:
        return self._index.interfaces.get(point[0], {}).get(point[1])

    def capacity_of(self, node: str) -> Capacity | None:
        """What bounds all that passes a node."""
        return self._index.capacities.get(node)

    def bandwidth_bps(self, meter: Meter) -> int:
        """Of a policer, or of a gateway in one direction."""
        policed = self._index.policers.get(meter)
        return self._index.capacities[meter[0]].bandwidth_bps if policed is None else policed

    def attachments(self, node: str, interface: str, vid: int) -> frozenset[str]:
        """Those whose frames cross an interface with this outer tag."""
        return frozenset(self._index.tagged.get((node, interface, vid), ()))

    def _towards(self, node: str, address: str) -> tuple[Hop, ...]:
        """The node that has an address, if it is behind a link, or behind a router that a static route names."""
        for interface in self._index.interfaces.get(node, {}).values():
            if any(_on_link(address, own) for own in interface.addresses):
                return tuple(self._arriving((node, interface.name), address))
        route = self._longest(node, address)
        return tuple(hop for next_hop in route.next_hops if next_hop != address
                     for hop in self.towards(node, next_hop)) if route else ()

    def _arriving(self, start: Point, address: str) -> Iterator[Hop]:
        for arrival in self.arrivals(start):
            there = self.interface(arrival.point)
            if there and any(bare(own.local) == address for own in there.addresses):
                yield Hop(arrival.point, self._numbering.mask(arrival.needs), arrival.meters)

    def _static(self, node: str, address: str) -> Static:
        """Connected routes count as static; either goes before what BGP has learned with the same length."""
        route = self._longest(node, address)
        found = Static(network(route.prefix).prefixlen, self.towards(node, address) if route.kind is RouteKind.UNICAST
                       else ()) if route else Static()
        for interface in self._index.interfaces.get(node, {}).values():
            for own in interface.addresses:
                length = network(host_prefix(own.peer) if own.peer else own.local).prefixlen
                if length > found.length and _on_link(address, own):
                    found = Static(length, tuple(self._arriving((node, interface.name), address)))
        return found

    def _longest(self, node: str, address: str) -> Route | None:
        covering = [one for one in self._index.statics.get(node, ()) if within(address, one.prefix)]
        return max(covering, key=lambda one: network(one.prefix).prefixlen, default=None)

    def between(self, start: str, address: str) -> tuple[str, ...]:
        """The nodes from ``start`` to the one with an address, over routers of virtual networks alone; empty if there
        is no way."""
        came: dict[str, str] = {start: ""}
        front = [start]
        while front:
            here = front.pop(0)
            if here != start and self._has(here, address):
                return tuple(_back(came, here))
            if here == start or self.nodes[here].role is Role.ROUTER:
                beyond = [far for far in sorted(self._index.linked.get(here, ())) if far in self.nodes]
                fresh = [far for far in beyond if far not in came]
                came |= dict.fromkeys(fresh, here)
                front += fresh
        return ()

    def _has(self, node: str, address: str) -> bool:
        return any(bare(own.local) == address for one in self._index.interfaces.get(node, {}).values()
                   for own in one.addresses)

    def alive(self, node: str) -> int:
        """The bit of a node."""
        return self._numbering.mask([needs.node(node)])


def _back(came: dict[str, str], end: str) -> Iterator[str]:
    while end:
        yield end
        end = came[end]


def _on_link(address: str, own: Address) -> bool:
    if own.peer:
        return own.peer == address
    return bare(own.local) != address and within(address, own.local)
