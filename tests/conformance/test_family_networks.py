"""Virtual networks, what their subnets use, and their peerings: what they answer and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.window import PREFIX, Window, in_a_subnet, link, refused


def a_network(*prefixes: str, **members: Any) -> Any:
    return {"addressSpace": {"addressPrefixes": list(prefixes)}, **members}


def test_a_network_says_its_own_community_and_that_of_its_region(window: Window) -> None:
    window.put("virtualNetworks/v1", a_network("10.0.0.0/16", bgpCommunities={"virtualNetworkCommunity": "12076:20001"},
                                               dhcpOptions={"dnsServers": ["10.0.0.4"]}, flowTimeoutInMinutes=10))
    shown = window.get("virtualNetworks/v1")["properties"]
    assert shown["bgpCommunities"] == {"virtualNetworkCommunity": "12076:20001", "regionalCommunity": "12076:50006"}
    assert (shown["dhcpOptions"], shown["flowTimeoutInMinutes"]) == ({"dnsServers": ["10.0.0.4"]}, 10)
    assert (shown["enableDdosProtection"], shown["virtualNetworkPeerings"]) == (False, [])


@pytest.mark.parametrize(("members", "code"), [
    ({"bgpCommunities": {"virtualNetworkCommunity": "65000:20001"}}, "InvalidVirtualNetworkCommunity"),
    ({"bgpCommunities": {"virtualNetworkCommunity": "12076:50004"}}, "InvalidVirtualNetworkCommunity"),
    ({"flowTimeoutInMinutes": 3}, "InvalidFlowTimeout"),
    ({"enableDdosProtection": "yes"}, "InvalidRequestFormat"),
    ({"encryption": {"enabled": True, "enforcement": "Sometimes"}}, "InvalidPropertyValue"),
    ({"ddosProtectionPlan": {"id": "/subscriptions/s/none"}}, "InvalidResourceReference"),
])
def test_a_member_of_a_network_that_cannot_be_is_refused(window: Window, members: Any, code: str) -> None:
    assert refused(window, "virtualNetworks/v1", a_network("10.0.0.0/16", **members)).error == code


def test_a_subnet_keeps_all_that_azure_lets_clients_write(window: Window) -> None:
    window.put("virtualNetworks/v1", a_network("10.0.0.0/16"))
    window.put("virtualNetworks/v1/subnets/s1", {
        **PREFIX, "serviceEndpoints": [{"service": "Microsoft.Storage"}], "defaultOutboundAccess": False,
        "privateEndpointNetworkPolicies": "networksecuritygroupenabled",
        "delegations": [{"name": "d1", "properties": {"serviceName": "Microsoft.Provider/type"}}]})
    shown = window.get("virtualNetworks/v1/subnets/s1")
    delegation, = shown["properties"].pop("delegations")
    assert (delegation["name"], delegation["id"]) == ("d1", f"{shown['id']}/delegations/d1")
    assert shown["properties"] == {
        "provisioningState": "Succeeded", **PREFIX, "defaultOutboundAccess": False,
        "privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled", "privateLinkServiceNetworkPolicies": "Enabled",
        "serviceEndpoints": [{"service": "Microsoft.Storage", "locations": ["*"], "provisioningState": "Succeeded"}]}
    for links in ("resourceNavigationLinks", "serviceAssociationLinks"):
        assert window.get(f"virtualNetworks/v1/subnets/s1/{links}") == {"value": []}
    refusal = window.request("POST", window.path("virtualNetworks/v1/subnets/s1/prepareNetworkPolicies"))
    assert (refusal.status, refusal.error) == (400, "OperationNotSupported")


@pytest.mark.parametrize("member", ["networkSecurityGroup", "routeTable", "natGateway"])
def test_a_subnet_uses_what_exists(window: Window, member: str) -> None:
    window.put("virtualNetworks/v1", a_network("10.0.0.0/16"))
    properties = {**PREFIX, member: link(window, f"{member}s/none")}
    assert refused(window, "virtualNetworks/v1/subnets/s1", properties).error == "InvalidResourceReference"


def test_who_asks_for_a_taken_address_is_offered_five_others(window: Window) -> None:
    in_a_subnet(window)
    window.put("networkInterfaces/i1", {"ipConfigurations": [
        {"name": "c", "properties": {"subnet": link(window, "virtualNetworks/v1/subnets/s1")}}]})
    path = "virtualNetworks/v1/checkIPAddressAvailability"
    assert ask(window, path, "10.0.0.4") == {
        "available": False, "isPlatformReserved": False,
        "availableIPAddresses": ["10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8", "10.0.0.9"]}
    assert ask(window, path, "10.0.0.9") == {"available": True, "isPlatformReserved": False}
    assert ask(window, path, "10.0.0.1")["isPlatformReserved"]
    assert not ask(window, path, "10.9.0.1")["available"]
    assert ask(window, path, "nowhere")["error"]["code"] == "InvalidIPAddressFormat"
    row, = window.get("virtualNetworks/v1/usages")["value"]
    assert (row["name"]["value"], row["currentValue"], row["limit"]) == ("SubnetSpace", 1.0, 251.0)


def ask(window: Window, tail: str, address: str) -> Any:
    return window.request("GET", window.path(tail), query={"ipAddress": address}).body


def test_two_subnets_may_swap_their_prefixes(window: Window) -> None:
    for one, other in (("10.0.0.0/24", "10.0.1.0/24"), ("10.0.1.0/24", "10.0.0.0/24")):
        window.put("virtualNetworks/v1", a_network("10.0.0.0/16", subnets=[
            {"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in (("a", one), ("b", other))]))
        shown = window.get("virtualNetworks/v1")["properties"]["subnets"]
        assert [subnet["properties"]["addressPrefix"] for subnet in shown] == [one, other]


# ── peerings of networks ───────────────────────────────────────────────────────────────────────────────────────────

def two_networks(window: Window) -> None:
    window.put("virtualNetworks/hub", a_network("10.0.0.0/16"))
    window.put("virtualNetworks/spoke", a_network("10.1.0.0/16"))


def peer(window: Window, one: str, other: str, name: str = "p", **members: Any) -> None:
    window.put(f"virtualNetworks/{one}/virtualNetworkPeerings/{name}",
               {"remoteVirtualNetwork": link(window, f"virtualNetworks/{other}"), **members})


def peered(window: Window, network: str, name: str = "p") -> Any:
    return window.get(f"virtualNetworks/{network}/virtualNetworkPeerings/{name}")["properties"]


def test_a_peering_is_initiated_by_one_side_and_connected_by_both(window: Window) -> None:
    two_networks(window)
    peer(window, "hub", "spoke")
    first = peered(window, "hub")
    assert (first["peeringState"], first["peeringSyncLevel"]) == ("Initiated", "RemoteNotInSync")
    assert (first["allowVirtualNetworkAccess"], first["useRemoteGateways"]) == (True, False)
    assert first["remoteAddressSpace"] == first["remoteVirtualNetworkAddressSpace"] == {
        "addressPrefixes": ["10.1.0.0/16"]}
    peer(window, "spoke", "hub")
    for side in ("hub", "spoke"):
        assert (peered(window, side)["peeringState"], peered(window, side)["peeringSyncLevel"]) == (
            "Connected", "FullyInSync")
    assert window.get("virtualNetworks/hub")["properties"]["virtualNetworkPeerings"][0]["name"] == "p"


def test_a_side_that_was_left_is_disconnected_until_it_is_written_anew(window: Window) -> None:
    two_networks(window)
    peer(window, "hub", "spoke")
    peer(window, "spoke", "hub")
    window.request("DELETE", window.path("virtualNetworks/spoke/virtualNetworkPeerings/p"))
    window.settle()
    assert peered(window, "hub")["peeringState"] == "Disconnected"
    wish = {"remoteVirtualNetwork": link(window, "virtualNetworks/hub")}
    reply = refused(window, "virtualNetworks/spoke/virtualNetworkPeerings/p", wish)
    assert reply.error == "RemotePeeringIsDisconnected"
    peer(window, "hub", "spoke")
    assert peered(window, "hub")["peeringState"] == "Initiated"
    peer(window, "spoke", "hub")
    assert peered(window, "hub")["peeringState"] == "Connected"


def test_a_grown_address_space_is_peered_when_it_is_synced(window: Window) -> None:
    two_networks(window)
    peer(window, "hub", "spoke")
    peer(window, "spoke", "hub")
    window.put("virtualNetworks/spoke", a_network("10.1.0.0/16", "10.2.0.0/16"))
    assert peered(window, "hub")["peeringSyncLevel"] == "LocalNotInSync"
    assert peered(window, "spoke")["peeringSyncLevel"] == "RemoteNotInSync"
    peer(window, "hub", "spoke", allowForwardedTraffic=True)
    assert peered(window, "hub")["remoteAddressSpace"] == {"addressPrefixes": ["10.1.0.0/16"]}
    path = window.path("virtualNetworks/hub/virtualNetworkPeerings/p")
    window.request("PUT", path, {"properties": peered(window, "hub")}, query={"syncRemoteAddressSpace": "true"})
    assert peered(window, "hub")["remoteAddressSpace"] == {"addressPrefixes": ["10.1.0.0/16", "10.2.0.0/16"]}
    assert peered(window, "spoke")["peeringSyncLevel"] == "FullyInSync"


@pytest.mark.parametrize(("remote", "members", "code"), [
    ("none", {}, "InvalidResourceReference"),
    ("hub", {}, "VnetCannotBePeeredWithItself"),
    ("twin", {}, "VnetAddressSpacesOverlap"),
    ("spoke", {}, "AnotherPeeringAlreadyReferencesRemoteVnet"),
    ("other", {}, "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet"),
    ("far", {"useRemoteGateways": True}, "RemoteVnetHasNoGateways"),
    ("far", {"useRemoteGateways": True, "allowGatewayTransit": True}, "PeeringGatewayFlagsConflict"),
])
def test_a_peering_that_cannot_be_is_refused(window: Window, remote: str, members: Any, code: str) -> None:
    two_networks(window)
    for name, space in (("twin", "10.0.128.0/17"), ("other", "10.1.0.0/24"), ("far", "10.3.0.0/16")):
        window.put(f"virtualNetworks/{name}", a_network(space))
    peer(window, "hub", "spoke", name="first")
    wish = {"remoteVirtualNetwork": link(window, f"virtualNetworks/{remote}"), **members}
    assert refused(window, "virtualNetworks/hub/virtualNetworkPeerings/p", wish).error == code
