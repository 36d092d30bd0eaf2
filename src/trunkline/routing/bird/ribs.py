"""The Adj-RIB-In of one session in BIRD: what the peer has told, what of it was let in, and why the rest was not.

BIRD keeps the routes that it filtered, as the filter left them. What a session's peer said before any filter is kept as
well (``import table``) where ``keeps_all``: at route servers, and where validity is asked, so that a new VRP judges all
routes again without asking the peer for them. It takes a second entry for each route. Elsewhere the routes are those of
after the policy, and what its rules set (local preference, MED, communities, path) shows in them.
"""

from __future__ import annotations

from dataclasses import replace

from trunkline.errors import DriverFailure, Unsupported
from trunkline.intent.bgp import RibEntry, Router, Session
from trunkline.model.bgp import family_of
from trunkline.routing.bird import control
from trunkline.routing.bird.parse import parse_routes
from trunkline.routing.bird.render import keeps_all, protocol_of
from trunkline.routing.files import NodeFiles

_USUAL_LOCAL_PREF = 100
_RELOAD = {"in": "reload in", "out": "reload out", "both": "reload"}
_RELOADING = 15


def received(files: NodeFiles, router: Router, session: Session) -> tuple[RibEntry, ...]:
    """After the import policy, refused routes with their reason."""
    table, name = f"master{family_of(session.peer_address)}", protocol_of(session)
    accepted = control.ask(files, f"show route table {table} protocol '{name}' all")
    refused = control.ask(files, f"show route filtered table {table} protocol '{name}' all")
    return (*parse_routes(accepted, router.sessions), *parse_routes(refused, router.sessions, refused=True))


def heard(files: NodeFiles, router: Router, session: Session) -> tuple[RibEntry, ...]:
    """Before the import policy."""
    known = received(files, router, session)
    if not keeps_all(router, session):
        return tuple(_unjudged(entry, session) for entry in known)
    validity = {entry.prefix: entry.validity for entry in known}
    channel = f"'{protocol_of(session)}'.ipv{family_of(session.peer_address)}"
    lines = control.ask(files, f"show route import table {channel} all")
    return tuple(replace(entry, best=False, validity=validity.get(entry.prefix))
                 for entry in parse_routes(lines, router.sessions))


def _unjudged(entry: RibEntry, session: Session) -> RibEntry:
    """From another AS no local preference comes (RFC 4271, 5.1.5); what the import policy writes are not the peer's
    words."""
    external = session.local_asn != session.peer_asn
    ours = {one for rule in session.import_policy.rules for one in rule.add_communities}
    return replace(entry, best=False, refusal=None, local_pref=_USUAL_LOCAL_PREF if external else entry.local_pref,
                   communities=tuple(one for one in entry.communities if one not in ours))


def refresh(files: NodeFiles, session: Session, direction: str) -> None:
    """Ask the peer for its routes again, or judge what is kept; tell ours again. No session is closed for it."""
    last = control.ask(files, f"{_RELOAD[direction]} '{protocol_of(session)}'")[0]
    if last.code != _RELOADING:
        raise (Unsupported if "reload" in last.text else DriverFailure)(
            f"session {session.name} cannot be refreshed ({last.text}); its peer must be up and know route refresh "
            "(RFC 2918)")
