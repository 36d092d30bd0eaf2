"""NICs and public addresses with all their members, and what is asked of a location."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import Window, in_a_subnet, link, refused

SUBNET = "virtualNetworks/v1/subnets/s1"


def a_configuration(window: Window, name: str = "c1", **members: Any) -> Any:
    return {"name": name, "properties": {"subnet": link(window, SUBNET), **members}}


def test_a_nic_keeps_all_that_azure_lets_clients_write(window: Window) -> None:
    in_a_subnet(window)
    window.put("networkSecurityGroups/n1", {})
    window.put("applicationSecurityGroups/a1", {})
    window.put("networkInterfaces/i1", {
        "networkSecurityGroup": link(window, "networkSecurityGroups/n1"), "enableIPForwarding": True,
        "dnsSettings": {"dnsServers": ["10.0.0.9"]}, "ipConfigurations": [
            a_configuration(window), a_configuration(window, "c2", primary=True, applicationSecurityGroups=[
                link(window, "applicationSecurityGroups/a1")])]})
    shown = window.get("networkInterfaces/i1")
    properties = shown["properties"]
    assert properties["enableIPForwarding"]
    assert properties["networkSecurityGroup"] == link(window, "networkSecurityGroups/n1")
    assert properties["dnsSettings"] == {"dnsServers": ["10.0.0.9"], "appliedDnsServers": ["10.0.0.9"]}
    first, second = properties["ipConfigurations"]
    assert (first["properties"]["primary"], second["properties"]["primary"]) == (False, True)
    assert second["properties"]["applicationSecurityGroups"] == [link(window, "applicationSecurityGroups/a1")]
    assert window.get("networkInterfaces/i1/ipConfigurations")["value"] == [first, second]
    assert window.get("networkInterfaces/i1/ipConfigurations/C2") == second
    assert window.get("networkInterfaces/i1/loadBalancers") == {"value": []}
    for group, code in (("networkSecurityGroups/n1", "InUseNetworkSecurityGroupCannotBeDeleted"),
                        ("applicationSecurityGroups/a1", "ApplicationSecurityGroupInUse")):
        assert window.request("DELETE", window.path(group)).error == code


@pytest.mark.parametrize(("members", "row", "code"), [
    ({"networkSecurityGroup": {"id": "/subscriptions/s/none"}}, {}, "InvalidResourceReference"),
    ({}, {"applicationSecurityGroups": [{"id": "/subscriptions/s/none"}]}, "InvalidResourceReference"),
    ({"nicType": "Rubber"}, {}, "InvalidPropertyValue"),
    ({"enableIPForwarding": "yes"}, {}, "InvalidRequestFormat"),
])
def test_a_member_of_a_nic_that_cannot_be_is_refused(window: Window, members: Any, row: Any, code: str) -> None:
    in_a_subnet(window)
    wish = {"ipConfigurations": [a_configuration(window, **row)], **members}
    assert refused(window, "networkInterfaces/i1", wish).error == code


def test_a_nic_has_one_primary_configuration(window: Window) -> None:
    in_a_subnet(window)
    rows = [a_configuration(window, name, primary=True) for name in ("c1", "c2")]
    reply = refused(window, "networkInterfaces/i1", {"ipConfigurations": rows})
    assert reply.error == "OnlyOnePrimaryIpConfigurationAllowed"


def test_a_label_gives_an_address_a_name_that_no_other_has(window: Window) -> None:
    named = {"publicIPAllocationMethod": "Static", "dnsSettings": {"domainNameLabel": "web1"}}
    window.put("publicIPAddresses/p1", named)
    shown = window.get("publicIPAddresses/p1")["properties"]
    assert shown["dnsSettings"] == {"domainNameLabel": "web1", "fqdn": "web1.westus.cloudapp.azure.com"}
    assert (shown["idleTimeoutInMinutes"], shown["ipTags"]) == (4, [])
    assert refused(window, "publicIPAddresses/p2", named).error == "DnsRecordInUse"
    named["dnsSettings"] = {"domainNameLabel": "-"}
    assert refused(window, "publicIPAddresses/p2", named).error == "InvalidDomainNameLabel"


def test_addresses_of_a_prefix_lie_in_it_until_it_is_empty(window: Window) -> None:
    window.put("publicIPPrefixes/x1", {"prefixLength": 31})
    wish = {"publicIPAllocationMethod": "Static", "publicIPPrefix": link(window, "publicIPPrefixes/x1")}
    for name in ("p1", "p2"):
        window.put(f"publicIPAddresses/{name}", wish)
    found = [window.get(f"publicIPAddresses/{name}")["properties"]["ipAddress"] for name in ("p1", "p2")]
    assert found == ["198.19.0.0", "198.19.0.1"]
    assert refused(window, "publicIPAddresses/p3", wish).error == "PublicIPAddressPoolIsFull"
    assert window.request("DELETE", window.path("publicIPPrefixes/x1")).error == "InUsePublicIpPrefixCannotBeDeleted"


def test_an_address_of_a_nat_gateway_says_so_and_stays(window: Window) -> None:
    window.put("publicIPAddresses/p1", {"publicIPAllocationMethod": "Static"})
    window.put("natGateways/g1", {"publicIpAddresses": [link(window, "publicIPAddresses/p1")]})
    assert window.get("publicIPAddresses/p1")["properties"]["natGateway"] == link(window, "natGateways/g1")
    assert window.request("DELETE", window.path("publicIPAddresses/p1")).error == "PublicIPAddressCannotBeDeleted"


# ── locations ──────────────────────────────────────────────────────────────────────────────────────────────────────

def of_location(window: Window, tail: str, location: str = "westus", **query: str) -> Any:
    path = f"{window.subscription}/providers/Microsoft.Network/locations/{location}/{tail}"
    return window.request("GET", path, query=query).body


def test_usages_count_what_is_in_the_location(window: Window) -> None:
    in_a_subnet(window)
    window.put("routeTables/t1", {})
    used = {row["name"]["value"]: row["currentValue"] for row in of_location(window, "usages")["value"]}
    assert (used["VirtualNetworks"], used["RouteTables"], used["NetworkInterfaces"]) == (1, 1, 0)
    elsewhere = {row["currentValue"] for row in of_location(window, "usages", "westeurope")["value"]}
    assert elsewhere == {0}
    assert of_location(window, "usages", "atlantis")["error"]["code"] == "LocationNotAvailableForResourceType"


def test_service_tags_have_the_prefixes_that_are_published(window: Window) -> None:
    tags = of_location(window, "serviceTags")
    found = {tag["name"]: tag["properties"] for tag in tags["values"]}
    assert (tags["cloud"], tags["type"]) == ("Public", "Microsoft.Network/serviceTags")
    assert found["Storage.WestUS"]["region"] == "westus"
    assert "13.83.72.16/28" in found["Storage.WestUS"]["addressPrefixes"]
    assert "13.83.72.16/28" in found["Storage"]["addressPrefixes"]
    detail, = of_location(window, "serviceTagDetails", tagName="storage.westus", noAddressPrefixes="true")["value"]
    assert "addressPrefixes" not in detail["properties"]


def test_a_label_is_free_until_an_address_has_it(window: Window) -> None:
    assert of_location(window, "CheckDnsNameAvailability", domainNameLabel="web1") == {"available": True}
    window.put("publicIPAddresses/p1", {"publicIPAllocationMethod": "Static",
                                        "dnsSettings": {"domainNameLabel": "web1"}})
    assert of_location(window, "checkDnsNameAvailability", domainNameLabel="web1") == {"available": False}
    assert of_location(window, "checkDnsNameAvailability", "westeurope", domainNameLabel="web1") == {"available": True}
    refusal = of_location(window, "checkDnsNameAvailability", domainNameLabel="_")
    assert refusal["error"]["code"] == "InvalidDomainNameLabel"
