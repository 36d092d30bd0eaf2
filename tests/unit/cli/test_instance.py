"""Who runs is told by a held lock, never by a file alone."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from trunkline.cli.failure import Failed, NotRunning
from trunkline.cli.instance import Instance, Running, locate, port_is_free
from trunkline.cli.root import trunkline


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    found = locate(str(tmp_path / "home"), {"TRUNKLINE_RUN": str(tmp_path / "run")})
    found.lock.parent.mkdir()
    return found


@pytest.fixture
def held(instance: Instance) -> Iterator[Instance]:
    """Somebody holds the lock; not our supervisor, though."""
    instance.lock.write_text(json.dumps({"pid": os.getpid(), "port": 9443, "simulation": False}))
    with instance.lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield instance


def test_without_a_file_nothing_runs(instance: Instance) -> None:
    assert instance.running() is None


def test_a_file_that_a_crash_left_is_not_a_running_service(instance: Instance) -> None:
    instance.lock.write_text(json.dumps({"pid": 1, "port": 9443, "simulation": False}))
    assert instance.running() is None


def test_a_held_lock_says_process_and_port(held: Instance) -> None:
    assert held.running() == Running(os.getpid(), 9443, False)
    assert held.url() == "https://127.0.0.1:9443"


def test_a_second_start_is_refused_while_the_lock_is_held(held: Instance) -> None:
    with pytest.raises(Failed, match="already running"):
        held.start(9444, simulation=True, log=None)


def test_a_process_that_is_not_our_supervisor_is_never_stopped(held: Instance) -> None:
    with pytest.raises(Failed, match="not our supervisor"):
        held.stop()


def test_what_needs_a_service_says_that_there_is_none(instance: Instance) -> None:
    with pytest.raises(NotRunning):
        instance.url()


def test_a_used_port_is_not_free() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not port_is_free("127.0.0.1", other.getsockname()[1])


def test_the_assembly_gets_this_instance_whatever_the_environment_says(
        instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", "/elsewhere")
    found = instance.environment(9443, simulation=True)
    assert found["TRUNKLINE_HOME"] == str(instance.settings.places.home)
    assert (found["TRUNKLINE_PORT"], found["TRUNKLINE_SIMULATION"]) == ("9443", "1")
    assert found["TRUNKLINE_PROFILE"] == instance.settings.profile == "azure"


@pytest.mark.parametrize("url", ["logs:514", "http://192.0.2.1", "udp://:514", "tcp://192.0.2.1:99999", "unix://"])
def test_a_syslog_that_cannot_be_is_told_before_anything_is_made(url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    ran = CliRunner().invoke(trunkline, ["--home", str(home), "up", "--simulation"], env={"TRUNKLINE_SYSLOG": url})
    assert (ran.exit_code, home.exists()) == (1, False)
    assert f"TRUNKLINE_SYSLOG is '{url}'; it must be udp://HOST:PORT" in ran.output


@pytest.mark.parametrize("path", ["/nowhere/events", "/"])
def test_a_file_for_events_that_cannot_be_is_told_before_anything_is_made(path: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    ran = CliRunner().invoke(trunkline, ["--home", str(home), "up", "--simulation", "--port", "1"],
                             env={"TRUNKLINE_EVENTS_FILE": path, "TRUNKLINE_RUN": str(tmp_path / "run")})
    assert (ran.exit_code, home.exists()) == (1, False)
    assert f"TRUNKLINE_EVENTS_FILE is '{path}'" in ran.output
