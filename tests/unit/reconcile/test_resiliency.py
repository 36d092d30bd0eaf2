"""The index as the service answers it: from the store and the sessions of a simulated network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import estates
import reaching
from resilient import Way, circuit, estate
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import vrf_node
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.failover import LinkTest, SiteTest, TestStatus, with_link_tests, with_site_tests
from trunkline.model.fault import RehearsedFault
from trunkline.model.resiliency import DrillOutcome, DrillResult, ResiliencyQuestion
from trunkline.model.resource import Json, Resource, ResourceId, now
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

GW1 = estates.rid(GATEWAY, "gw1")
BEST = Way(), Way("London", ("ce2", "ce1"), provider="Colt")


class Service:
    """A settled estate, and questions to whoever keeps it."""

    def __init__(self, tmp_path: Path, *resources: Resource) -> None:
        plane = SimulatedPlane()
        found = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path))
        self.stage = Stage(found.places, plane, SimulatedSpeaker(plane))
        self.stage.put(*resources)

    def ask(self, of: str = "", *drills: DrillResult) -> Json:
        question = ResiliencyQuestion(of=of, drills=drills).model_dump_json(by_alias=True)
        return self.stage.ask(ResourceId(estates.SUBSCRIPTION), "resiliency", question=question)

    def arm(self) -> Json:
        return self.stage.ask(GW1, "getResiliencyInformation")

    def lost(self, component: str) -> list[Json]:
        return [one for one in self.ask()["lost"] if one["component"] == component]


@pytest.fixture
def open_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    opened: list[Service] = []

    def begin(*resources: Resource) -> Service:
        opened.append(Service(tmp_path, *resources))
        return opened[-1]

    yield begin
    for one in opened:
        one.stage.close()


def drilled(**fault: object) -> DrillResult:
    return DrillResult(fault=RehearsedFault.model_validate(fault), ended_at=now() - timedelta(days=1),
                       result=DrillOutcome.PASSED)


def leg(circuit_name: str, which: Leg) -> DrillResult:
    return drilled(circuit=estates.link(CIRCUIT, circuit_name), leg=which)


ALL_LEGS = (*(leg("er1", which) for which in Leg), drilled(kind="location", location="London"))


def test_two_drilled_circuits_of_two_providers_at_two_locations_have_all_points(
        open_service: Callable[..., Service]) -> None:
    found = open_service(*estate(*BEST)).ask("", *ALL_LEGS)
    assert (found["score"], found["lost"]) == (100.0, [])


def test_points_and_lost_points_make_a_hundred(open_service: Callable[..., Service]) -> None:
    found = open_service(*estate(Way(routers=("ce1", "ce1")), routers=1)).ask()
    assert found["score"] + sum(one["points"] for one in found["lost"]) == pytest.approx(100, abs=0.1)
    assert all(one["who"] and one["why"] and one["winBack"] for one in found["lost"])


def test_one_router_for_both_legs_loses_its_points_and_is_named(open_service: Callable[..., Service]) -> None:
    lost = open_service(*estate(Way(routers=("ce1", "ce1")), routers=1)).lost("Survives a customer's router")
    assert [(one["who"], one["points"]) for one in lost] == [("router paris ce1", 6.0)]


def test_circuits_of_two_sites_are_one_way_and_not_two(open_service: Callable[..., Service]) -> None:
    """Whatever their providers and locations: each site has one circuit."""
    service = open_service(*reaching.premises(1), *reaching.premises(2, serviceProviderName="Colt"),
                           reaching.link(**reaching.IPV6))
    for component in ("Diverse providers", "Diverse locations"):
        assert sum(one["points"] for one in service.lost(component)) == pytest.approx(5, abs=0.1)
    assert {one["why"] for one in service.lost("Diverse providers")} == {
        "all circuits of paris are of Equinix", "all circuits of rome are of Colt"}


def test_a_site_with_two_ways_loses_nothing_for_the_other_end(open_service: Callable[..., Service]) -> None:
    second = [*reaching.circuit(3, serviceProviderName="Colt"), reaching.peering(3, peerASN=65010),
              estates.order("er3", "paris", 3)]
    service = open_service(*reaching.two_sites(), *second, reaching.link(3, 2, 2, "192.168.9.0/29"))
    assert {one["why"] for one in service.lost("Diverse providers")} == {"all circuits of rome are of Equinix"}


def test_a_change_counts_at_once(open_service: Callable[..., Service]) -> None:
    service = open_service(*estate(Way()))
    before = service.ask()["score"]
    service.stage.put(*circuit(2, BEST[1]))
    assert service.ask()["score"] > before


def test_a_leg_whose_session_is_down_is_named(open_service: Callable[..., Service]) -> None:
    service = open_service(*estate(*BEST))
    service.stage.speaker.remove(vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY))
    assert [one["who"] for one in service.lost("Both legs up")] == ["er1 primary"]


def test_a_leg_that_is_not_ordered_is_named(open_service: Callable[..., Service]) -> None:
    lost = open_service(*estate(Way(routers=("ce1", "")))).lost("Both legs up")
    assert [(one["who"], one["points"]) for one in lost] == [("er1 secondary", 5.0)]


def test_an_old_drill_is_worth_less_and_a_failed_one_nothing(open_service: Callable[..., Service]) -> None:
    service = open_service(*estate(*BEST))
    failed = tuple(one.model_copy(update={"result": DrillOutcome.FAILED}) for one in ALL_LEGS)
    old = tuple(one.model_copy(update={"ended_at": now() - timedelta(days=45)}) for one in ALL_LEGS)
    points = [100 - service.ask("", *drills)["score"] for drills in (ALL_LEGS, old, failed, ())]
    assert points == [0.0, 5.0, 20.0, 20.0]


@pytest.mark.parametrize(("result", "said"), [
    (DrillOutcome.ABORTED, "was aborted"), (DrillOutcome.KILLED, "was killed"),
    (DrillOutcome.INTERRUPTED, "was interrupted")])
def test_a_leg_whose_drill_came_to_nothing_was_not_never_drilled(
        result: DrillOutcome, said: str, open_service: Callable[..., Service]) -> None:
    service = open_service(*estate(Way()))
    spoiled = leg("er1", Leg.PRIMARY).model_copy(update={"result": result})
    why = {one["who"]: one["why"] for one in service.ask("", spoiled)["lost"] if one["component"] == "Drills"}
    assert why["er1 primary"] == (f"no drill of it was ever passed; its last drill {said} on "
                                  f"{spoiled.ended_at:%Y-%m-%d at %H:%M} UTC")
    assert why["er1 secondary"] == "its failover was never drilled"


def test_tests_that_were_asked_of_arm_count_as_drills(open_service: Callable[..., Service]) -> None:
    ended = (now() - timedelta(days=2)).isoformat()
    one, *rest = estate(Way())
    tested = [replace(each, system=with_link_tests(each, tuple(
        LinkTest(test_guid="1", start_time=ended, end_time=ended, status=TestStatus.COMPLETED,
                 was_simulation_successful=True, leg=leg) for leg in Leg))) if each.id.type == CIRCUIT else each
              for each in (one, *rest)]
    assert open_service(*tested).lost("Drills") == []


def test_a_validated_location_of_a_gateway_doubles_its_routes(open_service: Callable[..., Service]) -> None:
    ended = (now() - timedelta(days=2)).isoformat()
    test = SiteTest(test_guid="1", start_time=ended, end_time=ended, status=TestStatus.COMPLETED,
                    was_simulation_successful=True, peering_location="London")
    tested = [replace(each, system=with_site_tests(each, (test,))) if each.id.type == GATEWAY else each
              for each in estate(*BEST)]
    parts = {one["name"]: one["score"] for one in open_service(*tested).ask()["azure"][0]["components"]}
    assert (parts["Route resiliency"], parts["Resiliency validation"]) == (20.0, 20.0)


def test_ipv6_at_one_end_alone_loses_parity(open_service: Callable[..., Service]) -> None:
    lost = open_service(*estate(Way(), **estates.SITE6)).lost("IPv6 parity")
    assert [one["who"] for one in lost] == ["paris ↔ hub"]


def test_one_circuit_or_gateway_may_be_asked_about(open_service: Callable[..., Service]) -> None:
    service = open_service(*estate(*BEST))
    assert [len(service.ask(of)["azure"]) for of in ("er1", "GW1", "rg1/gw1")] == [0, 1, 1]
    with pytest.raises(AssertionError, match="'er9' is no circuit or gateway; there are: er1, er2, gw1"):
        service.ask("er9")


def test_arm_tells_microsofts_index_and_its_change(open_service: Callable[..., Service]) -> None:
    service = open_service(*estate(Way()))
    assert (service.arm()["overallScore"], service.arm()["scoreChange"]) == ("15", "0")
    service.stage.put(*circuit(2, BEST[1]))
    found = service.arm()
    assert (found["overallScore"], found["scoreChange"]) == ("30", "15")
    assert {one["name"] for one in found["components"]} == {
        "Route resiliency", "Resiliency validation", "Zone redundancy", "Recommendations"}
