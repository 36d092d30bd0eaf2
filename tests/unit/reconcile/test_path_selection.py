"""Dynamic path selection over a simulated network: what is decided, stored, told, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import estates
from stage import Stage
from trunkline import settings
from trunkline.intent.bgp import Igp, Router
from trunkline.intent.compile import compile
from trunkline.intent.compile.backbone import span_cost
from trunkline.intent.compile.draft import core_scope, span_scope
from trunkline.intent.compile.plant import backbone_interface
from trunkline.intent.scope import Scope
from trunkline.intent.span import AVOIDED, span_between
from trunkline.intent.view import CIRCUIT
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.reconcile.path_selection import PathSelection
from trunkline.reconcile.troubles import Troubles
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

LINK = span_between("amsterdam", "westeurope")
assert LINK


@pytest.fixture
def stage(tmp_path: object) -> Iterator[Stage]:
    places = settings.load({"TRUNKLINE_RUN": f"{tmp_path}/run"}, home=f"{tmp_path}/home").places
    plane = SimulatedPlane()
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    stage.put(*estates.whole())
    yield stage
    stage.close()


class Measured:
    """Path selection whose clock and links are ours."""

    def __init__(self, stage: Stage) -> None:
        self.due: list[Scope] = []
        self.troubles = Troubles()
        self.selection = PathSelection(stage.store, stage.plane, stage.speaker, AZURE, self.troubles, self.due.extend)
        self._at_s = 1.0
        self._stage = stage

    def pass_by(self, seconds: float, lost: float = 0.0) -> None:
        """Of every link, or as one of them loses."""
        count = 0.0
        for _ in range(round(seconds * 10)):
            self._at_s += 0.1
            count += lost
            echo = None if count >= 1 else 0.0001
            count -= int(count)
            self.selection.beat(lambda wires, echo=echo: {
                wire: (echo if "amsterdam" in wire.node and wire.interface == backbone_interface("westeurope")
                       and wire.node.endswith("-p") else 0.0001,) for wire in wires}, self._at_s)

    @property
    def avoided(self) -> int:
        with self._stage.store.reading() as reader:
            return len(reader.list(AVOIDED))


def cost(stage: Stage, leg: Leg) -> int:
    with stage.store.reading() as reader:
        router: Router
        router, = compile(core_scope("amsterdam", leg), reader, AZURE).routers
    assert isinstance(router.igp, Igp)
    return next(one.cost for one in router.igp.interfaces if one.name == backbone_interface("westeurope"))


def test_traffic_leaves_a_lossy_link_in_its_plane_alone_and_returns_when_it_is_whole(stage: Stage) -> None:
    assert LINK
    measured = Measured(stage)
    measured.pass_by(5)
    assert not measured.avoided
    measured.pass_by(6, lost=0.3)
    assert measured.avoided == 1
    assert cost(stage, Leg.PRIMARY) > cost(stage, Leg.SECONDARY) == span_cost(LINK)
    assert set(measured.due) == {core_scope(site, Leg.PRIMARY) for site in ("amsterdam", "westeurope")}
    avoided = cost(stage, Leg.PRIMARY)
    measured.pass_by(20)
    assert span_cost(LINK) < cost(stage, Leg.PRIMARY) < avoided
    measured.pass_by(10)
    assert not measured.avoided
    assert cost(stage, Leg.PRIMARY) == span_cost(LINK)


def test_a_link_that_is_gone_is_used_by_its_own_ends_as_soon_as_it_is_back(stage: Stage) -> None:
    assert LINK
    measured = Measured(stage)
    measured.pass_by(5)
    measured.pass_by(2, lost=1)
    returning = cost(stage, Leg.PRIMARY)
    measured.pass_by(20, lost=1)
    assert cost(stage, Leg.PRIMARY) == returning > span_cost(LINK)
    measured.pass_by(12)
    assert cost(stage, Leg.PRIMARY) == span_cost(LINK)


def test_all_routers_hasten_from_when_a_link_carries_again_until_it_is_trusted(stage: Stage) -> None:
    measured = Measured(stage)
    measured.pass_by(5)
    all_routers = {node for node in stage.plane.nodes() if node.startswith("core-")}
    assert not measured.selection.hurried
    measured.pass_by(20, lost=1)
    assert not measured.selection.hurried
    measured.pass_by(0.1)
    assert measured.selection.hurried == all_routers
    measured.pass_by(20)
    assert not measured.selection.hurried


def test_all_routers_hasten_for_a_moment_when_a_link_is_left(stage: Stage) -> None:
    measured = Measured(stage)
    measured.pass_by(5)
    while not measured.avoided:
        measured.pass_by(0.1, lost=1)
    assert measured.selection.hurried
    measured.pass_by(20, lost=1)
    assert not measured.selection.hurried


def test_a_link_that_is_being_made_is_not_judged(stage: Stage) -> None:
    measured = Measured(stage)
    measured.pass_by(10, lost=1)
    assert not measured.avoided


def test_a_restart_keeps_what_was_decided(stage: Stage) -> None:
    first = Measured(stage)
    first.pass_by(1)
    first.pass_by(8, lost=1)
    again = Measured(stage)
    again.pass_by(5)
    assert again.avoided == 1
    again.pass_by(10)
    assert not again.avoided


def test_what_was_decided_goes_with_the_link(stage: Stage) -> None:
    measured = Measured(stage)
    measured.pass_by(1)
    measured.pass_by(8, lost=1)
    stage.delete_all()

    def forgotten() -> bool:
        measured.pass_by(2)
        return not measured.avoided
    until(forgotten, 10, "the decision to be forgotten")


def test_the_activity_log_of_circuits_that_use_the_link_tells_why(stage: Stage) -> None:
    measured = Measured(stage)
    measured.pass_by(1)
    measured.pass_by(8, lost=1)
    measured.pass_by(20)
    with stage.store.reading() as reader:
        told = [one for one in reader.activities(estates.rid(CIRCUIT, "er1"), 10) if "links" in one.action]
    assert [one.action.split("/")[2] for one in told] == ["return", "leave"]
    assert "primary link amsterdam to westeurope" in told[1].detail
    assert "echoes lost" in told[1].detail


def test_what_was_measured_is_told(stage: Stage) -> None:
    assert LINK
    measured = Measured(stage)
    measured.pass_by(8, lost=0.2)
    assert measured.troubles.quality(LINK, Leg.PRIMARY).loss_percent == pytest.approx(20, abs=4)
    assert measured.troubles.quality(LINK, Leg.SECONDARY).loss_percent == 0


def test_who_leads_over_a_link_is_known(stage: Stage) -> None:
    scope = span_scope("amsterdam", "westeurope", Leg.PRIMARY)
    with stage.store.reading() as reader:
        assert str(scope) in reader.applied_of("span")
        assert reader.requiring(str(scope)) == ("backbone|amsterdam~westeurope|primary",)
