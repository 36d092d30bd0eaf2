"""The fixture of end-to-end tests: Trunkline up in a temporary home, and nothing left afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_support import Running, free_port
from trunkline.settings import load


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    home = tmp_path / "home"
    environment = {**os.environ, "TRUNKLINE_HOME": str(home), "TRUNKLINE_PORT": str(free_port())}
    found = Running(home, environment)
    found.trunkline("up", "-d")
    try:
        yield found
    finally:
        found.trunkline("down", "--purge")
    left = [name for name in os.listdir("/run/netns") if name.startswith(_prefix(home))] \
        if Path("/run/netns").exists() else []
    assert left == []


def _prefix(home: Path) -> str:
    return load({}, home=str(home)).places.namespace_prefix
