"""What the command brings to the service: drills that certificates prove."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certificates import certificate
from trunkline.cli.certificate import keys, shelf
from trunkline.cli.commands.resiliency import proven
from trunkline.diagnosis.drill.certificate import Result, Verdict, rendered
from trunkline.settings import Places, load


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return load({}, home=str(tmp_path / "home")).places


def kept(places: Places, **changed: object) -> Path:
    return shelf.keep(places, keys.signed(rendered(certificate(**changed)), keys.signing_key(places)))


def test_a_kept_certificate_proves_a_drill(places: Places) -> None:
    kept(places)
    found, = proven(places)
    assert (found["fault"]["leg"], found["result"]) == ("primary", "passed")
    assert found["endedAt"] == "2026-11-28T03:00:21.000000+00:00"


def test_a_failed_drill_is_told_as_failed(places: Places) -> None:
    kept(places, verdict=Verdict(result=Result.ABORTED))
    assert [one["result"] for one in proven(places)] == ["aborted"]


def test_a_drill_that_was_killed_is_told_from_its_trace(places: Places) -> None:
    drill = {"id": "0a1b2c3d", "beganAt": "2026-11-28T05:00:00+00:00", "target": "er1 primary", "mode": "silent",
             "fault": {"kind": "leg"}, "faultId": "/faults/drill-1", "drained": []}
    shelf.write(places.certificates / "20261128T050000-0a1b2c3d.begun", json.dumps(drill))
    assert [(one["result"], one["endedAt"]) for one in proven(places)] == [("killed", drill["beganAt"])]
    with shelf.begun(places, {**drill, "id": "1a1b2c3d"}):
        assert len(list(proven(places))) == 1, "one that runs has not ended"


def test_a_certificate_that_was_changed_proves_nothing(places: Places) -> None:
    path = kept(places)
    path.write_text(json.dumps({**json.loads(path.read_text()), "endedAt": "2027-01-01T00:00:00+00:00"}))
    assert list(proven(places)) == []


def test_without_any_drill_nothing_is_proven_and_no_key_is_made(places: Places) -> None:
    assert list(proven(places)) == []
    assert not places.signing_key.exists()
