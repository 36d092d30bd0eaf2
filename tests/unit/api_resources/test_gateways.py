"""Gateways: one per network, in a GatewaySubnet of a size that holds its links."""

from __future__ import annotations

import re

import pytest

from trunkline.api.resources.public_ip_addresses import PUBLIC_IP_ADDRESS
from trunkline.intent.view import GATEWAY, SUBNET
from trunkline.model.resource import ProvisioningState
from unit.api_resources.desk import (
    CON1,
    GATEWAY_SUBNET,
    GW1,
    HUB,
    Desk,
    a_configuration,
    a_connection,
    a_gateway,
    a_linked_desk,
    a_network,
    codes,
    rid,
)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(HUB, a_network(default="10.1.0.0/24", GatewaySubnet="10.1.255.0/27"))
    return desk


@pytest.mark.parametrize(("wish", "code", "words"), [
    (a_gateway(gatewayType="LocalGateway"), "InvalidPropertyValue", "'LocalGateway'.*'ExpressRoute' or 'Vpn'"),
    (a_gateway(sku="Basic"), "InvalidGatewaySkuSpecifiedForGatewayDeploymentType", "allowed Skus are Standard"),
    (a_gateway() | {"autoScaleConfiguration": {"bounds": {"min": 1}}}, "AutoScaleConfigurationNotSupported",
     "use ErGwScale"),
    (a_gateway(sku="ErGwScale") | {"autoScaleConfiguration": {"bounds": {"min": 1, "max": 3}}},
     "InvalidAutoScaleConfiguration", "min 1 and max 3"),
    (a_gateway() | {"vpnGatewayGeneration": "Generation1"}, "VpnGatewayGenerationNotSupported", "leave it out"),
    (a_gateway() | {"adminState": "Disabled"}, "AdminStateNotSupported", "migration"),
    (a_gateway(gatewayType="Vpn", sku="ErGw1AZ"), "InvalidGatewaySkuSpecifiedForGatewayDeploymentType",
     "allowed Skus are Basic.*VpnGw1"),
    (a_gateway(gatewayType="Vpn", sku="VpnGw1") | {"activeActive": True},
     "ActiveActiveGatewayNeedsTwoIpConfigurations", "needs two"),
    (a_gateway(sku="VpnGw1"), "InvalidGatewaySkuSpecifiedForGatewayDeploymentType",
     "allowed Skus are Standard.*ErGw1AZ"),
    (a_gateway() | {"sku": {"name": "Standard", "tier": "ErGw1AZ"}},
     "InvalidGatewaySkuSpecifiedForGatewayDeploymentType", "'ErGw1AZ' must both be the same"),
    (a_gateway(rid(SUBNET, "hub", "default")), "GatewaySubnetRequired", "needs a subnet named GatewaySubnet.*/27"),
    (a_gateway(rid(SUBNET, "spoke", "GatewaySubnet")), "InvalidResourceReference", "named GatewaySubnet"),
    (a_gateway() | {"ipConfigurations": [{"name": "a", "properties": {}}]}, "SubnetRequired", "GatewaySubnet"),
    (a_gateway() | {"ipConfigurations": []}, "InvalidPropertyValue", "1 entries at least"),
    (a_gateway() | {"ipConfigurations": [
        a_configuration(GATEWAY_SUBNET, publicIPAddress={"id": str(rid(PUBLIC_IP_ADDRESS, "none"))})]},
     "InvalidResourceReference", "publicIPAddress"),
])
def test_a_gateway_that_cannot_work_is_refused(desk: Desk, wish: dict, code: str, words: str) -> None:
    fault, *_ = desk.refusal(GW1, wish)
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_network_without_gateway_subnet_gets_no_gateway() -> None:
    desk = Desk()
    desk.put(HUB, a_network(default="10.1.0.0/24"))
    fault, = desk.refusal(GW1, a_gateway())
    assert fault.code == "InvalidResourceReference"
    assert f"Resource {GATEWAY_SUBNET} referenced by resource {GW1} was not found." in str(fault)


def test_a_gateway_subnet_needs_room_for_a_connection() -> None:
    desk = Desk()
    desk.put(HUB, a_network(GatewaySubnet="10.1.255.0/29"))
    assert codes(desk.refusal(GW1, a_gateway())) == ["GatewaySubnetIsTooSmall"]


def test_a_network_has_one_gateway(desk: Desk) -> None:
    desk.put(GW1, a_gateway())
    assert codes(desk.refusal(rid(GATEWAY, "gw2"), a_gateway())) == ["VirtualNetworkGatewayExists"]
    assert not desk.refusal(GW1, a_gateway(sku="HighPerformance"))


@pytest.mark.parametrize(("was", "now", "allowed"), [
    ("Standard", "UltraPerformance", True), ("HighPerformance", "Standard", True),
    ("UltraPerformance", "Standard", False),
    ("ErGw2AZ", "ErGw1AZ", True), ("ErGw3AZ", "ErGw2AZ", False), ("Standard", "ErGw1AZ", False),
    ("ErGw1AZ", "ErGwScale", False), ("ErGwScale", "ErGw3AZ", False)])
def test_a_gateway_grows_inside_its_family(desk: Desk, was: str, now: str, allowed: bool) -> None:
    desk.put(GW1, a_gateway(sku=was))
    assert codes(desk.refusal(GW1, a_gateway(sku=now))) == ([] if allowed else ["PropertyChangeNotAllowed"])


def test_a_vpn_gateway_stands_beside_an_express_route_gateway(desk: Desk) -> None:
    vpn = rid(GATEWAY, "vpn")
    desk.put(GW1, a_gateway())
    assert codes(desk.refusal(vpn, a_gateway(gatewayType="Vpn", sku="Basic"))) == ["GatewaysCannotCoexist"]
    stored = desk.put(vpn, a_gateway(gatewayType="Vpn", sku="VpnGw1"))
    assert not desk.kind(vpn).is_realised(stored)
    assert codes(desk.refusal(rid(GATEWAY, "vpn2"), a_gateway(gatewayType="Vpn", sku="VpnGw1"))) == [
        "VirtualNetworkGatewayExists"]


def test_a_vpn_gateway_answers_what_it_was_told_and_claims_no_address(desk: Desk) -> None:
    vpn = rid(GATEWAY, "vpn")
    desk.put(vpn, a_gateway(gatewayType="Vpn", sku="VpnGw2", vpnType="RouteBased", bgpSettings={"asn": 65010},
                            vpnClientConfiguration={"radiusServers": [
                                {"radiusServerAddress": "10.2.0.4", "radiusServerSecret": "hush"}]}))
    shown = desk.shown(vpn)
    assert shown["bgpSettings"] == {"asn": 65010, "peerWeight": 0}
    assert (shown["vpnGatewayGeneration"], shown["activeActive"]) == ("Generation1", False)
    assert "hush" not in repr(desk.get(vpn))


def test_a_gateway_does_not_move(desk: Desk) -> None:
    desk.put(GW1, a_gateway())
    desk.put(rid(HUB.type, "spoke"), a_network("10.2.0.0/16", GatewaySubnet="10.2.255.0/27"))
    found = desk.refusal(GW1, a_gateway(rid(SUBNET, "spoke", "GatewaySubnet")))
    assert codes(found) == ["PropertyChangeNotAllowed"]


def test_a_gateway_with_a_connection_cannot_be_deleted() -> None:
    desk = a_linked_desk()
    assert not desk.in_use(GW1)
    connection = desk.put(CON1, a_connection())
    assert codes(desk.in_use(GW1)) == ["InUseVirtualNetworkGatewayCannotBeDeleted"]
    listing = next(action for action in desk.kind(GW1).actions if action.name == "connections")
    gateway = desk.get(GW1)
    assert gateway
    assert listing.lists
    assert list(listing.lists(gateway, desk)) == [connection]


def test_a_gateway_shows_both_instances(desk: Desk) -> None:
    desk.put(GW1, a_gateway())
    shown = desk.shown(GW1)
    assert shown["bgpSettings"] == {"asn": 65515, "bgpPeeringAddress": "10.1.255.12,10.1.255.13", "peerWeight": 0}
    assert shown["sku"] == {"name": "Standard", "tier": "Standard", "capacity": 2}
    assert shown["ipConfigurations"][0]["properties"]["subnet"] == {"id": str(GATEWAY_SUBNET)}


def test_a_gateway_that_is_being_deleted_keeps_its_subnet_until_it_is_gone(desk: Desk) -> None:
    desk.put(GW1, a_gateway())
    desk.change(GW1, state=ProvisioningState.DELETING)
    fault, = desk.refusal(rid(GATEWAY, "gw2"), a_gateway())
    assert (fault.code, fault.status) == ("VirtualNetworkGatewayExists", 409)
    assert "Wait until it is deleted" in str(fault)
