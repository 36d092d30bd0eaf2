"""Whatever fails is met with no human, within what the timers of the profile say, and returns without loss."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import estates
import resilient
import scenes
from conditions import ends_in
from outages import LOCATION, TARGETS, Met, all_flows_carry, detection_ms, meet
from probing import PER_SECOND, probing
from resilient import Way
from stage import Apart, Stage
from trunkline import settings
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json
from waiting import until

pytestmark = pytest.mark.root

#: Until a failure is noticed, and what routers and kernels then take, machines under load included.
LONGEST_MS = 3 * detection_ms(AZURE)
#: When a backbone router returns, OSPF moves what its tunnels carry twice, and some of it waits for BFD inside.
RETURN_MS = 3 * AZURE.inner_bfd.interval_ms * AZURE.inner_bfd.multiplier


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stage serves all tests; each ends with everything whole."""
    places = settings.load({}, home=str(tmp_path_factory.mktemp("outages") / "home")).places
    with scenes.real_stage(places) as found:
        found.put(*estates.whole())
        scenes.all_up(found)
        scenes.connected(found)
        yield found
    scenes.all_gone(places)


def returned(met: Met, name: str) -> bool:
    """Without loss, but for what OSPF costs."""
    return met.healed.longest_gap_ms <= (RETURN_MS if TARGETS[name].get("kind") in ("edge", "backboneNode") else 0)


@pytest.mark.parametrize("name", ["leg", "leg in", "gateway instance", "edge"])
def test_whatever_fails_is_met_within_the_time_of_detection_and_returns_without_loss(stage: Stage, name: str) -> None:
    met = meet(stage, TARGETS[name])
    assert 0 < met.failed.longest_gap_ms <= LONGEST_MS
    assert met.failed.lost <= LONGEST_MS * PER_SECOND / 1000
    assert returned(met, name), met.healed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["leg out", "leg link down", "switch", "edge link down", "backbone link",
                                  "backbone node"])
def test_so_it_is_with_the_rest_of_what_can_fail(stage: Stage, name: str) -> None:
    met = meet(stage, TARGETS[name])
    assert 0 < met.failed.longest_gap_ms <= LONGEST_MS
    assert returned(met, name), met.healed


def test_a_leg_that_comes_and_goes_costs_no_more_than_one_that_stays_away(stage: Stage) -> None:
    """Each time that it goes is noticed anew; the site is never cut off for longer."""
    flapping = {**TARGETS["leg"], "downInSeconds": 2, "upInSeconds": 1}
    met = meet(stage, flapping)
    assert 0 < met.failed.longest_gap_ms <= LONGEST_MS


def test_faults_of_both_modes_end_at_the_edge_when_the_control_plane_is_dead(places: settings.Places) -> None:
    with scenes.real_stage(places, apart=True) as stage:
        stage.put(*estates.whole())
        scenes.all_up(stage)
        ends = ends_in(5)
        for leg, mode in zip(Leg, ("silent", "linkDown"), strict=True):
            fault = estates.fault(f"edge-{leg}", kind="edge", location="Amsterdam", leg=leg.value, mode=mode)
            fault.system["expiresAt"] = ends
            stage.put(fault)
        assert isinstance(stage.reconciler, Apart)
        stage.reconciler.kill()
        until(lambda: not any(scenes.is_up(scenes.customer(stage, leg)) for leg in Leg), 10, "both legs to go down")
        until(lambda: all(scenes.is_up(scenes.customer(stage, leg)) for leg in Leg), 30, "both legs to be back")
        assert datetime.now(UTC) >= datetime.fromisoformat(ends)
        scenes.connected(stage)
        stage.reconciler.start()


@pytest.mark.slow
def test_the_loss_of_a_location_moves_everything_to_the_circuit_at_another(places: settings.Places) -> None:
    with scenes.real_stage(places) as stage:
        stage.put(*resilient.estate(Way("Amsterdam"), Way("London")))
        scenes.all_up(stage)
        with probing(stage) as probe:
            until(lambda: all_flows_carry(stage), 10, "traffic on all flows")
            stage.put(estates.fault(**LOCATION))
            until(lambda: all_flows_carry(stage), 20, "another way for all flows")
        assert 0 < probe.longest_gap_ms <= LONGEST_MS


def test_what_fails_is_not_mended_by_passes_over_what_it_is_part_of(stage: Stage) -> None:
    """Every scope that there is looks at all that it has made."""
    wanted: Json = TARGETS["edge"]
    fault = estates.fault(**wanted, mode="linkDown")
    stage.put(fault)
    until(lambda: not scenes.is_up(scenes.customer(stage, Leg.PRIMARY)), 10, "the leg to go down")
    with stage.store.reading() as reader:
        scopes = reader.applied_scopes()
    stage.reconciler.look_at(scopes)  # type: ignore[union-attr]
    until(lambda: not stage.reconciler.busy, 20, "all passes")  # type: ignore[union-attr]
    assert not scenes.missing(stage)
    assert not scenes.is_up(scenes.customer(stage, Leg.PRIMARY))
    stage.delete(fault.id)
    scenes.all_up(stage)
