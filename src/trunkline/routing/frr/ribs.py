"""The Adj-RIB-In of one session in FRR: what the peer has told, what of it was let in, and why the rest was not.

bgpd keeps what it was told (``soft-reconfiguration inbound``) but not why it refused: the reason is what the policy,
evaluated, says of the route. Where that needs communities, of which bgpd tells nothing for a refused route, it is the
first rule that denies by a community and else would match. A path with a wrong first AS is gone before bgpd keeps it.
"""

from __future__ import annotations

from dataclasses import replace

from trunkline.intent.bgp import Action, Refusal, RibEntry, Router, Rule, Session, evaluate
from trunkline.model.bgp import family_of
from trunkline.routing.files import NodeFiles
from trunkline.routing.frr.parse import parse_adj_rib, parse_detail, parse_routes
from trunkline.routing.frr.render import ORIGINS
from trunkline.routing.frr.vty import Json, Vty, ask_json

#: Each prefix in full is a question of its own, for so many; beyond, communities are not told.
_MOST_DETAILED = 1000


def received(files: NodeFiles, router: Router, session: Session) -> tuple[RibEntry, ...]:
    """After the import policy, refused routes with their reason."""
    known = accepted(files, router, session)
    inside = {entry.prefix for entry in known}
    return (*known, *(refused_of(entry, session) for entry in heard(files, session) if entry.prefix not in inside))


def accepted(files: NodeFiles, router: Router, session: Session) -> tuple[RibEntry, ...]:
    table = ask_json(files, "bgpd", about(session, "routes"))
    return tuple(entry for entry in detailed(files, router, family_of(session.peer_address), table)
                 if entry.session == session.name)


def heard(files: NodeFiles, session: Session) -> tuple[RibEntry, ...]:
    """Before the import policy: bgpd shows it as a route map leaves it, and this one leaves all as it is."""
    table = ask_json(files, "bgpd", about(session, f"received-routes route-map {ORIGINS}"))
    return tuple(replace(entry, local_pref=100) if session.local_asn != session.peer_asn else entry
                 for entry in parse_adj_rib(table, session))


def detailed(files: NodeFiles, router: Router, family: int, table: Json) -> tuple[RibEntry, ...]:
    """All paths to the prefixes of a table, communities included."""
    prefixes = list(table.get("routes", {}))
    if len(prefixes) > _MOST_DETAILED:
        return parse_routes(table, router.sessions)
    with Vty(files, "bgpd") as vty:
        vty.ask("enable")
        answers = [vty.ask_json(f"show bgp ipv{family} unicast {prefix}") for prefix in prefixes]
    return tuple(entry for answer in answers if answer for entry in parse_detail(answer, router.sessions))


def refused_of(entry: RibEntry, session: Session) -> RibEntry:
    verdict = evaluate.received(session, entry)
    return replace(entry, refusal=verdict.refusal or _by_community(entry, session))


def _by_community(entry: RibEntry, session: Session) -> Refusal:
    rules = (rule for rule in session.import_policy.rules if rule.action is Action.DENY and rule.communities)
    found = next((rule for rule in rules if evaluate.matches(_without_communities(rule), entry, session.group,
                                                   session.peer_address)), None)
    return found.refusal if found else Refusal.NO_RULE


def _without_communities(rule: Rule) -> Rule:
    return replace(rule, communities=())


def about(session: Session, what: str) -> str:
    return f"show bgp ipv{family_of(session.peer_address)} unicast neighbors {session.peer_address} {what}"


def refresh(files: NodeFiles, session: Session, direction: str) -> None:
    """Judge what is kept anew; tell ours again. No session is closed for it."""
    how = {"in": "soft in", "out": "soft out", "both": "soft"}[direction]
    with Vty(files, "bgpd") as vty:
        vty.ask("enable")
        vty.ask(f"clear bgp ipv{family_of(session.peer_address)} unicast {session.peer_address} {how}")
