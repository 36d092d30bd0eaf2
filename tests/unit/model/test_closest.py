"""What somebody may have meant."""

from __future__ import annotations

import pytest

from trunkline.model.closest import closest, closest_first, did_you_mean
from trunkline.model.plant import locations


@pytest.mark.parametrize(("wanted", "meant"), [
    ("Amsterdm", "Amsterdam"), ("amsterdam 2", "Amsterdam2"), ("Frankfort", "Frankfurt"), ("NEWYORK", "New York")])
def test_a_slip_of_the_pen_finds_what_was_meant(wanted: str, meant: str) -> None:
    assert closest(wanted, locations())[0] == meant


def test_what_is_like_it_comes_before_the_rest_which_keeps_its_order() -> None:
    assert closest_first("er9", ["lon", "er1", "ams", "er2", "er1"]) == ["er1", "er2", "lon", "ams"]


def test_of_what_is_like_nothing_no_question_is_asked() -> None:
    assert did_you_mean("q", ["Amsterdam"]) == ""
    assert did_you_mean("Amsterdam!" * 1000, ["x"]) == ""
    assert did_you_mean("Londn", ["London", "Paris"]) == " Did you mean London?"
