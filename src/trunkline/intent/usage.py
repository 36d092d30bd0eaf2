"""Which nodes and interfaces an estate needs: what is in use of the plant, and what stands in regions."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.compile import compile
from trunkline.intent.estate import Estate
from trunkline.intent.network import Link, Node, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile


def in_use(estate: Estate, profile: Profile) -> Iterator[tuple[str, str]]:
    """Node and interface, or a node and nothing: of networks, gateways, circuits and all that they stand on, as it is
    found, each once or more."""
    roots = [Scope(kind, resource.id.key) for kind, word in ((ScopeKind.VNET, VNET), (ScopeKind.GATEWAY, GATEWAY))
             for resource in estate.list(word)]
    roots += [Scope(ScopeKind.LEG, circuit.id.key, leg) for circuit in estate.list(CIRCUIT) for leg in Leg]
    seen: set[Scope] = set()
    for scope in roots:
        yield from _standing(scope, estate, profile, seen)


def _standing(scope: Scope, estate: Estate, profile: Profile, seen: set[Scope]) -> Iterator[tuple[str, str]]:
    if scope in seen:
        return
    seen.add(scope)
    blueprint = compile(scope, estate, profile)
    for piece in blueprint.pieces:
        match piece:
            case Node():
                yield piece.name, ""
            case Link():
                yield from ((end.node, end.name) for end in (piece.a, piece.b))
            case Tunnel():
                yield piece.end.node, piece.end.name
    for required in blueprint.requires:
        yield from _standing(required, estate, profile, seen)
