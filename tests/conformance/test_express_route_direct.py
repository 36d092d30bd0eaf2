"""ExpressRoute Direct: ports, their links and letters, and circuits that stand on them."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from conformance.window import Reply, Window

PORT = {"peeringLocation": "equinix-ashburn-dc2", "bandwidthInGbps": 10, "encapsulation": "QinQ"}
SKU = {"tier": "Premium", "family": "MeteredData"}
KEYS = {"cknSecretIdentifier": "https://kv.vault.azure.net/secrets/CKN/614091550a364bcdad992db14a70d395",
        "cakSecretIdentifier": "https://kv.vault.azure.net/secrets/CAK"}
PEERING = {"peerASN": 65010, "vlanId": 100, "primaryPeerAddressPrefix": "172.16.0.0/30",
           "secondaryPeerAddressPrefix": "172.16.0.4/30"}


def on_port(window: Window, gbps: float = 5, port: str = "port1", **more: Any) -> dict[str, Any]:
    return {"expressRoutePort": {"id": window.path(f"expressRoutePorts/{port}")}, "bandwidthInGbps": gbps, **more}


def order(window: Window, tail: str, properties: Any, **top: Any) -> Reply:
    return window.request("PUT", window.path(tail), {"location": "westus", "properties": properties, **top})


def test_a_port_has_two_links_that_are_down(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    shown = window.get("expressRoutePorts/port1")["properties"]
    assert (shown["peeringLocation"], shown["mtu"], shown["etherType"]) == ("Equinix-Ashburn-DC2", "1500", "0x8100")
    assert [link["properties"]["adminState"] for link in shown["links"]] == ["Disabled", "Disabled"]
    one, two = (link["properties"] for link in shown["links"])
    assert one["routerName"] != two["routerName"]
    assert window.get("expressRoutePorts/port1/links")["value"] == shown["links"]
    assert window.get("expressRoutePorts/port1/links/LINK2") == shown["links"][1]


def test_a_link_keeps_what_an_update_of_the_other_does_not_name(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    for name in ("link1", "link2"):
        links = [{"name": name, "properties": {"adminState": "enabled"}}]
        window.put("expressRoutePorts/port1", {**PORT, "links": links})
    links = window.get("expressRoutePorts/port1")["properties"]["links"]
    assert [link["properties"]["adminState"] for link in links] == ["Enabled", "Enabled"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_link_is_changed_through_its_port_only(window: Window, method: str) -> None:
    window.put("expressRoutePorts/port1", PORT)
    assert window.request(method, window.path("expressRoutePorts/port1/links/link1"), {}).status == 405


@pytest.mark.parametrize(("changed", "code"), [
    ({"peeringLocation": "Atlantis"}, "PortLocationNotFound"),
    ({"bandwidthInGbps": 25}, "InvalidPortBandwidth"),
    ({"bandwidthInGbps": 400}, "PortBandwidthNotOffered"),
    ({"links": [{"name": "link3"}]}, "InvalidLinkName"),
    ({"links": [{"name": "link1", "properties": {"macSecConfig": KEYS}}]}, "MacSecIdentityRequired"),
    ({"links": [{"name": "link1", "properties": {"macSecConfig": {"cipher": "GcmAesXpn256"}}}]},
     "MacSecCipherNotSupported"),
    ({"links": [{"name": "link1", "properties": {"macSecConfig": {
        "cknSecretIdentifier": KEYS["cknSecretIdentifier"]}}}]}, "MacSecKeysIncomplete"),
    ({"links": [{"name": "link1", "properties": {"macSecConfig": {
        **KEYS, "cakSecretIdentifier": "0123456789abcdef0123456789abcdef"}}}]}, "InvalidSecretIdentifier"),
])
def test_a_port_that_is_not_sold_is_refused(window: Window, changed: dict[str, Any], code: str) -> None:
    refused = order(window, "expressRoutePorts/port1", {**PORT, **changed})
    assert (refused.status, refused.error) == (400, code)
    assert "0123456789abcdef" not in str(refused.body)


def test_a_port_stays_where_it_is_and_as_wide(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    moved = order(window, "expressRoutePorts/port1", {**PORT, "peeringLocation": "Equinix-Amsterdam-AM5"})
    wider = order(window, "expressRoutePorts/port1", {**PORT, "bandwidthInGbps": 100})
    assert [one.error for one in (moved, wider)] == ["PropertyChangeNotAllowed"] * 2
    for billing in ("UnlimitedData", "MeteredData"):
        window.put("expressRoutePorts/port1", {**PORT, "billingType": billing})


def test_the_letter_of_authorization_names_customer_port_and_panels(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    reply = window.request("POST", window.path("expressRoutePorts/port1/generateLoa"), {"customerName": "Contoso A/S"})
    assert reply.status == 200
    text = PdfReader(BytesIO(b64decode(reply.body["encodedContent"]))).pages[0].extract_text()
    shown = window.get("expressRoutePorts/port1")["properties"]
    panels = [link["properties"]["patchPanelId"] for link in shown["links"]]
    for word in ("Contoso A/S", "expressRoutePorts/port1", "Equinix-Ashburn-DC2", "21715 Filigree Court", *panels):
        assert word in text.replace("\n", "")


def test_a_letter_needs_a_customer(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    path = window.path("expressRoutePorts/port1/generateLoa")
    assert window.request("POST", path, {}).error == "MissingRequiredProperty"
    assert window.request("POST", path, {"customerName": " "}).error == "InvalidCustomerName"


def test_a_circuit_on_a_port_is_enabled_at_once_and_needs_no_provider(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    window.put("expressRouteCircuits/er1", on_port(window, enableDirectPortRateLimit=True), sku=SKU)
    shown = window.get("expressRouteCircuits/er1")["properties"]
    assert (shown["circuitProvisioningState"], shown["serviceProviderProvisioningState"]) == ("Enabled", "Provisioned")
    assert (shown["stag"], shown["enableDirectPortRateLimit"], shown["bandwidthInGbps"]) == (1, True, 5.0)
    assert "serviceProviderProperties" not in shown
    port = window.get("expressRoutePorts/port1")["properties"]
    assert (port["provisionedBandwidthInGbps"], port["circuits"]) == (
        5.0, [{"id": window.path("expressRouteCircuits/er1")}])
    providers = f"/subscriptions/{window.accounts.provider_subscription}/providers/Microsoft.Network"
    assert window.request("GET", f"{providers}/expressRouteCrossConnections").body["value"] == []


def test_a_port_carries_twice_its_bandwidth_and_no_more(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    for number in (1, 2):
        window.put(f"expressRouteCircuits/er{number}", on_port(window, 10), sku=SKU)
    more = order(window, "expressRouteCircuits/er3", on_port(window, 1), sku=SKU)
    assert (more.status, more.error) == (409, "ExpressRoutePortBandwidthExceeded")
    odd = order(window, "expressRouteCircuits/er3", on_port(window, 3), sku=SKU)
    assert odd.error == "BandwidthNotOffered"
    less = order(window, "expressRouteCircuits/er1", on_port(window, 5), sku=SKU)
    assert less.error == "BandwidthDecreaseNotAllowed"


def test_a_port_with_circuits_stays(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    window.put("expressRouteCircuits/er1", on_port(window), sku=SKU)
    refused = window.request("DELETE", window.path("expressRoutePorts/port1"))
    assert (refused.status, refused.error) == (409, "InUseExpressRoutePortCannotBeDeleted")
    assert window.request("DELETE", window.path("expressRouteCircuits/er1")).status == 202
    assert window.request("DELETE", window.path("expressRoutePorts/port1")).status == 202


def test_tags_of_a_port_have_no_s_tag_in_dot1q_and_c_tags_are_its_own(window: Window) -> None:
    window.put("expressRoutePorts/port1", {**PORT, "encapsulation": "Dot1Q"})
    for number in (1, 2):
        window.put(f"expressRouteCircuits/er{number}", on_port(window), sku=SKU)
    assert "stag" not in window.get("expressRouteCircuits/er1")["properties"]
    window.put("expressRouteCircuits/er1/peerings/AzurePrivatePeering", PEERING)
    same = order(window, "expressRouteCircuits/er2/peerings/AzurePrivatePeering", PEERING)
    assert (same.error, "Dot1Q" in same.body["error"]["message"]) == ("VlanIdInUse", True)


def test_a_key_opens_a_port_once(window: Window) -> None:
    window.put("expressRoutePorts/port1", PORT)
    window.put("expressRoutePorts/port1/authorizations/a1", {})
    listed = window.request("POST", window.path("expressRoutePorts/port1/authorizations/a1/listKeys")).body
    window.put("expressRouteCircuits/er1", on_port(window, **listed), sku=SKU)
    shown = window.get("expressRouteCircuits/er1")["properties"]
    assert shown["authorizationStatus"] == "Enabled"
    assert "authorizationKey" not in shown
    used = window.get("expressRoutePorts/port1/authorizations/a1")["properties"]
    assert (used["authorizationUseStatus"], used["circuitResourceUri"]) == (
        "InUse", window.path("expressRouteCircuits/er1"))
    again = order(window, "expressRouteCircuits/er2", on_port(window, **listed), sku=SKU)
    wrong = order(window, "expressRouteCircuits/er2", on_port(window, authorizationKey="no"), sku=SKU)
    assert [one.error for one in (again, wrong)] == ["AuthorizationKeyInUse", "AuthorizationKeyInvalid"]
    gone = window.request("DELETE", window.path("expressRoutePorts/port1/authorizations/a1"))
    assert gone.error == "InUseAuthorizationCannotBeDeleted"


def test_a_circuit_is_ordered_in_one_way(window: Window) -> None:
    neither = order(window, "expressRouteCircuits/er1", {"bandwidthInGbps": 1}, sku=SKU)
    assert neither.error == "InvalidCircuitOrder"


def test_the_links_of_a_port_at_a_metro_end_in_two_buildings(window: Window) -> None:
    window.put("expressRoutePorts/m1", {"peeringLocation": "amsterdam metro", "bandwidthInGbps": 10,
                                        "encapsulation": "QinQ"})
    port = window.get("expressRoutePorts/m1")["properties"]
    assert port["peeringLocation"] == "Amsterdam Metro"
    assert [link["properties"]["coloLocation"] for link in port["links"]] == ["Equinix AM5", "Digital Realty AMS8"]


def test_locations_of_ports_are_found_in_any_case(window: Window) -> None:
    base = f"{window.subscription}/providers/Microsoft.Network/ExpressRoutePortsLocations"
    names = [place["name"] for place in window.request("GET", base).body["value"]]
    assert len([name for name in names if not name.endswith(" Metro")]) == 71
    assert "Amsterdam Metro" in names
    found = window.request("GET", f"{base}/equinix-ashburn-dc2").body
    assert (found["name"], found["type"]) == ("Equinix-Ashburn-DC2", "Microsoft.Network/expressRoutePortsLocations")
    assert window.request("GET", f"{base}/atlantis").status == 404


@pytest.mark.parametrize(("method", "tail"), [
    ("GET", ""), ("GET", "/links"), ("GET", "/links/link1/members"), ("PUT", ""), ("PATCH", ""),
    ("DELETE", ""), ("POST", "/generateLoa"), ("PUT", "/authorizations/a1"),
    ("DELETE", "/authorizations/a1"), ("POST", "/authorizations/a1/listKeys")])
def test_link_aggregation_is_refused_with_its_reason(window: Window, method: str, tail: str) -> None:
    refused = window.request(method, window.path(f"expressRouteLags/lag1{tail}"), {"location": "westus"})
    assert (refused.status, refused.error) == (400, "ExpressRouteLagNotSupported")
