"""The keys of the house: the one place that picks drivers and starts processes.

    python -m trunkline.assembly up         supervise the two processes below, in the foreground
    python -m trunkline.assembly api        the front door: HTTPS
    python -m trunkline.assembly reconcile  making it so: the only process that touches the network
    python -m trunkline.assembly sweep      remove everything of this instance from the machine
    python -m trunkline.assembly doctor     what this machine has and lacks
    python -m trunkline.assembly node NAME  the network namespace of a node

Settings come from the environment (``trunkline.settings``).
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from threading import Event

import uvicorn

from trunkline.api.accounts import load_accounts
from trunkline.api.app import create_app
from trunkline.api.pki import server_certificate
from trunkline.api.resources import registry
from trunkline.errors import TrunklineError
from trunkline.fabric.machine import facts
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Plane, Speaker
from trunkline.model.profile import AZURE
from trunkline.reconcile.loop import Reconciler
from trunkline.routing import BirdSpeaker, Daemons, FrrSpeaker
from trunkline.settings import Settings, load
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from trunkline.store import Store
from trunkline.telemetry.journal import open_journal

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
#: Pause before a process that ended is started again; seconds.
_RESTART_PAUSE_S = 0.2


def drivers(settings: Settings) -> tuple[Plane, Speaker]:
    if settings.simulation:
        plane = SimulatedPlane()
        return plane, SimulatedSpeaker(plane)
    return LinuxPlane(settings.places), Daemons(BirdSpeaker(settings.places), FrrSpeaker(settings.places))


def waker(settings: Settings) -> Callable[[Iterable[str]], None]:
    """Tells the reconciler which resources changed; it also looks by itself, so a lost word costs half a second."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)

    def wake(words: Iterable[str]) -> None:
        try:
            sender.sendto("\n".join(words).encode(), str(settings.places.wake_socket))
        except OSError:
            log.info("reconciler not listening")

    return wake


def api(settings: Settings) -> int:
    open_journal(settings.places.log, "api")
    accounts = load_accounts(settings.places)
    certificate, key = server_certificate(settings.places)
    types = registry(accounts.provider_subscription, settings.limits.circuits_per_subscription)
    app = create_app(settings, Store(settings.database_url), types, accounts, waker(settings))
    uvicorn.run(app, host=settings.endpoint.host, port=settings.endpoint.port, ssl_certfile=str(certificate),
                ssl_keyfile=str(key), log_config=None, access_log=False, timeout_graceful_shutdown=2)
    return 0


def reconcile(settings: Settings) -> int:
    open_journal(settings.places.log, "reconcile")
    plane, speaker = drivers(settings)
    reconciler = Reconciler(Store(settings.database_url, durable=False), plane, speaker, AZURE, settings.timing)
    signal.signal(signal.SIGTERM, lambda *_: reconciler.stop())
    reconciler.run(settings.places.wake_socket, settings.workers)
    return 0


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def up(settings: Settings) -> int:
    """Keep both processes running; ends on SIGTERM or SIGINT. Data keeps flowing whatever happens to any of them."""
    places = settings.places
    for directory in (places.home, places.run):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    open_journal(places.log, "supervisor")
    load_accounts(places)
    server_certificate(places)
    Store(settings.database_url)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    children = {word: _start(word) for word in ("reconcile", "api")}
    while not stopped.wait(_RESTART_PAUSE_S):
        for word, child in children.items():
            if child.poll() is not None:
                log.error("process ended, starting it again", extra={"process": word, "code": child.returncode})
                children[word] = _start(word)
    for child in children.values():
        child.terminate()
    _await(children.values())
    return 0


def _start(word: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "trunkline.assembly", word], stdin=subprocess.DEVNULL)


def _await(children: Iterable[subprocess.Popen[bytes]], deadline_s: float = 5.0) -> None:
    end = time.monotonic() + deadline_s
    for child in children:
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()


def sweep(settings: Settings) -> int:
    """Daemons first, then the network they ran in; prints what was removed."""
    plane, speaker = drivers(settings)
    removed = [*(f"daemon of {node}" for node in speaker.sweep()), *plane.sweep()]
    print(json.dumps(removed))
    return 0


def doctor(_settings: Settings) -> int:
    print(json.dumps([asdict(fact) for fact in facts()]))
    return 0


_WORDS: dict[str, Callable[[Settings], int]] = {
    "up": up, "api": api, "reconcile": reconcile, "sweep": sweep, "doctor": doctor}


def main(arguments: list[str]) -> int:
    settings = load(os.environ)
    if arguments[:1] == ["node"] and len(arguments) == 2:
        print(settings.places.namespace_prefix + arguments[1])
        return 0
    word = _WORDS.get(arguments[0]) if len(arguments) == 1 else None
    if word is None:
        print(__doc__, file=sys.stderr)
        return 2
    if arguments[0] in ("api", "reconcile"):
        _die_with_parent()
    try:
        return word(settings)
    except TrunklineError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
