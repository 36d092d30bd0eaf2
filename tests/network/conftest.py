"""Every test here has its own instance of Trunkline, and leaves nothing of it behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leaks import left_behind
from trunkline import settings
from trunkline.fabric.plane import LinuxPlane
from trunkline.settings import Places
from waiting import until


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Of an instance whose home, and therefore whose mark in the kernel, is this test's alone."""
    return settings.load({}, home=str(tmp_path / "home")).places


@pytest.fixture(autouse=True)
def nothing_left_behind(places: Places) -> Iterator[None]:
    """A process ends a moment after it is told to, so what is left may take a moment to go."""
    yield
    try:
        until(lambda: not left_behind(places), 5, "nothing left behind")
    except AssertionError:
        pytest.fail("left behind: " + "; ".join(left_behind(places)))


@pytest.fixture
def plane(places: Places) -> Iterator[LinuxPlane]:
    """Whatever it has made is swept away afterwards."""
    plane = LinuxPlane(places)
    yield plane
    plane.sweep()
