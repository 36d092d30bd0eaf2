"""Network types that are recorded: what they answer, what they fill in, what they refuse, what holds them."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import Window, in_a_subnet, link, refused


def a_rule(**changed: Any) -> Any:
    return {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourcePortRange": "*",
            "destinationPortRange": "443", "sourceAddressPrefix": "*", "destinationAddressPrefix": "10.0.0.0/8",
            **changed}


# ── security groups ────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_security_group_has_six_rules_of_its_own(window: Window) -> None:
    window.put("networkSecurityGroups/n1", {})
    shown = window.get("networkSecurityGroups/n1")
    rules = shown["properties"]["defaultSecurityRules"]
    assert [(r["name"], r["properties"]["priority"], r["properties"]["access"]) for r in rules] == [
        ("AllowVnetInBound", 65000, "Allow"), ("AllowAzureLoadBalancerInBound", 65001, "Allow"),
        ("DenyAllInBound", 65500, "Deny"), ("AllowVnetOutBound", 65000, "Allow"),
        ("AllowInternetOutBound", 65001, "Allow"), ("DenyAllOutBound", 65500, "Deny")]
    assert rules[0]["id"] == f"{shown['id']}/defaultSecurityRules/AllowVnetInBound"
    assert shown["properties"]["securityRules"] == []
    assert window.get("networkSecurityGroups/n1/defaultSecurityRules")["value"] == rules
    assert window.get("networkSecurityGroups/n1/defaultSecurityRules/denyallinbound") == rules[2]


def test_rules_are_written_inline_and_by_themselves(window: Window) -> None:
    window.put("networkSecurityGroups/n1", {"securityRules": [{"name": "web", "properties": a_rule(protocol="tcp")}]})
    window.put("networkSecurityGroups/n1/securityRules/dns", a_rule(protocol="Udp", priority=110))
    rules = window.get("networkSecurityGroups/n1")["properties"]["securityRules"]
    assert [(r["name"], r["properties"]["protocol"]) for r in rules] == [("dns", "Udp"), ("web", "Tcp")]
    assert rules[0]["properties"]["sourcePortRanges"] == []


@pytest.mark.parametrize(("changed", "code"), [
    ({"priority": 99}, "SecurityRuleInvalidPriority"),
    ({"priority": 4097}, "SecurityRuleInvalidPriority"),
    ({"priority": True}, "InvalidRequestFormat"),
    ({"destinationPortRange": "80,443"}, "SecurityRuleInvalidPortRange"),
    ({"destinationPortRange": "443-80"}, "SecurityRuleInvalidPortRange"),
    ({"destinationPortRange": "65536"}, "SecurityRuleInvalidPortRange"),
    ({"destinationPortRange": None}, "RequiredSecurityRuleParametersMissing"),
    ({"sourceAddressPrefix": "50.206.209.68/27"}, "SecurityRuleInvalidAddressPrefix"),
    ({"sourceAddressPrefix": "NoSuchTag"}, "SecurityRuleInvalidAddressPrefix"),
    ({"sourceAddressPrefix": None}, "RequiredSecurityRuleParametersMissing"),
    ({"protocol": "Sctp"}, "InvalidPropertyValue"),
    ({"direction": None}, "MissingRequiredProperty"),
    ({"sourceApplicationSecurityGroups": [{"id": "/subscriptions/s/x"}]}, "InvalidResourceReference"),
])
def test_a_rule_that_cannot_be_is_refused(window: Window, changed: Any, code: str) -> None:
    window.put("networkSecurityGroups/n1", {})
    assert refused(window, "networkSecurityGroups/n1/securityRules/r", a_rule(**changed)).error == code


@pytest.mark.parametrize("prefix", ["10.0.0.4", "fd00::/64", "Internet", "Storage.WestUS", "AzureCloud", "Storage"])
def test_addresses_prefixes_and_service_tags_may_stand_in_a_rule(window: Window, prefix: str) -> None:
    window.put("networkSecurityGroups/n1", {"securityRules": [
        {"name": "r", "properties": a_rule(sourceAddressPrefix=prefix)}]})


def test_rules_of_one_direction_differ_in_priority(window: Window) -> None:
    rules = [{"name": "a", "properties": a_rule()}, {"name": "b", "properties": a_rule(direction="Outbound")}]
    window.put("networkSecurityGroups/n1", {"securityRules": rules})
    assert refused(window, "networkSecurityGroups/n1/securityRules/c", a_rule()).error == "SecurityRuleConflict"
    rules[1]["properties"] = a_rule()
    assert refused(window, "networkSecurityGroups/n1", {"securityRules": rules}).error == "SecurityRuleConflict"


def test_two_rules_may_swap_their_priorities(window: Window) -> None:
    for one, other in ((100, 200), (200, 100)):
        window.put("networkSecurityGroups/n1", {"securityRules": [
            {"name": "a", "properties": a_rule(priority=one)}, {"name": "b", "properties": a_rule(priority=other)}]})
        rules = window.get("networkSecurityGroups/n1")["properties"]["securityRules"]
        assert [rule["properties"]["priority"] for rule in rules] == [one, other]


def test_a_group_that_a_subnet_uses_stays(window: Window) -> None:
    window.put("networkSecurityGroups/n1", {})
    in_a_subnet(window, networkSecurityGroup=link(window, "networkSecurityGroups/n1"))
    reply = window.request("DELETE", window.path("networkSecurityGroups/n1"))
    assert (reply.status, reply.error) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    shown = window.get("networkSecurityGroups/n1")["properties"]
    assert shown["subnets"] == [link(window, "virtualNetworks/v1/subnets/s1")]


def test_an_application_group_that_a_rule_names_stays(window: Window) -> None:
    window.put("applicationSecurityGroups/a1", {})
    window.put("networkSecurityGroups/n1", {"securityRules": [{"name": "r", "properties": a_rule(
        sourceAddressPrefix=None, sourceApplicationSecurityGroups=[link(window, "applicationSecurityGroups/a1")])}]})
    reply = window.request("DELETE", window.path("applicationSecurityGroups/a1"))
    assert (reply.status, reply.error) == (400, "ApplicationSecurityGroupInUse")


# ── route tables ───────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_route_table_propagates_routes_unless_told_not_to(window: Window) -> None:
    window.put("routeTables/t1", {"routes": [
        {"name": "r1", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "none"}}]})
    shown = window.get("routeTables/t1")["properties"]
    assert shown["disableBgpRoutePropagation"] is False
    assert shown["routes"][0]["properties"] == {
        "provisioningState": "Succeeded", "addressPrefix": "0.0.0.0/0", "nextHopType": "None", "hasBgpOverride": False}


@pytest.mark.parametrize(("changed", "code"), [
    ({"nextHopType": "VirtualAppliance"}, "MissingNextHopIpAddress"),
    ({"nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.0.0.0/24"}, "InvalidNextHopIpAddress"),
    ({"nextHopIpAddress": "10.0.0.4"}, "NextHopIpAddressNotAllowed"),
    ({"nextHopType": "Moon"}, "InvalidPropertyValue"),
    ({"nextHopType": None}, "MissingRequiredProperty"),
    ({"addressPrefix": "10.0.0.1/24"}, "InvalidCIDRNotation"),
    ({"addressPrefix": "10.0.0.0"}, "InvalidAddressPrefixFormat"),
    ({"addressPrefix": "10.9.0.0/16"}, "RouteConflict"),
])
def test_a_route_that_cannot_be_is_refused(window: Window, changed: Any, code: str) -> None:
    route = {"addressPrefix": "10.1.0.0/16", "nextHopType": "Internet"}
    window.put("routeTables/t1", {"routes": [{"name": "r1", "properties": {**route, "addressPrefix": "10.9.0.0/16"}}]})
    assert refused(window, "routeTables/t1/routes/r2", {**route, **changed}).error == code


def test_a_route_table_that_a_subnet_uses_stays(window: Window) -> None:
    window.put("routeTables/t1", {})
    in_a_subnet(window, routeTable=link(window, "routeTables/t1"))
    reply = window.request("DELETE", window.path("routeTables/t1"))
    assert (reply.status, reply.error) == (400, "InUseRouteTableCannotBeDeleted")


# ── addresses, gateways, plans ─────────────────────────────────────────────────────────────────────────────────────

def test_a_nat_gateway_waits_four_minutes_and_stays_while_a_subnet_uses_it(window: Window) -> None:
    window.put("natGateways/g1", {}, sku={"name": "Standard"})
    assert window.get("natGateways/g1")["properties"]["idleTimeoutInMinutes"] == 4
    in_a_subnet(window, natGateway=link(window, "natGateways/g1"))
    reply = window.request("DELETE", window.path("natGateways/g1"))
    assert (reply.status, reply.error) == (400, "CannotDeleteNatGatewayAssociatedToSubnet")
    assert refused(window, "natGateways/g1", {"idleTimeoutInMinutes": 3}).error == "InvalidIdleTimeout"


def test_a_ddos_plan_shows_and_is_held_by_its_networks(window: Window) -> None:
    window.put("ddosProtectionPlans/p1", {})
    window.put("virtualNetworks/v1", {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "enableDdosProtection": True,
        "ddosProtectionPlan": link(window, "ddosProtectionPlans/p1")})
    shown = window.get("ddosProtectionPlans/p1")["properties"]
    assert (shown["publicIPAddresses"], shown["virtualNetworks"]) == ([], [link(window, "virtualNetworks/v1")])
    reply = window.request("DELETE", window.path("ddosProtectionPlans/p1"))
    assert (reply.status, reply.error) == (400, "InUseDdosProtectionPlanCannotBeDeleted")


def test_public_prefixes_share_no_address(window: Window) -> None:
    shown = []
    for name, length in (("a", 28), ("b", 31)):
        window.put(f"publicIPPrefixes/{name}", {"prefixLength": length})
        shown.append(window.get(f"publicIPPrefixes/{name}")["properties"]["ipPrefix"])
    assert shown == ["198.19.0.0/28", "198.19.0.16/31"]
    assert refused(window, "publicIPPrefixes/c", {"prefixLength": 20}).error == "InvalidPublicIPPrefixLength"


def test_a_local_gateway_needs_an_address_or_a_name(window: Window) -> None:
    window.put("localNetworkGateways/l1", {
        "gatewayIpAddress": "203.0.113.1", "localNetworkAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "bgpSettings": {"asn": 65010, "bgpPeeringAddress": "10.1.0.1"}})
    assert refused(window, "localNetworkGateways/l2", {}).error == "LocalNetworkGatewayAddressRequired"
    assert refused(window, "localNetworkGateways/l2", {"gatewayIpAddress": "x"}).error == "InvalidIPAddressFormat"


# ── route filters ──────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize(("changed", "code"), [
    ({"access": "Deny"}, "RouteFilterRuleAccessNotSupported"),
    ({"communities": []}, "RouteFilterRuleHasNoCommunity"),
    ({"communities": ["12076"]}, "RouteFilterRuleInvalidCommunity"),
    ({"communities": ["65000:1"]}, "RouteFilterRuleInvalidCommunity"),
    ({"communities": None}, "MissingRequiredProperty"),
])
def test_a_filter_rule_that_cannot_be_is_refused(window: Window, changed: Any, code: str) -> None:
    window.put("routeFilters/f1", {})
    rule = {"access": "Allow", "communities": ["12076:5040"]}
    assert refused(window, "routeFilters/f1/routeFilterRules/r1", {**rule, **changed}).error == code


def test_a_route_filter_has_one_rule(window: Window) -> None:
    rule = {"access": "Allow", "communities": ["12076:5040"]}
    window.put("routeFilters/f1", {"rules": [{"name": "r1", "properties": rule}]})
    reply = refused(window, "routeFilters/f1/routeFilterRules/r2", rule)
    assert reply.error == "RouteFilterCanHaveOnlyOneRule"


def test_the_communities_of_services_are_those_that_azure_lists(window: Window) -> None:
    page = window.request("GET", f"{window.subscription}/providers/Microsoft.Network/bgpServiceCommunities").body
    assert page["value"][0]["name"] == "Exchange"
    assert page["value"][0]["properties"]["bgpCommunities"][0]["communityValue"] == "12076:5010"
    assert "nextLink" in page
