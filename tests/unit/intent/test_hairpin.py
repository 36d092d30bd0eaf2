"""Who reaches whom by way of the edge: gateways of one circuit that take each other's traffic, and no others."""

from __future__ import annotations

import pytest

import estates
import wans
from trunkline.intent.compile.draft import ce_node, vnet_node
from trunkline.intent.view import GATEWAY, SITE, VNET
from trunkline.model.resource import Resource
from unit.intent.test_wan_hub import Realm

FIRST, SECOND, SPOKE = (vnet_node(estates.rid(VNET, name)) for name in ("hub", "second", "one"))
CE1 = ce_node(estates.rid(SITE, "paris"), "ce1")


def two_networks(first: bool, second: bool) -> list[Resource]:
    """Each with a gateway to one circuit, that takes the other networks' traffic or does not."""
    flags = {"gw1": first, "gw2": second}
    return [*estates.whole(), *estates.cloud(2, space="10.2", names=("second", "vm2", "gw2")),
            *(estates.sized_gateway("Standard", name, vnet, number, allowRemoteVnetTraffic=flags[name])
              for number, (name, vnet) in enumerate((("gw1", "hub"), ("gw2", "second")), 1)),
            estates.connection(2, name="con2", gateway="gw2")]


def realm(resources: list[Resource]) -> Realm:
    return Realm(*resources, gateways=tuple(estates.rid(GATEWAY, name) for name in ("gw1", "gw2")))


@pytest.mark.parametrize(("first", "second"), [(True, True), (True, False), (False, True), (False, False)])
def test_networks_meet_at_the_edge_where_both_gateways_take_it(first: bool, second: bool) -> None:
    found = realm(two_networks(first, second))
    assert not found.down
    both = first and second
    assert (found.knows(FIRST).get("10.2.0.0/16"), found.knows(SECOND).get("10.1.0.0/16")) == (
        ("12076", "12076") if both else (None, None))
    assert {one for prefix in ("10.1.0.0/16", "10.2.0.0/16") for one in found.communities(CE1, prefix)} == set()


@pytest.mark.parametrize(("network", "hub"), [(True, True), (True, False), (False, True)])
def test_a_hub_and_a_network_meet_where_both_gateways_take_it(network: bool, hub: bool) -> None:
    found = realm(wans.beside_a_network(network, hub))
    both = network and hub
    assert ("10.9.0.0/16" in found.knows(SPOKE), "10.1.0.0/16" in found.knows(FIRST)) == (both, both)
    assert "10.10.0.0/16" in found.knows(SPOKE), "on-premises is reached all the same"
