"""Whether what was applied is observed: sessions between our own speakers must be Established. Pure.

A session to a customer never counts: a router of the customer that is down is not our failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from trunkline.intent.bgp import Router, SessionState, SessionStatus
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.draft import INNER, TRANSIT
from trunkline.intent.scope import ScopeKind

#: The groups of sessions that a scope answers for. A VNet's router speaks to gateways and Route Servers, and those
#: answer for it; for sessions between two VNets both do.
_ANSWERS_FOR = {ScopeKind.LEG: INNER, ScopeKind.GATEWAY: INNER, ScopeKind.HUB: INNER,
                ScopeKind.VNET: frozenset({TRANSIT})}


def to_watch(blueprint: Blueprint) -> tuple[Router, ...]:
    """Routers with the sessions that must come up before the scope is settled, and no others."""
    groups = _ANSWERS_FOR.get(blueprint.scope.kind, frozenset())
    watched = ((router, tuple(s for s in router.sessions if s.group in groups))
               for router in blueprint.routers if not router.down)
    return tuple(replace(router, sessions=sessions) for router, sessions in watched if sessions)


def waiting_for(watched: Mapping[Router, tuple[SessionStatus, ...]]) -> str:
    """What is still missing, in a user's words; empty when settled."""
    return "; ".join(_missing(watched))


def _missing(watched: Mapping[Router, tuple[SessionStatus, ...]]) -> Iterator[str]:
    for router, statuses in watched.items():
        states = {status.name: status for status in statuses}
        for session in router.sessions:
            status = states.get(session.name)
            if session.enabled and not (
                    status and status.state is SessionState.ESTABLISHED):
                yield f"BGP session {session.name} of {router.node} ({status.state if status else 'no answer'})"
