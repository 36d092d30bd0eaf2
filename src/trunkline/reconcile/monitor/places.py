"""Where sessions with strangers end, told from blueprints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.diagnosis.evidence import Place
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.draft import INNER
from trunkline.intent.compile.plant import TO_EDGE
from trunkline.intent.network import CrossConnect, Direction, Sentry
from trunkline.intent.scope import ScopeKind
from trunkline.reconcile.monitor.authority import Seat

#: Scopes whose routers speak with others than our own.
WATCHED = frozenset({ScopeKind.LEG, ScopeKind.HUB, ScopeKind.EXCHANGE})


def places(blueprint: Blueprint, owner: str, members: Mapping[str, Seat]) -> Iterator[Place]:
    """``owner``: id of the scope's resource, as it is spelt. ``members``: of an exchange, by the address from which
    each speaks; its sessions are a place of their own."""
    if blueprint.scope.kind is ScopeKind.EXCHANGE:
        yield from _of_members(blueprint, members)
        return
    sentries = {piece.node: (piece.edge, piece.attachment) for piece in blueprint.pieces if isinstance(piece, Sentry)}
    ports = {piece.attachment: (piece.node, piece.ingress) for piece in blueprint.pieces
             if isinstance(piece, CrossConnect) and piece.direction is Direction.IN and piece.egress == TO_EDGE}
    for router in blueprint.routers:
        strangers = tuple(session for session in router.sessions if session.group not in INNER)
        sentry = sentries.get(router.node, ("", ""))
        if strangers and not router.down:
            yield Place(router, owner, blueprint.scope.leg, strangers, sentry, ports.get(sentry[1], ("", "")))


def _of_members(blueprint: Blueprint, members: Mapping[str, Seat]) -> Iterator[Place]:
    """A port is looked at once, with the first route server."""
    for number, router in enumerate(blueprint.routers):
        for seat in dict.fromkeys(members.values()):
            own = tuple(one for one in router.sessions if members.get(one.peer_address) == seat)
            if own:
                yield Place(router, seat.owner, sessions=own, seat=("", "") if number else (seat.node, seat.port))
