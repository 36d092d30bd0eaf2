"""Which sessions come up, and what each router then knows: BGP as a function of routers and wires. Pure.

Routes are carried over the sessions round by round until nothing changes (RFC 4271, section 9, without timers). The
best path: own before learned, higher local preference, shorter AS path, external before internal, then the session's
name, so that the answer is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from trunkline.intent.bgp import LOCAL, RibEntry, Router, Session
from trunkline.simulation.policy import decided

#: Paths by node and prefix, best first.
Ribs = Mapping[str, Mapping[str, tuple["Path", ...]]]
#: Node and session name.
End = tuple[str, str]
Carries = Callable[[str, Session, str, Session], bool]
_ROUNDS = 100  #: policies can be written so that BGP never settles


@dataclass(frozen=True, slots=True)
class Path:
    """A path with what decides between paths: its session's group and whether it came from inside the AS."""

    entry: RibEntry
    group: str
    internal: bool = False

    @property
    def rank(self) -> tuple[bool, int, int, bool, str]:
        """The smallest is best."""
        own = self.group != LOCAL
        return (own, -self.entry.local_pref, len(self.entry.as_path), self.internal, self.entry.session)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``peers``: the other end of each established session. ``sent`` and ``received`` are by the session's end.
    ``overrun``: ends that were sent more than their limit."""

    peers: Mapping[End, End]
    sent: Mapping[End, tuple[RibEntry, ...]]
    received: Mapping[End, int]
    paths: Ribs
    overrun: frozenset[End] = frozenset()


def converge(routers: Iterable[Router], carries: Carries) -> Outcome:
    running = {router.node: router for router in routers}
    peers = _meet(running, carries)
    overrun: set[End] = set()
    while True:
        outcome = _settled(running, peers)
        beyond = {end for end in peers if _beyond(_session(running, end), outcome.received[end])}
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
        if _agree(mine, theirs) and carries(node, mine, far, theirs)}


def _agree(mine: Session, theirs: Session) -> bool:
    keys = [session.password.get_secret_value() if session.password else "" for session in (mine, theirs)]
    return (mine.local_asn, mine.peer_asn, mine.ttl_security, keys[0]) == (
        theirs.peer_asn, theirs.local_asn, theirs.ttl_security, keys[1])


def _session(running: Mapping[str, Router], end: End) -> Session:
    return next(session for session in running[end[0]].sessions if session.name == end[1])


def _settled(running: Mapping[str, Router], peers: Mapping[End, End]) -> Outcome:
    sessions = {end: _session(running, end) for end in peers}
    accepted: dict[End, tuple[Path, ...]] = dict.fromkeys(peers, ())
    for _ in range(_ROUNDS):
        paths = _ribs(running, accepted)
        sent = {end: _export(sessions[end], paths[end[0]]) for end in peers}
        heard = {end: _import(sessions[end], sent[far]) for end, far in peers.items()}
        if heard == accepted:
            break
        accepted = heard
    return Outcome(peers, sent, {end: len(sent[far]) for end, far in peers.items()}, paths)


def _ribs(running: Mapping[str, Router], accepted: Mapping[End, tuple[Path, ...]]) -> Ribs:
    gathered: dict[str, dict[str, list[Path]]] = {node: {} for node in running}
    for node, router in running.items():
        for origin in router.origins:
            own = Path(RibEntry(origin.prefix, origin.next_hop, LOCAL), LOCAL)
            gathered[node].setdefault(origin.prefix, []).append(own)
    for (node, _), paths in accepted.items():
        for path in paths:
            gathered[node].setdefault(path.entry.prefix, []).append(path)
    return {node: {prefix: tuple(sorted(paths, key=lambda path: path.rank)) for prefix, paths in table.items()}
            for node, table in gathered.items()}


def _export(session: Session, table: Mapping[str, tuple[Path, ...]]) -> tuple[RibEntry, ...]:
    """The best path of each prefix, or every one, as sent: never back where it came from, and from inside to inside
    only to a client of our reflection."""
    external = session.local_asn != session.peer_asn
    sent = []
    for path in (path for paths in table.values() for path in (paths if session.every_path else paths[:1])):
        if path.entry.session == session.name or (path.internal and not external and not session.reflects):
            continue
        entry = decided(session.export_policy, path.entry, path.group)
        if entry:
            sent.append(_as_sent(session, entry, external))
    return tuple(sent)


def _as_sent(session: Session, entry: RibEntry, external: bool) -> RibEntry:
    own_hop = external or session.next_hop_self or not entry.next_hop
    return replace(
        entry, session=session.name, best=True, local_pref=100 if external else entry.local_pref,
        as_path=(session.local_asn, *entry.as_path) if external else entry.as_path,
        next_hop=session.local_address if own_hop else entry.next_hop)


def _import(session: Session, sent: Iterable[RibEntry]) -> tuple[Path, ...]:
    external = session.local_asn != session.peer_asn
    accepted = []
    for offered in sent:
        looped = session.local_asn in offered.as_path
        wrong_first = external and session.enforce_first_as and offered.as_path[:1] != (session.peer_asn,)
        entry = None if looped or wrong_first else decided(session.import_policy, offered, session.group)
        if entry:
            accepted.append(Path(replace(entry, session=session.name, best=False), session.group, not external))
    return tuple(accepted)
