"""Circuits beyond the happy path: Microsoft peering, IPv6, SKUs, failover tests, the provider."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from conformance.window import Reply, Window, provision
from trunkline.model.failover import link_tests
from trunkline.model.resource import ResourceId

ORDER = {"serviceProviderProperties": {
    "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000}}
SKU = {"tier": "Standard", "family": "MeteredData"}
PEERING = {"peerASN": 65010, "vlanId": 100, "primaryPeerAddressPrefix": "172.16.0.0/30",
           "secondaryPeerAddressPrefix": "172.16.0.4/30"}
PRIVATE = "expressRouteCircuits/er1/peerings/AzurePrivatePeering"
MICROSOFT = "expressRouteCircuits/er1/peerings/MicrosoftPeering"
PUBLIC = {"peerASN": 65010, "vlanId": 200, "primaryPeerAddressPrefix": "104.0.0.0/30",
          "secondaryPeerAddressPrefix": "104.0.0.4/30",
          "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["104.1.0.0/24"], "routingRegistryName": "ripencc"}}
SIX = {"primaryPeerAddressPrefix": "fd00::/126", "secondaryPeerAddressPrefix": "fd00::4/126"}


def put(window: Window, tail: str, properties: Any, **top: Any) -> Reply:
    return window.request("PUT", window.path(tail), {"location": "westus", "properties": properties, **top})


@pytest.fixture
def ordered(window: Window) -> Window:
    window.put("expressRouteCircuits/er1", ORDER, sku=SKU)
    return window


def test_microsoft_peering_waits_for_a_word_that_nobody_gives(ordered: Window) -> None:
    created = put(ordered, MICROSOFT, PUBLIC)
    config = created.body["properties"]["microsoftPeeringConfig"]
    assert config == {"advertisedPublicPrefixes": ["104.1.0.0/24"], "advertisedPublicPrefixesState": "NotConfigured",
                      "customerASN": 0, "legacyMode": 0, "routingRegistryName": "RIPENCC"}
    ordered.settle()
    shown = ordered.get(MICROSOFT)["properties"]
    assert shown["microsoftPeeringConfig"]["advertisedPublicPrefixesState"] == "ValidationNeeded"
    assert (shown["provisioningState"], shown["azureASN"]) == ("Succeeded", 12076)


@pytest.mark.parametrize(("changed", "code"), [
    ({"microsoftPeeringConfig": {}}, "MissingRequiredProperty"),
    ({"microsoftPeeringConfig": {"advertisedPublicPrefixes": ["10.0.0.0/24"]}}, "PublicPrefixRequired"),
    ({"microsoftPeeringConfig": {"advertisedPublicPrefixes": ["2a00::/32"]}}, "AddressFamilyMismatch"),
    ({"primaryPeerAddressPrefix": "172.16.0.0/30"}, "PublicPrefixRequired"),
    ({"routeFilter": {"id": "routeFilters/rf1"}}, "InvalidResourceReference"),
])
def test_microsoft_peering_is_public_and_says_what_it_announces(
        ordered: Window, changed: dict[str, Any], code: str) -> None:
    changed = {name: {"id": ordered.path(value["id"])} if "id" in value else value for name, value in changed.items()}
    refused = put(ordered, MICROSOFT, {**PUBLIC, **changed})
    assert (refused.status, refused.error) == (400, code)


def test_microsoft_peering_points_at_a_route_filter_that_exists(ordered: Window) -> None:
    ordered.put("routeFilters/rf1", {})
    ordered.put(MICROSOFT, {**PUBLIC, "routeFilter": {"id": ordered.path("routeFilters/rf1")}})
    assert ordered.get(MICROSOFT)["properties"]["routeFilter"] == {"id": ordered.path("routeFilters/rf1")}


@pytest.mark.parametrize("name", ["arpTables", "routeTables", "routeTablesSummary"])
def test_ipv6_alone_is_recorded(ordered: Window, name: str) -> None:
    ordered.put(PRIVATE, {"peerASN": 65010, "vlanId": 100, "ipv6PeeringConfig": SIX})
    shown = ordered.get(PRIVATE)["properties"]
    assert (shown["state"], shown["ipv6PeeringConfig"]["state"]) == ("Disabled", "Enabled")
    assert ordered.request("POST", ordered.path(f"{PRIVATE}/{name}/primary")).status == 202


def test_ipv6_joins_ipv4_and_az_need_not_repeat_either(ordered: Window) -> None:
    ordered.put(PRIVATE, PEERING)
    ordered.put(PRIVATE, {"peerASN": 65010, "vlanId": 100, "microsoftPeeringConfig": {},
                          "ipv6PeeringConfig": {**SIX, "microsoftPeeringConfig": {}}})
    shown = ordered.get(PRIVATE)["properties"]
    assert (shown["state"], shown["primaryPeerAddressPrefix"]) == ("Enabled", "172.16.0.0/30")
    assert shown["ipv6PeeringConfig"]["primaryPeerAddressPrefix"] == "fd00::/126"


def test_az_need_not_repeat_what_is_announced_over_ipv4(ordered: Window) -> None:
    ordered.put(MICROSOFT, PUBLIC)
    six = {"primaryPeerAddressPrefix": "2a00:1::/126", "secondaryPeerAddressPrefix": "2a00:2::/126",
           "microsoftPeeringConfig": {"advertisedPublicPrefixes": ["2a00:3::/48"]}}
    ordered.put(MICROSOFT, {"peerASN": 65010, "vlanId": 200, "ipv6PeeringConfig": six,
                            "microsoftPeeringConfig": {"customerASN": 0, "routingRegistryName": "RIPENCC"}})
    shown = ordered.get(MICROSOFT)["properties"]
    assert shown["microsoftPeeringConfig"]["advertisedPublicPrefixes"] == ["104.1.0.0/24"]
    validation = shown["ipv6PeeringConfig"]["microsoftPeeringConfig"]["advertisedPublicPrefixesState"]
    assert validation == "ValidationNeeded"


@pytest.mark.parametrize(("six", "code"), [
    ({**SIX, "primaryPeerAddressPrefix": "fd00::/125"}, "InvalidPeerAddressPrefixLength"),
    ({**SIX, "secondaryPeerAddressPrefix": "fd00::/126"}, "PeerAddressPrefixOverlaps"),
    ({**SIX, "primaryPeerAddressPrefix": "fe80::/126"}, "AddressPrefixReserved"),
    ({**SIX, "primaryPeerAddressPrefix": "10.0.0.0/30"}, "AddressFamilyMismatch"),
    ({"primaryPeerAddressPrefix": "fd00::/126"}, "MissingRequiredProperty"),
])
def test_ipv6_has_rules_of_its_own(ordered: Window, six: dict[str, Any], code: str) -> None:
    assert put(ordered, PRIVATE, {**PEERING, "ipv6PeeringConfig": six}).error == code


def test_what_the_service_and_the_provider_say_a_customer_cannot(ordered: Window) -> None:
    said = {"circuitProvisioningState": "Failed", "serviceProviderProvisioningState": "Provisioned",
            "serviceKey": "mine", "serviceProviderNotes": "by me", "gatewayManagerEtag": "9", "stag": 7}
    ordered.put("expressRouteCircuits/er1", {**ORDER, **said}, sku=SKU)
    shown = ordered.get("expressRouteCircuits/er1")["properties"]
    assert shown["serviceProviderProvisioningState"] == "NotProvisioned"
    assert shown["circuitProvisioningState"] == "Enabled"
    assert "serviceProviderNotes" not in shown
    assert shown["serviceKey"] != "mine"


def test_what_a_customer_says_a_provider_cannot(ordered: Window) -> None:
    path = provision(ordered)
    ordered.request("PUT", path, {"properties": {"bandwidthInMbps": 50, "peeringLocation": "Paris",
                                                 "serviceProviderNotes": "rack 7"}})
    ordered.settle()
    shown = ordered.get("expressRouteCircuits/er1")["properties"]
    assert shown["serviceProviderProperties"] == ORDER["serviceProviderProperties"]
    assert (shown["serviceProviderNotes"], shown["serviceProviderProvisioningState"]) == ("rack 7", "Provisioned")


def test_a_deprovisioned_circuit_may_go(ordered: Window) -> None:
    provision(ordered)
    refused = ordered.request("DELETE", ordered.path("expressRouteCircuits/er1"))
    assert refused.error == "ExpressRouteCircuitIsProvisioned"
    provision(ordered, state="Deprovisioning")
    provision(ordered, state="DeProvisioned")
    assert ordered.request("DELETE", ordered.path("expressRouteCircuits/er1")).status == 202


@pytest.mark.parametrize(("before", "after", "code"), [
    ("Standard_MeteredData", "Premium_UnlimitedData", ""), ("Premium_MeteredData", "Standard_MeteredData", ""),
    ("Local_UnlimitedData", "Standard_UnlimitedData", ""), ("Local_UnlimitedData", "Premium_UnlimitedData", ""),
    ("Basic_MeteredData", "Standard_MeteredData", ""),
    ("Standard_MeteredData", "Local_MeteredData", "PropertyChangeNotAllowed"),
    ("Standard_MeteredData", "Basic_MeteredData", "PropertyChangeNotAllowed"),
    ("Standard_UnlimitedData", "Standard_MeteredData", "SkuFamilyChangeNotAllowed"),
    ("Standard_MeteredData", "MultiCloud_MeteredData", "SkuTierNotSupported"),
])
def test_what_a_sku_may_become(window: Window, before: str, after: str, code: str) -> None:
    def sku(name: str) -> dict[str, str]:
        return dict(zip(("name", "tier", "family"), (name, *name.split("_")), strict=True))
    window.put("expressRouteCircuits/er1", ORDER, sku=sku(before))
    reply = put(window, "expressRouteCircuits/er1", ORDER, sku=sku(after))
    assert (reply.error if reply.status >= 400 else "") == code


def test_az_calls_the_category_of_a_failover_test_by_another_name(ordered: Window) -> None:
    ordered.put(PRIVATE, PEERING)
    start = ordered.path("expressRouteCircuits/er1/startCircuitLinkFailoverTest")
    assert ask(ordered, start, {"linkType": "Primary", "circuitMaintenanceCategory": "BgpDisconnect"}).status == 202


def test_a_failover_test_closes_one_link_until_it_is_stopped(ordered: Window) -> None:
    ordered.put(PRIVATE, PEERING)
    start = ordered.path("expressRouteCircuits/er1/startCircuitLinkFailoverTest")
    query = {"linkType": "Primary", "circuitTestCategory": "BgpDisconnect"}
    assert ask(ordered, start, {**query, "linkType": "third"}).error == "InvalidLinkType"
    assert ask(ordered, start, {**query, "circuitTestCategory": "Chaos"}).error == "InvalidCircuitTestCategory"
    started = ask(ordered, start, query)
    assert started.status == 202
    ordered.settle()
    told = ordered.request("GET", urlsplit(started.headers["location"]).path).body
    with ordered.store.reading() as reader:
        test, = link_tests(reader.list("Microsoft.Network/expressRouteCircuits")[0])
    assert (told, test.leg, test.running) == (test.test_guid, "primary", True)
    assert ask(ordered, start, {**query, "linkType": "Secondary"}).error == "FailoverTestIsRunning"
    stop = ordered.path("expressRouteCircuits/er1/stopCircuitLinkFailoverTest")
    assert ordered.request("POST", stop, {"linkType": "Secondary"}).error == "FailoverTestNotRunning"
    assert ordered.request("POST", stop, {"linkType": "Primary", "wasSimulationSuccessful": True}).status == 202
    ordered.settle()
    assert ordered.request("POST", stop, {}).error == "FailoverTestNotRunning"
    assert ordered.get("expressRouteCircuits/er1")["properties"]["provisioningState"] == "Succeeded"


def test_a_failover_test_may_lengthen_paths_instead(ordered: Window) -> None:
    ordered.put(PRIVATE, PEERING)
    start = ordered.path("expressRouteCircuits/er1/startCircuitLinkFailoverTest")
    wanted = {"linkType": "secondary", "circuitTestCategory": "aspathprepend"}
    for odd in ("0", "3601", "soon", "9" * 30, "01000000", "00000" + "9" * 20):
        assert ask(ordered, start, {**wanted, "expiresInSeconds": odd}).error == "InvalidExpiry"
    assert ask(ordered, start, {**wanted, "expiresInSeconds": "60"}).status == 202
    ordered.settle()
    with ordered.store.reading() as reader:
        test, = link_tests(reader.list("Microsoft.Network/expressRouteCircuits")[0])
    assert (test.category, test.link, test.expires_in_s) == ("ASPathPrepend", "Secondary", 60)


def ask(window: Window, path: str, query: dict[str, str]) -> Reply:
    return window.request("POST", path, query=query)


def test_a_failover_test_needs_a_session_to_close(ordered: Window) -> None:
    start = ordered.path("expressRouteCircuits/er1/startCircuitLinkFailoverTest")
    assert ask(ordered, start, {"linkType": "Primary", "circuitTestCategory": "BgpDisconnect"}).error == (
        "PrivatePeeringRequired")
    single = ordered.path("expressRouteCircuits/er1/getCircuitLinkFailoverSingleTestDetails")
    assert ask(ordered, single, {"linkType": "Primary", "failoverTestId": "none"}).status == 404


def test_a_provider_finds_its_cross_connections_by_name_and_place(ordered: Window) -> None:
    key = ordered.get("expressRouteCircuits/er1")["properties"]["serviceKey"]
    base = f"/subscriptions/{ordered.accounts.provider_subscription}/providers/Microsoft.Network"

    def found(text: str) -> list[str]:
        reply = ordered.request("GET", f"{base}/expressRouteCrossConnections", query={"$filter": text})
        assert reply.status == 200, reply.body
        return [one["name"] for one in reply.body["value"]]
    assert found(f"name eq '{key}'") == found("peeringLocation eq 'amsterdam'") == [key]
    assert found(f"name eq '{key}' and location eq 'eastus'") == []
    odd = ordered.request("GET", f"{base}/expressRouteCrossConnections", query={"$filter": "colour eq 'red'"})
    assert (odd.status, odd.error) == (400, "InvalidFilterInQueryString")


def test_a_provider_sees_how_full_its_ports_are(ordered: Window) -> None:
    tail = "providers/Microsoft.Network/expressRouteProviderPorts"
    base = f"/subscriptions/{ordered.accounts.provider_subscription}/{tail}"
    rows = ordered.request("GET", base, query={"$filter": "location eq 'Amsterdam'"}).body["value"]
    used = [row for row in rows if row["properties"]["usedBandwidthInMbps"]]
    assert [row["properties"]["usedBandwidthInMbps"] for row in used] == [1000]
    assert {row["properties"]["peeringLocation"] for row in rows} == {"Amsterdam"}
    assert ordered.request("GET", f"{base}/{used[0]['name']}").body == used[0]
    assert ordered.request("GET", f"{ordered.subscription}/{tail}").body["value"] == []


@pytest.mark.parametrize("step", [
    "validateCircuitMigration", "getCircuitMigrationInfo", "prepareCircuitMigration", "shutDownBgpForCircuitMigration",
    "restoreBgpForCircuitMigration", "migrateCircuit", "commitCircuitMigration", "rollbackCircuitMigration"])
def test_moving_a_circuit_is_refused_with_its_reason(ordered: Window, step: str) -> None:
    refused = ordered.request("POST", f"{provision(ordered)}/{step}", {})
    assert (refused.status, refused.error) == (400, "CircuitMigrationNotSupported")


def test_what_if_sees_no_change_in_how_far_the_service_is(ordered: Window) -> None:
    """The service says of a circuit that is being changed that it is Disabled."""
    with ordered.store.writing() as writer:
        writer.set_status(ResourceId.parse(ordered.path("expressRouteCircuits/er1")),
                          {"circuitProvisioningState": "Enabled", "stag": 1})
    resource = {"type": "Microsoft.Network/expressRouteCircuits", "apiVersion": "2023-09-01", "name": "er1",
                "location": "westus", "sku": SKU, "properties": ORDER}
    for sku, change in ((SKU, "NoChange"), ({**SKU, "tier": "Premium"}, "Modify")):
        template = {"contentVersion": "1.0.0.0", "resources": [{**resource, "sku": sku}]}
        told = ordered.request("POST", ordered.path("deployments/d/whatIf", "Microsoft.Resources"), {
            "properties": {"mode": "Incremental", "template": template}}).body
        row, = told["properties"]["changes"]
        assert row["changeType"] == change
        assert {one["path"] for one in row.get("delta", ())} <= {"sku.tier", "sku.name"}


def test_a_sku_in_any_case_is_kept_in_azures(window: Window) -> None:
    window.put("expressRouteCircuits/er1", ORDER, sku={
        "name": "premium_metereddata", "tier": "PREMIUM", "family": "meteredData"})
    assert window.get("expressRouteCircuits/er1")["sku"] == {
        "name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"}


def test_what_is_asked_of_a_missing_peering_is_no_404(ordered: Window) -> None:
    key = ordered.get("expressRouteCircuits/er1")["properties"]["serviceKey"]
    twin = provision(ordered)
    for method, path in (("POST", ordered.path(f"{PRIVATE.lower()}/arpTables/primary")),
                         ("GET", ordered.path(f"{PRIVATE}/stats")),
                         ("POST", f"{twin}/peerings/AzurePrivatePeering/routeTables/primary")):
        told = ordered.request(method, path)
        assert (told.status, told.error) == (400, "BgpPeeringNotFound")
        assert told.body["error"]["message"].startswith(
            f"The BGP Peering AzurePrivatePeering with Service Key {key} is not found.")
    for tail in ("er1/peerings/other", "er9/peerings/AzurePrivatePeering"):
        asked = ordered.request("POST", ordered.path(f"expressRouteCircuits/{tail}/arpTables/primary"))
        assert asked.status == 404
