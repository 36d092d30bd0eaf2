"""One instance of Trunkline on this machine: whether it runs, how it is started and stopped, its assembly words.

Who runs is told by a lock that the supervisor inherits and holds while it lives, so a file left by a crash never
looks like a running service. The lock's file says which process and port.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from trunkline.cli.failure import Failed, NotRunning
from trunkline.settings import Endpoint, Settings, load

#: How long the supervisor may take to end after SIGTERM; seconds.
_STOP_DEADLINE_S = 15.0


@dataclass(frozen=True, slots=True)
class Running:
    """What the supervisor's lock file says."""

    pid: int
    port: int
    simulation: bool


@dataclass(frozen=True, slots=True)
class Instance:
    settings: Settings

    @property
    def lock(self) -> Path:
        return self.settings.places.run / "supervisor.lock"

    def running(self) -> Running | None:
        """Who holds the lock, if anyone."""
        try:
            with self.lock.open("r+", encoding="utf-8") as file:
                if _take(file.fileno()):
                    return None
                return Running(**json.load(file))
        except FileNotFoundError:
            return None
        except PermissionError:
            raise Failed(f"{self.lock} is for root alone; run this as root.") from None
        except ValueError:
            raise Failed(f"another 'trunkline up' is just starting; look again ({self.lock}).") from None

    def require_running(self) -> Running:
        found = self.running()
        if not found:
            raise NotRunning("the service is not running; start it with 'trunkline up -d'"
                             f" (home {self.settings.places.home}).")
        return found

    def url(self) -> str:
        return Endpoint(self.settings.endpoint.host, self.require_running().port).url

    def environment(self, port: int, simulation: bool) -> dict[str, str]:
        """For the assembly: this instance, whatever the caller's environment says."""
        places = self.settings.places
        return {**os.environ, "TRUNKLINE_HOME": str(places.home), "TRUNKLINE_RUN": str(places.run),
                "TRUNKLINE_PORT": str(port), "TRUNKLINE_SIMULATION": "1" if simulation else "",
                "TRUNKLINE_PROFILE": self.settings.profile}

    def start(self, port: int, simulation: bool, log: Path | None) -> subprocess.Popen[bytes]:
        """The supervisor, holding the lock; what it prints goes to ``log`` if given."""
        descriptor = self._locked()
        try:
            child = _spawn_supervisor(self.environment(port, simulation), descriptor, log)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps({"pid": child.pid, "port": port, "simulation": simulation}).encode())
        finally:
            os.close(descriptor)
        return child

    def _locked(self) -> int:
        self.lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _take(descriptor):
            os.close(descriptor)
            raise Failed("the service is already running or starting; 'trunkline status' shows it,"
                         " 'trunkline down' stops it.")
        return descriptor

    def stop(self) -> bool:
        """End the supervisor and with it its processes; ``False`` when nothing ran."""
        found = self.running()
        if not found:
            return False
        if not _is_supervisor(found.pid):
            raise Failed(f"{self.lock} names process {found.pid}, which is not our supervisor; nothing was stopped.")
        os.kill(found.pid, signal.SIGTERM)
        if not self._ended(_STOP_DEADLINE_S):
            os.kill(found.pid, signal.SIGKILL)
            self._ended(_STOP_DEADLINE_S)
        return True

    def _ended(self, deadline_s: float) -> bool:
        end = time.monotonic() + deadline_s
        while self.running():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def assembly(self, word: str, simulation: bool = False) -> list[object]:
        """Run ``python -m trunkline.assembly WORD`` and read the JSON list it prints."""
        ran = subprocess.run(_assembly(word), env=self.environment(self.settings.endpoint.port, simulation),
                             stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if ran.returncode:
            said = ran.stderr.decode(errors="replace").strip().splitlines()
            raise Failed(f"{word} failed: {said[-1] if said else f'code {ran.returncode}'}")
        answer: list[object] = json.loads(ran.stdout)
        return answer

    def forget_run(self) -> None:
        """Remove the run directory, when it is one of ours."""
        run = self.settings.places.run
        if self.lock.exists() or run.name == f"trunkline-{self.settings.places.instance}":
            shutil.rmtree(run, ignore_errors=True)


def locate(home: str = "", environment: Mapping[str, str] | None = None) -> Instance:
    """Who is not root (simulation) has the run directory under home."""
    env = os.environ if environment is None else environment
    try:
        settings = load(env, home)
    except ValueError as problem:
        raise Failed(str(problem)) from None
    if os.geteuid() and "TRUNKLINE_RUN" not in env:
        settings = replace(settings, places=replace(settings.places, run=settings.places.home / "run"))
    return Instance(settings)


def port_is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def listens(host: str, port: int) -> bool:
    """Whether anybody takes connections there; costs next to nothing, unlike asking over HTTPS."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((host, port)) == 0


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _assembly(word: str) -> list[str]:
    return [sys.executable, "-m", "trunkline.assembly", word]


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _spawn_supervisor(environment: dict[str, str], lock: int, log: Path | None) -> subprocess.Popen[bytes]:
    """In a session of its own: a terminal's Ctrl-C must reach the supervisor alone, and only through us."""
    if log is None:
        return subprocess.Popen(_assembly("up"), env=environment, stdin=subprocess.DEVNULL, pass_fds=(lock,),
                                start_new_session=True)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with log.open("ab") as file:
        return subprocess.Popen(_assembly("up"), env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                pass_fds=(lock,), start_new_session=True)


def _is_supervisor(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"trunkline.assembly" in words and b"up" in words
