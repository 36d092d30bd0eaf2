"""LinuxPlane: the protocol ``Plane``, each kind of piece in its own module."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from trunkline.errors import Degraded, DriverFailure, TrunklineError, Unsupported
from trunkline.fabric import (
    cache,
    capacity,
    filters,
    guard,
    hygiene,
    impair,
    line,
    link,
    lookup,
    macsec,
    meter,
    namespace,
    neighbor,
    node,
    outage,
    port,
    responder,
    rewriting,
    route,
    sweep,
    tap,
    tcp,
    tunnel,
    xconnect,
)
from trunkline.fabric.gauge import LinuxGauge
from trunkline.fabric.netlink import KernelRefusal
from trunkline.fabric.visit import Visit
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    PIECE_ORDER,
    Cache,
    Capacity,
    CapacityCounters,
    Counter,
    CrossConnect,
    Direction,
    Filter,
    Harm,
    Hygiene,
    Impairment,
    KernelRoute,
    Key,
    Line,
    Link,
    Lookup,
    Neighbor,
    Node,
    Outage,
    Piece,
    Policer,
    Port,
    PortCounters,
    Responder,
    Rewriting,
    Route,
    Secured,
    Sentry,
    Tap,
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
        entries = [piece for piece in change.ensure if isinstance(piece, CrossConnect)]
        kept = frozenset((p.node, p.attachment, p.direction) for p in entries)
        late = _late(change.remove, entries)
        doomed = frozenset(piece.name for piece in change.remove if isinstance(piece, Node))
        with Visit(self._places) as visit:
            going = [piece for piece in reversed(_ordered(change.remove)) if not _goes_with_its_node(piece, doomed)]
            for piece in (each for each in going if each.key not in late):
                _attempt(failures, piece, partial(_remove, visit, piece, kept))
            for piece in _ordered(change.ensure):
                _attempt(failures, piece, partial(_WAYS[type(piece)].ensure, visit, piece))
            for piece in (each for each in going if each.key in late):
                _attempt(failures, piece, partial(_remove, visit, piece, kept))
        if failures:
            raise _summary(failures)

    def nodes(self) -> frozenset[str]:
        prefix = self._places.namespace_prefix
        return frozenset(name.removeprefix(prefix) for name in namespace.existing(namespace.names(prefix)))

    def existing(self, nodes: Collection[str]) -> frozenset[str]:
        prefix = self._places.namespace_prefix
        return frozenset(name.removeprefix(prefix) for name in namespace.existing(prefix + node for node in nodes))

    def counters(self, node: str) -> PortCounters:
        """What sentries refused was passed by the cross-connect before; so they are read first."""
        refused = guard.read_counters(self._places, node)
        return meter.read(self._places, node).before(refused)

    def neighbors(self, node: str) -> tuple[Neighbor, ...]:
        with Visit(self._places) as visit:
            return neighbor.read(visit.channel(node))

    def routes(self, node: str) -> tuple[KernelRoute, ...]:
        with Visit(self._places) as visit:
            return route.read_all(visit.channel(node))

    def lines(self, node: str) -> tuple[Line, ...]:
        with Visit(self._places) as visit:
            return line.read(visit, node)

    def filtered(self, node: str) -> dict[str, Counter]:
        with Visit(self._places) as visit:
            return filters.read_counters(visit, node)

    def kept_out(self, node: str) -> dict[str, dict[str, Counter]]:
        with Visit(self._places) as visit:
            return hygiene.read_counters(visit, node) if visit.has(node) else {}

    def capacity(self, shared: str) -> CapacityCounters:
        return capacity.read(self._places, shared)

    def refused(self, node: str) -> dict[str, int]:
        with Visit(self._places) as visit:
            if not visit.has(node):
                return {}
            with namespace.entered(visit.descriptor(node)):
                return tcp.read()

    def impaired(self, pieces: Sequence[Impairment]) -> dict[Key, Harm]:
        with Visit(self._places) as visit:
            return {piece.key: impair.read(visit, piece) for piece in pieces}

    def vanished(self, pieces: Sequence[Outage]) -> dict[Key, int]:
        with Visit(self._places) as visit:
            return {piece.key: outage.read(visit, piece) for piece in pieces}

    def gauge(self) -> LinuxGauge:
        return LinuxGauge(self._places)

    def sweep(self) -> tuple[str, ...]:
        with Visit(self._places) as visit:
            return sweep.sweep(visit)


def _ordered(pieces: Sequence[Piece]) -> list[Piece]:
    """Tags are taken in before anybody sends them."""
    return sorted(pieces, key=lambda piece: (PIECE_ORDER.index(type(piece)),
                                             isinstance(piece, CrossConnect) and not piece.match))


def _late(going: Sequence[Piece], coming: Sequence[CrossConnect]) -> frozenset[Key]:
    """What goes after others have come: entries of old tags, until nobody sends them any more; and policers, once no
    entry names them."""
    relaid = frozenset(map(_way, coming))
    return frozenset(piece.key for piece in going if isinstance(piece, Policer) or (
        isinstance(piece, CrossConnect) and _way(piece) in relaid)) - {piece.key for piece in coming}


def _way(piece: CrossConnect) -> tuple[str, str, str, Direction]:
    return piece.node, piece.ingress, piece.attachment, piece.direction


def _goes_with_its_node(piece: Piece, doomed: frozenset[str]) -> bool:
    """Not so where the other half lives elsewhere (a link to another node, a tunnel's socket, a borrowed port): the
    kernel ends a namespace when it finds time."""
    match piece:
        case (Filter() | Rewriting() | Hygiene() | Route() | Lookup() | Policer() | CrossConnect()
              | Impairment() | Outage()):
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
    """Unsupported or Degraded only if all of it is."""
    kind: type[TrunklineError] = DriverFailure
    if all(_is_lacking(failure) for _, failure in failures):
        kind = Unsupported
    elif all(isinstance(failure, Degraded) for _, failure in failures):
        kind = Degraded
    return kind("; ".join(f"{what} {name}: {failure}" for (what, name), failure in failures))


def _is_lacking(failure: Exception) -> bool:
    """EOPNOTSUPP is how the kernel says that it was built without a kind of device."""
    return isinstance(failure, Unsupported) or (
        isinstance(failure, KernelRefusal) and failure.number == errno.EOPNOTSUPP
    )


def _observed(visit: Visit, piece: Piece) -> bool:
    """What cannot be read does not exist as described; making it so will tell why."""
    try:
        return _WAYS[type(piece)].is_settled(visit, piece)
    except _REFUSALS:
        return False


@dataclass(frozen=True, slots=True)
class _Ways:
    """How one kind of piece is looked at, made and removed; each takes only pieces of its kind."""

    is_settled: Callable[[Visit, Any], bool]
    ensure: Callable[[Visit, Any], None]
    remove: Callable[[Visit, Any], None]


_WAYS: dict[type[Piece], _Ways] = {
    Node: _Ways(node.is_settled, node.ensure, node.remove),
    Filter: _Ways(filters.is_settled, filters.ensure, filters.remove),
    Link: _Ways(link.is_settled, link.ensure, link.remove),
    Port: _Ways(port.is_settled, port.ensure, port.remove),
    Tap: _Ways(tap.is_settled, tap.ensure, tap.remove),
    Hygiene: _Ways(hygiene.is_settled, hygiene.ensure, hygiene.remove),
    Secured: _Ways(macsec.is_settled, macsec.ensure, macsec.remove),
    Tunnel: _Ways(tunnel.is_settled, tunnel.ensure, tunnel.remove),
    Route: _Ways(route.is_settled, route.ensure, route.remove),
    Lookup: _Ways(lookup.is_settled, lookup.ensure, lookup.remove),
    Sentry: _Ways(guard.is_settled, guard.ensure, guard.remove),
    Policer: _Ways(xconnect.is_policing, xconnect.ensure_policer, xconnect.remove_policer),
    CrossConnect: _Ways(xconnect.is_settled, xconnect.ensure, xconnect.remove),
    Capacity: _Ways(capacity.is_settled, capacity.ensure, capacity.remove),
    Impairment: _Ways(impair.is_settled, impair.ensure, impair.remove),
    Outage: _Ways(outage.is_settled, outage.ensure, outage.remove),
    Cache: _Ways(cache.is_settled, cache.ensure, cache.remove),
    Rewriting: _Ways(rewriting.is_settled, rewriting.ensure, rewriting.remove),
    Responder: _Ways(responder.is_settled, responder.ensure, responder.remove),
}


def _remove(visit: Visit, piece: Piece, kept: frozenset[tuple[str, str, Direction]]) -> None:
    if isinstance(piece, CrossConnect):
        keep = (piece.node, piece.attachment, piece.direction) in kept
        xconnect.remove(visit, piece, keep_counter=keep)
    else:
        _WAYS[type(piece)].remove(visit, piece)
