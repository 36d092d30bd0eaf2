"""``trunkline maintenance``: targets, times and names as one writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from trunkline.cli.commands.maintenance import default_name, moment, named, window


def test_a_time_is_of_utc_unless_it_says_otherwise() -> None:
    assert moment("2026-12-20T22:00") == datetime(2026, 12, 20, 22, tzinfo=UTC)
    assert moment("2026-12-20T22:00+01:00") == datetime(2026, 12, 20, 21, tzinfo=UTC)
    assert timedelta(days=14) < moment("+15d") - datetime.now(UTC) < timedelta(days=16)


@pytest.mark.parametrize("text", ["tomorrow", "+15w", "2026-13-01"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time; write"):
        moment(text)


@pytest.mark.parametrize(("kind", "names"), [
    ("leg", ("er1",)), ("leg", ("er1", "third")), ("edge", ("Amsterdam", "primary", "x")), ("gateway", ("gw1", "2"))])
def test_what_names_no_target_is_told(kind: str, names: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match=r"(is named by|is no)"):
        named(kind, names)


def test_a_window_has_a_start_or_is_an_emergency() -> None:
    start = datetime(2026, 12, 20, tzinfo=UTC)
    body = window(start=start, seconds=3600, emergency=False, reason="x", drain=300)
    assert (body["startTime"], body["endTime"]) == ("2026-12-20T00:00:00+00:00", "2026-12-20T01:00:00+00:00")
    for wrong in ({"start": None, "emergency": False}, {"start": start, "emergency": True}):
        with pytest.raises(click.UsageError, match="not both"):
            window(seconds=1, reason="x", drain=1, **wrong)  # type: ignore[arg-type]


def test_a_name_says_what_and_when() -> None:
    assert default_name("edge", ("New York", "primary"), "2026-12-20T22:00:00+00:00") == (
        "edge-new-york-primary-20261220-2200")
