"""Line conditions on the links of a real circuit: felt where they are, gone when their time is over."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

import conditions
import estates
from conditions import relays, without_relays
from probing import probing
from scenes import (
    HOST,
    IN_CLOUD,
    all_gone,
    all_up,
    connected,
    customer,
    disturbed,
    is_up,
    missing,
    real_stage,
    sessions,
)
from stage import Apart, Stage
from trunkline import settings
from trunkline.intent.view import IMPAIRMENT
from trunkline.model.circuit import Leg
from trunkline.settings import Places
from waiting import until
from wires import echoes

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("impair") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole())
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


def round_trip_ms(stage: Stage, count: int = 5) -> float:
    """The shortest of some."""
    found = []
    for _ in range(count):
        started = time.monotonic()
        assert echoes(stage.places, HOST, IN_CLOUD) == 1
        found.append((time.monotonic() - started) * 1000)
    return min(found)


@pytest.mark.parametrize("at", ["handoff", "trunk"])
def test_delay_on_both_legs_is_felt_from_end_to_end_and_no_session_falls(stage: Stage, at: str) -> None:
    lines = [conditions.line(leg, at, delayInMilliseconds=15) for leg in Leg]
    before = sessions(stage)
    stage.put(*lines)
    assert not missing(stage)
    assert round_trip_ms(stage) >= 30
    assert not disturbed(before, sessions(stage))
    with stage.store.reading() as reader:
        assert len(reader.list(IMPAIRMENT)) == 2
    stage.delete(*(line.id for line in lines))
    assert round_trip_ms(stage) < 30
    assert not relays(stage.places)
    assert not missing(stage)


def test_a_one_way_failure_of_a_leg_is_noticed_and_traffic_goes_the_other_way(stage: Stage) -> None:
    line = conditions.line("primary", "trunk", lossInPercent=100, direction="in")
    stage.put(line)
    until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 10, "BFD to notice")
    connected(stage)
    assert is_up(customer(stage, Leg.SECONDARY))
    stage.delete(line.id)
    all_up(stage)


def test_conditions_that_lose_nothing_cost_no_packet_when_they_come_change_and_go(stage: Stage) -> None:
    line = conditions.line("primary", "handoff", delayInMilliseconds=5)
    with probing(stage) as probe:
        stage.put(line)
        stage.put(conditions.line("primary", "handoff", delayInMilliseconds=20, jitterInMilliseconds=5))
        stage.put(conditions.line("primary", "handoff", duplicationInPercent=1))
        stage.delete(line.id)
    assert probe.sent > 0
    assert probe.lost == 0, probe


def test_the_timer_ends_them(stage: Stage) -> None:
    stage.put(*(conditions.line(leg, "handoff", seconds=2, delayInMilliseconds=15) for leg in Leg))
    until(lambda: not listed(stage), 10, "the impairments to be deleted")
    assert round_trip_ms(stage) < 30
    assert not missing(stage)


def listed(stage: Stage) -> tuple[object, ...]:
    with stage.store.reading() as reader:
        return reader.list(IMPAIRMENT)


def test_with_the_control_plane_killed_they_end_by_themselves_and_the_next_start_forgets_them(places: Places) -> None:
    with real_stage(places, apart=True) as apart:
        assert isinstance(apart.reconciler, Apart)
        apart.put(*estates.whole())
        all_up(apart)
        connected(apart)
        apart.put(*(conditions.line(leg, "handoff", seconds=6, delayInMilliseconds=15) for leg in Leg))
        apart.reconciler.kill()
        assert round_trip_ms(apart) >= 30
        without_relays(places)
        assert round_trip_ms(apart) < 30
        assert len(listed(apart)) == 2
        apart.reconciler.start()
        until(lambda: not listed(apart), 10, "the impairments to be deleted")
        assert not missing(apart)
