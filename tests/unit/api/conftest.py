"""A home directory of one instance."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline.settings import Places, load


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return load({}, str(tmp_path / "home")).places
