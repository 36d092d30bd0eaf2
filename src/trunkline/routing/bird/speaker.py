"""BirdSpeaker: one BIRD per node, started once and only ever reloaded.

Files of a node: ``bird.conf`` (what runs, hence the last good one), ``bird.conf.candidate`` (what is being tried),
``bird.conf.pending`` (the same with new passwords, which sessions that are up have without BIRD's knowing: ``rekey``),
``bird.conf.leased`` (there while what runs is on a lease that BIRD itself holds), ``bird.ctl``, ``bird.pid``,
``bird.log``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, suppress
from threading import Lock

from trunkline.errors import ConfigurationRejected, DriverFailure
from trunkline.intent.bgp import Adjacency, Remark, RibEntry, Router, Session, SessionState, SessionStatus
from trunkline.intent.bgp.sent import as_sent
from trunkline.intent.drivers import Direction
from trunkline.intent.network import Key
from trunkline.routing import life
from trunkline.routing.bird import control, remarks, ribs
from trunkline.routing.bird.parse import parse_adjacencies, parse_bfd, parse_routes, parse_sessions
from trunkline.routing.bird.render import IGP, protocol_of, render
from trunkline.routing.deaths import DeathWatch
from trunkline.routing.files import NodeFiles, forget_nodes, nodes_with
from trunkline.routing.life import Life
from trunkline.routing.naming import families, redact
from trunkline.routing.pending import Pending, Printed
from trunkline.settings import Places

PROGRAM = "bird"
ACTIVE, CANDIDATE, PENDING, PID_FILE = "bird.conf", "bird.conf.candidate", "bird.conf.pending", "bird.pid"
#: What keeps kernel routes over a death, and the protocol that has those of IPv6.
_PERSIST, _KERNEL6 = "  persist;\n", "protocol kernel 'tl.kernel6'"
LEASED = "bird.conf.leased"
#: How long one that hastens is waited for; meanwhile none of them can be told anything else.
_HASTE_S = 0.25
_FILES = (ACTIVE, CANDIDATE, PENDING, LEASED, PID_FILE, control.SOCKET, remarks.LOG, f"{remarks.LOG}.1")


class BirdSpeaker:
    def __init__(self, places: Places) -> None:
        self._places = places
        self._deaths = DeathWatch()
        self._telling: dict[str, Lock] = {}
        self._pending = Pending(Printed(render, ACTIVE, PENDING), self._files, self.sessions)

    def observe(self, routers: Sequence[Router]) -> frozenset[Key]:
        return frozenset(router.key for router in routers if self._is_as_wished(router))

    def _is_as_wished(self, router: Router) -> bool:
        files = self._files(router.node)
        daemon = _daemon(files)
        if router.down:
            return daemon is None
        if daemon is None or not life.at_home(daemon, files) or not self._pending.told(router):
            return False
        self._deaths.keep(router.node, (daemon.pid,))
        return True

    def waiting(self) -> frozenset[str]:
        return self._pending.waiting()

    def running(self) -> frozenset[str]:
        return frozenset(node for node in nodes_with(self._places, (PID_FILE,)) if self._runs(node))

    def _runs(self, node: str) -> bool:
        files = self._files(node)
        daemon = _daemon(files)
        if daemon is None or not life.at_home(daemon, files):
            return False
        self._deaths.keep(node, (daemon.pid,))
        return True

    def apply(self, router: Router) -> None:
        with self._turn(router.node):
            if router.down:
                self._stop(router.node)
            elif not self._is_as_wished(router):
                self._configure(router, render(router))

    def _turn(self, node: str) -> Lock:
        """Never do two tell a daemon something at once."""
        return self._telling.setdefault(node, Lock())

    def hasten(self, nodes: Collection[str]) -> None:
        """BIRD calculates OSPF's routes once a second, and 10 ms after it was configured, be it with what it has."""
        with ExitStack() as held:
            control.ask_all([(files, f'configure "{files.path(ACTIVE)}"') for node in nodes if self._take(node, held)
                             and (files := self._files(node)).path(ACTIVE).exists()], _HASTE_S)

    def _take(self, node: str, held: ExitStack) -> bool:
        turn = self._turn(node)
        if not turn.acquire(blocking=False):
            return False
        held.callback(turn.release)
        return True

    def _configure(self, router: Router, text: str) -> None:
        files = self._files(router.node)
        daemon = _daemon(files)
        if daemon and life.at_home(daemon, files) and self._change(daemon, files, router, text):
            self._deaths.keep(router.node, (daemon.pid,))
            return
        moved = daemon is not None and not life.at_home(daemon, files)
        if daemon:
            _check(files, router, text)
            self._deaths.forget(router.node)
            life.end((daemon,))
        if moved:
            files.remove(ACTIVE)
        self._deaths.keep(router.node, (_start_with(files, router, text).pid,))
        files.remove(PENDING)

    def _change(self, daemon: Life, files: NodeFiles, router: Router, text: str) -> bool:
        """Sessions that are up get a new password past BIRD, which would close them. False: only a new daemon helps."""
        held = self._pending.held_back(router, text, daemon.pid)
        done = held == files.read(ACTIVE) or _reload(files, router, held)
        if held == text:
            files.remove(PENDING)
        return done

    def remove(self, node: str) -> None:
        self._pending.forget(node)
        with self._turn(node):
            self._stop(node)
            self._files(node).remove(*_FILES)

    def _stop(self, node: str) -> None:
        """``persist`` keeps kernel routes when a daemon ends by accident; when it is meant to end, they go with it."""
        self._deaths.forget(node)
        files = self._files(node)
        daemon = _daemon(files)
        if daemon is None:
            files.remove(ACTIVE)
            return
        with suppress(DriverFailure):
            letting_go = files.write(CANDIDATE, files.read(ACTIVE).replace(_PERSIST, ""))
            control.ask(files, f'configure "{letting_go}"')
        life.end((daemon,))
        files.remove(ACTIVE, CANDIDATE)

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        files = self._files(router.node)
        try:
            bfd = parse_bfd(control.ask(files, "show bfd sessions"))
            return parse_sessions(control.ask(files, "show protocols all"), bfd, router.sessions)
        except DriverFailure:
            return tuple(SessionStatus(session.name, SessionState.IDLE) for session in router.sessions)

    def glance(self, router: Router, sessions: Sequence[Session]) -> tuple[SessionStatus, ...]:
        try:
            lines = control.ask_each(self._files(router.node), [
                f"show protocols all '{protocol_of(session)}'" for session in sessions])
            return parse_sessions(lines, {}, sessions)
        except DriverFailure:
            return tuple(SessionStatus(session.name, SessionState.IDLE) for session in sessions)

    def adjacencies(self, router: Router) -> tuple[Adjacency, ...]:
        if not router.igp:
            return ()
        files = self._files(router.node)
        try:
            bfd = parse_bfd(control.ask(files, "show bfd sessions"))
            return tuple(found for family in families(router) for found in parse_adjacencies(
                control.ask(files, f"show ospf neighbors '{IGP.format(family)}'"), family, bfd))
        except DriverFailure:
            return ()

    def routes(self, router: Router) -> tuple[RibEntry, ...]:
        return tuple(entry for family in families(router)
                     for entry in self._routes(router, f"show route table master{family} all"))

    def advertised(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        """BIRD shows routes as its export filter left them; own AS and next hop are put on while sending."""
        wanted = router.session(session)
        if wanted is None:
            return ()
        entries = self._routes(router, f"show route export '{protocol_of(wanted)}' all")
        return tuple(as_sent(entry, wanted) for entry in entries)

    def _routes(self, router: Router, question: str) -> tuple[RibEntry, ...]:
        try:
            return parse_routes(control.ask(self._files(router.node), question), router.sessions)
        except DriverFailure:
            return ()

    def received(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._rib(router, session, ribs.received)

    def heard(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._rib(router, session, ribs.heard)

    def _rib(
        self, router: Router, session: str, read: Callable[[NodeFiles, Router, Session], tuple[RibEntry, ...]]
    ) -> tuple[RibEntry, ...]:
        wanted = router.session(session)
        try:
            return read(self._files(router.node), router, wanted) if wanted else ()
        except DriverFailure:
            return ()

    def refresh(self, router: Router, session: str, direction: Direction) -> None:
        if wanted := router.session(session):
            ribs.refresh(self._files(router.node), wanted, direction)

    def remarks(self, router: Router, since: int) -> tuple[int, tuple[Remark, ...]]:
        return remarks.read(self._files(router.node), router, since)

    def watch(self, died: Callable[[str], None]) -> None:
        self._deaths.watch(died)

    def sweep(self) -> tuple[str, ...]:
        """The namespaces go too, so kernel routes need no care: all daemons are ended at once."""
        running = tuple(life.scan(self._places, (PROGRAM,)))
        nodes = {node for node, _ in running} | nodes_with(self._places, _FILES)
        for node in nodes:
            self._deaths.forget(node)
        life.end([daemon for _, daemon in running])
        for node in nodes:
            self._files(node).remove(*_FILES)
        forget_nodes(self._places)
        return tuple(sorted(nodes))

    def _files(self, node: str) -> NodeFiles:
        return NodeFiles.of(self._places, node)


def _daemon(files: NodeFiles) -> Life | None:
    return life.find(files, PID_FILE, str(files.path(ACTIVE)))


def _check(files: NodeFiles, router: Router, text: str) -> None:
    candidate = files.write(CANDIDATE, text)
    complaint = life.check([PROGRAM, "-p", "-c", str(candidate)], files)
    if complaint:
        files.remove(CANDIDATE)
        raise ConfigurationRejected(f"BIRD of {router.node} refuses its configuration: {redact(complaint, router)}")


def _start_with(files: NodeFiles, router: Router, text: str) -> Life:
    """BIRD reads its configuration before it makes itself a daemon, so it is only checked when it did not start."""
    before = files.read(ACTIVE)
    files.write(ACTIVE, text)
    try:
        return _start(files, recovering=bool(before))
    except DriverFailure:
        if before:
            files.write(ACTIVE, before)
        else:
            files.remove(ACTIVE)
        _check(files, router, text)
        raise


def _start(files: NodeFiles, *, recovering: bool) -> Life:
    """BIRD listens before it forks, so the first question is answered as soon as it runs and has written its pid.

    After a death (``-R``) it leaves the kernel's routes alone until its sessions have told theirs again; a first start
    has none to save and must not wait."""
    life.start(files, [PROGRAM, *(["-R"] if recovering else []), "-c", str(files.path(ACTIVE)), "-s", control.SOCKET,
                       "-P", PID_FILE])
    control.ask(files, "show status")
    daemon = _daemon(files)
    if daemon is None:
        raise DriverFailure(f"BIRD of {files.directory.name} ended right after its start")
    return daemon


def _let_go(files: NodeFiles, text: str) -> None:
    """A family that goes takes its kernel routes along, which ``persist`` would keep."""
    head, kernel, rest = files.read(ACTIVE).partition(_KERNEL6)
    if kernel and _KERNEL6 not in text:
        control.ask(files, f'configure "{files.write(CANDIDATE, head + kernel + rest.replace(_PERSIST, "", 1))}"')


def _reload(files: NodeFiles, router: Router, text: str) -> bool:
    """Reload softly; false when the daemon no longer listens, so that only a new one helps. BIRD parses the whole
    candidate before it changes anything, and only what then runs becomes the active file: after a crash in between
    the two differ and the next pass reloads again."""
    try:
        _let_go(files, text)
        candidate = files.write(CANDIDATE, text)
        last = control.ask(files, f'configure "{candidate}"{_lease(files, router)}')[-1]
    except control.Unreachable:
        return False
    if last.code not in control.RECONFIGURED:
        files.remove(CANDIDATE)
        raise ConfigurationRejected(f"BIRD of {router.node} refuses its configuration: {redact(last.text, router)}")
    files.rename(CANDIDATE, ACTIVE)
    if router.lapses_at:
        files.write(LEASED, str(router.lapses_at))
    else:
        files.remove(LEASED)
    return True


def _lease(files: NodeFiles, router: Router) -> str:
    """BIRD undoes by itself what nobody confirms in time; whatever it is told until then ends that. So only what is
    told first is leased: behind a second change would stand the first, and not what was before."""
    left_s = math.ceil(router.lapses_at - time.time())
    return f" timeout {left_s}" if left_s > 0 and not files.read(LEASED) else ""
