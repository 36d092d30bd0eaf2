"""A leg's sessions are refreshed when asked, over a simulated network; one that is not up has nothing to exchange."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import estates
from stage import Stage
from trunkline import settings
from trunkline.intent.view import PEERING
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

PRIVATE = estates.rid(PEERING, "er1", "AzurePrivatePeering")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    places = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path / "home")).places
    plane = SimulatedPlane()
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    stage.put(*estates.dual())
    yield stage
    stage.close()


def test_each_family_of_the_leg_is_refreshed(stage: Stage) -> None:
    answer = stage.ask(PRIVATE, "refreshSessions", devicePath="primary", direction="")
    assert answer == {"value": [{"peer": "172.16.0.1", "direction": "both"},
                                {"peer": "fd00:ac::1", "direction": "both"}]}


def test_a_closed_session_has_nothing_to_exchange(stage: Stage) -> None:
    stage.put(estates.session_policy("secondary", enabled=False))
    asked = stage.begin_question(PRIVATE, "refreshSessions", devicePath="secondary", direction="in")
    ended = stage.ended(asked)
    assert ended.error
    assert (ended.status, ended.error["code"]) == ("Failed", "SessionNotEstablished")
    assert "secondary leg" in ended.error["message"]
