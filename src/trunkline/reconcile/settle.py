"""Whether what was applied is observed: sessions between our own speakers must be Established. Pure.

A session to a customer never counts: a router of the customer that is down is not our failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trunkline.intent.bgp import Router, SessionState, SessionStatus
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile.draft import INNER
from trunkline.intent.scope import ScopeKind

#: Scopes that answer for their inner sessions. A VNet's router speaks to gateways, and those answer for it.
_ANSWERABLE = frozenset({ScopeKind.LEG, ScopeKind.GATEWAY})


def to_watch(blueprint: Blueprint) -> tuple[Router, ...]:
    """Routers with sessions that must come up before the scope is settled."""
    if blueprint.scope.kind not in _ANSWERABLE:
        return ()
    return tuple(r for r in blueprint.routers if not r.down and any(s.group in INNER for s in r.sessions))


def waiting_for(watched: Mapping[Router, tuple[SessionStatus, ...]]) -> str:
    """What is still missing, in a user's words; empty when settled."""
    return "; ".join(_missing(watched))


def _missing(watched: Mapping[Router, tuple[SessionStatus, ...]]) -> Iterator[str]:
    for router, statuses in watched.items():
        states = {status.name: status for status in statuses}
        for session in router.sessions:
            status = states.get(session.name)
            if session.group in INNER and session.enabled and not (
                    status and status.state is SessionState.ESTABLISHED):
                yield f"BGP session {session.name} of {router.node} ({status.state if status else 'no answer'})"
