"""Faults as the reconciler makes them, in ``status``, and how they end, over a simulated network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import conditions
import estates
import reaching
import wans
from stage import Stage
from trunkline import settings
from trunkline.cli import failing
from trunkline.cli.commands.status import LEGS
from trunkline.intent.compile.draft import instance_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.drivers import Change
from trunkline.intent.network import Node, Outage
from trunkline.intent.view import CIRCUIT, FAULT, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.fault import RehearsedFault
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.model.whatif import WhatIf
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.troubles import Troubles
from trunkline.settings import Places
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

EDGE: Json = {"kind": "edge", "location": "Amsterdam", "leg": "primary"}
INSTANCE: Json = {"kind": "gatewayInstance", "gateway": estates.link(GATEWAY, "gw1"), "instance": 1}
#: What each takes away of er1 and gw1.
TAKES = [
    ({}, ["er1 primary"]), (EDGE, ["er1 primary"]), (INSTANCE, ["gw1 instance 1"]),
    ({"kind": "switch", "provider": "Equinix", "location": "Amsterdam", "leg": "secondary"}, ["er1 secondary"]),
    ({"kind": "backboneNode", "site": "westeurope", "leg": "primary"}, ["er1 primary"]),
    ({"kind": "backboneLink", "site": "westeurope", "to": "Amsterdam", "leg": "primary"}, []),
    ({"kind": "backboneNode", "site": "Amsterdam2", "leg": "secondary"}, []),
    ({"kind": "backboneLink", "site": "Amsterdam", "to": "West Europe"}, []),
    ({"kind": "location", "location": "Amsterdam"}, ["er1 on both legs"]),
    ({"kind": "region", "region": "West Europe"}, ["er1 on both legs", "gw1 instance 0", "gw1 instance 1"])]


@pytest.fixture
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    home = tmp_path_factory.mktemp("outages")
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


def told(stage: Stage) -> Json:
    with stage.store.reading() as reader:
        return overview(estates.SUBSCRIPTION, Look(reader, stage.plane, stage.speaker, AZURE, Troubles()))


def standing(stage: Stage, *outages: Outage) -> bool:
    return len(stage.plane.observe(outages)) == len(outages)


@pytest.mark.parametrize(("what", "takes"), TAKES)
def test_status_tells_what_a_fault_takes_away(stage: Stage, what: Json, takes: list[str]) -> None:
    stage.put(estates.fault(**what))
    found = told(stage)
    row, = found["faults"]
    assert list(failing.takes(row)) == takes
    marked = [leg for leg in LEGS if found["circuits"][0]["legs"][leg]["fault"]]
    assert marked == [leg for leg in LEGS if f"er1 {leg}" in takes or "er1 on both legs" in takes]


@pytest.mark.parametrize(("what", "takes"), [
    ({"kind": "edge", "location": "London", "leg": "primary"}, ["er2 primary"]),
    ({"kind": "location", "location": "London"}, ["er2 on both legs"]),
    ({"kind": "region", "region": "West Europe"}, ["gw1 instance 0", "gw1 instance 1"])])
def test_a_circuit_that_still_leads_somewhere_has_its_legs(stage: Stage, what: Json, takes: list[str]) -> None:
    """The end of Global Reach at London, or the region of its network, is not its leg."""
    stage.put(*reaching.premises(2), reaching.link())
    stage.put(estates.fault(**what))
    row, = told(stage)["faults"]
    assert list(failing.takes(row)) == takes


def test_where_only_global_reach_led_the_other_circuit_fails(stage: Stage) -> None:
    stage.put(*reaching.premises(2), reaching.link())
    stage.put(estates.fault(kind="location", location="Amsterdam"))
    row, = told(stage)["faults"]
    assert list(failing.takes(row)) == ["er1 on both legs"]


def test_the_link_of_a_direct_port_takes_every_circuit_on_it(places: Places) -> None:
    stage = a_stage(places)
    stage.put(*estates.on_direct(), estates.on_port("er2", 2, 8), estates.fault(mode="linkDown"))
    try:
        row, = told(stage)["faults"]
        assert list(failing.takes(row)) == ["er1 primary", "er2 primary"]
    finally:
        stage.close()


@pytest.mark.parametrize(("what", "takes"), TAKES)
def test_whatever_fails_is_among_what_can_fail_in_the_same_words(stage: Stage, what: Json, takes: list[str]) -> None:
    stage.put(estates.fault(**what))
    found = told(stage)
    row, = found["faults"]
    known = failing.chosen(found["canFail"], row["target"])
    assert known["properties"]["kind"] == what.get("kind", "leg"), takes


@pytest.mark.parametrize("more", [[], [*reaching.premises(2), reaching.link()], [*wans.hub(), wans.gateway()],
                                  [*estates.circuit("er1", 2, group="rg2")]],
                         ids=["alone", "Global Reach", "hub", "one name twice"])
def test_the_what_if_and_fail_know_the_same_by_the_same_words(stage: Stage, more: list[Resource]) -> None:
    stage.put(*more)
    can_fail = {" ".join(one["words"]): RehearsedFault.model_validate(one["properties"]).target
                for one in told(stage)["canFail"]}

    def asked(**question: object) -> Json:
        return stage.ask(ResourceId(estates.SUBSCRIPTION), "whatIf",
                         question=WhatIf.model_validate(question).model_dump_json(by_alias=True))

    known = asked(states=[[name] for name in can_fail])["states"]
    assert [one["failure"] for one in known] == list(can_fail)
    for state, target in zip(known, can_fail.values(), strict=True):
        assert state["faults"] == [None] or RehearsedFault.model_validate(state["faults"][0]).target == target
    assert {one["failure"] for one in asked()["failable"] if one["kind"] != "router"} <= can_fail.keys()


def test_circuits_of_one_name_are_told_apart_by_their_groups(stage: Stage) -> None:
    stage.put(*estates.circuit("er1", 2, group="rg2"))
    words = [target["words"] for target in told(stage)["canFail"] if target["properties"]["kind"] == "leg"]
    assert words == [[f"{group}/er1", leg] for group in ("rg1", "rg2") for leg in LEGS]


def test_a_node_that_is_made_anew_fails_again(stage: Stage) -> None:
    """Somebody deletes the edge and with it what fails there."""
    stage.put(estates.fault(**EDGE))
    edge = edge_node("Amsterdam", Leg.PRIMARY)
    outage = Outage(edge, "2020-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00")
    assert standing(stage, outage)
    stage.plane.apply(Change(remove=(outage, Node(edge, None))))  # type: ignore[arg-type]
    until(lambda: edge in stage.plane.nodes() and standing(stage, outage), 10, "the edge to fail again")


def test_what_comes_to_a_region_that_fails_fails_too(stage: Stage) -> None:
    stage.delete(*(estates.rid(*names) for names in (("Microsoft.Network/connections", "con1"), (GATEWAY, "gw1"))))
    stage.put(estates.fault(kind="region", region="westeurope"))
    gateway = next(one for one in estates.whole() if one.id.type == GATEWAY)
    stage.begin([gateway])
    stage.reconciler.wake([str(gateway.id)])
    outages = [Outage(instance_node(gateway.id, number), "2020-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00")
               for number in (0, 1)]
    until(lambda: standing(stage, *outages), 10, "both instances to fail")


def test_a_fault_goes_with_what_it_was_of(stage: Stage) -> None:
    stage.put(estates.fault())
    assert told(stage)["faults"]
    vrf = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
    stage.delete(*(one.id for one in estates.whole() if one.id.type == "Microsoft.Network/connections"))
    stage.delete(estates.rid(CIRCUIT, "er1"))
    assert vrf not in stage.plane.nodes()
    until(lambda: not told(stage)["faults"] or told(stage)["faults"][0]["legs"] == [], 5, "nothing to be taken away")


def stored(stage: Stage) -> int:
    with stage.store.reading() as reader:
        return len(reader.list(FAULT))


def test_a_fault_ends_at_its_time(stage: Stage) -> None:
    fault = estates.fault()
    fault.system["expiresAt"] = conditions.ends_in(0.2)
    stage.put(fault)
    until(lambda: not stored(stage), 5, "the fault to be deleted")


def test_faults_do_not_outlive_the_network_they_were_made_for(places: Places) -> None:
    first = a_stage(places)
    first.put(*estates.whole(), estates.fault())
    first.close()
    second = a_stage(places)
    try:
        until(lambda: not stored(second), 5, "the fault to be deleted")
    finally:
        second.close()
