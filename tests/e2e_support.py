"""For end-to-end tests: a whole Trunkline in a temporary home, driven only through its command line and HTTPS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trunkline.settings import load

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Running:
    home: Path
    environment: dict[str, str]

    def trunkline(self, *words: str, check: bool = True, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([sys.executable, "-m", "trunkline", *words], env=self.environment, capture_output=True,
                              text=True, timeout=timeout_s, check=False)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.trunkline(*words, "-o", "json").stdout)

    def az(self, *words: str, check: bool = True) -> Any:
        done = self.trunkline("az", *words, check=check, timeout_s=240)
        if not check:
            return done
        return json.loads(done.stdout) if done.stdout.strip() else None

    def shell_environment(self, account: str = "customer") -> dict[str, str]:
        """What ``eval $(trunkline env)`` sets."""
        script = 'eval "$(' + f"{sys.executable} -m trunkline env --account {account}" + ')" && env -0'
        out = subprocess.run(["bash", "-c", script], env=self.environment, capture_output=True, check=True).stdout
        return dict(pair.split("=", 1) for pair in out.decode().split("\0") if "=" in pair)


@contextmanager
def started(home: Path) -> Iterator[Running]:
    """Up in this home; nothing is left afterwards."""
    environment = {**os.environ, "TRUNKLINE_HOME": str(home), "TRUNKLINE_PORT": str(free_port())}
    found = Running(home, environment)
    found.trunkline("up", "-d")
    try:
        yield found
    finally:
        found.trunkline("down", "--purge")
    prefix, namespaces = load({}, home=str(home)).places.namespace_prefix, Path("/run/netns")
    left = [name for name in os.listdir(namespaces) if name.startswith(prefix)] if namespaces.exists() else []
    assert left == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def venv_program(venv: str, program: str) -> str:
    """A program of one of the client environments that ``make test`` installs."""
    path = ROOT / ".venvs" / venv / "bin" / program
    if not path.exists():
        pytest.fail(f"{path} is missing; run `make test`, which installs it")
    return str(path)
