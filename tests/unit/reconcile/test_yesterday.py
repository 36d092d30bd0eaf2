"""What a source said a day ago, kept over restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trunkline.model.vrp import Vrp
from trunkline.reconcile.yesterday import Yesterday

START = datetime(2026, 1, 2, tzinfo=UTC)
FIRST, SECOND, THIRD = (frozenset({Vrp("198.51.100.0/24", 24, asn)}) for asn in (1, 2, 3))


@pytest.fixture
def served(tmp_path: Path) -> Path:
    return tmp_path / "rpki" / "primary.json"


def begun(served: Path) -> Yesterday:
    past = Yesterday(served)
    past.begin("file", FIRST, START, anew=True)
    return past


def turned(served: Path, hours: int, in_force: frozenset[Vrp]) -> frozenset[Vrp] | None:
    """By another life each time."""
    Yesterday(served).turn("file", in_force, START + timedelta(hours=hours))
    return Yesterday(served).of("file")


def test_a_source_of_which_nothing_was_taken_has_no_past(served: Path) -> None:
    assert Yesterday(served).of("file") is None
    assert begun(served).of("other") is None


def test_what_is_compared_with_is_never_younger_than_a_day(served: Path) -> None:
    begun(served)
    assert turned(served, 23, SECOND) == FIRST
    assert turned(served, 25, SECOND) == FIRST
    assert turned(served, 48, THIRD) == FIRST
    assert turned(served, 50, THIRD) == SECOND


def test_after_days_without_a_change_it_is_what_was_in_force_meanwhile(served: Path) -> None:
    begun(served)
    assert turned(served, 23, SECOND) == FIRST
    assert turned(served, 90, SECOND) == SECOND


def test_a_clock_that_goes_back_begins_anew(served: Path) -> None:
    begun(served)
    assert turned(served, -1, SECOND) == SECOND


def test_what_was_begun_is_not_begun_again_unless_meant(served: Path) -> None:
    past = begun(served)
    past.begin("file", SECOND, START, anew=False)
    assert past.of("file") == FIRST
    past.begin("file", SECOND, START, anew=True)
    assert past.of("file") == SECOND


def test_a_file_that_is_not_ours_is_no_past(served: Path) -> None:
    past = begun(served)
    served.with_suffix(".older").write_text("{")
    assert past.of("file") is None
