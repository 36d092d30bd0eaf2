"""Line conditions in ``status``, and how they end, over a simulated network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import conditions
import estates
from stage import Stage
from trunkline import settings
from trunkline.cli.status.rows import LEGS, fault
from trunkline.intent.view import IMPAIRMENT
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.troubles import Troubles
from trunkline.settings import Places
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until


@pytest.fixture
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    home = tmp_path_factory.mktemp("conditions")
    return settings.load({"TRUNKLINE_RUN": str(home / "run")}, home=str(home / "home")).places


def a_stage(places: Places) -> Stage:
    plane = SimulatedPlane()
    return Stage(places, plane, SimulatedSpeaker(plane))


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    stage = a_stage(places)
    stage.put(*estates.whole())
    yield stage
    stage.close()


def test_status_names_the_legs_that_a_policy_drains_or_closes(stage: Stage) -> None:
    stage.put(estates.session_policy("primary", gracefulShutdown=True), estates.session_policy(
        "secondary", enabled=False))
    with stage.store.reading() as reader:
        look = Look(reader, stage.plane, stage.speaker, AZURE, Troubles())
        circuit, = overview(estates.SUBSCRIPTION, look)["circuits"]
    assert [fault(circuit["legs"][leg], "", "") for leg in LEGS] == [
        "AzurePrivatePeering drained", "AzurePrivatePeering closed by policy"]


def told(stage: Stage) -> dict:
    with stage.store.reading() as reader:
        return overview(estates.SUBSCRIPTION, Look(reader, stage.plane, stage.speaker, AZURE, Troubles()))


def stored(stage: Stage) -> int:
    with stage.store.reading() as reader:
        return len(reader.list(IMPAIRMENT))


def test_status_tells_what_was_asked_for_and_what_can_be_impaired(stage: Stage) -> None:
    stage.put(conditions.line("primary", "trunk", lossInPercent=2, delayInMilliseconds=20, direction="in"))
    row, = told(stage)["impairments"]
    assert row["conditions"] == {"lossInPercent": 2, "delayInMilliseconds": 20}
    assert (row["circuit"], row["leg"], row["at"], row["direction"]) == ("er1", "primary", "trunk", "in")
    assert row["frames"]["in"]["seen"] == 0
    assert told(stage)["circuits"][0]["links"] == {leg.value: ["handoff", "trunk"] for leg in Leg}


def test_a_leg_that_loses_everything_is_told_as_cut(stage: Stage) -> None:
    stage.put(conditions.line("primary", "trunk", lossInPercent=100, direction="in"),
              conditions.line("secondary", lossInPercent=99))
    found = told(stage)
    assert found["profile"] == AZURE.name
    legs = found["circuits"][0]["legs"]
    assert (legs["primary"]["cut"], legs["secondary"]["cut"]) == (["impaired 100% trunk in"], [])
    assert [fault(legs[leg], "", "") for leg in LEGS] == ["impaired 100% trunk in", "-"]


def test_status_says_when_the_link_is_gone(stage: Stage) -> None:
    stage.put(conditions.line("primary", "handoff", lossInPercent=2))
    assert told(stage)["impairments"][0]["linkPresent"]
    stage.delete(estates.order().id)
    row, = told(stage)["impairments"]
    assert not row["linkPresent"]


def test_they_end_at_their_time(stage: Stage) -> None:
    stage.put(conditions.line(seconds=0.2, lossInPercent=2))
    until(lambda: not stored(stage), 5, "the impairment to be deleted")


def test_they_do_not_outlive_the_network_they_were_made_for(places: Places) -> None:
    first = a_stage(places)
    first.put(*estates.whole(), conditions.line(lossInPercent=2))
    first.close()
    second = a_stage(places)
    try:
        until(lambda: not stored(second), 5, "the impairment to be deleted")
    finally:
        second.close()
