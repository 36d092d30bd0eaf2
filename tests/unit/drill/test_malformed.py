"""Broken UPDATEs: whole messages by their header, broken inside, each once in the list."""

from __future__ import annotations

import random

import pytest

from trunkline.drill import malformed
from trunkline.drill.malformed import CASES, Broken
from trunkline.drill.message import HEADER, Kind, Route, announcement

HONEST = {4: Route(("10.66.0.0/16",), (65010,), "172.16.0.1"), 6: Route(("fd00:66::/48",), (65010,), "fd00:ac::1")}


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_a_broken_update_has_a_true_header_and_is_not_the_honest_one(case: Broken) -> None:
    raw = case.spoil(HONEST[case.family])
    _, length, kind = HEADER.unpack_from(raw)
    assert (length, kind) == (len(raw), Kind.UPDATE)
    assert raw not in announcement(HONEST[case.family])


def test_each_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_chance_is_the_same_for_the_same_seed() -> None:
    one, other = (random.Random(7) for _ in range(2))  # noqa: S311
    assert [malformed.garbled(HONEST[4], one) for _ in range(20)] == [
        malformed.garbled(HONEST[4], other) for _ in range(20)]
    assert malformed.junk(one) == malformed.junk(other)
