"""The machine compared with what it was: what is ours is told, what is another instance's is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trunkline.cli.demo import leftovers
from trunkline.cli.demo.leftovers import Leftovers
from trunkline.settings import Places, load
from waiting import until


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return load({}, home=str(tmp_path / "home")).places


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory that is compared here."""
    directory = tmp_path / "watched"
    directory.mkdir()
    monkeypatch.setattr(leftovers, "_WATCHED", (str(directory),))
    monkeypatch.setattr(leftovers, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(leftovers, "_interfaces", lambda: iter(()))
    monkeypatch.setattr(leftovers, "_mounts", lambda: iter(()))
    return directory


def test_what_was_there_before_is_not_left_behind(watched: Path, places: Places) -> None:
    (watched / "old").touch()
    before = Leftovers()
    assert before.found(places) == []


def test_a_new_file_is_told(watched: Path, places: Places) -> None:
    before = Leftovers()
    (watched / "frr").touch()
    assert before.found(places) == [f"file {watched}/frr"]


def test_what_carries_another_instances_mark_is_not_ours(watched: Path, places: Places) -> None:
    before = Leftovers()
    other = f"{(int(places.instance, 16) + 1) % 65_536:04x}"
    (watched / f"tl-{other}-vm-vm1").touch()
    (watched / f"tl-{places.instance}-vm-vm1").touch()
    assert before.found(places) == [f"file {watched}/tl-{places.instance}-vm-vm1"]


@pytest.mark.usefixtures("watched")
def test_a_home_that_stays_is_told(places: Places) -> None:
    before = Leftovers()
    places.home.mkdir()
    assert before.found(places) == [f"file {places.home}"]


@pytest.mark.usefixtures("watched")
def test_a_process_that_names_our_home_is_told(places: Places) -> None:
    """The kernel tells the starter of a program's start a moment before it tells others its arguments."""
    before = Leftovers()
    with subprocess.Popen([sys.executable, "-c", "input()", str(places.home)], stdin=subprocess.PIPE) as left:
        until(lambda: any(f"process {left.pid} " in found for found in before.found(places)), 5, "the process")
        left.kill()
