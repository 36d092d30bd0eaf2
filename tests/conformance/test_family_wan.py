"""Gateways, Virtual WAN and Route Server: VPN that is recorded, keys, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.window import Window

GATEWAY_SUBNET = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [
    {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.255.0/27"}},
    {"name": "RouteServerSubnet", "properties": {"addressPrefix": "10.1.254.0/27"}}]}


def link(window: Window, tail: str) -> dict[str, str]:
    return {"id": window.path(tail)}


def a_gateway(window: Window, **changed: Any) -> dict[str, Any]:
    subnet = link(window, "virtualNetworks/vnet/subnets/GatewaySubnet")
    return {"gatewayType": "Vpn", "sku": {"name": "VpnGw1"},
            "ipConfigurations": [{"name": "default", "properties": {"subnet": subnet}}], **changed}


@pytest.fixture
def vpn(window: Window) -> Window:
    window.put("virtualNetworks/vnet", GATEWAY_SUBNET)
    window.put("virtualNetworkGateways/vpn", a_gateway(window))
    window.put("localNetworkGateways/site", {"gatewayIpAddress": "192.0.2.1",
                                             "localNetworkAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]}})
    return window


def a_tunnel(window: Window, **changed: Any) -> dict[str, Any]:
    return {"connectionType": "IPSec", "sharedKey": "hush", **changed,
            "virtualNetworkGateway1": link(window, "virtualNetworkGateways/vpn"),
            "localNetworkGateway2": link(window, "localNetworkGateways/site")}


def test_a_gateway_keeps_the_identity_that_it_acts_with(vpn: Window) -> None:
    vpn.put("userAssignedIdentities/who", {}, "Microsoft.ManagedIdentity")
    who = vpn.path("userAssignedIdentities/who", "Microsoft.ManagedIdentity")
    vpn.put("virtualNetworkGateways/vpn", vpn.get("virtualNetworkGateways/vpn")["properties"],
            identity={"type": "UserAssigned", "userAssignedIdentities": {who: {}}})
    assert [*vpn.get("virtualNetworkGateways/vpn")["identity"]["userAssignedIdentities"]] == [who]


def test_a_vpn_connection_is_kept_and_never_connected(vpn: Window) -> None:
    vpn.put("connections/s2s", a_tunnel(vpn, dpdTimeoutSeconds=30))
    shown = vpn.get("connections/s2s")["properties"]
    assert (shown["connectionType"], shown["connectionStatus"], shown["dpdTimeoutSeconds"]) == (
        "IPsec", "NotConnected", 30)
    assert "hush" not in json.dumps(shown)


def test_a_shared_key_is_read_set_and_made_anew(vpn: Window) -> None:
    vpn.put("connections/s2s", a_tunnel(vpn))
    path = vpn.path("connections/s2s/sharedkey")
    assert vpn.request("GET", path).body == {"id": path, "value": "hush"}
    assert vpn.request("PUT", path, {"value": "other"}).body == {"id": path, "value": "other"}
    assert vpn.request("POST", f"{path}/reset", {"keyLength": 20}).status == 202
    assert len(vpn.request("GET", path).body["value"]) == 20
    assert vpn.request("POST", f"{path}/reset", {"keyLength": 200}).status == 400


def test_a_vpn_gateway_is_asked_for_routes_and_has_none_and_says_what_it_does_not_do(vpn: Window) -> None:
    gateway = vpn.path("virtualNetworkGateways/vpn")
    for action, code in (("generatevpnclientpackage", "VpnNotSupported"), ("prepareMigration",
                         "GatewayMigrationNotSupported"), ("startSiteFailoverTest", "GatewayTypeNotSupported"),
                         ("getFailoverAllTestsDetails", "GatewayTypeNotSupported"),
                         ("getResiliencyInformation", "GatewayTypeNotSupported")):
        assert vpn.request("POST", f"{gateway}/{action}", {}).error == code
    assert vpn.request("POST", f"{gateway}/reset").status == 202


def test_nat_rules_stand_inside_their_gateway(vpn: Window) -> None:
    rule = {"name": "rule1", "properties": {"type": "Static", "mode": "EgressSnat",
                                            "internalMappings": [{"addressSpace": "10.4.0.0/24"}],
                                            "externalMappings": [{"addressSpace": "192.168.21.0/24"}]}}
    vpn.put("virtualNetworkGateways/vpn", a_gateway(vpn, natRules=[rule]))
    assert vpn.get("virtualNetworkGateways/vpn/natRules/rule1")["properties"]["mode"] == "EgressSnat"
    assert [one["name"] for one in vpn.get("virtualNetworkGateways/vpn")["properties"]["natRules"]] == ["rule1"]


def test_a_hub_has_its_two_route_tables_and_they_go_with_it(window: Window) -> None:
    window.put("virtualWans/wan", {})
    window.put("virtualHubs/hub", {"virtualWan": link(window, "virtualWans/wan"), "addressPrefix": "10.5.0.0/23"})
    tables = window.get("virtualHubs/hub/hubRouteTables")["value"]
    assert {one["name"]: one["properties"]["labels"] for one in tables} == {
        "defaultRouteTable": ["default"], "noneRouteTable": ["none"]}
    table = window.path("virtualHubs/hub/hubRouteTables/defaultRouteTable")
    assert window.request("DELETE", table).error == "DefaultRouteTableCannotBeDeleted"
    assert window.request("DELETE", window.path("virtualWans/wan")).error == "InUseVirtualWanCannotBeDeleted"
    assert window.request("DELETE", window.path("virtualHubs/hub")).status == 202
    window.settle()
    assert window.request("GET", table).status == 404


def test_a_connected_network_is_told_by_the_table_and_the_map_it_names(window: Window) -> None:
    window.put("virtualWans/wan", {})
    window.put("virtualHubs/hub", {"virtualWan": link(window, "virtualWans/wan"), "addressPrefix": "10.5.0.0/23"})
    window.put("virtualNetworks/vnet", GATEWAY_SUBNET)
    window.put("virtualHubs/hub/routeMaps/in", {})
    path = "virtualHubs/hub/hubVirtualNetworkConnections/vnet"
    default = link(window, "virtualHubs/hub/hubRouteTables/defaultRouteTable")
    window.put(path, {"remoteVirtualNetwork": link(window, "virtualNetworks/vnet"), "routingConfiguration": {
        "associatedRouteTable": default, "inboundRouteMap": link(window, "virtualHubs/hub/routeMaps/in")}})
    named = window.get("virtualHubs/hub/hubRouteTables/defaultRouteTable")["properties"]
    assert named["associatedConnections"] == [window.path(path)]
    assert window.get("virtualHubs/hub/routeMaps/in")["properties"]["associatedInboundConnections"] == [
        window.path(path)]
    assert window.get(path)["properties"]["routingConfiguration"]["propagatedRouteTables"]["labels"] == ["default"]
    held = window.request("DELETE", window.path("virtualHubs/hub/routeMaps/in"))
    assert held.error == "InUseRouteMapCannotBeDeleted"


BAD = [
    ("virtualHubs/rs/ipConfigurations/x", {"subnet": "GatewaySubnet"}, "RouteServerSubnetRequired"),
    ("virtualHubs/rs/bgpConnections/x", {"peerIp": "10.1.0.9", "peerAsn": 65515}, "ReservedAsn"),
    ("virtualHubs/rs/bgpConnections/x", {"peerIp": "10.1.0.9", "peerAsn": 8075}, "ReservedAsn"),
    ("virtualHubs/rs/bgpConnections/x", {"peerIp": "10.1.0.9", "peerAsn": 65010}, "RouteServerIpConfigurationRequired"),
    ("virtualHubs/rs/routeMaps/x", {"rules": [{"name": "r", "actions": [{"type": "Replace", "parameters": [
        {"routePrefix": ["10.0.0.0/8"]}]}]}]}, "RouteSummarizationNotSupported"),
    ("virtualHubs/rs/routeMaps/x", {"rules": [{"name": "r", "matchCriteria": [{"matchCondition": "Contains"}]}]},
     "InvalidPropertyValue"),
    ("virtualHubs/rs/routeMaps/x", {"rules": [{"name": "r", "actions": [{"type": "Add", "parameters": [
        {"asPath": ["65515"]}]}]}]}, "ReservedAsn"),
    ("virtualHubs/rs/routeMaps/x", {"associatedInboundConnections": ["nobody"]}, "InvalidResourceReference"),
    ("virtualHubs/rs2", {"virtualRouterAsn": 65010}, "VirtualRouterAsnNotAllowed"),
]


@pytest.mark.parametrize(("tail", "properties", "code"), BAD)
def test_what_no_route_server_can_be_is_refused(window: Window, tail: str, properties: Any, code: str) -> None:
    window.put("virtualNetworks/vnet", GATEWAY_SUBNET)
    window.put("virtualHubs/rs", {"sku": "Standard"})
    if "subnet" in properties:
        properties = {"subnet": link(window, f"virtualNetworks/vnet/subnets/{properties['subnet']}")}
    assert window.request("PUT", window.path(tail), {"location": "westus", "properties": properties}).error == code


def test_a_route_server_holds_its_subnet_and_peers_inside_its_network(window: Window) -> None:
    window.put("virtualNetworks/vnet", GATEWAY_SUBNET)
    window.put("virtualHubs/rs", {"sku": "Standard"})
    subnet = "virtualNetworks/vnet/subnets/RouteServerSubnet"
    window.put("virtualHubs/rs/ipConfigurations/Default", {"subnet": link(window, subnet)})
    assert window.get("virtualHubs/rs")["properties"]["virtualRouterIps"] == ["10.1.254.4", "10.1.254.5"]
    assert window.request("DELETE", window.path(subnet)).error == "InUseSubnetCannotBeDeleted"
    peer = {"location": "westus", "properties": {"peerIp": "10.2.0.9", "peerAsn": 65010}}
    refused = window.request("PUT", window.path("virtualHubs/rs/bgpConnections/nva"), peer)
    assert refused.error == "PeerIpOutsideVirtualNetwork"
    own = {"location": "westus", "properties": {"peerIp": "10.1.254.4", "peerAsn": 65010}}
    assert window.request("PUT", window.path("virtualHubs/rs/bgpConnections/nva"), own).error == "InvalidPeerIp"
