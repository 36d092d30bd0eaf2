"""A Virtual WAN hub realised in memory, and what it tells of its routes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import wans
from stage import Stage
from trunkline import settings
from trunkline.model.resource import Json, ResourceId
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker
from waiting import until

SITE = "10.10.0.0/16"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    plane = SimulatedPlane()
    found = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path))
    stage = Stage(found.places, plane, SimulatedSpeaker(plane))
    yield stage
    stage.close()


def rows(stage: Stage, action: str, **asked: ResourceId) -> list[Json]:
    answer = stage.ask(wans.HUB, action, **{name: str(value) for name, value in asked.items()})
    assert isinstance(answer, dict)
    return list(answer["value"])


def test_a_hub_alone_stands_and_grows_and_leaves_nothing(stage: Stage) -> None:
    stage.put(*wans.hub(), wans.gateway())
    stage.put(*wans.whole())
    stage.delete_all()
    until(lambda: not stage.plane.nodes(), 5, "nothing left")


def test_effective_routes_say_where_they_come_from(stage: Stage) -> None:
    stage.put(*wans.whole())
    link = str(wans.network_link("one"))
    assert {"addressPrefixes": ["10.1.0.0/16"], "nextHops": [link], "nextHopType": "Virtual Network Connection",
            "asPath": "", "routeOrigin": link} in rows(stage, "effectiveRoutes")
    gateway = str(wans.GATEWAY)
    assert {"addressPrefixes": [SITE], "nextHops": [gateway], "nextHopType": "ExpressRouteGateway",
            "asPath": "12076-65010", "routeOrigin": gateway} in rows(
                stage, "effectiveRoutes", resourceId=wans.CIRCUIT_LINK), "a circuit has the default table"
    assert rows(stage, "effectiveRoutes", resourceId=wans.table("noneRouteTable")) == []


def test_what_came_in_and_goes_out_is_told_after_the_maps(stage: Stage) -> None:
    stage.put(*wans.whole(), wans.route_map(inbound=(wans.CIRCUIT_LINK,), outbound=(wans.network_link("two"),), rules=(
        {"actions": [{"type": "Add", "parameters": [{"community": ["65010:7", "65010:8"], "asPath": ["64600"]}]}]},)))
    assert rows(stage, "inboundRoutes", resourceUri=wans.CIRCUIT_LINK) == [
        {"prefix": SITE, "bgpCommunities": "65010:7, 65010:8", "asPath": "64600-12076-65010"}]
    told = {row["prefix"]: row["asPath"] for row in rows(stage, "outboundRoutes", resourceUri=wans.network_link("two"))}
    assert told == {SITE: "64600-64600-12076-65010", "10.1.0.0/16": "64600", wans.PREFIX: "64600"}
    assert {row["prefix"] for row in rows(stage, "outboundRoutes", resourceUri=wans.CIRCUIT_LINK)} == {
        "10.1.0.0/16", "10.2.0.0/16", wans.PREFIX}


def test_the_status_tells_tables_connections_and_the_gateway(stage: Stage) -> None:
    stage.put(*wans.whole(), wans.custom_table(), wans.connected("two", associatedRouteTable=wans.associated("apart")))
    told = stage.ask(wans.HUB, "status")
    assert isinstance(told, dict)
    default, apart = told["hubs"]
    assert (default["table"], default["associated"], default["propagating"], default["routes"]) == (
        "defaultRouteTable", ["one", "er1"], ["one", "two", "er1"], 4)
    assert (apart["table"], apart["associated"], apart["propagating"]) == ("apart", ["two"], [])
    assert default["sessions"] == default["established"] == 4
    assert [(one["name"], one["gateway"], one["status"]) for one in told["connections"]] == [
        ("er1", "wan-gw", "Connected")]
    assert [one["sku"] for one in told["gateways"]] == ["1 scale unit"]
