"""Which process is ours, and who hears of its end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from trunkline.errors import DriverFailure, Unsupported
from trunkline.routing.deaths import DeathWatch
from trunkline.routing.files import NodeFiles
from trunkline.routing.life import Life, check, end, find, start

STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); sys.stdin.read()"
WILLING = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def files(tmp_path: Path) -> NodeFiles:
    return NodeFiles(tmp_path / "nodes" / "a", tmp_path / "namespace")


@pytest.fixture
def running(files: NodeFiles, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the node's mark among its arguments, ready to receive signals."""
    code = getattr(request, "param", WILLING)
    with subprocess.Popen([sys.executable, "-c", code, str(files.path("bird.conf"))],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def test_a_daemon_is_found_by_pid_and_mark(files: NodeFiles, running: subprocess.Popen[bytes]) -> None:
    files.write("bird.pid", f"{running.pid}\n")
    mark = str(files.path("bird.conf"))
    assert find(files, "bird.pid", mark) == Life(running.pid, mark)


def test_a_recycled_pid_is_nobody(files: NodeFiles) -> None:
    files.write("bird.pid", f"{os.getpid()}\n")
    assert find(files, "bird.pid", str(files.path("bird.conf"))) is None


@pytest.mark.parametrize("content", ["", "nonsense", "-1", "99999999"])
def test_a_broken_pid_file_is_nobody(files: NodeFiles, content: str) -> None:
    files.write("bird.pid", content)
    assert find(files, "bird.pid", str(files.path("bird.conf"))) is None


@pytest.mark.parametrize("running", [WILLING, STUBBORN], indirect=True)
def test_an_end_is_asked_for_and_then_enforced(
        files: NodeFiles, running: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.routing.life._END_DEADLINE_S", 0.2)
    end([Life(running.pid, str(files.path("bird.conf")))])
    assert running.wait(1) < 0


def test_somebody_elses_process_is_not_ended(files: NodeFiles, running: subprocess.Popen[bytes]) -> None:
    end([Life(running.pid, "/another/node/bird.conf")])
    assert running.poll() is None


def test_a_death_is_told_once_and_an_intended_end_is_not(running: subprocess.Popen[bytes]) -> None:
    told: Queue[str] = Queue()
    watch = DeathWatch()
    watch.watch(told.put)
    watch.keep("meant", [running.pid])
    watch.keep("mourned", [running.pid])
    watch.forget("meant")
    running.kill()
    assert told.get(timeout=2) == "mourned"
    watch.keep("gone before", [99999999])
    assert told.get(timeout=2) == "gone before"
    assert told.empty()


def test_a_listener_that_fails_hears_of_the_next(running: subprocess.Popen[bytes]) -> None:
    told: Queue[str] = Queue()

    def fail_first(node: str) -> None:
        told.put(node)
        if node == "first":
            raise ValueError(node)
    watch = DeathWatch()
    watch.watch(fail_first)
    watch.keep("first", [99999999])
    assert told.get(timeout=2) == "first"
    watch.keep("second", [99999999])
    assert told.get(timeout=2) == "second"


def test_files_are_private_and_replaced_whole(files: NodeFiles) -> None:
    files.write("bird.conf", "one")
    files.write("bird.conf", "two")
    assert files.read("bird.conf") == "two"
    assert files.directory.stat().st_mode & 0o777 == 0o700
    assert files.path("bird.conf").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in files.directory.iterdir()] == ["bird.conf"]


def test_the_directory_goes_with_its_last_file(files: NodeFiles) -> None:
    files.write("bird.conf", "")
    files.write("frr.conf", "")
    files.remove("bird.conf", "bird.pid")
    assert files.directory.is_dir()
    files.remove("frr.conf")
    assert not files.directory.exists()


def test_a_program_that_is_not_there_is_named(files: NodeFiles) -> None:
    files.write("bird.conf", "")
    with pytest.raises(Unsupported, match="no-such-daemon is not installed"):
        check(["no-such-daemon", "-p"], files)


def test_nothing_starts_without_its_namespace(files: NodeFiles) -> None:
    with pytest.raises(DriverFailure, match="namespace does not exist"):
        start(files, ["true"])
