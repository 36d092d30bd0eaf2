"""What is held down, and when it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline import settings
from trunkline.fabric import held
from trunkline.fabric.bpf.impair_records import boottime_ns
from trunkline.fabric.held import Hold
from trunkline.settings import Places

STEADY, FLAPPING = Hold(100, 1000), Hold(100, 1000, period_ns=30, down_ns=10)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path / "home")).places


@pytest.mark.parametrize(("hold", "now", "is_down", "changes"), [
    (STEADY, 0, True, 1000), (STEADY, 999, True, 1000), (STEADY, 1000, False, 1000),
    (FLAPPING, 99, True, 1000), (FLAPPING, 100, True, 110), (FLAPPING, 109, True, 110), (FLAPPING, 110, False, 130),
    (FLAPPING, 129, False, 130), (FLAPPING, 130, True, 140), (FLAPPING, 995, False, 1000),
    (FLAPPING, 1000, False, 1000)])
def test_when_it_is_down_and_when_that_changes(hold: Hold, now: int, is_down: bool, changes: int) -> None:
    assert (hold.is_down(now), hold.next_ns(now)) == (is_down, changes)


def test_more_of_a_node_is_written_beside_what_was_there() -> None:
    more = Hold(0, 1, interfaces=("a",), routes=("00",)).with_more(iter(("b", "a")), iter(("01",)))
    assert (more.interfaces, more.routes) == (("a", "b"), ("00", "01"))


def test_what_is_held_is_known_by_node_and_interface_until_its_time_is_over(places: Places) -> None:
    assert not held.is_held(places, "edge", "p0")
    far = boottime_ns() + 60_000_000_000
    file = held.file_of(places, "edge", "")
    held.write(file, Hold(0, far, interfaces=("p0",)))
    assert held.read(file) == Hold(0, far, interfaces=("p0",))
    assert [held.is_held(places, node, name) for node, name in (("edge", "p0"), ("edge", "p1"), ("core", "p0"))] == [
        True, False, False]
    assert (held.is_anything_held(places, "edge"), held.is_anything_held(places, "core")) == (True, False)
    held.write(file, Hold(0, 1, interfaces=("p0",)))
    assert not held.is_held(places, "edge", "p0")
    assert not held.is_anything_held(places, "edge")
    held.forget(file)
    assert not held.files(held.directory(places))
    assert not file.parent.exists()
