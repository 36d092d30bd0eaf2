"""Peered virtual networks on real packets: reachable both ways, not through a third, and with the gateways of one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

import estates
import scenes
from appliances import forwarding, host_behind
from stage import Stage
from trunkline.intent.compile.draft import vnet_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.view import GATEWAY, NIC, VNET
from trunkline.model.circuit import Leg
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

IN_FIRST, IN_SECOND, IN_THIRD = "10.1.0.4", "10.2.0.4", "10.3.0.4"
FIRST = vm_node(estates.rid(NIC, "vm1"))
SECOND, THIRD = (vm_node(estates.rid(NIC, f"{name}-vm")) for name in ("second", "third"))


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as stage:
        yield stage


def networks() -> list[estates.Resource]:
    """Three in a row, none peered yet: ``hub``, ``second``, ``third``."""
    return [*estates.spoke("second", 2, "10.2"), *estates.spoke("third", 3, "10.3")]


def cut(stage: Stage, source: str, address: str) -> None:
    until(lambda: not stage.pings(source, address), 10, f"no ping from {source} to {address}")


def test_peering_takes_both_sides_is_not_transitive_and_ends_with_either_side(stage: Stage) -> None:
    stage.put(*estates.cloud(), *networks())
    stage.put(estates.vnet_peering("hub", "second"))
    assert not stage.pings(FIRST, IN_SECOND)
    stage.put(estates.vnet_peering("second", "hub"))
    assert stage.pings(FIRST, IN_SECOND)
    assert stage.pings(SECOND, IN_FIRST)
    stage.put(estates.vnet_peering("second", "third"), estates.vnet_peering("third", "second"))
    assert stage.pings(SECOND, IN_THIRD)
    assert not stage.pings(FIRST, IN_THIRD)
    stage.put(estates.vnet_peering("third", "second", allowVirtualNetworkAccess=False))
    assert not stage.pings(SECOND, IN_THIRD)
    stage.delete(estates.vnet_peering("hub", "second").id)
    assert not stage.pings(SECOND, IN_FIRST)
    assert not scenes.missing(stage)


def test_a_new_address_space_is_reached_after_a_sync(stage: Stage) -> None:
    stage.put(*estates.cloud(), *networks(),
              estates.vnet_peering("hub", "second"), estates.vnet_peering("second", "hub"))
    grown = estates.resource(estates.rid(VNET, "second"),
                             {"addressSpace": {"addressPrefixes": ["10.2.0.0/16", "10.22.0.0/16"]}}, {"number": 2})
    stage.put(grown)
    node = vnet_node(estates.rid(VNET, "hub"))
    assert "10.22.0.0/16" not in stage.run(node, "ip", "route").stdout
    assert stage.pings(FIRST, IN_SECOND)
    stage.put(estates.vnet_peering("hub", "second", gained=("10.22.0.0/16",)))
    assert "10.22.0.0/16" in stage.run(node, "ip", "route").stdout


def test_a_spoke_reaches_on_premises_through_the_hubs_gateway_only_while_both_sides_allow_it(stage: Stage) -> None:
    stage.put(*estates.whole(), *networks(),
              estates.vnet_peering("hub", "second"), estates.vnet_peering("second", "hub"))
    scenes.both_up(stage)
    assert stage.pings(FIRST, IN_SECOND)
    assert not stage.pings(SECOND, scenes.ON_PREMISES)
    assert "10.2.0.0/16" not in scenes.networks(stage, Leg.PRIMARY)
    stage.put(*estates.lending("hub", "second"))
    scenes.connected(stage, SECOND, scenes.ON_PREMISES)
    assert stage.pings(scenes.HOST, IN_SECOND)
    assert {"10.1.0.0/16", "10.2.0.0/16"} <= scenes.networks(stage, Leg.PRIMARY)
    assert not scenes.missing(stage)
    stage.put(estates.vnet_peering("second", "hub"))
    cut(stage, scenes.HOST, IN_SECOND)
    assert not stage.pings(SECOND, scenes.ON_PREMISES)
    assert stage.pings(FIRST, scenes.ON_PREMISES)
    until(lambda: "10.2.0.0/16" not in scenes.networks(stage, Leg.PRIMARY), 10, "its prefix to be gone")


def echoes(stage: Stage, node: str) -> int:
    """Echo requests that a machine has received."""
    told = stage.run(node, "cat", "/proc/net/snmp").stdout.splitlines()
    names, values = (line.split() for line in told if line.startswith("Icmp:"))
    return int(dict(zip(names, values, strict=True))["InEchos"])


def test_what_an_appliance_forwards_is_let_in_only_where_forwarded_traffic_is_allowed(stage: Stage) -> None:
    appliance = forwarding(estates.nic("nva", 9, address="10.1.0.9"))
    stage.put(*estates.cloud(), *networks(), appliance,
              estates.vnet_peering("hub", "second"), estates.vnet_peering("second", "hub"))
    with host_behind(stage, vm_node(appliance.id)) as host:
        before = echoes(stage, SECOND)
        send = ["ip", "netns", "exec", host, "ping", "-c", "3", "-i", "0.05", "-W", "0.2", IN_SECOND]
        subprocess.run(send, capture_output=True, check=False)
        assert echoes(stage, SECOND) == before
        stage.put(estates.vnet_peering("second", "hub", allowForwardedTraffic=True))
        subprocess.run(send, capture_output=True, check=False)
        assert echoes(stage, SECOND) == before + 3
    assert stage.pings(SECOND, IN_FIRST)


def test_a_gateway_that_goes_takes_the_spokes_way_with_it_and_nothing_is_left_behind(stage: Stage) -> None:
    stage.put(*estates.whole(), *networks(), *estates.lending("hub", "second"))
    scenes.connected(stage, SECOND, scenes.ON_PREMISES)
    stage.delete(estates.rid(GATEWAY, "gw1"))
    cut(stage, SECOND, scenes.ON_PREMISES)
    assert stage.pings(SECOND, IN_FIRST)
    stage.delete_all()
    until(lambda: not stage.plane.nodes(), 10, "all nodes to go")
