"""Settings of the backbone: what they become, and what is refused."""

from __future__ import annotations

import pytest

from trunkline.settings import Paths, load


def test_nothing_set_is_the_usual() -> None:
    assert load({}, home="/h").paths == Paths()


def test_what_is_set_counts() -> None:
    found = load({"TRUNKLINE_LATENCY": "geography", "TRUNKLINE_LINK_LOSS": "1.5", "TRUNKLINE_LINK_LATENCY": "7",
                  "TRUNKLINE_LINK_LEAVE": "0.5", "TRUNKLINE_LINK_RETURN": "60"}, home="/h").paths
    assert found == Paths(1.5, 7, 0.5, 60, felt_latency=True)


@pytest.mark.parametrize(("name", "value", "says"), [
    ("TRUNKLINE_LATENCY", "far", "off or geography"), ("TRUNKLINE_LINK_LOSS", "101", "from 0 to 100"),
    ("TRUNKLINE_LINK_LOSS", "much", "'much'"), ("TRUNKLINE_LINK_RETURN", "-1", "from 0 to 86400"),
    ("TRUNKLINE_LINK_LEAVE", "nan", "from 0 to 3600")])
def test_what_makes_no_sense_is_refused_with_the_way_out(name: str, value: str, says: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.*{says}"):
        load({name: value}, home="/h")
