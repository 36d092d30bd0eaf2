"""Keeps both processes running. Data keeps flowing whatever happens to any of them."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from threading import Event

from trunkline.assembly.plant import adopt
from trunkline.settings import Settings
from trunkline.telemetry.journal import open_journal

log = logging.getLogger(__name__)

#: Pause before a process that ended is started again; seconds.
_RESTART_PAUSE_S = 0.2
#: Whoever refuses to start so early would refuse again: the store is another version's, accounts.json is damaged …
_FIRST_S = 10.0
_REFUSED = 1


def run(settings: Settings) -> int:
    """Until SIGTERM or SIGINT, or until one of them cannot be started at all."""
    places = settings.places
    for directory in (places.home, places.run):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    open_journal(places.log, "supervisor")
    adopt(settings)
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    began, code = time.monotonic(), 0
    children = {word: _start(word) for word in ("api", "reconcile")}
    while not code and not stopped.wait(_RESTART_PAUSE_S):
        for word, child in children.items():
            if child.poll() is None:
                continue
            log.error("process ended", extra={"word": word, "code": child.returncode})
            if child.returncode == _REFUSED and time.monotonic() - began < _FIRST_S:
                code = _REFUSED
            else:
                children[word] = _start(word)
    _end(children.values())
    return code


def _start(word: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "trunkline.assembly", word], stdin=subprocess.DEVNULL)


def _end(children: Iterable[subprocess.Popen[bytes]], deadline_s: float = 5.0) -> None:
    for child in children:
        child.terminate()
    end = time.monotonic() + deadline_s
    for child in children:
        try:
            child.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
