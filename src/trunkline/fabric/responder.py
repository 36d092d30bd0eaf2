"""Responders: one program for each services node, found again by pid file. What it says stands in ``services.json``."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import namespace, program
from trunkline.fabric.program import Program
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Responder
from trunkline.settings import Places

_MARK, _PID_FILE = "services.json", "responder.pid"
_START_DEADLINE_S = 20.0


def directory(places: Places) -> Path:
    return places.run / "services"


def is_settled(visit: Visit, wish: Responder) -> bool:
    """Whether it runs in the node as it is now, and says what it ought to."""
    home = directory(visit.places) / wish.node
    return _at_home(visit, wish) and program.text_of(home / _MARK) == _said(wish)


def ensure(visit: Visit, wish: Responder) -> None:
    home = directory(visit.places) / wish.node
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    fresh = home / f"{_MARK}.new"
    fresh.write_text(_said(wish))
    fresh.chmod(0o644)
    fresh.replace(home / _MARK)
    if not (_at_home(visit, wish) and _program(home).tell(signal.SIGHUP)):
        _start(visit, wish, home)


def remove(visit: Visit, wish: Responder) -> None:
    home = directory(visit.places) / wish.node
    program.end([_program(home)])
    shutil.rmtree(home, ignore_errors=True)


def sweep(places: Places) -> None:
    program.end(map(_program, directory(places).glob("*")))
    shutil.rmtree(directory(places), ignore_errors=True)


def _said(wish: Responder) -> str:
    return json.dumps({"region": wish.region, "answers": [(one.prefix, one.service) for one in wish.answers]})


def _program(home: Path) -> Program:
    return Program(home / _PID_FILE, str(home / _MARK))


def _at_home(visit: Visit, wish: Responder) -> bool:
    pid = _program(directory(visit.places) / wish.node).pid
    return pid is not None and visit.has(wish.node) and program.lives_in(pid, namespace.path(visit.name(wish.node)))


def _start(visit: Visit, wish: Responder, home: Path) -> None:
    """Nothing of our environment reaches it but where its code is."""
    program.end([_program(home)])
    words = [sys.executable, "-m", "trunkline.fabric.answering", str(home / _MARK), str(home / _PID_FILE)]
    done = subprocess.run(
        namespace.argv(visit.name(wish.node), words), cwd="/", start_new_session=True,
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
             "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=_START_DEADLINE_S, check=False)
    if done.returncode:
        raise DriverFailure(f"the responder of {wish.node} did not start: {done.stderr.strip()[-500:]}")
