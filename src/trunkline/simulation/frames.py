"""Where a frame ends up: through links, tunnels, bridges and cross-connects, with its tags. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trunkline.intent.network import (
    ANY_TAG,
    CrossConnect,
    Interface,
    Link,
    Node,
    Outage,
    Piece,
    Role,
    Tag,
    Tunnel,
)
from trunkline.simulation.world import interfaces

#: Node and interface.
Point = tuple[str, str]
Tags = tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Wires:
    """``far``: where a frame arrives that leaves a point. ``crossings``: entries by ingress and tags. ``governed``:
    points whose frames only a cross-connect takes. ``bridged``: ports of the same bridge. ``outages``: by node."""

    far: Mapping[Point, Point]
    crossings: Mapping[tuple[Point, Tags], CrossConnect]
    governed: frozenset[Point]
    bridged: Mapping[Point, tuple[Point, ...]]
    outages: Mapping[str, tuple[Outage, ...]]

    def loses(self, point: Point, tags: Tags, *, leaving: bool) -> bool:
        """Whether a frame vanishes as it comes in, or is about to leave."""
        return any(outage.interface in ("", point[1]) and outage.vid in (ANY_TAG, *(tag.vid for tag in tags[:1]))
                   and (outage.leaving if leaving else outage.coming) for outage in self.outages.get(point[0], ()))


def wires(pieces: Iterable[Piece]) -> Wires:
    known = tuple(pieces)
    entries = [piece for piece in known if isinstance(piece, CrossConnect)]
    ports = [one for piece in known for one in interfaces(piece) if one.bridged]
    outages = [piece for piece in known if isinstance(piece, Outage)]
    return Wires(
        far=dict(_ends(known)),
        crossings={((entry.node, entry.ingress), entry.match): entry for entry in entries},
        governed=frozenset((entry.node, entry.ingress) for entry in entries),
        bridged={_point(port): tuple(_point(one) for one in ports if one.node == port.node) for port in ports},
        outages={node: tuple(one for one in outages if one.node == node) for node in {one.node for one in outages}})


def reached(laid: Wires, start: Point) -> frozenset[Point]:
    """Every interface at which an untagged frame arrives untagged that is sent out of ``start``."""
    found: set[Point] = set()
    seen: set[tuple[Point, Tags]] = set()
    leaving: list[tuple[Point, Tags]] = [(start, ())]
    while leaving:
        frame = leaving.pop()
        if frame in seen or frame[0] not in laid.far or laid.loses(*frame, leaving=True):
            continue
        seen.add(frame)
        arrival, tags = laid.far[frame[0]], frame[1]
        if laid.loses(arrival, tags, leaving=False):
            continue
        if arrival in laid.governed:
            leaving += _crossed(laid, arrival, tags)
        elif arrival in laid.bridged:
            leaving += [(port, tags) for port in laid.bridged[arrival] if port != arrival]
        elif not tags:
            found.add(arrival)
    return frozenset(found)


def _crossed(laid: Wires, arrival: Point, tags: Tags) -> list[tuple[Point, Tags]]:
    """Where a cross-connect sends a frame on; nowhere when none has exactly its tags."""
    entry = laid.crossings.get((arrival, tags))
    return [((entry.node, entry.egress), entry.push)] if entry else []


def _point(interface: Interface) -> Point:
    return interface.node, interface.name


def _ends(pieces: tuple[Piece, ...]) -> Iterator[tuple[Point, Point]]:
    for piece in pieces:
        if isinstance(piece, Link) and piece.a.up and piece.b.up:
            yield _point(piece.a), _point(piece.b)
            yield _point(piece.b), _point(piece.a)
    tunnels = {(piece.vni, piece.local, piece.remote): piece for piece in pieces if isinstance(piece, Tunnel)}
    joined = _backbone(pieces) if tunnels else {}
    for one in tunnels.values():
        other = tunnels.get((one.vni, one.remote, one.local))
        if other and other.underlay in joined.get(one.underlay, frozenset()):
            yield _point(one.end), _point(other.end)


def _backbone(pieces: tuple[Piece, ...]) -> dict[str, frozenset[str]]:
    """The core nodes that each core node reaches over links between cores that do not fail, not even one way."""
    failing = {(piece.node, piece.interface) for piece in pieces if isinstance(piece, Outage) and piece.vid == ANY_TAG}
    cores = {piece.name for piece in pieces
             if isinstance(piece, Node) and piece.role is Role.CORE and (piece.name, "") not in failing}
    islands = {core: {core} for core in cores}
    for piece in pieces:
        if isinstance(piece, Link) and piece.a.node in cores and piece.b.node in cores and not failing & {
                _point(piece.a), _point(piece.b)}:
            merged = islands[piece.a.node] | islands[piece.b.node]
            for core in merged:
                islands[core] = merged
    return {core: frozenset(island) for core, island in islands.items()}
