"""A Route Server through the front door: where it stands, whom it peers with, and what it says of them."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import Reply, Window

HUB, PLACE = "virtualHubs/rs", "virtualHubs/rs/ipConfigurations/here"
PEER = "virtualHubs/rs/bgpConnections/nva"


def link(window: Window, tail: str) -> dict[str, str]:
    return {"id": window.path(tail)}


@pytest.fixture
def placed(window: Window) -> Window:
    window.put("virtualNetworks/hub", {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
        {"name": "RouteServerSubnet", "properties": {"addressPrefix": "10.0.1.0/27"}}]})
    window.put(HUB, {"sku": "Standard"})
    window.put(PLACE, {"subnet": link(window, "virtualNetworks/hub/subnets/RouteServerSubnet")})
    return window


def refused(window: Window, tail: str, properties: Any) -> Reply:
    reply = window.request("PUT", window.path(tail), {"location": "westus", "properties": properties})
    assert reply.status >= 400, reply.body
    return reply


def test_a_route_server_is_provisioned_only_when_its_place_is_realised(window: Window) -> None:
    window.put("virtualNetworks/hub", {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
        {"name": "RouteServerSubnet", "properties": {"addressPrefix": "10.0.1.0/27"}}]})
    window.put(HUB, {"sku": "Standard"})
    subnet = link(window, "virtualNetworks/hub/subnets/RouteServerSubnet")
    window.request("PUT", window.path(PLACE), {"properties": {"subnet": subnet}})
    before = window.get(HUB)["properties"]
    assert (before["routingState"], before["virtualRouterIps"]) == ("None", [])
    window.settle()
    after = window.get(HUB)["properties"]
    assert (after["routingState"], after["virtualRouterIps"]) == ("Provisioned", ["10.0.1.4", "10.0.1.5"])
    assert after["virtualRouterAsn"] == 65515


def test_a_peer_that_was_never_heard_is_not_connected(placed: Window) -> None:
    placed.put(PEER, {"peerIp": "10.0.0.4", "peerAsn": 65001})
    shown = placed.get(PEER)["properties"]
    assert (shown["provisioningState"], shown["connectionState"]) == ("Succeeded", "NotConnected")


@pytest.mark.parametrize("action", ["learnedRoutes", "advertisedRoutes"])
def test_the_routes_of_a_peer_are_asked_of_the_network(placed: Window, action: str) -> None:
    """Nobody answers behind this window, so the answer is still to come."""
    placed.put(PEER, {"peerIp": "10.0.0.4", "peerAsn": 65001})
    reply = placed.request("POST", placed.path(f"{PEER}/{action}"))
    assert reply.status == 202
    assert "location" in reply.headers


@pytest.mark.parametrize(("properties", "code"), [
    ({"peerIp": "10.9.0.4", "peerAsn": 65001}, "PeerIpOutsideVirtualNetwork"),
    ({"peerIp": "10.0.1.4", "peerAsn": 65001}, "InvalidPeerIp"),
    ({"peerIp": "10.0.0.4", "peerAsn": 65515}, "ReservedAsn"),
])
def test_a_peer_that_cannot_be_is_refused(placed: Window, properties: Any, code: str) -> None:
    assert refused(placed, PEER, properties).error == code


def test_a_route_map_stands_at_peers_and_gateways_of_its_own_server_once_for_each_way(placed: Window) -> None:
    placed.put(PEER, {"peerIp": "10.0.0.4", "peerAsn": 65001})
    named = {"associatedInboundConnections": [placed.path(PEER)], "rules": [{
        "name": "longer", "matchCriteria": [{"matchCondition": "Contains", "routePrefix": ["10.99.0.0/16"],
                                             "community": [], "asPath": []}],
        "actions": [{"type": "Add", "parameters": [{"routePrefix": [], "community": [], "asPath": ["64999"]}]}],
        "nextStepIfMatched": "Continue"}]}
    placed.put(f"{HUB}/routeMaps/in", named)
    shown = placed.get(f"{HUB}/routeMaps/in")["properties"]
    assert (shown["provisioningState"], shown["associatedInboundConnections"], shown["rules"][0]["name"]) == (
        "Succeeded", [placed.path(PEER)], "longer")
    assert refused(placed, f"{HUB}/routeMaps/second", named).error == "RouteMapAlreadyAssociated"
    placed.put(f"{HUB}/routeMaps/out", {"associatedOutboundConnections": [placed.path(PEER)]})
    for stranger in (placed.path("virtualHubs/other/bgpConnections/nva"), placed.path("virtualNetworks/hub")):
        wish = {"associatedOutboundConnections": [stranger]}
        assert refused(placed, f"{HUB}/routeMaps/third", wish).error == "InvalidResourceReference"
    assert placed.request("DELETE", placed.path(f"{HUB}/routeMaps/in")).status in (200, 202)
