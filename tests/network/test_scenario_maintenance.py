"""Announced work on live daemons and packets: drained, closed, given back, and not a packet is lost by a customer that
honours longer paths; refused while the other leg could not carry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import estates
from probing import both_legs_carry, probing
from scenes import all_gone, all_up, carried, connected, customer, is_up, kernel_routes, real_stage, router_of
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import ce_node, instance_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE
from trunkline.model.circuit import Leg
from trunkline.model.maintenance import MAINTENANCE, MaintenanceState, model_of, state_of
from trunkline.model.resource import Resource, ResourceId
from waiting import until

pytestmark = pytest.mark.root

S = MaintenanceState
EDGE = {"kind": "edge", "location": "Amsterdam", "leg": "primary"}
LONG_S = 600
CLOUD = "10.1.0.0/16"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("maintenance") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole())
        all_up(stage)
        connected(stage)
        until(lambda: both_ways(stage), 20, "both legs to be used in both directions")
        yield stage
    all_gone(places)


def both_ways(stage: Stage) -> bool:
    """A session that is up may have told nothing yet."""
    own = [stage.run(ce_node(estates.rid(SITE, "paris"), ce), "ip", "route", "show", CLOUD).stdout
           for ce in ("ce1", "ce2")]
    instances = [instance_node(estates.rid(GATEWAY, "gw1"), number) for number in (0, 1)]
    return "v1p" in own[0] and "v1s" in own[1] and all(
        kernel_routes(stage, node).get("10.10.0.0/16") == len(Leg) for node in instances)


def announced(name: str, seconds: float, **named: object) -> Resource:
    """From now on."""
    start = datetime.now(UTC)
    return estates.resource(estates.rid(MAINTENANCE, name), {
        **named, "startTime": start.isoformat(), "endTime": (start + timedelta(seconds=seconds)).isoformat(),
        "reason": "optics", "emergency": True, "drainInSeconds": 60})


def announce(stage: Stage, wish: Resource) -> ResourceId:
    with stage.store.writing() as writer:
        writer.put(wish)
    return wish.id


def now(stage: Stage, name: ResourceId) -> Resource:
    with stage.store.reading() as reader:
        found = reader.get(name)
    assert found
    return found


def comes_to(stage: Stage, name: ResourceId, state: S) -> Resource:
    until(lambda: state_of(now(stage, name)) is state, 30, f"{state}: {now(stage, name).status}")
    return now(stage, name)


def cancel(stage: Stage, name: ResourceId) -> None:
    with stage.store.writing() as writer:
        found = now(stage, name)
        writer.put(replace(found, system={**found.system, "cancelled": datetime.now(UTC).isoformat()}))


def ended(stage: Stage, name: ResourceId) -> None:
    """As it was before, for the next test."""
    until(lambda: state_of(now(stage, name)).final, 30, "the end")
    with stage.store.writing() as writer:
        writer.delete(name)
    all_up(stage)
    until(lambda: both_ways(stage), 20, "both legs in both directions")


def drops(stage: Stage) -> dict[Leg, dict[str, int]]:
    """Packets that the edges have dropped, by reason."""
    return {leg: {reason: counter.packets for reason, counter in stage.plane.counters(
        edge_node("Amsterdam", leg)).dropped().items()} for leg in Leg}


def states(stage: Stage, name: ResourceId) -> list[str]:
    return [one["state"] for one in now(stage, name).status["history"]]


def test_an_edge_is_drained_closed_and_given_back_without_losing_a_packet(stage: Stage) -> None:
    """And it ends by itself."""
    dropped = drops(stage)
    with probing(stage) as probe:
        both_legs_carry(stage)
        work = announce(stage, announced("edge", 8, **EDGE))
        comes_to(stage, work, S.IN_PROGRESS)
        until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 10, "the session to close")
        before = carried(stage)
        until(lambda: carried(stage)[Leg.SECONDARY] - before[Leg.SECONDARY] > 500, 10, "the other leg to carry")
        assert carried(stage)[Leg.PRIMARY] == before[Leg.PRIMARY]
        comes_to(stage, work, S.COMPLETED)
        assert is_up(customer(stage, Leg.PRIMARY))
        both_legs_carry(stage)
    assert states(stage, work) == ["Draining", "InProgress", "Restoring", "Completed"]
    assert probe.lost == 0, (probe, dropped, drops(stage))
    ended(stage, work)


@pytest.mark.slow
def test_its_customers_find_it_in_their_activity_log(stage: Stage) -> None:
    work = announce(stage, announced("told", LONG_S, **EDGE))
    comes_to(stage, work, S.IN_PROGRESS)
    cancel(stage, work)
    ended(stage, work)
    with stage.store.reading() as reader:
        told = [one.detail for one in reader.activities(estates.rid(CIRCUIT, "er1"), 20) if "told" in one.detail]
    assert [detail.rpartition("00:00: ")[2].partition(":")[0] for detail in reversed(told)] == [
        "Draining", "InProgress", "Restoring", "Cancelled"]


def test_it_waits_while_the_other_leg_could_not_carry_and_gives_back_when_that_fails(stage: Stage) -> None:
    off = estates.session_policy("secondary", enabled=False)
    stage.put(off)
    until(lambda: not is_up(customer(stage, Leg.SECONDARY)), 10, "the other leg to close")
    work = announce(stage, announced("waits", LONG_S, **EDGE))
    until(lambda: "secondary leg of er1: enabled is false" in now(stage, work).status.get("why", ""), 10, "the reason")
    assert state_of(now(stage, work)) is S.ANNOUNCED
    assert is_up(customer(stage, Leg.PRIMARY))
    stage.delete(off.id)
    comes_to(stage, work, S.IN_PROGRESS)
    stage.put(off)
    comes_to(stage, work, S.RESTORING)
    until(lambda: is_up(customer(stage, Leg.PRIMARY)), 20, "the leg to be given back")
    connected(stage)
    cancel(stage, work)
    stage.delete(off.id)
    ended(stage, work)


def test_instances_of_a_gateway_are_worked_on_one_at_a_time_without_losing_a_packet(stage: Stage) -> None:
    gateway = estates.rid(GATEWAY, "gw1")
    wish = {"kind": "gatewayInstance", "gateway": {"id": str(gateway)}}
    with probing(stage) as probe:
        both_legs_carry(stage)
        first = announce(stage, announced("first", LONG_S, **wish, instance=0))
        comes_to(stage, first, S.IN_PROGRESS)
        router = router_of(stage, instance_node(gateway, 0))
        until(lambda: not any(map(is_up, stage.speaker.sessions(router))), 10, "its sessions to close")
        second = announce(stage, announced("second", LONG_S, **wish, instance=1))
        until(lambda: "instance 0 of gw1 is under maintenance first" in now(stage, second).status.get("why", ""), 10,
              "the second to wait")
        cancel(stage, first)
        comes_to(stage, first, S.CANCELLED)
        comes_to(stage, second, S.IN_PROGRESS)
        cancel(stage, second)
        comes_to(stage, second, S.CANCELLED)
    assert probe.lost == 0, probe
    ended(stage, first)
    ended(stage, second)


@pytest.mark.slow
def test_a_window_that_ends_while_nobody_looks_is_over_at_the_next_start(stage: Stage) -> None:
    """The last test here: the stage's own reconciler is gone."""
    work = announce(stage, announced("night", 8, **EDGE))
    end = model_of(comes_to(stage, work, S.IN_PROGRESS)).end_time
    stage.close()
    until(lambda: datetime.now(UTC) > end, 20, "the window to be over")
    assert state_of(now(stage, work)) is S.IN_PROGRESS
    with closing(Stage(stage.places, stage.plane, stage.speaker)) as again:
        comes_to(again, work, S.COMPLETED)
        connected(again)
