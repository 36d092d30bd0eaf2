"""Where a frame arrives that leaves an interface: through links, tunnels, bridges and cross-connects, with its tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trunkline.intent.connectivity import needs
from trunkline.intent.connectivity.needs import Need
from trunkline.intent.network import CrossConnect, Interface, Link, Piece, Tag, Tunnel

#: Node and interface.
Point = tuple[str, str]
#: Node and name of a policer.
Meter = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Arrival:
    """``needs``: what it takes to get there, the node at the end included. ``meters``: policers on the way."""

    point: Point
    needs: frozenset[Need]
    meters: tuple[Meter, ...] = ()


@dataclass(frozen=True, slots=True)
class _Frame:
    """About to leave ``point``."""

    point: Point
    tags: tuple[Tag, ...]
    needs: frozenset[Need]
    meters: tuple[Meter, ...]


class Wiring:
    def __init__(self, pieces: Iterable[Piece]) -> None:
        known = tuple(pieces)
        self._far = dict(_ends(known))
        self._crossings: dict[tuple[Point, tuple[Tag, ...]], CrossConnect] = {}
        self._governed: set[Point] = set()
        self._bridges: dict[str, list[Point]] = {}
        for piece in known:
            if isinstance(piece, CrossConnect):
                self._crossings[(piece.node, piece.ingress), piece.match] = piece
                self._governed.add((piece.node, piece.ingress))
            for one in _interfaces(piece):
                if one.bridged:
                    self._bridges.setdefault(one.node, []).append((one.node, one.name))

    def arrivals(self, start: Point) -> tuple[Arrival, ...]:
        """Of an untagged frame that leaves ``start``, at each interface where it arrives untagged."""
        found: list[Arrival] = []
        seen: set[tuple[Point, tuple[Tag, ...]]] = set()
        leaving = [_Frame(start, (), frozenset({needs.node(start[0])}), ())]
        while leaving:
            frame = leaving.pop()
            if frame.point not in self._far or (frame.point, frame.tags) in seen:
                continue
            seen.add((frame.point, frame.tags))
            arrival, way = self._far[frame.point]
            taken = frame.needs | way | {needs.node(arrival[0])}
            if arrival in self._governed:
                leaving += self._crossed(arrival, frame, taken)
            elif bridge := self._bridge(arrival):
                leaving += [_Frame(port, frame.tags, taken, frame.meters) for port in bridge if port != arrival]
            elif not frame.tags:
                found.append(Arrival(arrival, taken, frame.meters))
        return tuple(found)

    def _bridge(self, arrival: Point) -> tuple[Point, ...]:
        ports = self._bridges.get(arrival[0], ())
        return tuple(ports) if arrival in ports else ()

    def _crossed(self, arrival: Point, frame: _Frame, taken: frozenset[Need]) -> list[_Frame]:
        entry = self._crossings.get((arrival, frame.tags))
        if entry is None:
            return []
        meters = (*frame.meters, (entry.node, entry.policer)) if entry.policer else frame.meters
        return [_Frame((entry.node, entry.egress), entry.push, taken | {needs.attachment(entry.attachment)}, meters)]


def _interfaces(piece: Piece) -> tuple[Interface, ...]:
    return (piece.a, piece.b) if isinstance(piece, Link) else ()


def _ends(pieces: tuple[Piece, ...]) -> Iterator[tuple[Point, tuple[Point, frozenset[Need]]]]:
    """Each point with the one at the other end, and what lies between."""
    for piece in pieces:
        if isinstance(piece, Link) and piece.a.up and piece.b.up:
            a, b = ((end.node, end.name) for end in (piece.a, piece.b))
            yield a, (b, frozenset())
            yield b, (a, frozenset())
    tunnels = {(piece.vni, piece.local, piece.remote): piece for piece in pieces if isinstance(piece, Tunnel)}
    for one in tunnels.values():
        if other := tunnels.get((one.vni, one.remote, one.local)):
            yield (one.end.node, one.end.name), ((other.end.node, other.end.name),
                                                 frozenset({needs.way(one.underlay, other.underlay)}))
