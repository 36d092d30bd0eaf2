"""Caches: one StayRTR for each, in its node, found again by pid file.

It reads its file when it starts and when it is told to (SIGHUP); then it notifies routers. A file that it cannot read
leaves it with what it has. It is nobody, without any capability, and comes to the file through an open descriptor of
the directory. Beside the pid file, which is its mark too, stand ``told``: which state of the file it was last told of,
and its log.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from trunkline.errors import DriverFailure, Unsupported
from trunkline.fabric import namespace, program
from trunkline.fabric.program import Program
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Cache
from trunkline.settings import Places

PROGRAM = "stayrtr"
_PID_FILE, _TOLD, _LOG, _LOG_BYTES = "stayrtr.pid", "told", "stayrtr.log", 1 << 20
_START_DEADLINE_S, _LOOK_S = 20.0, 0.02
#: Whatever happens to the control plane, StayRTR looks for itself by then; and a router without it keeps what it knows
#: for the shortest time that RFC 8210 (section 6) allows, then has no data and refuses what it has to validate.
_REFRESH_S, _EXPIRE_S, _ROUTER_REFRESH_S, _ROUTER_RETRY_S = 3600, 600, 60, 1
_LISTENING = "0A"
#: A shell, because a program that stays in the foreground has to be left alone, and its pid to be known.
_LAUNCH = 'echo $$ >"$1"; log="$2"; exec 3<"$3"; shift 3; exec "$@" >>"$log" 2>&1'
_AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
              "--bounding-set=-all")


def directory(places: Places) -> Path:
    return places.run / "rpki"


def is_settled(visit: Visit, cache: Cache) -> bool:
    """Whether it runs in the node as it is now, and was told of the file as it is now."""
    home = directory(visit.places) / cache.node
    return _at_home(visit, cache, _program(home)) and program.text_of(home / _TOLD) == _state(visit.places, cache)


def ensure(visit: Visit, cache: Cache) -> None:
    home, state = directory(visit.places) / cache.node, _state(visit.places, cache)
    if not state:
        raise DriverFailure(f"there is no file of VRPs yet for {cache.node}")
    if not (_at_home(visit, cache, _program(home)) and _program(home).tell(signal.SIGHUP)):
        _start(visit, cache, home)
    _shorten(home / _LOG)
    (home / _TOLD).write_text(state)


def remove(visit: Visit, cache: Cache) -> None:
    home = directory(visit.places) / cache.node
    program.end([_program(home)])
    shutil.rmtree(home, ignore_errors=True)


def sweep(places: Places) -> None:
    program.end(map(_program, directory(places).glob("*")))
    shutil.rmtree(directory(places), ignore_errors=True)


def _program(home: Path) -> Program:
    return Program(home / _PID_FILE, str(home / _PID_FILE))


def _served(places: Places, cache: Cache) -> Path:
    return places.served_vrps / f"{cache.serves}.json"


def _state(places: Places, cache: Cache) -> str:
    """Of the file of VRPs, as far as it can be told without reading it, and the port; empty without the file."""
    try:
        found = _served(places, cache).stat()
    except FileNotFoundError:
        return ""
    return f"{found.st_ino} {found.st_mtime_ns} {found.st_size} {cache.port}"


def _at_home(visit: Visit, cache: Cache, one: Program) -> bool:
    pid = one.pid
    return (pid is not None and visit.has(cache.node)
            and program.lives_in(pid, namespace.path(visit.name(cache.node))) and _has_port(pid, cache.port))


def _start(visit: Visit, cache: Cache, home: Path) -> None:
    if shutil.which(PROGRAM) is None:
        raise Unsupported(f"{PROGRAM} is not installed on this machine, so no router can learn which origins are "
                          "valid: install it")
    program.end([_program(home)])
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    served, mark = _served(visit.places, cache), str(home / _PID_FILE)
    words = ["setsid", "--fork", "sh", "-c", _LAUNCH, "sh", mark, str(home / _LOG), str(served.parent), *_AS_NOBODY,
             PROGRAM, *_options(Path("/proc/self/fd/3") / served.name, cache.port), "-useragent", mark]
    done = subprocess.run(
        namespace.argv(visit.name(cache.node), words), cwd=home, env={"PATH": os.environ.get("PATH", os.defpath)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        timeout=_START_DEADLINE_S, check=False)
    if done.returncode:
        raise DriverFailure(f"{PROGRAM} of {cache.node} did not start: {done.stderr.strip()[-500:]}")
    _wait(cache, home)


def _options(file: Path, port: int) -> Iterator[str]:
    """Whether data are stale, and whether they are believed, is decided before they are in the file."""
    for name, value in (("bind", f"[::]:{port}"), ("cache", file), ("refresh", _REFRESH_S), ("protocol", 1),
                        ("rtr.expire", _EXPIRE_S), ("rtr.refresh", _ROUTER_REFRESH_S), ("rtr.retry", _ROUTER_RETRY_S),
                        ("loglevel", "error"), ("metrics.addr", "")):
        yield from (f"-{name}", str(value))
    yield from ("-checktime=false", "-log.verbose=false", "-disable.bgpsec", "-disable.aspa")


def _shorten(log: Path) -> None:
    """It is appended to, so it may be emptied at any time."""
    if log.stat().st_size > _LOG_BYTES:
        os.truncate(log, 0)


def _wait(cache: Cache, home: Path) -> None:
    """Until it listens."""
    limit = time.monotonic() + _START_DEADLINE_S
    while time.monotonic() < limit:
        pid = _program(home).pid
        if pid and _has_port(pid, cache.port):
            return
        time.sleep(_LOOK_S)
    raise DriverFailure(f"{PROGRAM} of {cache.node} does not listen after {_START_DEADLINE_S:.0f} s: "
                        f"{program.text_of(home / _LOG).strip()[-500:]}")


def _has_port(pid: int, port: int) -> bool:
    """Whether anybody listens on it in the process's namespace."""
    rows = (line.split() for line in program.text_of(Path(f"/proc/{pid}/net/tcp6")).splitlines()[1:])
    return any(row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port for row in rows)
