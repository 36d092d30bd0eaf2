"""A window for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.window import Window


@pytest.fixture
def window(tmp_path: Path) -> Window:
    return Window(tmp_path / "home")
