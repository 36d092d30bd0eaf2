"""A blueprint: all that one scope needs in the network, a value to be printed, compared, stored and realised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import TypeAdapter

from trunkline.intent.bgp import Router
from trunkline.intent.network import PIECE_ORDER, Key, Node, Piece, nodes_of
from trunkline.intent.scope import Scope
from trunkline.model.resource import Json


@dataclass(frozen=True, slots=True)
class Blueprint:
    """``requires``: scopes that must be realised first, and live as long as anybody requires them."""

    scope: Scope
    pieces: tuple[Piece, ...] = ()
    routers: tuple[Router, ...] = ()
    requires: tuple[Scope, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pieces or self.routers or self.requires)

    @property
    def keys(self) -> frozenset[Key]:
        return frozenset(item.key for item in (*self.pieces, *self.routers))

    @property
    def nodes(self) -> frozenset[str]:
        """Names of the nodes that are its own."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Node))

    @property
    def leans_on(self) -> frozenset[str]:
        """Names of the nodes on which it has something: its own, and others' to which it links."""
        return frozenset(node for piece in self.pieces for node in nodes_of(piece))

    @property
    def digest(self) -> str:
        """Sixteen hex digits; equal for equal content. Secrets do not enter."""
        text = json.dumps(to_json(self), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


_ADAPTERS = {kind.__name__: TypeAdapter(kind) for kind in PIECE_ORDER}
_ROUTER = TypeAdapter(Router)


def in_order(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Pieces in the order of creation, then by key: the same input gives the same bytes."""
    return tuple(sorted(pieces, key=lambda piece: (PIECE_ORDER.index(type(piece)), piece.key)))


def to_json(blueprint: Blueprint) -> Json:
    """JSON without secrets: what is stored and printed."""
    return {
        "scope": str(blueprint.scope),
        "pieces": [{"piece": type(p).__name__, **_ADAPTERS[type(p).__name__].dump_python(p, mode="json")}
                   for p in blueprint.pieces],
        "routers": [_ROUTER.dump_python(router, mode="json") for router in blueprint.routers],
        "requires": [str(scope) for scope in blueprint.requires],
    }


@dataclass(frozen=True, slots=True)
class Outline:
    """Names of a stored blueprint's own nodes, and of those among all nodes in which a daemon runs."""

    nodes: frozenset[str]
    routers: frozenset[str]


def outline(data: Json) -> Outline:
    """What is needed of thousands of stored blueprints at once; reading one whole takes a hundred times as long."""
    return Outline(
        frozenset(piece["name"] for piece in data["pieces"] if piece["piece"] == Node.__name__),
        frozenset(router["node"] for router in data["routers"] if not router["down"]))


def from_json(data: Json) -> Blueprint:
    """The stored blueprint; secrets come back as asterisks, so it serves to remove and to compare keys."""
    return Blueprint(
        scope=Scope.parse(data["scope"]),
        pieces=tuple(_ADAPTERS[p["piece"]].validate_python({k: v for k, v in p.items() if k != "piece"})
                     for p in data["pieces"]),
        routers=tuple(_ROUTER.validate_python(router) for router in data["routers"]),
        requires=tuple(Scope.parse(text) for text in data["requires"]),
    )
