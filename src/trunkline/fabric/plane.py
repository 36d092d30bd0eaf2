"""LinuxPlane: the protocol ``Plane``, each kind of piece in its own module."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from functools import partial

from trunkline.errors import DriverFailure, TrunklineError, Unsupported
from trunkline.fabric import link, namespace, neighbor, node, port, route, sweep, tunnel, xconnect
from trunkline.fabric.netlink import KernelRefusal
from trunkline.fabric.visit import Visit
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    PIECE_ORDER,
    CrossConnect,
    Direction,
    Key,
    Link,
    Neighbor,
    Node,
    Piece,
    Port,
    PortCounters,
    Route,
    Tunnel,
)
from trunkline.settings import Places

#: What the kernel, or a missing file, can throw at a piece.
_REFUSALS = (TrunklineError, OSError)


class LinuxPlane:
    """Keeps nothing between calls: what exists is always read from the kernel."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def observe(self, pieces: Sequence[Piece]) -> frozenset[Key]:
        with Visit(self._places) as visit:
            return frozenset(piece.key for piece in pieces if _observed(visit, piece))

    def apply(self, change: Change) -> None:
        failures: list[tuple[Key, Exception]] = []
        kept = frozenset((p.node, p.attachment, p.direction) for p in change.ensure if isinstance(p, CrossConnect))
        doomed = frozenset(piece.name for piece in change.remove if isinstance(piece, Node))
        with Visit(self._places) as visit:
            for piece in reversed(_ordered(change.remove)):
                if not _goes_with_its_node(piece, doomed):
                    _attempt(failures, piece, partial(_remove, visit, piece, kept))
            for piece in _ordered(change.ensure):
                _attempt(failures, piece, partial(_ensure, visit, piece))
        if failures:
            raise _summary(failures)

    def nodes(self) -> frozenset[str]:
        prefix = self._places.namespace_prefix
        return frozenset(name.removeprefix(prefix) for name in namespace.names(prefix) if namespace.exists(name))

    def counters(self, node: str) -> PortCounters:
        return xconnect.read_counters(self._places, node)

    def neighbors(self, node: str) -> tuple[Neighbor, ...]:
        with Visit(self._places) as visit:
            return neighbor.read(visit.channel(node))

    def sweep(self) -> tuple[str, ...]:
        with Visit(self._places) as visit:
            return sweep.sweep(visit)


def _ordered(pieces: Sequence[Piece]) -> list[Piece]:
    return sorted(pieces, key=lambda piece: PIECE_ORDER.index(type(piece)))


def _goes_with_its_node(piece: Piece, doomed: frozenset[str]) -> bool:
    """Not so where the other half lives elsewhere (a link to another node, a tunnel's socket, a borrowed port): the
    kernel ends a namespace when it finds time."""
    match piece:
        case Route() | CrossConnect():
            return piece.node in doomed
        case Link():
            return {piece.a.node, piece.b.node} <= doomed
    return False


def _attempt(failures: list[tuple[Key, Exception]], piece: Piece, act: Callable[[], None]) -> None:
    try:
        act()
    except _REFUSALS as failure:
        failures.append((piece.key, failure))


def _summary(failures: list[tuple[Key, Exception]]) -> TrunklineError:
    kind = Unsupported if all(_is_lacking(failure) for _, failure in failures) else DriverFailure
    return kind("; ".join(f"{what} {name}: {failure}" for (what, name), failure in failures))


def _is_lacking(failure: Exception) -> bool:
    """EOPNOTSUPP is how the kernel says that it was built without a kind of device."""
    return isinstance(failure, Unsupported) or (
        isinstance(failure, KernelRefusal) and failure.number == errno.EOPNOTSUPP
    )


def _observed(visit: Visit, piece: Piece) -> bool:
    """What cannot be read does not exist as described; making it so will tell why."""
    try:
        return _is_settled(visit, piece)
    except _REFUSALS:
        return False


def _is_settled(visit: Visit, piece: Piece) -> bool:
    match piece:
        case Node():
            return node.is_settled(visit, piece)
        case Link():
            return link.is_settled(visit, piece)
        case Port():
            return port.is_settled(visit, piece)
        case Tunnel():
            return tunnel.is_settled(visit, piece)
        case Route():
            return route.is_settled(visit, piece)
        case CrossConnect():
            return xconnect.is_settled(visit, piece)


def _ensure(visit: Visit, piece: Piece) -> None:
    match piece:
        case Node():
            node.ensure(visit, piece)
        case Link():
            link.ensure(visit, piece)
        case Port():
            port.ensure(visit, piece)
        case Tunnel():
            tunnel.ensure(visit, piece)
        case Route():
            route.ensure(visit, piece)
        case CrossConnect():
            xconnect.ensure(visit, piece)


def _remove(visit: Visit, piece: Piece, kept: frozenset[tuple[str, str, Direction]]) -> None:
    match piece:
        case Node():
            node.remove(visit, piece)
        case Link():
            link.remove(visit, piece)
        case Port():
            port.remove(visit, piece)
        case Tunnel():
            tunnel.remove(visit, piece)
        case Route():
            route.remove(visit, piece)
        case CrossConnect():
            keep = (piece.node, piece.attachment, piece.direction) in kept
            xconnect.remove(visit, piece, keep_counter=keep)
