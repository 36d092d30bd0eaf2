"""Faults: which ways of failing there are."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from outages import COMING_AND_GOING, MODES, TWOFOLD, WIDE, every, of
from trunkline.model.fault import WORDS, FaultKind, RehearsedFault
from trunkline.model.resource import Json


def test_every_kind_is_met_on_packets_in_every_way_that_is_accepted() -> None:
    """``tests/network/test_scenario_outages.py`` meets ``every``: silent and with link down, one way of legs and links,
    each staying away and coming and going."""
    ways = every(*TWOFOLD, *WIDE)
    assert {RehearsedFault.model_validate(way).kind for way in ways.values()} == set(FaultKind)
    assert len(ways) == len(FaultKind) * 2 * 2 + 2 * 2 * 2


@pytest.mark.parametrize("name", [name for name in (*TWOFOLD, *WIDE) if name not in ("leg", "backbone link")])
@pytest.mark.parametrize("direction", ["in", "out"])
@pytest.mark.parametrize("times", [{}, COMING_AND_GOING])
def test_what_cannot_fail_one_way_is_refused_with_the_way_out(name: str, direction: str, times: Json) -> None:
    with pytest.raises(ValidationError, match=r"is of legs and links \(kind 'leg' or 'backboneLink'\).*leave dir"):
        RehearsedFault.model_validate({**of(name), **MODES[direction], **times})


def test_each_kind_has_a_word_of_its_own() -> None:
    assert set(WORDS) == set(FaultKind)
    assert len(set(WORDS.values())) == len(FaultKind)
