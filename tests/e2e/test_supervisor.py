"""The supervisor: starts both processes again when they end, and says at once when one cannot start at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_support import free_port
from plants import SMALL, written
from trunkline.cli.instance import listens
from waiting import until

PORT = free_port()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "TRUNKLINE_HOME": str(tmp_path / "home"), "TRUNKLINE_RUN": str(tmp_path / "run"),
            "TRUNKLINE_PORT": str(PORT), "TRUNKLINE_SIMULATION": "1"}


@pytest.fixture
def supervisor(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-m", "trunkline.assembly", "up"], env=environment)
    with child:
        yield child
        child.terminate()


def children(parent: int) -> dict[str, int]:
    """Word and pid of each."""
    pids = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in pids}
    return {line[-2].decode(): int(pid) for pid, line in words.items() if b"trunkline.assembly" in line}


def test_a_killed_process_is_started_again(supervisor: subprocess.Popen[bytes]) -> None:
    until(lambda: listens("127.0.0.1", PORT), 30, "the front door")
    before = until(lambda: (found := children(supervisor.pid)).keys() == {"api", "reconcile"} and found, 10, "both")
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: not listens("127.0.0.1", PORT), 10, "the front door to close")
    until(lambda: listens("127.0.0.1", PORT), 30, "the front door again")
    assert children(supervisor.pid).keys() == before.keys()
    assert not set(children(supervisor.pid).values()) & set(before.values())
    supervisor.terminate()
    assert supervisor.wait(20) == 0


def started(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "trunkline.assembly", "up"], env=environment, text=True,
                          stderr=subprocess.PIPE, timeout=60, check=False)


def test_a_plant_that_is_not_sound_is_refused_before_anything_starts(
        environment: dict[str, str], tmp_path: Path) -> None:
    files = {**SMALL, "spans.csv": SMALL["spans.csv"].replace("160.5", "far")}
    written(tmp_path / "home" / "plant", files)
    ended = started(environment)
    assert (ended.returncode, ended.stderr) == (
        1, "spans.csv line 6, column km: 'far' is no number from 0.1 to 40000.\n")
    assert not (tmp_path / "home" / "plant.in-use").exists()


def test_what_cannot_be_read_is_said_and_not_tried_for_ever(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "accounts.json").write_text("{damaged")
    ended = started(environment)
    assert ended.returncode == 1
    assert "accounts.json is not as it was written" in ended.stderr
