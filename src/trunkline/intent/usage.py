"""Which nodes and interfaces an estate needs: what is in use of the plant, and what stands in regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.estate import Estate
from trunkline.intent.network import Link, Node, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.intent.wan import WAN_GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile

#: Node and interface, or a node and nothing.
Place = tuple[str, str]

_STANDING = {VNET: ScopeKind.VNET, GATEWAY: ScopeKind.GATEWAY, WAN_GATEWAY: ScopeKind.GATEWAY}


def in_use(estate: Estate, profile: Profile) -> Iterator[Place]:
    """Of networks, gateways, circuits and all that they stand on, as it is found, each once or more."""
    roots = [Scope(kind, resource.id.key) for word, kind in _STANDING.items() for resource in estate.list(word)]
    roots += [Scope(ScopeKind.LEG, circuit.id.key, leg) for circuit in estate.list(CIRCUIT) for leg in Leg]
    seen: set[Scope] = set()
    for scope in roots:
        for blueprint in standing(scope, lambda one: compile(one, estate, profile), seen):
            yield from places(blueprint)


def standing(scope: Scope, compiled: Callable[[Scope], Blueprint], seen: set[Scope]) -> Iterator[Blueprint]:
    """Of a scope and of all that it requires, without those ``seen`` before."""
    if scope not in seen:
        seen.add(scope)
        blueprint = compiled(scope)
        yield blueprint
        for required in blueprint.requires:
            yield from standing(required, compiled, seen)


def places(blueprint: Blueprint) -> Iterator[Place]:
    for piece in blueprint.pieces:
        match piece:
            case Node():
                yield piece.name, ""
            case Link():
                yield from ((end.node, end.name) for end in (piece.a, piece.b))
            case Tunnel():
                yield piece.end.node, piece.end.name
