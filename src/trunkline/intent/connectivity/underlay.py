"""Backbone routers and the links between them: OSPF finds a way as long as there is one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from trunkline.intent.connectivity import needs
from trunkline.intent.connectivity.needs import Kind, Need
from trunkline.intent.network import Link, Node, Piece, Role


class Underlay:
    """``ways``: pairs of routers between which tunnels lead, as needs name them."""

    def __init__(self, pieces: Iterable[Piece], ways: Iterable[str]) -> None:
        known = tuple(pieces)
        cores = {piece.name for piece in known if isinstance(piece, Node) and piece.role is Role.CORE}
        self.links = frozenset(
            (piece.a.node, piece.b.node) for piece in known
            if isinstance(piece, Link) and piece.a.node in cores and piece.b.node in cores)
        self._beside: dict[str, set[str]] = {core: set() for core in cores}
        for one, other in self.links:
            self._beside[one].add(other)
            self._beside[other].add(one)
        self._ways: tuple[tuple[str, str], ...] = tuple(
            (one, other) for one, _, other in (name.partition(" ") for name in ways))

    def touches(self, taken: Iterable[Need]) -> bool:
        return any(kind is Kind.LINK or name in self._beside for kind, name in taken)

    def broken(self, taken: Collection[Need]) -> frozenset[Need]:
        """The ways that are gone with what is taken away."""
        gone = {name for kind, name in taken if kind is Kind.NODE}
        cut = {name for kind, name in taken if kind is Kind.LINK}
        island = self._islands(gone, cut)
        return frozenset(needs.way(one, other) for one, other in self._ways
                         if one in gone or other in gone or island.get(one, one) != island.get(other, other))

    def _islands(self, gone: Collection[str], cut: Collection[str]) -> dict[str, str]:
        """Each router that is left, with a name for all that reach each other."""
        found: dict[str, str] = {}
        for start in self._beside:
            if start in gone or start in found:
                continue
            found[start], front = start, [start]
            while front:
                here = front.pop()
                for there in self._beside[here]:
                    if there not in found and there not in gone and needs.link(here, there)[1] not in cut:
                        found[there] = start
                        front.append(there)
        return found
