"""The hub of a Virtual WAN: what stands in it and what is connected to it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import Window, link, provision, refused

DEFAULT = "virtualHubs/hub/hubRouteTables/defaultRouteTable"
CIRCUIT = "expressRouteGateways/gw/expressRouteConnections/er1"
SPOKE = "virtualHubs/hub/hubVirtualNetworkConnections/spoke"


def network(space: str, **more: Any) -> dict[str, Any]:
    return {"addressSpace": {"addressPrefixes": [f"{space}.0.0/16"]}, **more}


@pytest.fixture
def hub(window: Window) -> Window:
    """With a gateway, a circuit and a network that are not connected yet."""
    window.put("virtualWans/wan", {})
    window.put("virtualHubs/hub", {"virtualWan": link(window, "virtualWans/wan"), "addressPrefix": "10.50.0.0/23"})
    window.put("expressRouteGateways/gw", {"virtualHub": link(window, "virtualHubs/hub")})
    window.put("virtualNetworks/spoke", network("10.1"))
    window.put("expressRouteCircuits/er1", {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 50}},
        location="westeurope", sku={"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"})
    window.put("expressRouteCircuits/er1/peerings/AzurePrivatePeering", {
        "peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100,
        "primaryPeerAddressPrefix": "172.16.1.0/30", "secondaryPeerAddressPrefix": "172.16.1.4/30"})
    return window


def a_circuit(window: Window, **routing: Any) -> dict[str, Any]:
    return {"expressRouteCircuitPeering": link(window, "expressRouteCircuits/er1/peerings/AzurePrivatePeering"),
            "routingConfiguration": routing}


def a_network(window: Window, name: str = "spoke", **routing: Any) -> dict[str, Any]:
    return {"remoteVirtualNetwork": link(window, f"virtualNetworks/{name}"), "routingConfiguration": routing}


def test_a_hub_has_its_routers_address_once_it_is_realised(hub: Window) -> None:
    shown = hub.get("virtualHubs/hub")["properties"]
    assert (shown["routingState"], shown["virtualRouterIps"], shown["virtualRouterAsn"]) == (
        "Provisioned", ["10.50.0.68"], 65515)


def test_a_circuit_that_its_provider_does_not_serve_fails_and_is_repaired_by_a_put(hub: Window) -> None:
    hub.request("PUT", hub.path(CIRCUIT), {"properties": a_circuit(hub)})
    hub.settle()
    assert hub.get(CIRCUIT)["properties"]["provisioningState"] == "Failed"
    provision(hub)
    hub.put(CIRCUIT, a_circuit(hub))
    assert hub.get(CIRCUIT)["properties"]["provisioningState"] == "Succeeded"


def test_a_connected_network_stays_until_its_connection_is_gone(hub: Window) -> None:
    hub.put(SPOKE, a_network(hub))
    assert hub.request("DELETE", hub.path("virtualNetworks/spoke")).error == "InUseVirtualNetworkCannotBeDeleted"
    assert hub.request("DELETE", hub.path(SPOKE)).status == 202
    hub.settle()
    assert hub.request("DELETE", hub.path("virtualNetworks/spoke")).status == 202


def test_a_map_stands_at_a_connection_of_its_own_hub_once_for_each_way(hub: Window) -> None:
    hub.put(SPOKE, a_network(hub))
    hub.put("virtualHubs/hub/routeMaps/first", {"associatedInboundConnections": [hub.path(SPOKE)]})
    again = {"associatedInboundConnections": [hub.path(SPOKE)]}
    assert refused(hub, "virtualHubs/hub/routeMaps/second", again).error == "RouteMapAlreadyAssociated"
    hub.put("virtualHubs/hub/routeMaps/second", {"associatedOutboundConnections": [hub.path(SPOKE)]})
    named = a_network(hub, inboundRouteMap=link(hub, "virtualHubs/hub/routeMaps/second"))
    assert refused(hub, SPOKE, named).error == "RouteMapAlreadyAssociated"
    stranger = {"associatedInboundConnections": [hub.path("virtualNetworks/spoke")]}
    assert refused(hub, "virtualHubs/hub/routeMaps/third", stranger).error == "InvalidResourceReference"
    summary = {"rules": [{"name": "r", "actions": [{"type": "Replace", "parameters": [
        {"routePrefix": ["10.0.0.0/8"]}]}]}]}
    assert refused(hub, "virtualHubs/hub/routeMaps/third", summary).error == "RouteSummarizationNotSupported"


def a_table(next_hop: str) -> dict[str, Any]:
    return {"labels": ["default"], "routes": [{
        "name": "r", "destinationType": "CIDR", "destinations": ["10.9.0.0/16"], "nextHopType": "ResourceId",
        "nextHop": next_hop}]}


def appliance(address: str = "10.1.0.9", prefix: str = "10.9.0.0/16") -> dict[str, Any]:
    return {"staticRoutes": [{"name": "r", "addressPrefixes": [prefix], "nextHopIpAddress": address}]}


def test_static_routes_lead_to_connected_networks_and_there_to_appliances(hub: Window) -> None:
    hub.put(SPOKE, a_network(hub, vnetRoutes=appliance()))
    hub.put(DEFAULT, a_table(hub.path(SPOKE)))
    assert hub.get(DEFAULT)["properties"]["routes"][0]["nextHop"] == hub.path(SPOKE)
    assert hub.get(SPOKE)["properties"]["routingConfiguration"]["vnetRoutes"]["staticRoutes"][0]["name"] == "r"


def test_routes_are_asked_of_what_there_is(hub: Window) -> None:
    path, nobody = hub.path("virtualHubs/hub"), hub.path("virtualHubs/hub/hubRouteTables/nobody")
    assert hub.request("POST", f"{path}/effectiveRoutes", {"resourceId": nobody}).error == "InvalidResourceReference"
    assert hub.request("POST", f"{path}/inboundRoutes", {}).error == "InvalidResourceReference"
    asked = hub.request("POST", f"{path}/effectiveRoutes", {"resourceId": hub.path(DEFAULT)})
    assert asked.status == 202


def _static(window: Window) -> tuple[str, dict[str, Any]]:
    return DEFAULT, a_table(window.path("azureFirewalls/fw"))


def _static_to_nobody(window: Window) -> tuple[str, dict[str, Any]]:
    return DEFAULT, a_table(window.path(SPOKE))


def _beside_the_default_table(window: Window) -> tuple[str, dict[str, Any]]:
    provision(window)
    window.put("virtualHubs/hub/hubRouteTables/apart", {})
    return CIRCUIT, a_circuit(window, associatedRouteTable=link(window, "virtualHubs/hub/hubRouteTables/apart"))


def _another_hubs_table(window: Window) -> tuple[str, dict[str, Any]]:
    window.put("virtualHubs/other", {"virtualWan": link(window, "virtualWans/wan"), "addressPrefix": "10.60.0.0/24"})
    table = link(window, "virtualHubs/other/hubRouteTables/defaultRouteTable")
    return SPOKE, a_network(window, associatedRouteTable=table)


def _to_appliances(window: Window) -> tuple[str, dict[str, Any]]:
    return SPOKE, a_network(window, vnetRoutes=appliance("10.99.0.9"))


def _over_ipv6(window: Window) -> tuple[str, dict[str, Any]]:
    return SPOKE, a_network(window, vnetRoutes=appliance(prefix="fd00:9::/48"))


def _with_a_gateway(window: Window) -> tuple[str, dict[str, Any]]:
    window.put("virtualNetworks/spoke", network("10.1", subnets=[
        {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.255.0/26"}}]))
    subnet = link(window, "virtualNetworks/spoke/subnets/GatewaySubnet")
    window.put("virtualNetworkGateways/own", {
        "gatewayType": "ExpressRoute", "sku": {"name": "Standard"},
        "ipConfigurations": [{"name": "default", "properties": {"subnet": subnet}}]})
    return SPOKE, a_network(window)


def _beside_another(window: Window) -> tuple[str, dict[str, Any]]:
    window.put(SPOKE, a_network(window))
    window.put("virtualNetworks/again", network("10.1"))
    return "virtualHubs/hub/hubVirtualNetworkConnections/again", a_network(window, "again")


def _on_a_circuits_links(window: Window) -> tuple[str, dict[str, Any]]:
    provision(window)
    window.put(CIRCUIT, a_circuit(window))
    window.put("virtualNetworks/links", network("172.16"))
    return "virtualHubs/hub/hubVirtualNetworkConnections/links", a_network(window, "links")


def _of_a_basic_hub(window: Window) -> tuple[str, dict[str, Any]]:
    window.put("virtualHubs/basic", {"virtualWan": link(window, "virtualWans/wan"), "addressPrefix": "10.70.0.0/24",
                                     "sku": "Basic"})
    return "expressRouteGateways/basic", {"virtualHub": link(window, "virtualHubs/basic")}


@pytest.mark.parametrize(("wish", "code"), [
    (_static, "StaticRouteNotSupported"), (_static_to_nobody, "InvalidResourceReference"),
    (_to_appliances, "InvalidNextHopIpAddress"), (_over_ipv6, "VirtualWanHasNoIPv6"),
    (_beside_the_default_table, "BranchRouteTableNotAllowed"), (_another_hubs_table, "InvalidResourceReference"),
    (_with_a_gateway, "VirtualNetworkHasGateway"), (_beside_another, "VnetAddressSpaceOverlapsHub"),
    (_on_a_circuits_links, "VnetAddressSpaceOverlapsOnCircuit"), (_of_a_basic_hub, "VirtualHubIsBasic")])
def test_what_no_hub_does_is_refused(hub: Window, wish: Any, code: str) -> None:
    tail, properties = wish(hub)
    assert refused(hub, tail, properties).error == code


@pytest.mark.parametrize("tier", ["Local", "Standard"])
def test_a_circuit_reaches_a_hub_as_far_as_its_sku(hub: Window, tier: str) -> None:
    hub.put("expressRouteCircuits/near", {"serviceProviderProperties": {
        "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000}},
        location="westeurope", sku={"name": f"{tier}_UnlimitedData", "tier": tier, "family": "UnlimitedData"})
    hub.put("expressRouteCircuits/near/peerings/AzurePrivatePeering", {
        "peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100,
        "primaryPeerAddressPrefix": "172.16.2.0/30", "secondaryPeerAddressPrefix": "172.16.2.4/30"})
    provision(hub, "near")
    near = {"expressRouteCircuitPeering": link(hub, "expressRouteCircuits/near/peerings/AzurePrivatePeering")}
    assert refused(hub, CIRCUIT, near).error == "CircuitScopeExceeded", "the hub is in West US"


def test_a_circuit_of_another_subscription_is_connected_with_its_owners_key_alone(hub: Window) -> None:
    provision(hub)
    hub.put("expressRouteCircuits/er1/authorizations/theirs", {})
    key = hub.get("expressRouteCircuits/er1/authorizations/theirs")["properties"]["authorizationKey"]
    theirs = f"/subscriptions/{hub.accounts.provider_subscription}/resourceGroups/theirs"
    base = f"{theirs}/providers/Microsoft.Network"
    hub.request("PUT", theirs, {"location": "westus"})
    for tail, properties in (("virtualWans/wan", {}), ("virtualHubs/hub", {
            "virtualWan": {"id": f"{base}/virtualWans/wan"}, "addressPrefix": "10.51.0.0/24"}),
            ("expressRouteGateways/gw", {"virtualHub": {"id": f"{base}/virtualHubs/hub"}})):
        made = hub.request("PUT", f"{base}/{tail}", {"location": "westus", "properties": properties})
        assert made.status == 201, made.body
        hub.settle()
    path, wish = f"{base}/{CIRCUIT}", a_circuit(hub)
    assert hub.request("PUT", path, {"properties": wish}).error == "AuthorizationKeyInvalid"
    made = hub.request("PUT", path, {"properties": {**wish, "authorizationKey": key}})
    assert made.status == 201, made.body
    assert "authorizationKey" not in made.body["properties"]
