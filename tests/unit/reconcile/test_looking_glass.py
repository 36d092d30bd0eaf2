"""The looking glass over a simulated network: sessions, routes in each view, and why."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import estates
import mrt
import wans
from scenes import both_up
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import instance_node
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.view import CIRCUIT, EXCHANGE_ORDER, GATEWAY
from trunkline.intent.view import SITE as SITES
from trunkline.model.resource import ResourceId
from trunkline.simulation import SimulatedPlane, SimulatedSpeaker

CIRCUIT_ID = estates.rid(CIRCUIT, "er1")
#: What the customer announces, and the virtual network's address space.
SITE, CLOUD = "10.10.0.0/16", "10.1.0.0/16"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    plane, home = SimulatedPlane(), tmp_path_factory.mktemp("glass")
    places = settings.load({"TRUNKLINE_RUN": str(home / "run")}, home=str(home)).places
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    stage.put(*estates.whole())
    both_up(stage)
    yield stage
    stage.close()


def asked(stage: Stage, **words: str) -> dict[str, Any]:
    answer = stage.ask(CIRCUIT_ID, "routes", **words)
    assert isinstance(answer, dict)
    return answer


def prefixes(rows: list[dict[str, Any]]) -> set[str]:
    return {row["prefix"] for row in rows}


def customer(found: dict[str, Any]) -> dict[str, Any]:
    return next(row for row in found["sessions"] if row["session"] == "customer")


def test_a_session_tells_its_state_timers_and_what_the_peer_can(stage: Stage) -> None:
    session = customer(asked(stage, leg="primary"))
    assert (session["state"], session["holdTimeInSeconds"], session["keepaliveTimeInSeconds"]) == (
        "Established", 180, 60)
    assert session["peerRouterId"]
    assert "Route refresh" in session["capabilities"]


def test_each_view_shows_its_routes(stage: Stage) -> None:
    session = customer(asked(stage, leg="primary"))
    assert prefixes(session["heard"]["routes"]) == prefixes(session["received"]["routes"]) == {SITE}
    assert prefixes(session["advertised"]["routes"]) == {CLOUD}
    assert asked(stage, view="heard")["best"] == []


def test_each_best_route_says_why(stage: Stage) -> None:
    best = {row["prefix"]: row for row in asked(stage, leg="primary")["best"]}
    assert best[SITE]["why"] == ["the only path"]
    assert best[CLOUD]["losers"][0]["step"] == "router ID"


def test_a_prefix_narrows_to_what_it_covers_or_lies_in(stage: Stage) -> None:
    assert prefixes(asked(stage, prefix="10.10.1.0/24")["best"]) == {SITE}
    assert asked(stage, prefix="192.168.0.0/16")["best"] == []


def test_a_peering_or_leg_narrows_too(stage: Stage) -> None:
    assert {row["leg"] for row in asked(stage, leg="secondary")["sessions"]} == {"secondary"}
    assert asked(stage, peering="microsoft")["sessions"] == []


def places(found: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(one["place"], one["present"]) for one in found["routers"]]


def sentences(found: dict[str, Any], place: str, step: str) -> list[str]:
    return [one["sentence"] for router in found["routers"] if router["place"] == place
            for one in router["findings"] if one["step"] == step]


def test_a_prefix_is_followed_from_the_customer_to_the_network(stage: Stage) -> None:
    found = asked(stage, prefix=SITE, explain="true")
    assert {place for place, present in places(found) if present} == {"customer", "edge", "gateway", "network"}
    assert "told by the peer with AS path 65010 and accepted" in sentences(found, "edge", "in")


def test_where_a_prefix_is_not_it_says_why(stage: Stage) -> None:
    found = asked(stage, prefix="203.0.113.0/24", explain="true")
    assert not any(present for _, present in places(found))
    assert set(sentences(found, "edge", "best")) == {"this router has no route to 203.0.113.0/24"}


def verdicts(found: dict[str, Any], place: str) -> list[tuple[str, str]]:
    return [(row["verdict"], row["coveredBy"]) for row in found["routers"] if row["place"] == place]


@pytest.mark.parametrize("inside", ["10.10.1.10", "10.10.1.0/24"])
def test_an_address_and_a_narrower_prefix_are_covered_by_the_longest_that_holds_them(stage: Stage, inside: str) -> None:
    found = asked(stage, prefix=inside, explain="true")
    assert set(verdicts(found, "edge")) == {("covered", SITE)}
    edge = next(row for row in found["routers"] if row["place"] == "edge")
    assert edge["sentence"].startswith(f"covered by {SITE}, learned over customer with AS path 65010, told to ")
    assert edge["findings"][0]["sentence"] == "told by the peer with AS path 65010 and accepted"


def test_each_place_has_a_verdict_in_words(stage: Stage) -> None:
    assert {row["verdict"] for row in asked(stage, prefix=SITE, explain="true")["routers"]} == {"present"}
    nowhere = asked(stage, prefix="203.0.113.0/24", explain="true")["routers"]
    assert {(row["verdict"], row["matters"]) for row in nowhere} == {("absent", False)}


def test_a_prefix_is_followed_into_a_hub_of_a_virtual_wan(tmp_path: Path) -> None:
    plane = SimulatedPlane()
    stage = Stage(settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path)).places, plane,
                  SimulatedSpeaker(plane))
    stage.put(*wans.whole())
    found = asked(stage, prefix=SITE, explain="true")
    assert "hub" in {place for place, _ in places(found)}
    stage.close()


def test_a_gateway_explains_too(stage: Stage) -> None:
    found: Any = stage.ask(estates.rid(GATEWAY, "gw1"), "routes", prefix="10.10.1.10", explain="true")
    assert verdicts(found, "gateway") == [("covered", SITE)] * 2


def test_the_tables_are_dumped_as_mrt(stage: Stage) -> None:
    answer = stage.ask(CIRCUIT_ID, "routeDump", leg="primary")
    assert isinstance(answer, dict)
    table, = answer["tables"]
    assert {path.prefix for path in mrt.paths(b64decode(table["mrt"]))} == {SITE, CLOUD}


def changes(stage: Stage, since: str = "") -> dict[str, Any]:
    answer = stage.ask(CIRCUIT_ID, "routeChanges", since=since)
    assert isinstance(answer, dict)
    return answer


def test_a_listener_is_told_what_changed_and_only_that(stage: Stage) -> None:
    first = changes(stage)
    assert (first["complete"], first["changes"]) == (True, [])
    stage.put(estates.site(prefixes=["10.10.0.0/16", "10.20.0.0/16"]))
    told = changes(stage, first["next"])
    assert {(one["change"], one["prefix"]) for one in told["changes"]} == {("announced", "10.20.0.0/16")}
    assert {one["leg"] for one in told["changes"]} == {"primary", "secondary"}
    assert changes(stage, told["next"])["changes"] == []
    stage.put(estates.site())
    assert {one["change"] for one in changes(stage, told["next"])["changes"]} == {"withdrawn"}


def test_another_listener_is_told_what_was_kept(stage: Stage) -> None:
    before = changes(stage)["next"]
    stage.put(estates.site(prefixes=["10.10.0.0/16", "10.30.0.0/16"]))
    assert changes(stage, before)["changes"] == changes(stage, before)["changes"] != []
    stage.put(estates.site())


def test_a_listener_from_before_a_restart_is_told_that_it_missed_something(stage: Stage) -> None:
    assert not changes(stage, "elsewhere.5")["complete"]
    assert not changes(stage, "nonsense")["complete"]


def test_a_gateway_has_a_looking_glass_too(stage: Stage) -> None:
    answer = stage.ask(estates.rid(GATEWAY, "gw1"), "routes", prefix=SITE)
    assert isinstance(answer, dict)
    assert {row["router"] for row in answer["best"]} == {instance_node(estates.rid(GATEWAY, "gw1"), n) for n in (0, 1)}
    assert {row["group"] for row in answer["sessions"]} >= {"circuit"}


def asked_of(stage: Stage, resource: ResourceId) -> dict[str, Any]:
    answer = stage.ask(resource, "routes")
    assert isinstance(answer, dict)
    return answer


def test_an_exchange_shows_its_route_servers_and_a_member_its_own_sessions_alone(tmp_path: Path) -> None:
    plane = SimulatedPlane()
    places = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path)).places
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    stage.put(*estates.met_at_exchange())
    whole = asked_of(stage, estates.rid(EXCHANGE, "ams"))
    mine = asked_of(stage, estates.rid(MEMBER, "ams", "ripe"))
    told: Any = stage.ask(estates.rid(EXCHANGE, "ams"), "routes", prefix="193.0.1.10", explain="true")
    theirs: Any = stage.ask(estates.rid(MEMBER, "ams", "surf"), "routes", prefix="193.0.1.10", explain="true")
    stage.close()
    assert verdicts(told, "exchange") == [("covered", "193.0.0.0/21")] * 2
    assert verdicts(theirs, "exchange") == [("present", "193.0.0.0/21")] * 2
    assert all("told to the member" in row["sentence"] for row in theirs["routers"])
    assert "member_1" not in str(theirs), "a member sees no session of another"
    assert {"193.0.0.0/21", "145.100.0.0/16"} <= prefixes(whole["best"])
    assert {row["peerAddress"] for row in whole["sessions"]} > {row["peerAddress"] for row in mine["sessions"]}
    assert {row["peerAddress"] for row in mine["sessions"]} == {"80.249.208.4", "2001:7f8:1::4"}
    assert mine["best"] == []


def test_a_router_of_another_subscription_is_not_shown_however_it_is_joined(tmp_path: Path) -> None:
    plane = SimulatedPlane()
    places = settings.load({"TRUNKLINE_RUN": str(tmp_path / "run")}, home=str(tmp_path)).places
    stage = Stage(places, plane, SimulatedSpeaker(plane))
    other = "99999999-0000-0000-0000-000000000000"
    theirs = replace(estates.site(), id=estates.rid(SITES, "paris", subscription=other))
    others = [one for one in estates.whole() if one.id.type not in (SITES, EXCHANGE_ORDER)]
    stage.put(*others, theirs, estates.order(site={"id": str(theirs.id)}))
    both_up(stage)
    found: Any = stage.ask(CIRCUIT_ID, "routes", prefix=SITE, explain="true")
    stage.close()
    assert {row["place"] for row in found["routers"]} == {"edge", "gateway", "network"}
