"""The cloud's own edges at an internet exchange, on real packets: a site's host asks public services over the peering
LAN without any circuit. The exchange leaves out every check that it may, so edges judge by themselves."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest

import estates
import wires
from clouds import ROUTE_SERVER_ASN, Cloud, Said, cloud
from scenes import is_up, lasting_stage, router_of
from speaking import unbroken
from stage import Stage
from trunkline.drill import frames
from trunkline.intent.bgp import Refusal, RibEntry
from trunkline.intent.compile.draft import ce_node, host_node
from trunkline.intent.compile.exchange import route_server_node
from trunkline.intent.compile.exchange_edge import edge_vrf
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.services import services_node
from trunkline.intent.exchange import EXCHANGE, exchange_view
from trunkline.intent.network import Direction
from trunkline.intent.view import SITE
from trunkline.model.circuit import Leg
from trunkline.model.resource import Json
from waiting import until

pytestmark = pytest.mark.root

AMS, RIPE = estates.rid(EXCHANGE, "ams"), estates.rid(SITE, "ripe")
CE, HOST = ce_node(RIPE, "ce1"), host_node(RIPE, "h1")
INTERFACE = f"ix{secrets.token_hex(4)}"
OWN, BELIS_HOST, HELD_BACK = Said("193.190.0.0/16"), "193.190.1.10", "185.1.0.9"
SERVICE, SERVICE6 = "20.38.108.77", "2603:1020:207::77"
PREFIX = "20.38.108.0/23"
UNCHECKED = {"registered": False, "bogonPrefixes": False, "originValidation": False}


def realm() -> list[estates.Resource]:
    site = estates.public_site(
        "ripe", 11, 3333, ("193.0.0.0/21", "2001:67c:2e8::/48"), "193.0.1.0/24", lan6="2001:67c:2e8:1::/64",
        hosts=[{"name": "h1", "address": "193.0.1.10", "address6": "2001:67c:2e8:1::10"}])
    beli = estates.exchange_member("beli", 3, asn=2611, handoff={"interface": INTERFACE}, shared_key="S3cret")
    admitted = [{"asn": 3333, "prefixes": ["193.0.0.0/21", "2001:67c:2e8::/48"]},
                {"asn": 2611, "prefixes": ["193.190.0.0/16", "185.1.0.0/16"]}]
    return [site, *estates.exchange(estates.exchange_member("ripe", 1, "ripe"), beli, *edges(), admissions=admitted,
                                    policy=UNCHECKED)]


def edges() -> list[estates.Resource]:
    return [estates.exchange_member("azure1", 4, edge="primary", shared_key="0therKey"),
            estates.exchange_member("azure2", 5, edge="secondary")]


def vrfs() -> list[str]:
    view = exchange_view(estates.Snapshot(realm()), AMS)
    return [edge_vrf(one) for one in view.members if one.model.edge] if view else []


FIRST, SECOND = vrfs()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with lasting_stage(tmp_path_factory.mktemp("edges") / "home", *realm()) as stage:
        yield stage


@pytest.fixture(scope="module")
def other(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(INTERFACE, tmp_path_factory.mktemp("beli"), 2611, ("80.249.208.6", "2001:7f8:1::6"), "S3cret",
               (f"{BELIS_HOST}/32", f"{HELD_BACK}/32")) as there:
        for node in (FIRST, SECOND):
            until(lambda node=node: _all_up(stage, node), 20, f"all sessions of {node}")  # type: ignore[misc]
        there.say(OWN)
        for node in (FIRST, SECOND):  # nothing is taken before the cache has answered
            until(lambda node=node: (entry := heard(stage, node, OWN.prefix)) and not entry.refusal, 20,  # type: ignore[misc]
                  f"{node} to take a route")
        yield there


@pytest.fixture(autouse=True)
def as_ever(other: Cloud) -> Iterator[None]:
    yield
    other.say(OWN)


def _all_up(stage: Stage, node: str) -> bool:
    return all(map(is_up, stage.speaker.sessions(router_of(stage, node))))


def heard(stage: Stage, node: str, prefix: str) -> RibEntry | None:
    found = stage.speaker.received(router_of(stage, node), "rs1")
    return next((entry for entry in found if entry.prefix == prefix), None)


def get(stage: Stage, address: str) -> Json:
    target = f"[{address}]" if ":" in address else address
    found = stage.run(HOST, "curl", "-m", "3", "-s", f"http://{target}/")
    return json.loads(found.stdout) if found.returncode == 0 else {}


def refused(stage: Stage, reason: str) -> int:
    """Packets, at both edges."""
    found = (stage.plane.counters(edge_node("Amsterdam", leg)).drops.get((name, Direction.IN), {})
             for leg, name in ((Leg.PRIMARY, "x4.primary.exchange"), (Leg.SECONDARY, "x5.secondary.exchange")))
    return sum(one[reason].packets for one in found if reason in one)


def test_a_sites_host_asks_a_service_over_the_exchange(stage: Stage, other: Cloud) -> None:
    for address, asker in ((SERVICE, "193.0.1.10"), (SERVICE6, "2001:67c:2e8:1::10")):
        answer = until(lambda address=address: get(stage, address), 20, f"{address} to answer")  # type: ignore[misc]
        assert (answer["service"], answer["region"]) == ("AzureStorageWestEurope", "westeurope")
        assert answer["you"] == asker
    way = stage.run(CE, "ip", "route", "get", SERVICE).stdout
    assert "dev e1" in way
    assert "via 80.249.208.7" in way or "via 80.249.208.8" in way


def test_others_see_one_as_and_documented_communities_alone(stage: Stage, other: Cloud) -> None:
    until(lambda: other.hears(PREFIX).startswith("12076 via 80.249.208."), 10, "the prefix at BELI")
    for node in (route_server_node(AMS, which) for which in (0, 1)):
        told = [one for one in stage.speaker.routes(router_of(stage, node)) if one.prefix == PREFIX]
        assert {one.next_hop for one in told} == {"80.249.208.7", "80.249.208.8"}
        assert {one.as_path for one in told} == {(12076,)}
        assert {community for one in told for community in one.communities if community[0] != ROUTE_SERVER_ASN} == {
            (12076, 52002)}


@pytest.mark.parametrize(("said", "why"), [
    (Said("20.38.108.0/24"), Refusal.OWN_SPACE),
    (Said("10.66.0.0/16"), Refusal.MARTIAN),
    (Said("145.100.0.0/16"), Refusal.NOT_REGISTERED),
    (Said("193.190.4.0/22", (15169,)), Refusal.NOT_REGISTERED),
], ids=lambda value: value.value if isinstance(value, Refusal) else value.prefix)
def test_what_the_exchange_lets_through_edges_refuse(stage: Stage, other: Cloud, said: Said, why: Refusal) -> None:
    other.say(OWN, said)
    for node in (FIRST, SECOND):
        found = until(lambda node=node: heard(stage, node, said.prefix), 10, f"{said.prefix} at {node}")  # type: ignore[misc]
        assert found.refusal is why
        assert heard(stage, node, OWN.prefix).refusal is None  # type: ignore[union-attr]
    assert said.prefix not in {route.prefix for route in stage.plane.routes(services_node("westeurope"))
                               if route.kind == "unicast"}


def test_what_a_roa_contradicts_edges_refuse(stage: Stage, other: Cloud) -> None:
    fresh = stage.places.home / "fresh"
    other.say(OWN, Said("185.1.0.0/16"))
    try:
        fresh.write_text(json.dumps({"roas": [{"prefix": "185.1.0.0/16", "asn": "AS1103", "maxLength": 16},
                                              {"prefix": OWN.prefix, "asn": "AS2611", "maxLength": 24}]}))
        fresh.replace(stage.places.vrps)
        for node in (FIRST, SECOND):
            until(lambda node=node: (entry := heard(stage, node, "185.1.0.0/16"))  # type: ignore[misc]
                  and entry.refusal is Refusal.RPKI_INVALID, 20, "another's origin to be refused")
    finally:
        fresh.write_text(json.dumps({"roas": [{"prefix": OWN.prefix, "asn": "AS2611", "maxLength": 24}]}))
        fresh.replace(stage.places.vrps)
    until(lambda: (entry := heard(stage, FIRST, "185.1.0.0/16")) and not entry.refusal, 20, "nothing against it")


def test_a_source_that_was_not_announced_is_dropped_and_counted(stage: Stage, other: Cloud) -> None:
    def asks(source: str) -> bool:
        return other.run("curl", "-m", "1", "-s", "--interface", source, f"http://{SERVICE}/").returncode == 0

    until(lambda: asks(BELIS_HOST), 20, "an announced source to be answered")
    before = refused(stage, "spoofed")
    assert not asks(HELD_BACK)
    assert not asks("80.249.208.6"), "the LAN is not announced either"
    assert refused(stage, "spoofed") >= before + 2
    told = stage.ask(estates.ResourceId(estates.SUBSCRIPTION), "status")["exchanges"][0]["members"]  # type: ignore[index]
    assert sum(one["refused"].get("spoofed", 0) for one in told if one["edge"]) >= before + 2
    other.say(OWN, Said("185.1.0.0/16"))
    until(lambda: asks(HELD_BACK), 10, "it to be answered once it is announced")


def test_an_edge_leads_from_no_member_to_another(stage: Stage, other: Cloud) -> None:
    mac = wires.mac_of(stage.places, FIRST, "lan")
    frame = frames.ip(mac, frames.udp(BELIS_HOST, "193.0.1.10", 9), other.mac)
    before = refused(stage, "transit")
    with other.wire() as sender, wires.port_socket(stage.places, CE, "e1") as sees:
        sender.send(frame)
        until(lambda: refused(stage, "transit") > before, 5, "the frame to be counted")
        assert not [one for one in wires.received(sees, 0.2) if one[12:] == frame[12:]]


def test_bgp_is_opened_by_route_servers_alone(stage: Stage, other: Cloud) -> None:
    router = router_of(stage, FIRST)
    before, since = refused(stage, "stranger"), [one.since for one in stage.speaker.sessions(router)]
    assert other.run("curl", "-m", "1", "-s", "http://80.249.208.7:179/").returncode
    assert refused(stage, "stranger") > before
    for was, one in zip(since, stage.speaker.sessions(router), strict=True):
        assert unbroken(was, one.since)


def test_one_edge_is_enough_and_with_the_last_all_goes(stage: Stage, other: Cloud) -> None:
    stage.delete(edges()[0].id)
    assert FIRST not in stage.plane.nodes()
    until(lambda: get(stage, SERVICE) and get(stage, SERVICE6), 20, "the other edge to carry")
    stage.delete(edges()[1].id)
    until(lambda: not other.hears(PREFIX), 10, "the prefix to go")
    assert SECOND not in stage.plane.nodes()
