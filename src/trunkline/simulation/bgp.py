"""Which sessions come up, and what each router then knows: BGP as a function of routers and wires. Pure.

Routes are carried over the sessions round by round until nothing changes (RFC 4271, section 9, without timers), as
``intent.bgp.propagation`` has it for one session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from trunkline.intent.bgp import LOCAL, RibEntry, Router, Session, Validity
from trunkline.intent.bgp.propagation import Path, agree, imported, offered
from trunkline.model.bgp import family_of, within

#: Paths by node and prefix, best first.
Ribs = Mapping[str, Mapping[str, tuple[Path, ...]]]
#: Node and session name.
End = tuple[str, str]
Carries = Callable[[str, Session, str, Session], bool]
_ROUNDS = 100  #: policies can be written so that BGP never settles


@dataclass(frozen=True, slots=True)
class Outcome:
    """``peers``: the other end of each established session. ``sent`` and ``received`` are by the session's end.
    ``overrun``: ends that were sent more than their limit."""

    peers: Mapping[End, End]
    sent: Mapping[End, tuple[RibEntry, ...]]
    received: Mapping[End, tuple[RibEntry, ...]]
    paths: Ribs
    overrun: frozenset[End] = frozenset()


def expanded(routers: Iterable[Router], towards: Callable[[str, str], str]) -> tuple[Router, ...]:
    """A session for each peer of a range that wants one. ``towards``: over which interface of a node an address is."""
    known = tuple(routers)
    askers: dict[str, list[str]] = {}
    for router in known:
        for session in router.sessions:
            if session.enabled and not session.peer_range:
                askers.setdefault(session.peer_address, []).append(session.local_address)
    return tuple(replace(router, sessions=tuple(
        one for session in router.sessions for one in _each_peer(router.node, session, askers, towards)))
        for router in known)


def _each_peer(node: str, session: Session, askers: Mapping[str, list[str]],
               towards: Callable[[str, str], str]) -> Iterable[Session]:
    if not session.peer_range:
        return (session,)
    peers = [peer for peer in askers.get(session.local_address, ()) if within(peer, session.peer_range)]
    return [replace(session, name=f"{session.name}.{number}", peer_address=peer, peer_range="",
                    interface=towards(node, peer)) for number, peer in enumerate(sorted(peers), 1)]


def converge(routers: Iterable[Router], carries: Carries) -> Outcome:
    running = {router.node: router for router in routers}
    peers = _meet(running, carries)
    overrun: set[End] = set()
    while True:
        outcome = _settled(running, peers)
        beyond = {end for end in peers if _beyond(_session(running, end), len(outcome.received[end]))}
        if not beyond:
            return replace(outcome, overrun=frozenset(overrun))
        overrun |= beyond
        peers = {one: other for one, other in peers.items() if one not in beyond and other not in beyond}


def _beyond(session: Session, received: int) -> bool:
    return session.prefix_limit is not None and received > session.prefix_limit


def _meet(running: Mapping[str, Router], carries: Carries) -> dict[End, End]:
    """Pairs of sessions that agree on everything and hear each other; overlapping addresses are told apart by the
    wires alone."""
    waiting: dict[tuple[str, str], list[tuple[str, Session]]] = {}
    for node, router in running.items():
        for session in router.sessions:
            if session.enabled:
                waiting.setdefault((session.local_address, session.peer_address), []).append((node, session))
    return {
        (node, mine.name): (far, theirs.name)
        for (local, peer), ends in waiting.items() for node, mine in ends
        for far, theirs in waiting.get((peer, local), ())
        if agree(mine, theirs) and carries(node, mine, far, theirs)}


def _session(running: Mapping[str, Router], end: End) -> Session:
    return next(session for session in running[end[0]].sessions if session.name == end[1])


def _settled(running: Mapping[str, Router], peers: Mapping[End, End]) -> Outcome:
    sessions = {end: _session(running, end) for end in peers}
    accepted: dict[End, tuple[Path, ...]] = dict.fromkeys(peers, ())
    for _ in range(_ROUNDS):
        paths = _ribs(running, accepted)
        sent = {end: tuple(_unknown(running[far[0]], _export(sessions[end], paths[end[0]])))
                for end, far in peers.items()}
        heard = {end: imported(sessions[end], sent[far]) for end, far in peers.items()}
        if heard == accepted:
            break
        accepted = heard
    return Outcome(peers, sent, {end: sent[far] for end, far in peers.items()}, paths)


def _ribs(running: Mapping[str, Router], accepted: Mapping[End, tuple[Path, ...]]) -> Ribs:
    gathered: dict[str, dict[str, list[Path]]] = {node: {} for node in running}
    for node, router in running.items():
        for origin in router.origins:
            own = Path(RibEntry(
                origin.prefix, origin.next_hop, LOCAL, communities=origin.communities), LOCAL)
            gathered[node].setdefault(origin.prefix, []).append(own)
    for (node, _), paths in accepted.items():
        for path in paths:
            gathered[node].setdefault(path.entry.prefix, []).append(path)
    return {node: {prefix: tuple(sorted(paths, key=lambda path: path.rank)) for prefix, paths in table.items()}
            for node, table in gathered.items()}


def _export(session: Session, table: Mapping[str, tuple[Path, ...]]) -> tuple[RibEntry, ...]:
    """The best path of each prefix of the session's family, or every one, as sent; to a route server's client the best
    that is for it."""
    family = family_of(session.peer_address)
    spoken = (paths for prefix, paths in table.items() if family_of(prefix) == family)
    sent = []
    for paths in spoken:
        looked_at = paths if session.every_path or session.route_server else paths[:1]
        told = [entry for path in looked_at if (entry := offered(session, path))]
        sent += told[:1] if session.route_server else told
    return tuple(sent)


def _unknown(receiver: Router, told: Iterable[RibEntry]) -> Iterable[RibEntry]:
    """Caches here have data and no VRP in them: to who asks them no origin is known."""
    validity = Validity.NOT_FOUND if receiver.validation else None
    return (replace(entry, validity=validity) for entry in told)
