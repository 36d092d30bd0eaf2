"""The backbone in ``status``, and what the simulated routers say of each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

import estates
from conditions import span_line
from stage import Stage
from trunkline import settings
from trunkline.cli.status.rows import link_row
from trunkline.intent.compile.plant import core_node
from trunkline.intent.span import AVOIDED
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.plant import site_called
from trunkline.model.profile import AZURE, LinkBounds
from trunkline.model.resource import Json
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.troubles import Troubles
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

#: Quick to decide, so that nobody waits.
QUICK = replace(AZURE, link_bounds=LinkBounds(leave_s=0.3, return_s=0.5))


@pytest.fixture
def stage(tmp_path: object) -> Iterator[Stage]:
    places = settings.load({"TRUNKLINE_RUN": f"{tmp_path}/run"}, home=f"{tmp_path}/home").places
    plane = SimulatedPlane()
    stage = Stage(places, plane, SimulatedSpeaker(plane), profile=QUICK)
    stage.put(*estates.whole())
    yield stage
    stage.close()


def links(stage: Stage) -> list[Json]:
    with stage.store.reading() as reader:
        look = Look(reader, stage.plane, stage.speaker, AZURE, Troubles())
        found: list[Json] = overview(estates.SUBSCRIPTION, look)["backbone"]
    return found


def routing(stage: Stage) -> dict[tuple[str, str, str], str]:
    return {(row["leg"], row["site"], row["to"]): row["routing"]["IPv4"] for row in links(stage)}


def test_every_link_of_both_paths_is_told_and_its_routers_know_each_other(stage: Stage) -> None:
    expected = {(leg.value, *map(site_called, sorted(pair))) for leg in Leg
                for pair in pairwise(backbone().path("amsterdam", "westeurope", leg))}
    assert set(routing(stage)) == expected
    assert set(routing(stage).values()) == {"Full"}


def test_a_router_that_is_dead_is_no_neighbour(stage: Stage) -> None:
    assert isinstance(stage.speaker, SimulatedSpeaker)
    stage.speaker.reject_next(core_node("westeurope", Leg.PRIMARY))
    stage.speaker.remove(core_node("westeurope", Leg.PRIMARY))
    assert routing(stage)["primary", "Amsterdam", "West Europe"] == ""


def test_the_running_service_avoids_a_link_that_loses(stage: Stage) -> None:
    bad = span_line("Amsterdam", "West Europe", "primary", lossInPercent=50)
    stage.put(bad)
    until(lambda: [row for row in links(stage) if row["avoided"]], 15, "the link to be avoided", every_s=0.2)
    assert [row["leg"] for row in links(stage) if row["avoided"]] == ["primary"]
    stage.delete(bad.id)
    until(lambda: not _avoided(stage), 30, "traffic to return", every_s=0.2)


def _avoided(stage: Stage) -> int:
    with stage.store.reading() as reader:
        return len(reader.list(AVOIDED))


def test_a_row_tells_what_both_say() -> None:
    row = {"site": "a", "to": "b", "leg": "primary", "km": 12.5, "routing": {"IPv4": "Full", "IPv6": ""},
           "lossInPercent": 2.0, "roundTripInMilliseconds": None, "avoided": True}
    assert link_row(row) == ("a ~ b", "primary", "12.5", "Full", "-", "2%", "-", "avoided")
    assert link_row({**row, "roundTripInMilliseconds": 0.4, "avoided": False})[6:] == ("0.4 ms", "")
