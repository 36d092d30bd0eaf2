"""The fixture of end-to-end tests: Trunkline up in a temporary home, and nothing left afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_support import Running, started


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with started(tmp_path / "home") as found:
        yield found
