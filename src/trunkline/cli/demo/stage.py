"""The instance that a demo plays on: a temporary home, a free port, the command line as a user runs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from trunkline.cli.client import Watch
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance, free_port, locate

#: Variables that would make the demo's instance another one.
_FOREIGN = ("TRUNKLINE_HOME", "TRUNKLINE_RUN", "TRUNKLINE_PORT", "TRUNKLINE_DATABASE_URL", "TRUNKLINE_SIMULATION")
_LOOK_S = 0.1


class Stage:
    def __init__(self, environment: Mapping[str, str] = MappingProxyType({})) -> None:
        """``environment``: beside the user's own, which names no instance."""
        self.home = Path(tempfile.mkdtemp(prefix="trunkline-demo-"))
        self._environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        self._environment |= environment
        self.instance: Instance = locate(str(self.home), self._environment)
        self.port = free_port(self.instance.settings.endpoint.host)
        self._children: list[subprocess.Popen[str]] = []

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "trunkline", "--home", str(self.home), *arguments]

    def trunkline(self, *arguments: str, watch: Watch | None = None) -> str:
        """Run a command to its end; its standard output."""
        code, out, err = self.outcome(*arguments, watch=watch)
        if code:
            raise Failed(f"trunkline {' '.join(arguments[:5])}: {err.strip() or out.strip()}")
        return out

    def outcome(self, *arguments: str, watch: Watch | None = None) -> tuple[int, str, str]:
        """The same of one that may fail: exit code, standard output and error."""
        child = self.start(*arguments)
        while True:
            try:
                out, err = child.communicate(timeout=_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                if watch:
                    watch(f"trunkline {' '.join(arguments[:4])} …")
        self._children.remove(child)
        return child.returncode, out, err

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command; it is ended with the stage at the latest."""
        return self._spawn(self.command(*arguments), stderr=subprocess.PIPE)

    def _spawn(self, command: list[str], stderr: int) -> subprocess.Popen[str]:
        child = subprocess.Popen(command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=stderr, text=True)
        self._children.append(child)
        return child

    def inside(self, node: str, *command: str) -> subprocess.Popen[str]:
        return self.start("exec", node, "--", *command)

    def serve(self, node: str, ready: str, *command: str) -> subprocess.Popen[str]:
        """A server inside a node, once it has said ``ready``."""
        child = self._spawn(self.command("exec", node, "--", *command), stderr=subprocess.STDOUT)
        said = ""
        for line in child.stdout or ():
            said += line
            if ready in line:
                return child
        raise Failed(f"{command[0]} in {node}: {said.strip() or 'ended'}")

    def ended(self, child: subprocess.Popen[str]) -> int:
        """Wait for a command to end by itself; its exit code."""
        child.communicate()
        self._children.remove(child)
        return child.returncode

    def end(self, child: subprocess.Popen[str]) -> None:
        child.kill()
        child.communicate()
        self._children.remove(child)

    def finish(self, child: subprocess.Popen[str], deadline_s: float) -> str:
        """Interrupt a command that runs until then, and read what it has to say."""
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=deadline_s)
        self._children.remove(child)
        if child.returncode:
            raise Failed(err.strip() or f"ended with code {child.returncode}")
        return out

    def close(self) -> None:
        """End what runs, take the network away, and forget the home."""
        for child in tuple(self._children):
            self.end(child)
        ended = subprocess.run(self.command("down", "--purge", "-o", "json"), env=self._environment, check=False,
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True)
        if ended.returncode:
            raise Failed(f"trunkline down ended with code {ended.returncode}; home is {self.home}\n"
                         f"{ended.stderr.strip() or ended.stdout.strip()}")
        shutil.rmtree(self.home, ignore_errors=True)


def probe(*arguments: str) -> Sequence[str]:
    """The prober's command line."""
    return (sys.executable, "-m", "trunkline.telemetry.probe", *arguments)
