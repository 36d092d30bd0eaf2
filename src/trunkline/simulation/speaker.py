"""SimulatedSpeaker: the protocol ``Speaker`` over a dictionary of routers and a simulated plane's wires."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import RLock

from trunkline.errors import ConfigurationRejected, DriverFailure
from trunkline.intent.bgp import Adjacency, Remark, RibEntry, Router, Session, SessionState, SessionStatus, evaluate
from trunkline.intent.drivers import Direction
from trunkline.intent.network import Key
from trunkline.simulation.bgp import End, Outcome, converge, expanded
from trunkline.simulation.plane import SimulatedPlane

_CAPABILITIES = ("Multiprotocol", "Route refresh", "4-octet AS numbers")


@dataclass(frozen=True, slots=True)
class _Running:
    """A daemon and the node it was started in: it does not move to a later node of the same name."""

    router: Router
    birth: int


class SimulatedSpeaker:
    def __init__(self, plane: SimulatedPlane) -> None:
        self._plane = plane
        self._lock = RLock()
        self._running: dict[str, _Running] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._refusals: dict[str, str] = {}
        self._remarks: dict[str, list[Remark]] = {}
        self._established: dict[End, datetime] = {}
        self._ends: dict[End, Session] = {}
        self._changes = 0
        self._known: tuple[tuple[int, int], Outcome] | None = None

    def observe(self, routers: Sequence[Router]) -> frozenset[Key]:
        with self._lock:
            return frozenset(router.key for router in routers if self._is_as_wished(router))

    def running(self) -> frozenset[str]:
        with self._lock:
            return frozenset(router.node for router in self._at_home())

    def apply(self, router: Router) -> None:
        with self._lock:
            if self._is_as_wished(router):
                return
            if router.down:
                self.remove(router.node)
                return
            if reason := self._refusals.pop(router.node, ""):
                raise ConfigurationRejected(f"router {router.node}: {reason}")
            birth = self._plane.birth(router.node)
            if not birth:
                raise DriverFailure(f"node {router.node} does not exist")
            self._running[router.node] = _Running(router, birth)
            self._changes += 1

    def waiting(self) -> frozenset[str]:
        """Nothing has to wait here."""
        return frozenset()

    def remove(self, node: str) -> None:
        with self._lock:
            if self._running.pop(node, None):
                self._changes += 1

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        with self._lock:
            outcome = self._outcome()
            return tuple(self._status(outcome, router.node, session) for session in router.sessions)

    def glance(self, router: Router, sessions: Sequence[Session]) -> tuple[SessionStatus, ...]:
        return self.sessions(replace(router, sessions=tuple(sessions)))

    def adjacencies(self, router: Router) -> tuple[Adjacency, ...]:
        """Over links that carry to another one that speaks there."""
        with self._lock:
            speaking = [(one, end.name) for one in self._at_home() if one.igp for end in one.igp.interfaces]
            return tuple(
                Adjacency(mine, family, "Full", far.router_id, "Up")
                for here, mine in speaking if here.node == router.node
                for far, theirs in speaking if self._plane.carries(here.node, mine, far.node, theirs)
                for family in (4, 6))

    def routes(self, router: Router) -> tuple[RibEntry, ...]:
        with self._lock:
            table = self._outcome().paths.get(router.node, {})
        return tuple(replace(path.entry, best=place == 0)
                     for paths in table.values() for place, path in enumerate(paths))

    def advertised(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        with self._lock:
            return self._outcome().sent.get((router.node, session), ())

    def received(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        wanted = router.session(session)
        verdicts = (evaluate.received(wanted, entry) for entry in self.heard(router, session)) if wanted else ()
        return tuple(replace(verdict.entry, refusal=verdict.refusal) for verdict in verdicts)

    def heard(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        with self._lock:
            told = self._outcome().received.get((router.node, session), ())
        return tuple(replace(entry, session=session, best=False) for entry in told)

    def refresh(self, router: Router, session: str, direction: Direction) -> None:
        """Routes are always those of now."""

    def remarks(self, router: Router, since: int) -> tuple[int, tuple[Remark, ...]]:
        with self._lock:
            written = self._remarks.get(router.node, [])
            return len(written), () if since < 0 else tuple(written[since:])

    def remark(self, node: str, session: str, text: str) -> None:
        """The daemon of a node writes a line about a session."""
        with self._lock:
            self._remarks.setdefault(node, []).append(Remark(session, text))

    def hasten(self, nodes: Collection[str]) -> None:
        """Nothing here takes its time."""

    def watch(self, died: Callable[[str], None]) -> None:
        with self._lock:
            self._listeners.append(died)

    def sweep(self) -> tuple[str, ...]:
        with self._lock:
            nodes = tuple(sorted(self._running))
            for node in nodes:
                self.remove(node)
        return nodes

    def kill(self, node: str) -> None:
        """End the daemon of a node as a crash would; who watches is told."""
        with self._lock:
            self.remove(node)
            listeners = tuple(self._listeners)
        for died in listeners:
            died(node)

    def reject_next(self, node: str, reason: str = "injected") -> None:
        """The next new configuration of this node's router is refused."""
        with self._lock:
            self._refusals[node] = reason

    def _is_as_wished(self, router: Router) -> bool:
        found = self._running.get(router.node)
        if found is None or router.down:
            return router.down and found is None
        return found == _Running(router, self._plane.birth(router.node))

    def _outcome(self) -> Outcome:
        """Computed when asked for, and again only after routers or wires have changed."""
        version = (self._changes, self._plane.generation)
        if self._known is None or self._known[0] != version:
            routers = expanded(self._at_home(), self._plane.interface_towards)
            self._ends = {(router.node, one.name): one for router in routers for one in router.sessions}
            self._known = version, converge(routers, self._hear)
            now = datetime.now(UTC)
            self._established = {end: self._established.get(end, now) for end in self._known[1].peers}
        return self._known[1]

    def _at_home(self) -> Iterator[Router]:
        for node, running in self._running.items():
            if running.birth == self._plane.birth(node):
                yield running.router

    def _hear(self, node: str, mine: Session, far: str, theirs: Session) -> bool:
        if not mine.interface or not theirs.interface:
            return self._plane.reaches(node, theirs.local_address) == far and self._plane.reaches(
                far, mine.local_address) == node
        return (self._has(node, mine) and self._has(far, theirs)
                and self._plane.carries(node, mine.interface, far, theirs.interface))

    def _has(self, node: str, session: Session) -> bool:
        addresses = self._plane.addresses(node, session.interface)
        return session.local_address in {address.local.partition("/")[0] for address in addresses}

    def _status(self, outcome: Outcome, node: str, session: Session) -> SessionStatus:
        end = (node, session.name)
        if end not in outcome.peers:
            trying = session.enabled and node in self._running and end not in outcome.overrun
            return SessionStatus(
                session.name, SessionState.ACTIVE if trying else SessionState.IDLE, bfd="Down" if session.bfd else "",
                last_error="prefix limit exceeded" if end in outcome.overrun else "")
        peer = outcome.peers[end]
        far = self._running[peer[0]].router
        theirs = self._ends[peer]
        hold_time_s = min(session.hold_time_s, theirs.hold_time_s)
        paths = (path for known in outcome.paths[node].values() for path in known)
        return SessionStatus(
            session.name, SessionState.ESTABLISHED, self._established[end], len(outcome.received[end]),
            sum(path.entry.session == session.name for path in paths), len(outcome.sent[end]),
            bfd=_bfd(session, theirs), updates=self._changes,
            hold_time_s=hold_time_s, keepalive_time_s=min(session.keepalive_time_s, hold_time_s // 3),
            capabilities=_CAPABILITIES, peer_router_id=far.router_id)


def _bfd(mine: Session, theirs: Session) -> str:
    """Of a session that is Established."""
    if mine.bfd is None:
        return ""
    return "Up" if theirs.bfd and mine.bfd_key == theirs.bfd_key else "Down"
