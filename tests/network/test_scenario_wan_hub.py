"""The hub of a Virtual WAN on real packets: a site behind a circuit, two virtual networks, route maps on the way."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

import estates
import scenes
import wans
from appliances import ANNOUNCED, BEHIND, forwarding, host_behind
from stage import Stage
from trunkline.intent.compile.draft import ce_node, vnet_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import NIC
from trunkline.intent.view import SITE as SITE_TYPE
from trunkline.model.circuit import Leg
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

ONE, TWO = (vm_node(estates.rid(NIC, f"{name}-vm")) for name in wans.NETWORKS)
IN_ONE, IN_TWO, IN_ITS_OWN = "10.1.0.4", "10.2.0.4", "10.9.0.4"
SITE = "10.10.0.0/16"
ROUTER = vnet_node(wans.HUB)


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as stage:
        yield stage


def rule(kind: str, *prefixes: str, **parameters: list[str]) -> dict[str, Any]:
    criteria = [{"matchCondition": "Contains", "routePrefix": list(prefixes)}] if prefixes else []
    return {"matchCriteria": criteria, "actions": [{"type": kind, "parameters": [parameters] if parameters else []}]}


def effective(stage: Stage, of: str = "") -> dict[str, str]:
    """AS path by prefix, as ``effectiveRoutes`` tells it."""
    rows = stage.ask(wans.HUB, "effectiveRoutes", resourceId=of)["value"]  # type: ignore[index]
    return {row["addressPrefixes"][0]: row["asPath"] for row in rows}


def mapped(stage: Stage, way: str, connection: object) -> dict[str, tuple[str, str]]:
    """(AS path, communities) by prefix, as ``inboundRoutes`` and ``outboundRoutes`` tell it."""
    rows = stage.ask(wans.HUB, f"{way}Routes", resourceUri=str(connection))["value"]  # type: ignore[index]
    return {row["prefix"]: (row["asPath"], row["bgpCommunities"]) for row in rows}


def daemon(stage: Stage) -> int:
    """Process of the hub's router; 0 while its file is being written."""
    file = stage.places.run / "nodes" / ROUTER / "bird.pid"
    return int(file.read_text() or 0) if file.exists() else 0


def test_a_hub_joins_a_site_and_two_networks_and_leaves_nothing_of_itself(stage: Stage) -> None:
    stage.put(*wans.whole())
    for source, address in ((scenes.HOST, IN_ONE), (scenes.HOST, IN_TWO), (ONE, scenes.ON_PREMISES), (ONE, IN_TWO)):
        scenes.connected(stage, source, address)
    assert effective(stage) == {SITE: "12076-65010", "10.1.0.0/16": "", "10.2.0.0/16": ""}
    assert not scenes.missing(stage)
    scenes.all_up(stage)

    before = scenes.sessions(stage)
    stage.put(
        wans.route_map("in", inbound=(wans.CIRCUIT_LINK,), rules=(
            rule("Add", SITE, community=["65010:7"]), rule("Replace", SITE, asPath=["64600", "64601"]))),
        wans.route_map("out", outbound=(wans.CIRCUIT_LINK,), rules=(
            rule("Drop", "10.2.0.0/16"), rule("Add", "10.1.0.0/16", asPath=["64700"], community=["64700:9"]))))
    until(lambda: effective(stage)[SITE] == "64600-64601", 10, "another path at the hub")
    until(lambda: mapped(stage, "inbound", wans.CIRCUIT_LINK) == {SITE: ("64600-64601", "65010:7")}, 10, "what came in")
    until(lambda: "10.2.0.0/16" not in scenes.networks(stage, Leg.PRIMARY), 10, "the edge to forget a network")
    assert mapped(stage, "outbound", wans.CIRCUIT_LINK)["10.1.0.0/16"] == ("65515-64700", "64700:9")
    assert stage.pings(scenes.HOST, IN_ONE)
    assert not stage.pings(scenes.HOST, IN_TWO)
    stage.put(wans.route_map("network", inbound=(wans.network_link("two"),), rules=(rule("Drop"),)))
    until(lambda: "10.2.0.0/16" not in effective(stage), 10, "the hub to refuse a network's routes")
    until(lambda: not stage.pings(ONE, IN_TWO), 10, "no way between the networks")
    assert not scenes.disturbed(before, scenes.sessions(stage)), "no session was reset"

    stage.delete_all()
    until(lambda: not stage.plane.nodes(), 10, "no node left")


def test_a_table_of_its_own_keeps_a_network_apart(stage: Stage) -> None:
    apart = wans.associated("apart")
    stage.put(*wans.whole(), wans.custom_table(), wans.connected("one", associatedRouteTable=apart),
              wans.circuit_link(propagatedRouteTables={"ids": [wans.associated("defaultRouteTable"), apart]}))
    scenes.connected(stage, ONE, scenes.ON_PREMISES)
    scenes.connected(stage, TWO, scenes.ON_PREMISES)
    assert set(effective(stage, str(wans.table("apart")))) == {SITE}
    assert not stage.pings(ONE, IN_TWO)
    assert not stage.pings(TWO, IN_ONE), "what goes there finds no way back"
    stage.put(wans.connected("one"))
    scenes.connected(stage, TWO, IN_ONE)


def test_a_network_with_a_gateway_of_its_own_meets_the_hub_at_the_edge_where_both_take_it(stage: Stage) -> None:
    stage.put(*wans.beside_a_network(network=True, hub=False))
    scenes.connected(stage, ONE, scenes.ON_PREMISES)
    scenes.connected(stage, scenes.VM, scenes.ON_PREMISES)
    assert not stage.pings(ONE, IN_ITS_OWN)
    before = scenes.sessions(stage)
    stage.put(wans.gateway(allowNonVirtualWanTraffic=True))
    scenes.connected(stage, ONE, IN_ITS_OWN)
    scenes.connected(stage, scenes.VM, IN_TWO)
    assert not scenes.disturbed(before, scenes.sessions(stage)), "no session was reset"


def test_a_static_route_leads_to_an_appliance_in_a_connected_network(stage: Stage) -> None:
    nva = forwarding(estates.nic("nva1", 13, address="10.2.0.9", vnet="two"))
    node = vm_node(nva.id)
    stage.put(*wans.whole(), nva)
    with host_behind(stage, node):
        stage.put(wans.connected("two", vnetRoutes=wans.behind("10.2.0.9", ANNOUNCED, propagateStaticRoutes=False)))
        scenes.connected(stage, ONE, IN_TWO)
        assert not stage.pings(ONE, BEHIND)
        stage.put(wans.default_table(ANNOUNCED, towards="two"))
        scenes.connected(stage, ONE, BEHIND)
        scenes.connected(stage, scenes.HOST, BEHIND)


def test_frr_tells_what_it_knows_and_is_not_changed_by_its_shell(stage: Stage) -> None:
    """As 'trunkline vtysh' asks it."""
    stage.put(*wans.whole(routers=("bird", "frr")))
    scenes.all_up(stage)
    directory = stage.places.run / "nodes" / ce_node(estates.rid(SITE_TYPE, "paris"), "ce2")
    asked = subprocess.run(["vtysh", "-u", "--vty_socket", ".", "-c", "show bgp ipv4 unicast"], cwd=directory,
                           capture_output=True, text=True, check=True)
    assert "10.1.0.0/16" in asked.stdout
    refused = subprocess.run(["vtysh", "-u", "--vty_socket", ".", "-c", "configure terminal"], cwd=directory,
                             capture_output=True, text=True, check=False)
    assert "Unknown command" in refused.stdout + refused.stderr


def test_a_hub_router_that_was_killed_comes_back_with_all_that_it_knew(stage: Stage) -> None:
    stage.put(*wans.whole())
    scenes.connected(stage, scenes.HOST, IN_ONE)
    scenes.all_up(stage)
    router, before = scenes.router_of(stage, ROUTER), daemon(stage)
    os.kill(before, signal.SIGKILL)
    until(lambda: daemon(stage) not in (0, before), 10, "another daemon")
    scenes.all_up(stage)
    scenes.connected(stage, scenes.HOST, IN_ONE)
    scenes.connected(stage, ONE, IN_TWO)
    assert {entry.prefix for entry in stage.speaker.routes(router)} >= {SITE, "10.1.0.0/16", "10.2.0.0/16"}
