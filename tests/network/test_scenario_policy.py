"""What the cloud lets through, on live daemons: two customers at one gateway, and one of them with two circuits.

One stage serves all tests; each takes back what it announced. Each customer has BIRD at one leg and FRR at the other,
so what is said of both legs is said of both daemons.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest

import estates
from probing import probing
from scenes import (
    HOST,
    IN_CLOUD,
    ON_PREMISES,
    VM,
    all_gone,
    all_up,
    both_up,
    carried,
    connected,
    customer,
    disturbed,
    kernel_routes,
    networks,
    real_stage,
    router_of,
    sessions,
)
from stage import Stage
from trunkline import settings
from trunkline.intent.bgp import SessionStatus
from trunkline.intent.compile.draft import ce_node, host_node, instance_node, vnet_node
from trunkline.intent.network import Direction
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from waiting import until
from wires import port_socket, received

pytestmark = pytest.mark.root

LIMIT = 12
INSTANCE, ROUTER = instance_node(estates.rid(GATEWAY, "gw1"), 0), vnet_node(estates.rid(VNET, "hub"))
CE = ce_node(estates.rid(SITE, "paris"), "ce1")
OTHER_HOST, OTHER_ON_PREMISES = host_node(estates.rid(SITE, "rome"), "h1"), "10.20.1.10"
OWN = "10.10.0.0/16"


def paris(*prefixes: str) -> estates.Resource:
    """The first site, with these prefixes as well."""
    return estates.site(routers=("bird", "frr"), prefixes=[OWN, *prefixes])


def rome() -> list[estates.Resource]:
    """Another site with its circuit, connected to the same gateway."""
    return [
        *estates.circuit("er2", 2), estates.peering("er2", peerASN=65020),
        estates.site("rome", 2, routers=("frr", "bird"), asn=65020, prefixes=["10.20.0.0/16"], lan="10.20.1.0/24",
                     hosts=[{"name": "h1", "address": OTHER_ON_PREMISES}]),
        estates.order("er2", "rome", 2), estates.connection(2, circuit_name="er2", name="con2", slot=2)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("policy") / "home")).places
    with real_stage(places, profile=replace(AZURE, private_prefix_limit=LIMIT)) as stage:
        stage.put(*(one for one in estates.whole() if one.id.key != paris().id.key), paris(), *rome())
        all_up(stage)
        connected(stage)
        connected(stage, OTHER_HOST)
        for leg in Leg:
            for circuit, own in (("er1", OWN), ("er2", "10.20.0.0/16")):
                until(lambda leg=leg, circuit=circuit, own=own: networks(  # type: ignore[misc]
                    stage, leg, circuit) == {own, "10.1.0.0/16"}, 20, f"all routes at the {leg} leg of {circuit}")
        yield stage
    all_gone(places)


@contextmanager
def announced(stage: Stage, *prefixes: str) -> Iterator[None]:
    """The first site announces these as well."""
    stage.put(paris(*prefixes))
    yield
    stage.put(paris())
    for leg in Leg:
        until(lambda leg=leg: networks(stage, leg) == {OWN, "10.1.0.0/16"}, 10, "the old routes only")  # type: ignore[misc]


def heard(stage: Stage, node: str, session: str) -> SessionStatus:
    return next(status for status in stage.speaker.sessions(router_of(stage, node)) if status.name == session)


def test_two_circuits_at_one_gateway_are_no_transit_for_each_other(stage: Stage) -> None:
    assert set(kernel_routes(stage, ROUTER)) == {OWN, "10.20.0.0/16"}
    instance = router_of(stage, INSTANCE)
    for session in ("circuit_1_primary", "circuit_2_secondary"):
        assert {entry.prefix for entry in stage.speaker.advertised(instance, session)} == {"10.1.0.0/16"}
    assert set(kernel_routes(stage, CE)) == {"10.1.0.0/16", OWN}
    assert networks(stage, Leg.PRIMARY, "er2") == {"10.20.0.0/16", "10.1.0.0/16"}
    assert stage.pings(VM, ON_PREMISES)
    assert stage.pings(VM, OTHER_ON_PREMISES)
    assert not stage.pings(HOST, OTHER_ON_PREMISES)


def test_a_default_route_is_welcome_and_link_local_is_not(stage: Stage) -> None:
    with announced(stage, "0.0.0.0/0", "169.254.0.0/16", "169.254.169.254/32"):
        for leg in Leg:
            until(lambda leg=leg: customer(stage, leg).prefixes_received == 4, 10, "all four received")  # type: ignore[misc]
            assert networks(stage, leg) == {OWN, "10.1.0.0/16", "0.0.0.0/0"}
        until(lambda: kernel_routes(stage, ROUTER).get("default") == 2, 10, "a default route in the cloud")
    until(lambda: "default" not in kernel_routes(stage, ROUTER), 10, "the default route to go")


def glass(stage: Stage, **asked: str) -> dict[str, Any]:
    answer = stage.ask(estates.rid(CIRCUIT, "er1"), "routes", **asked)
    assert isinstance(answer, dict)
    return answer


def told_by_customer(stage: Stage, leg: Leg) -> dict[str, Any]:
    sessions: list[dict[str, Any]] = glass(stage, leg=leg.value)["sessions"]
    return next(one for one in sessions if one["session"] == "customer")


def findings(found: dict[str, Any], place: str) -> set[tuple[str, str, str]]:
    return {(one["step"], one["verdict"], one["sentence"]) for router in found["routers"] if router["place"] == place
            for one in router["findings"]}


def test_the_looking_glass_says_why_a_route_is_refused_and_why_one_is_best(stage: Stage) -> None:
    with announced(stage, "169.254.0.0/16"):
        for leg in Leg:
            until(lambda leg=leg: customer(stage, leg).prefixes_received == 2, 10, "both received")  # type: ignore[misc]
            session = told_by_customer(stage, leg)
            refused = {row["prefix"]: row["refusal"] for row in session["received"]["routes"] if "refusal" in row}
            assert refused == {"169.254.0.0/16": "martian"}
            assert {row["prefix"] for row in session["heard"]["routes"]} == {OWN, "169.254.0.0/16"}
        found, session = glass(stage, leg="primary"), told_by_customer(stage, Leg.PRIMARY)
        assert (session["holdTimeInSeconds"], session["state"]) == (180, "Established")
        best = {row["prefix"]: row for row in found["best"]}
        assert best[OWN]["why"] == ["the only path"]
        assert "router ID" in best["10.1.0.0/16"]["why"][0]
        lost = glass(stage, prefix="169.254.0.0/16", explain="true")
        assert any(verdict == "martian" for step, verdict, _ in findings(lost, "edge") if step == "in")
        assert {verdict for step, verdict, _ in findings(lost, "gateway") if step == "best"} == {"absent"}


def test_a_prefix_is_followed_from_the_customer_to_the_network(stage: Stage) -> None:
    found = glass(stage, prefix=OWN, explain="true")
    assert {(one["place"], one["present"]) for one in found["routers"]} == {
        (place, True) for place in ("customer", "edge", "gateway", "network")}
    assert ("in", "accepted", "told by the peer with AS path 65010 and accepted") in findings(found, "edge")
    assert any(step == "out" and verdict == "own" for step, verdict, _ in findings(found, "edge"))


def test_a_gateway_takes_nothing_inside_its_own_address_space(stage: Stage) -> None:
    before = heard(stage, INSTANCE, "circuit_1_primary").prefixes_received
    with announced(stage, "10.1.0.0/24", "10.1.0.4/32", "10.0.0.0/8"):
        until(lambda: heard(stage, INSTANCE, "circuit_1_primary").prefixes_received == before + 3, 10, "all received")
        until(lambda: "10.0.0.0/8" in kernel_routes(stage, ROUTER), 10, "what lies around it accepted")
        assert not {"10.1.0.0/24", "10.1.0.4/32", "10.1.0.4"} & set(kernel_routes(stage, ROUTER))
        assert stage.pings(OTHER_HOST, IN_CLOUD)


def test_too_many_prefixes_close_the_session_until_they_are_fewer(stage: Stage) -> None:
    """With the sessions of another customer untouched."""
    ours = ("customer", "cloud_1_primary", "cloud_1_secondary")
    others = {what: since for what, since in sessions(stage).items() if what[2] not in ours or "er2" in what[1]}
    with announced(stage, *(f"10.77.{n}.0/24" for n in range(LIMIT))):
        for leg in Leg:
            until(lambda leg=leg: "limit" in customer(stage, leg).last_error, 10, "a reason")  # type: ignore[misc]
        until(lambda: not stage.pings(HOST, IN_CLOUD), 10, "the site to be cut off")
        assert stage.pings(OTHER_HOST, IN_CLOUD)
    both_up(stage)
    connected(stage)
    assert not disturbed(others, sessions(stage))


def test_routing_weight_chooses_between_circuits_and_choosing_anew_loses_nothing(stage: Stage) -> None:
    """The first site on two circuits: the heavier connection carries what the cloud sends."""
    peering = estates.peering("er3", primaryPeerAddressPrefix="172.16.3.0/30",
                              secondaryPeerAddressPrefix="172.16.3.4/30")
    heavy = estates.connection(3, circuit_name="er3", name="con3", slot=3, routingWeight=100)
    more = [*estates.circuit("er3", 3), peering, estates.order("er3", number=3), heavy]
    stage.put(*more)
    until(lambda: hops(stage) == {"c3p", "c3s"}, 20, "the gateway to prefer the heavier circuit")
    assert sent(stage, 3) >= 20
    with probing(stage) as probe:
        stage.put(estates.connection(routingWeight=200))
        until(lambda: hops(stage) == {"c1p", "c1s"}, 10, "the other circuit to be heavier")
        stage.put(estates.connection())
        until(lambda: hops(stage) == {"c3p", "c3s"}, 10, "the first choice again")
    assert probe.lost == 0, probe
    assert probe.sent > 0
    stage.delete(*[r.id for r in reversed(more) if not r.id.parent])
    until(lambda: hops(stage) == {"c1p", "c1s"}, 10, "the only circuit")


def hops(stage: Stage) -> set[str]:
    """Tunnels over which a gateway instance sends to the site."""
    routes = json.loads(stage.run(INSTANCE, "ip", "-j", "route", "show", OWN).stdout or "[]")
    return {hop["dev"] for route in routes for hop in route.get("nexthops", [route])}


def sent(stage: Stage, number: int) -> int:
    """Of 20 echo requests, how many packets a circuit carries towards the customer."""
    before = carried(stage, number, Direction.OUT)
    assert stage.run(VM, "ping", "-c", "20", "-i", "0.01", ON_PREMISES).returncode == 0
    after = carried(stage, number, Direction.OUT)
    return sum(after[leg] - before[leg] for leg in Leg)


# ── TTL ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def ttls(stage: Stage, node: str, interface: str, prefix: str) -> set[int]:
    """TTLs of the BGP segments that arrive on an interface while a route is announced."""
    with closing(port_socket(stage.places, node, interface)) as wire, announced(stage, prefix):
        until(lambda: prefix in kernel_routes(stage, ROUTER), 10, "the route in the cloud")
        return {frame[22] for frame in received(wire, 0.3) if _is_bgp(frame)}


def _is_bgp(frame: bytes) -> bool:
    """IPv4 without options, TCP, one of the ports 179."""
    return frame[12:14] == b"\x08\x00" and frame[23] == 6 and b"\x00\xb3" in (frame[34:36], frame[36:38])


def test_segments_to_the_customer_live_for_one_hop_and_between_us_for_255(stage: Stage) -> None:
    assert ttls(stage, CE, "v1p", "10.88.0.0/16") == {1}
    assert ttls(stage, INSTANCE, "c1p", "10.89.0.0/16") == {255}


def test_a_session_between_us_refuses_segments_that_came_further(stage: Stage) -> None:
    """One instance's segments towards one VRF lose a hop; its daemon begins anew and that session stays down."""
    shorten(stage, "c1p")
    os.kill(int((stage.places.run / "nodes" / INSTANCE / "bird.pid").read_text()), signal.SIGKILL)
    until(lambda: is_established(stage, "circuit_1_secondary") and is_established(stage, "vnet_1"), 20, "the others")
    assert not is_established(stage, "circuit_1_primary")
    connected(stage)
    assert stage.run(INSTANCE, "nft", "delete table ip ttl").returncode == 0
    until(lambda: is_established(stage, "circuit_1_primary"), 20, "the session without the rule")


def shorten(stage: Stage, interface: str) -> None:
    """All BGP segments leave the first instance there with TTL 254."""
    rules = "add table ip ttl; add chain ip ttl out { type filter hook output priority 0; }"
    for port in ("sport", "dport"):
        rules += f"; add rule ip ttl out oifname {interface} tcp {port} 179 ip ttl set 254"
    done = stage.run(INSTANCE, "nft", rules)
    assert done.returncode == 0, done.stderr


def is_established(stage: Stage, session: str) -> bool:
    return heard(stage, INSTANCE, session).state == "Established"
