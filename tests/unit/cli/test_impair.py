"""How ``trunkline impair`` reads links and conditions, and what it says of links that are not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from trunkline.cli.commands import impair
from trunkline.cli.failure import Failed
from trunkline.cli.instance import locate
from trunkline.cli.status.rows import impairment_row

FOUND = {"circuits": [
    {"name": "er1", "id": "/subscriptions/s/resourceGroups/rg1/providers/N/c/er1", "location": "Amsterdam", "links": {
        "primary": ["handoff", "trunk"], "secondary": ["trunk"]}},
    {"name": "er2", "location": "London", "links": {"primary": ["handoff"], "secondary": []}}],
    "backbone": [{"site": "silicon valley", "to": "westus", "leg": "primary"}]}


@pytest.mark.parametrize(("text", "percent"), [("2%", 2), ("0.001%", 0.001), ("100%", 100), (None, 0)])
def test_a_rate(text: str | None, percent: float) -> None:
    assert impair._percent(None, None, text) == percent  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "value"), [("20ms", 20), ("1.5ms", 1.5), ("2s", 2000), ("7", 7), (None, 0)])
def test_a_delay(text: str | None, value: float) -> None:
    assert impair._milliseconds(None, None, text) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["2", "101%", "0.0001%", "much", "-1%", ""])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 2%"):
        impair._percent(None, None, text or "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["11s", "20us", "soon"])
def test_what_is_no_delay_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="at most 10s"):
        impair._milliseconds(None, None, text)  # type: ignore[arg-type]


def test_a_backbone_link_stands_in_the_group_of_a_circuit() -> None:
    target = impair._span(FOUND, "Silicon Valley", "westus", ("primary",))
    assert impair._path(target, "in") == (
        "/subscriptions/s/resourceGroups/rg1/providers/Trunkline.Plant/impairments/"
        "link-Silicon_Valley-westus-primary-in")
    stands = {"at": "link", "site": "silicon valley", "to": "westus", "leg": "primary", "lossInPercent": 2}
    assert target.matches(stands)
    assert not target.matches({**stands, "leg": None})


def test_without_circuits_the_backbone_has_no_links() -> None:
    with pytest.raises(Failed, match="no circuit yet"):
        impair._span({"circuits": []}, "Amsterdam", "westeurope", ())


def test_every_link_is_told_as_one_writes_it() -> None:
    assert impair._known(FOUND) == [
        "er1 primary handoff", "er1 primary trunk", "er1 secondary trunk", "er2 primary handoff",
        'link "silicon valley" westus primary']


def test_nothing_asked_for_is_wrong_usage(tmp_path: Path) -> None:
    ran = CliRunner().invoke(impair.impair, ["er1", "primary", "--hold", "3ms"], obj=locate(str(tmp_path)))
    assert ran.exit_code == 2
    assert "--loss, --duplicate" in ran.output


def test_a_row_tells_conditions_end_and_counters_of_both_directions() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    frames = {"seen": 10, "lost": 2, "duplicated": 0}
    row = {"circuit": "er1", "leg": "primary", "at": "trunk", "site": None, "to": None, "direction": "both",
           "conditions": {"lossInPercent": 2.0, "delayInMilliseconds": 20.0}, "linkPresent": True,
           "expiresAt": (now + timedelta(seconds=90)).isoformat(), "frames": {"in": frames, "out": frames}}
    assert impairment_row(row, now) == ("er1", "primary", "trunk", "both", "2% lost, 20 ms late",
                                        "1m30s", "20 seen, 4 lost")
    assert impairment_row({**row, "circuit": None, "leg": None, "at": "link", "site": "a", "to": "b"}, now)[:3] == (
        "-", "both", "a b")
    assert impairment_row({**row, "linkPresent": False, "frames": {}}, now)[-1] == "the link is not there"
