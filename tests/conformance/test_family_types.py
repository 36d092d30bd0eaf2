"""Every type through the front door: created, shown, written back, listed, refused, deleted in a legal order only."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import Window, provision

ORDER = {"serviceProviderProperties": {
    "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000}}
SKU = {"tier": "Premium", "family": "MeteredData"}
PEERING = {"peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100, "sharedKey": "T0pS3cret",
           "primaryPeerAddressPrefix": "172.16.0.0/30", "secondaryPeerAddressPrefix": "172.16.0.4/30"}
NETWORK = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [
    {"name": "default", "properties": {"addressPrefix": "10.1.0.0/24"}},
    {"name": "GatewaySubnet", "properties": {"addressPrefix": "10.1.255.0/27"}}]}
PRIVATE = "expressRouteCircuits/er1/peerings/AzurePrivatePeering"
SITE = {"asn": 65010, "prefixes": ["10.10.0.0/16"], "lan": "10.10.1.0/24",
        "routers": [{"name": "ce1"}, {"name": "ce2"}], "hosts": [{"name": "h1", "address": "10.10.1.10"}]}


def configuration(window: Window, subnet: str, **more: Any) -> list[Any]:
    place = {"id": window.path(f"virtualNetworks/hub/subnets/{subnet}")}
    return [{"name": "ipconfig1", "properties": {"subnet": place, **more}}]


def build(window: Window) -> None:
    """A circuit in service, a site on it, and a network linked to it."""
    window.put("expressRouteCircuits/er1", ORDER, sku=SKU)
    provision(window)
    window.put(PRIVATE, PEERING)
    window.put("virtualNetworks/hub", NETWORK)
    window.put("publicIPAddresses/ip1", {}, sku={"name": "Standard"})
    window.put("networkInterfaces/vm1", {"ipConfigurations": configuration(window, "default")})
    gateway = {"gatewayType": "ExpressRoute", "sku": {"name": "Standard", "tier": "Standard"},
               "ipConfigurations": configuration(
                   window, "GatewaySubnet", publicIPAddress={"id": window.path("publicIPAddresses/ip1")})}
    window.put("virtualNetworkGateways/gw1", gateway)
    window.put("connections/con1", connection(window))
    key = window.get("expressRouteCircuits/er1")["properties"]["serviceKey"]
    window.put("sites/paris", SITE, "Trunkline.Site")
    order = {"serviceKey": key, "site": {"id": window.path("sites/paris", "Trunkline.Site")},
             "primary": {"router": "ce1", "sharedKey": "An0therKey"}, "secondary": {"router": "ce2"}}
    window.put("virtualCrossConnects/vxc1", order, "Trunkline.Exchange")
    cut = {"circuit": {"id": window.path("expressRouteCircuits/er1")}, "leg": "primary"}
    window.put("faults/cut", cut, "Trunkline.Plant")


def connection(window: Window, **more: Any) -> dict[str, Any]:
    return {"connectionType": "ExpressRoute", "expressRouteGatewayBypass": None, "routingWeight": 10,
            "virtualNetworkGateway1": {"id": window.path("virtualNetworkGateways/gw1")},
            "peer": {"id": window.path("expressRouteCircuits/er1")}, **more}


BUILT = [
    ("expressRouteCircuits/er1", "Microsoft.Network"), (PRIVATE, "Microsoft.Network"),
    ("virtualNetworks/hub", "Microsoft.Network"), ("virtualNetworks/hub/subnets/default", "Microsoft.Network"),
    ("publicIPAddresses/ip1", "Microsoft.Network"), ("networkInterfaces/vm1", "Microsoft.Network"),
    ("virtualNetworkGateways/gw1", "Microsoft.Network"), ("connections/con1", "Microsoft.Network"),
    ("sites/paris", "Trunkline.Site"), ("virtualCrossConnects/vxc1", "Trunkline.Exchange"),
    ("faults/cut", "Trunkline.Plant")]


def test_every_type_takes_back_what_it_shows(window: Window) -> None:
    """As 'az … update' does: GET, edit, PUT the whole."""
    build(window)
    for tail, namespace in BUILT:
        before = window.get(tail, namespace)
        reply = window.request("PUT", window.path(tail, namespace), before)
        assert reply.status == 200, f"{tail}: {reply.body}"
        window.settle()
        assert _same(window.get(tail, namespace), before), tail


def _same(after: Any, before: Any) -> bool:
    """Equal but for etags, and the end of a fault, which each write puts off."""
    if isinstance(after, dict):
        return after.keys() == before.keys() and all(
            name in ("etag", "expiresAt") or _same(after[name], before[name]) for name in after)
    if isinstance(after, list):
        return len(after) == len(before) and all(_same(one, other) for one, other in zip(after, before, strict=True))
    return bool(after == before)


def test_no_secret_is_ever_shown(window: Window) -> None:
    build(window)
    shown = str([window.get(tail, namespace) for tail, namespace in BUILT])
    assert "T0pS3cret" not in shown
    assert "An0therKey" not in shown


def test_every_type_is_listed_in_its_group(window: Window) -> None:
    build(window)
    for tail, namespace in BUILT:
        collection, _, name = tail.rpartition("/")
        rows = window.get(collection, namespace)["value"]
        assert name in [row["name"] for row in rows], tail


def delete(window: Window, tail: str, namespace: str = "Microsoft.Network") -> str:
    """The error's code, or nothing when it is gone."""
    reply = window.request("DELETE", window.path(tail, namespace))
    if reply.status != 202:
        return reply.error
    window.settle()
    assert window.request("GET", window.path(tail, namespace)).status == 404
    return ""


def test_what_is_in_use_is_not_deleted(window: Window) -> None:
    build(window)
    assert delete(window, "expressRouteCircuits/er1") == "ExpressRouteCircuitIsProvisioned"
    assert delete(window, PRIVATE) == "InUsePeeringCannotBeDeleted"
    assert delete(window, "virtualNetworks/hub") == "InUseSubnetCannotBeDeleted"
    assert delete(window, "virtualNetworks/hub/subnets/default") == "InUseSubnetCannotBeDeleted"
    assert delete(window, "publicIPAddresses/ip1") == "PublicIPAddressCannotBeDeleted"
    assert delete(window, "virtualNetworkGateways/gw1") == "InUseVirtualNetworkGatewayCannotBeDeleted"
    assert delete(window, "sites/paris", "Trunkline.Site") == "InUseSiteCannotBeDeleted"


def test_all_goes_in_a_legal_order(window: Window) -> None:
    build(window)
    twin = provision(window, state="NotProvisioned")
    order = ["connections/con1", "virtualNetworkGateways/gw1", "networkInterfaces/vm1", "publicIPAddresses/ip1",
             "virtualNetworks/hub", PRIVATE]
    assert [delete(window, tail) for tail in order] == [""] * len(order)
    assert delete(window, "faults/cut", "Trunkline.Plant") == ""
    assert delete(window, "virtualCrossConnects/vxc1", "Trunkline.Exchange") == ""
    assert delete(window, "sites/paris", "Trunkline.Site") == ""
    assert delete(window, "expressRouteCircuits/er1") == ""
    assert window.request("GET", twin).status == 404


def test_a_refusal_names_every_fault_and_leaves_nothing_behind(window: Window) -> None:
    window.put("expressRouteCircuits/er1", ORDER, sku=SKU)
    wrong = {**PEERING, "secondaryPeerAddressPrefix": "172.16.0.0/30", "microsoftPeeringConfig": {"legacyMode": 1}}
    reply = window.request("PUT", window.path(PRIVATE), {"properties": wrong})
    assert reply.status == 400
    assert [one["code"] for one in reply.body["error"]["details"]] == [
        "PropertyNotApplicable", "PeerAddressPrefixOverlaps"]
    assert reply.body["error"]["details"][1]["target"] == "properties.secondaryPeerAddressPrefix"
    assert window.request("GET", window.path(PRIVATE)).status == 404


def test_a_network_with_a_wrong_subnet_is_refused_whole(window: Window) -> None:
    overlapping = {**NETWORK, "subnets": [*NETWORK["subnets"], {
        "name": "clash", "properties": {"addressPrefix": "10.1.0.128/25"}}]}
    reply = window.request("PUT", window.path("virtualNetworks/hub"), {"location": "westus", "properties": overlapping})
    assert (reply.status, reply.error) == (400, "NetcfgSubnetRangesOverlap")
    assert window.request("GET", window.path("virtualNetworks/hub")).status == 404


def test_a_network_moves_with_its_subnets_in_one_request(window: Window) -> None:
    window.put("virtualNetworks/hub", NETWORK)
    moved = {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}, "subnets": [
        {"name": "default", "properties": {"addressPrefix": "10.2.0.0/24"}}]}
    window.put("virtualNetworks/hub", moved)
    shown = window.get("virtualNetworks/hub")["properties"]
    subnets = [(row["name"], row["properties"]["addressPrefix"]) for row in shown["subnets"]]
    assert subnets == [("default", "10.2.0.0/24")]


def test_the_connections_of_a_gateway_are_listed(window: Window) -> None:
    build(window)
    listed = window.get("virtualNetworkGateways/gw1/connections")["value"]
    assert listed == [window.get("connections/con1")]


def test_a_key_is_listed_and_revoking_it_takes_its_connection_along(window: Window) -> None:
    build(window)
    assert delete(window, "connections/con1") == ""
    window.put("expressRouteCircuits/er1/authorizations/auth1", {})
    path = window.path("expressRouteCircuits/er1/authorizations/auth1")
    key = window.request("POST", f"{path}/listKeys").body["authorizationKey"]
    window.put("connections/con1", connection(window, authorizationKey=key))
    used = window.get("expressRouteCircuits/er1/authorizations/auth1")["properties"]
    assert used == {"provisioningState": "Succeeded", "authorizationKey": key, "authorizationUseStatus": "InUse",
                    "connectionResourceUri": window.path("connections/con1")}
    assert key not in str(window.get("connections/con1"))
    assert delete(window, "expressRouteCircuits/er1/authorizations/auth1") == ""
    assert window.request("GET", window.path("connections/con1")).status == 404


def test_the_provider_sees_and_configures_the_circuits_peerings(window: Window) -> None:
    window.put("expressRouteCircuits/er1", ORDER, sku=SKU)
    twin = provision(window)
    made = window.request("PUT", f"{twin}/peerings/AzurePrivatePeering", {"properties": PEERING})
    assert (made.status, made.body["type"]) == (201, "Microsoft.Network/expressRouteCrossConnections/peerings")
    window.settle()
    customers = window.get(PRIVATE)["properties"]
    providers = window.request("GET", f"{twin}/peerings/AzurePrivatePeering").body
    assert providers["id"].lower() == f"{twin}/peerings/AzurePrivatePeering".lower()
    assert {**providers["properties"], "connections": [], "peeredConnections": []} == customers
    inline = window.request("GET", twin).body["properties"]["peerings"]
    assert [row["name"] for row in inline] == ["AzurePrivatePeering"]
    assert window.request("DELETE", f"{twin}/peerings/AzurePrivatePeering").status == 202
    window.settle()
    assert window.request("GET", window.path(PRIVATE)).status == 404


def test_a_cross_connection_shows_the_members_of_microsofts_example(window: Window) -> None:
    window.put("expressRouteCircuits/er1", ORDER, sku=SKU)
    shown = window.request("GET", provision(window)).body
    assert set(shown) == {"name", "id", "type", "location", "etag", "properties"}
    assert set(shown["properties"]) == {
        "provisioningState", "expressRouteCircuit", "peerings", "peeringLocation", "bandwidthInMbps",
        "primaryAzurePort", "secondaryAzurePort", "sTag", "serviceProviderProvisioningState"}


def test_clients_neither_create_nor_delete_cross_connections(window: Window) -> None:
    window.put("expressRouteCircuits/er1", ORDER, sku=SKU)
    twin = provision(window)
    assert window.request("DELETE", twin).status == 405
    assert window.request("PUT", twin[:-1], {"location": "westus", "properties": {}}).status == 404


def test_providers_are_listed_as_azure_lists_them(window: Window) -> None:
    path = f"{window.subscription}/providers/Microsoft.Network/expressRouteServiceProviders"
    rows = window.request("GET", path).body["value"]
    tester = next(row for row in rows if row["name"] == "ARM Test Provider")
    assert tester == {
        "name": "ARM Test Provider", "type": "Microsoft.Network/expressRouteServiceProviders",
        "id": "/subscriptions//resourceGroups//providers/Microsoft.Network/expressRouteServiceProviders/",
        "properties": {
            "provisioningState": "Succeeded", "peeringLocations": ["Area51", "Denver Test", "EUAP Test"],
            "bandwidthsOffered": [
                {"offerName": name, "valueInMbps": mbps} for name, mbps in (
                    ("50Mbps", 50), ("100Mbps", 100), ("200Mbps", 200), ("500Mbps", 500), ("1Gbps", 1000),
                    ("2Gbps", 2000), ("5Gbps", 5000), ("10Gbps", 10000))]}}


@pytest.mark.parametrize("holder", ["expressRouteCircuits/er1", "expressRouteCrossConnections"])
@pytest.mark.parametrize("table", ["arpTables", "routeTables", "routeTablesSummary"])
def test_tables_of_a_leg_are_asked_for_and_polled(window: Window, holder: str, table: str) -> None:
    build(window)
    if holder == "expressRouteCircuits/er1":
        base = window.path(PRIVATE)
    else:
        base = f"{provision(window)}/peerings/AzurePrivatePeering"
    assert window.request("POST", f"{base}/{table}/sideways").error == "InvalidDevicePath"
    asked = window.request("POST", f"{base}/{table}/primary")
    assert (asked.status, asked.body) == (202, None)
    with window.store.reading() as reader:
        waiting, = reader.pending()
    assert str(waiting.resource).lower() == window.path(PRIVATE).lower()
    assert waiting.parameters.get("devicePath") == "primary"
    assert waiting.parameters.get("shape") == (None if "er1" in holder else "crossConnection")
    window.answer_with({"value": []})
    assert window.request("GET", asked.headers["location"].partition("?")[0]).body == {"value": []}


@pytest.mark.parametrize(("action", "parameters"), [
    ("getLearnedRoutes", {}), ("getBgpPeerStatus", {"peer": ""}), ("getAdvertisedRoutes", {"peer": ""})])
def test_a_gateway_is_asked_for_its_routes(window: Window, action: str, parameters: dict[str, str]) -> None:
    build(window)
    asked = window.request("POST", window.path(f"virtualNetworkGateways/gw1/{action}"))
    assert asked.status == 202
    with window.store.reading() as reader:
        waiting, = reader.pending()
    assert waiting.action == action
    assert {name: waiting.parameters[name] for name in parameters} == parameters


BAD = [
    ("expressRouteCircuits/er9", {**ORDER, "serviceProviderProperties": {
        **ORDER["serviceProviderProperties"], "bandwidthInMbps": 17}}, "BandwidthNotOffered"),
    ("expressRouteCircuits/none/peerings/AzurePrivatePeering", PEERING, "ParentResourceNotFound"),
    (PRIVATE, {**PEERING, "peerASN": 65515}, "ReservedAsn"),
    (PRIVATE, {**PEERING, "vlanId": 4095}, "InvalidPropertyValue"),
    (PRIVATE, {**PEERING, "primaryPeerAddressPrefix": "172.16.0.0/29"}, "InvalidPeerAddressPrefixLength"),
    (PRIVATE, {**PEERING, "primaryPeerAddressPrefix": "172.16.0.0-30"}, "InvalidAddressPrefixFormat"),
    (PRIVATE, {**PEERING, "sharedKey": "a" * 26}, "InvalidSharedKey"),
    ("virtualNetworks/hub/subnets/x", {"addressPrefix": "10.9.0.0/24"}, "NetcfgInvalidSubnet"),
    ("networkInterfaces/vm9", {"ipConfigurations": [{"name": "a", "properties": {}}]}, "SubnetRequired"),
    ("virtualNetworkGateways/gw9", {"gatewayType": "Vpn", "sku": {"name": "ErGw1AZ"},
                                    "ipConfigurations": [{"name": "a", "properties": {}}]},
     "InvalidGatewaySkuSpecifiedForGatewayDeploymentType"),
]


def test_bad_input_gets_arms_envelope_and_changes_nothing(window: Window) -> None:
    build(window)
    for tail, properties, code in BAD:
        before = window.request("GET", window.path(tail)).body
        body = {"location": "westus", "properties": properties, "sku": SKU}
        reply = window.request("PUT", window.path(tail), body)
        assert 400 <= reply.status < 500, tail
        assert reply.error == code
        assert set(reply.body) == {"error"}
        assert {"code", "message", "details"} <= set(reply.body["error"])
        assert window.request("GET", window.path(tail)).body == before
