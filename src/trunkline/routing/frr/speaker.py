"""FrrSpeaker: zebra, staticd, bfdd and bgpd per node, all inside the node's directory.

Files of a node: ``frr.conf`` (what runs, hence the last good one), ``frr.conf.candidate`` (what is being tried), and
of each daemon a pid file and a vty socket. The daemons read no file: they start empty and are told over their sockets.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from trunkline.errors import ConfigurationRejected, DriverFailure
from trunkline.intent.bgp import Adjacency, Remark, RibEntry, Router, Session, SessionState, SessionStatus
from trunkline.intent.bgp.sent import as_sent
from trunkline.intent.drivers import Direction
from trunkline.intent.network import Key
from trunkline.routing import life
from trunkline.routing.deaths import DeathWatch
from trunkline.routing.files import NodeFiles, forget_nodes, nodes_with
from trunkline.routing.frr import ribs, vty
from trunkline.routing.frr.changes import differ
from trunkline.routing.frr.parse import parse_adj_rib, parse_routes, parse_session
from trunkline.routing.frr.render import render
from trunkline.routing.life import Life
from trunkline.routing.naming import families, redact
from trunkline.routing.pending import Pending, Printed
from trunkline.settings import Places

log = logging.getLogger(__name__)

#: zebra first, for the others look for it; ended in the opposite order, so that it withdraws their kernel routes.
DAEMONS = ("zebra", "staticd", "bfdd", "bgpd")
ACTIVE, CANDIDATE, PENDING = "frr.conf", "frr.conf.candidate", "frr.conf.pending"
_PROGRAMS = Path("/usr/lib/frr")
_SCRATCH = Path("/var/tmp/frr")  # noqa: S108  # compiled into FRR: crash logs, one directory per daemon
_VTY = Path("/run/frr")  # compiled into FRR: made at every start, used or not; the Debian package's belongs to user frr
_FILES = (ACTIVE, CANDIDATE, PENDING, "frr.log", "zserv.api", "bfdd.sock",
          *(f"{daemon}.{kind}" for daemon in DAEMONS for kind in ("pid", "vty")))


class FrrSpeaker:
    def __init__(self, places: Places) -> None:
        self._places = places
        self._deaths = DeathWatch()
        self._pending = Pending(Printed(render, ACTIVE, PENDING), self._files, self.sessions)

    def observe(self, routers: Sequence[Router]) -> frozenset[Key]:
        return frozenset(router.key for router in routers if self._is_as_wished(router))

    def _is_as_wished(self, router: Router) -> bool:
        files = self._files(router.node)
        lives = _lives(files)
        if router.down:
            return not lives
        if not _whole(lives, files) or not self._pending.told(router):
            return False
        self._deaths.keep(router.node, [one.pid for one in lives])
        return True

    def waiting(self) -> frozenset[str]:
        return self._pending.waiting()

    def running(self) -> frozenset[str]:
        return frozenset(node for node in nodes_with(self._places, ("zebra.pid",)) if self._runs(node))

    def _runs(self, node: str) -> bool:
        files = self._files(node)
        lives = _lives(files)
        if not _whole(lives, files):
            return False
        self._deaths.keep(node, [one.pid for one in lives])
        return True

    def apply(self, router: Router) -> None:
        if router.down:
            self._stop(router.node)
        elif not self._is_as_wished(router):
            self._configure(router, render(router))

    def _configure(self, router: Router, text: str) -> None:
        files = self._files(router.node)
        _check(files, router, text)
        lives, active = _lives(files), files.read(ACTIVE)
        held = self._pending.held_back(router, text, _bgpd(lives)) if _whole(lives, files) else text
        if not _whole(lives, files) or not _reload(files, active, held):
            self._stop(router.node)
            lives, held = _start(files), text
            _tell(files, "", text)
        files.write(ACTIVE, held)
        files.remove(CANDIDATE, *((PENDING,) if held == text else ()))
        self._deaths.keep(router.node, [one.pid for one in lives])

    def remove(self, node: str) -> None:
        self._pending.forget(node)
        self._stop(node)
        self._files(node).remove(*_FILES)
        _tidy()

    def _stop(self, node: str) -> None:
        self._deaths.forget(node)
        _end(_lives(self._files(node)))

    def sessions(self, router: Router) -> tuple[SessionStatus, ...]:
        files = self._files(router.node)
        try:
            neighbors = vty.ask_json(files, "bgpd", "show bgp neighbors")
            return tuple(parse_session(session, neighbors, _counts(files, session)) for session in router.sessions)
        except DriverFailure:
            return tuple(SessionStatus(session.name, SessionState.IDLE) for session in router.sessions)

    def glance(self, router: Router, sessions: Sequence[Session]) -> tuple[SessionStatus, ...]:
        return self.sessions(replace(router, sessions=tuple(sessions)))

    def adjacencies(self, router: Router) -> tuple[Adjacency, ...]:  # noqa: ARG002
        """No router of the backbone is FRR."""
        return ()

    def routes(self, router: Router) -> tuple[RibEntry, ...]:
        try:
            return tuple(entry for family in families(router) for entry in parse_routes(
                vty.ask_json(self._files(router.node), "bgpd", f"show bgp ipv{family} unicast"), router.sessions))
        except DriverFailure:
            return ()

    def advertised(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        """FRR shows routes as its route map left them; own AS and next hop are put on while sending."""
        wanted = router.session(session)
        if wanted is None:
            return ()
        try:
            table = vty.ask_json(self._files(router.node), "bgpd", ribs.about(wanted, "advertised-routes"))
        except DriverFailure:
            return ()
        return tuple(as_sent(entry, wanted) for entry in parse_adj_rib(table, wanted))

    def received(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._rib(router, session, lambda files, wanted: ribs.received(files, router, wanted))

    def heard(self, router: Router, session: str) -> tuple[RibEntry, ...]:
        return self._rib(router, session, ribs.heard)

    def _rib(
        self, router: Router, session: str, read: Callable[[NodeFiles, Session], tuple[RibEntry, ...]]
    ) -> tuple[RibEntry, ...]:
        wanted = router.session(session)
        try:
            return read(self._files(router.node), wanted) if wanted else ()
        except DriverFailure:
            return ()

    def refresh(self, router: Router, session: str, direction: Direction) -> None:
        if wanted := router.session(session):
            ribs.refresh(self._files(router.node), wanted, direction)

    def remarks(self, router: Router, since: int) -> tuple[int, tuple[Remark, ...]]:  # noqa: ARG002
        """It only runs as a customer's router, whose peers are ours."""
        return 0, ()

    def hasten(self, nodes: Collection[str]) -> None:
        """FRR calculates when it hears of something."""

    def watch(self, died: Callable[[str], None]) -> None:
        self._deaths.watch(died)

    def sweep(self) -> tuple[str, ...]:
        running = tuple(life.scan(self._places, DAEMONS))
        nodes = {node for node, _ in running} | nodes_with(self._places, _FILES)
        for node in nodes:
            self._deaths.forget(node)
        _end([one for _, one in running])
        for node in nodes:
            self._files(node).remove(*_FILES)
        _tidy()
        forget_nodes(self._places)
        return tuple(sorted(nodes))

    def _files(self, node: str) -> NodeFiles:
        return NodeFiles.of(self._places, node)


def _lives(files: NodeFiles) -> tuple[Life, ...]:
    found = (life.find(files, f"{daemon}.pid", str(files.path(f"{daemon}.pid"))) for daemon in DAEMONS)
    return tuple(one for one in found if one)


def _whole(lives: Sequence[Life], files: NodeFiles) -> bool:
    return len(lives) == len(DAEMONS) and all(life.at_home(one, files) for one in lives)


def _bgpd(lives: Sequence[Life]) -> int:
    return next(one.pid for one in lives if one.mark.endswith("/bgpd.pid"))


def _check(files: NodeFiles, router: Router, text: str) -> None:
    candidate = files.write(CANDIDATE, text)
    complaint = life.check(["vtysh", "--dryrun", "--config_dir", str(files.directory), "-f", str(candidate)], files)
    if complaint:
        files.remove(CANDIDATE)
        raise ConfigurationRejected(f"FRR of {router.node} refuses its configuration: {redact(complaint, router)}")


def _reload(files: NodeFiles, old: str, new: str) -> bool:
    """Change what differs; false when a daemon stumbles over it, so that only a fresh start leads to a known state.
    That may happen after a crash in the middle of a reload: what is to be removed is then gone already."""
    try:
        _tell(files, old, new)
    except (vty.CommandRefused, vty.Unreachable) as error:
        log.warning("FRR of %s starts anew: %s", files.directory.name, error)
        return False
    return True


def _tell(files: NodeFiles, old: str, new: str) -> None:
    for daemon, commands in differ(old, new):
        vty.configure(files, daemon, commands)


def _start(files: NodeFiles) -> tuple[Life, ...]:
    for daemon in DAEMONS:
        extra = ("--bfdctl", "bfdd.sock") if daemon == "bfdd" else ()
        pid = life.start(files, [
            str(_PROGRAMS / daemon), "-d", "-f", "/dev/null", "-u", "root", "-g", "frrvty", "-P", "0",
            "-i", str(files.path(f"{daemon}.pid")), "-z", "zserv.api", "--vty_socket", ".",
            "--log", "file:frr.log", "--log-level", "critical", *extra])
        shutil.rmtree(_SCRATCH / f"{daemon}.{pid}", ignore_errors=True)
    lives = _lives(files)
    if not _whole(lives, files):
        raise DriverFailure(f"FRR of {files.directory.name} ended right after its start")
    return lives


def _end(lives: Sequence[Life]) -> None:
    """zebra last and alone: the others take their routes back through it."""
    zebras = [one for one in lives if one.mark.endswith("/zebra.pid")]
    life.end([one for one in lives if one not in zebras])
    life.end(zebras)


def _tidy() -> None:
    """FRR's own directories, when no FRR on this machine uses them any more and we are the reason that they exist."""
    with suppress(OSError):
        _SCRATCH.rmdir()
    with suppress(OSError):
        if _VTY.stat().st_uid == 0:
            _VTY.rmdir()


def _counts(files: NodeFiles, session: Session) -> vty.Json:
    return vty.ask_json(files, "bgpd", ribs.about(session, "prefix-counts"))
