"""A metro circuit on real routers and packets: its legs end in two buildings, and losing one leaves the other."""

from __future__ import annotations

import pytest

import estates
import resilient
import scenes
from outages import all_flows_carry, detection_ms
from probing import probing
from resilient import Way
from stage import Stage
from trunkline.intent.compile.plant import core_node, edge_node
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

#: By leg, as in ``model/data/metro-sites.csv``.
BUILDINGS = {Leg.PRIMARY: "Amsterdam", Leg.SECONDARY: "Amsterdam2"}
#: Until a failure is noticed, and what routers and kernels then take, machines under load included.
LONGEST_MS = 3 * detection_ms(AZURE)


def test_each_building_of_a_metro_can_be_lost_and_comes_back(places: Places) -> None:
    with scenes.real_stage(places) as stage:
        stage.put(*resilient.estate(Way("Amsterdam Metro")))
        scenes.all_up(stage)
        scenes.connected(stage)
        assert {node(leg) for node in (_edge, _core) for leg in Leg} <= set(stage.plane.nodes())
        for lost, building in BUILDINGS.items():
            _one_lost(stage, lost, building)


def _one_lost(stage: Stage, lost: Leg, building: str) -> None:
    left, = (leg for leg in Leg if leg is not lost)
    fault = estates.fault(f"fire-{lost}", kind="location", location=building)
    with probing(stage) as probe:
        until(lambda: all_flows_carry(stage), 10, "traffic on all flows")
        stage.put(fault)
        until(lambda: not scenes.is_up(scenes.customer(stage, lost)), 20, f"the {lost} leg to go down")
        until(lambda: all_flows_carry(stage), 20, "another way for all flows")
        assert scenes.is_up(scenes.customer(stage, left))
    assert probe.longest_gap_ms <= LONGEST_MS
    stage.delete(fault.id)
    scenes.all_up(stage)
    scenes.connected(stage)


def _edge(leg: Leg) -> str:
    return edge_node(BUILDINGS[leg], leg)


def _core(leg: Leg) -> str:
    return core_node(BUILDINGS[leg], leg)
