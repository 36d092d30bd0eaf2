"""Events as they come: a line for what changed, and an end in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from trunkline.cli.client import Json, RequestFailed
from trunkline.cli.commands import events
from trunkline.cli.failure import Failed


def event(**changed: object) -> Json:
    return {"name": "e1", "properties": {
        "severity": "high", "state": "open", "acknowledgedBy": "", "count": 1, "kind": "bogon", "summary": "a bogon",
        "lastSeen": "2026-01-01T00:00:00", "source": "/subscriptions/s/circuits/er1", "leg": "primary", **changed}}


def follow(monkeypatch: pytest.MonkeyPatch, *pages: list[Json], status: int = 500) -> str:
    def news(*_asked: object) -> Iterator[list[Json]]:
        yield from pages
        raise RequestFailed(status, "InternalServerError", "HTTP 500")

    monkeypatch.setattr(events, "_news", news)
    with pytest.raises(Failed) as ended:
        events._follow(None, "", False)  # type: ignore[arg-type]
    return str(ended.value)


def test_an_event_that_merely_goes_on_is_one_line_with_its_place(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    follow(monkeypatch, [event()], [event(lastSeen="2026-01-01T00:00:10")], [event(count=2)], [event(count=3)],
           [event(count=3, state="closed")])
    lines = capsys.readouterr().out.splitlines()
    assert [(" open " in line, " closed " in line) for line in lines] == [(True, False), (True, False), (False, True)]
    assert all("er1 primary" in line for line in lines)


def test_the_end_of_the_service_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "the service has ended" in follow(monkeypatch)
    assert "InternalServerError" in follow(monkeypatch, status=403)
