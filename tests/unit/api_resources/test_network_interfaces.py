"""NICs and public addresses: every host has its own address, and keeps it."""

from __future__ import annotations

import re

import pytest

from trunkline.api.resources.public_ip_addresses import PUBLIC_IP_ADDRESS
from trunkline.intent.view import NIC, SUBNET, VNET
from unit.api_resources.desk import HUB, OTHER, VM1, Desk, a_configuration, a_network, codes, rid

DEFAULT = rid(SUBNET, "hub", "default")
IP1 = rid(PUBLIC_IP_ADDRESS, "ip1")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(HUB, a_network(default="10.1.0.0/24", small="10.1.1.0/29", GatewaySubnet="10.1.255.0/27"))
    return desk


def nic(*configurations: dict) -> dict:
    return {"ipConfigurations": list(configurations)}


def static(address: str, name: str = "ipconfig1", subnet=DEFAULT) -> dict:
    return a_configuration(subnet, name, privateIPAddress=address, privateIPAllocationMethod="Static")


def six(name: str = "six", **changed: object) -> dict:
    return a_configuration(DEFAULT, name, privateIPAddressVersion="IPv6", **changed)


@pytest.fixture
def both(desk: Desk) -> Desk:
    desk.put(HUB, {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00:1::/48"]}})
    desk.put(DEFAULT, {"addressPrefixes": ["10.1.0.0/24", "fd00:1::/64"]})
    return desk


def test_a_nic_gets_the_lowest_free_address_of_each_family_and_keeps_it(both: Desk) -> None:
    first = both.put(VM1, nic(a_configuration(DEFAULT), six()))
    second = both.put(rid(NIC, "vm2"), nic(a_configuration(DEFAULT), six()))
    assert first.system["addresses"] == {"ipconfig1": "10.1.0.4", "six": "fd00:1::4"}
    assert second.system["addresses"] == {"ipconfig1": "10.1.0.5", "six": "fd00:1::5"}
    both.remove(VM1)
    again = both.put(rid(NIC, "vm2"), nic(a_configuration(DEFAULT), six()))
    assert again.system["addresses"] == second.system["addresses"]
    shown = both.shown(rid(NIC, "vm2"))["ipConfigurations"][1]["properties"]
    assert (shown["privateIPAddress"], shown["primary"]) == ("fd00:1::5", False)


@pytest.mark.parametrize(("address", "code"), [
    ("fd00:2::4", "PrivateIPAddressNotInSubnet"), ("fd00:1::3", "PrivateIPAddressInReservedRange"),
    ("fd00:1::9", "PrivateIPAddressIsAllocated"), ("fd00:1::x", "InvalidIPAddressFormat")])
def test_an_ipv6_address_that_cannot_be_had_is_refused(both: Desk, address: str, code: str) -> None:
    asked = {"privateIPAllocationMethod": "Static"}
    both.put(rid(NIC, "taken"), nic(a_configuration(DEFAULT), six(privateIPAddress="fd00:1::9", **asked)))
    wish = nic(a_configuration(DEFAULT), six(privateIPAddress=address, **asked))
    assert codes(both.refusal(VM1, wish)) == [code]


def test_a_nic_gets_the_lowest_free_address_and_a_mac(desk: Desk) -> None:
    first = desk.put(VM1, nic(a_configuration(DEFAULT)))
    second = desk.put(rid(NIC, "vm2"), nic(a_configuration(DEFAULT)))
    assert first.system["addresses"] == {"ipconfig1": "10.1.0.4"}
    assert second.system["addresses"] == {"ipconfig1": "10.1.0.5"}
    assert (first.system["mac"], second.system["mac"]) == ("00-0D-3A-00-00-01", "00-0D-3A-00-00-02")


def test_an_address_is_kept_over_updates_and_freed_by_deletion(desk: Desk) -> None:
    desk.put(VM1, nic(a_configuration(DEFAULT)))
    desk.put(rid(NIC, "vm2"), nic(a_configuration(DEFAULT)))
    desk.remove(VM1)
    assert desk.put(rid(NIC, "vm2"), nic(a_configuration(DEFAULT))).system["addresses"] == {"ipconfig1": "10.1.0.5"}
    assert desk.put(VM1, nic(a_configuration(DEFAULT))).system["addresses"] == {"ipconfig1": "10.1.0.4"}


def test_an_address_follows_the_wish(desk: Desk) -> None:
    desk.put(VM1, nic(a_configuration(DEFAULT)))
    assert desk.put(VM1, nic(static("10.1.0.77"))).system["addresses"] == {"ipconfig1": "10.1.0.77"}
    both = desk.put(VM1, nic(a_configuration(DEFAULT, "second"), static("10.1.0.4")))
    assert both.system["addresses"] == {"ipconfig1": "10.1.0.4", "second": "10.1.0.5"}


@pytest.mark.parametrize(("address", "code", "words"), [
    ("10.2.0.4", "PrivateIPAddressNotInSubnet", "10.2.0.4 does not belong to the range of subnet prefix 10.1.0.0/24"),
    ("10.1.0.3", "PrivateIPAddressInReservedRange", "10.1.0.4 to 10.1.0.254"),
    ("10.1.0.255", "PrivateIPAddressInReservedRange", "falls within reserved IP range"),
    ("10.1.0.10", "PrivateIPAddressIsAllocated", "already allocated to resource .*/networkInterfaces/taken"),
    ("10.1.0.300", "InvalidIPAddressFormat", "'10.1.0.300' is not an IPv4 address"),
])
def test_an_address_that_cannot_be_had_is_refused(desk: Desk, address: str, code: str, words: str) -> None:
    desk.put(rid(NIC, "taken"), nic(static("10.1.0.10")))
    fault, = desk.refusal(VM1, nic(static(address)))
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_full_subnet_says_so(desk: Desk) -> None:
    small = rid(SUBNET, "hub", "small")
    for number in range(3):
        desk.put(rid(NIC, f"vm{number}"), nic(a_configuration(small)))
    fault, = desk.refusal(rid(NIC, "vm9"), nic(a_configuration(small)))
    assert str(fault).startswith(
        "Subnet small with address prefix 10.1.1.0/29 does not have enough capacity for 1 IP addresses.")
    assert not desk.refusal(rid(NIC, "vm0"), nic(a_configuration(small)))


@pytest.mark.parametrize(("wish", "code"), [
    (nic({"name": "a", "properties": {}}), "SubnetRequired"),
    (nic(a_configuration(DEFAULT, privateIPAllocationMethod="Static")), "PrivateIPAddressRequired"),
    (nic(a_configuration(DEFAULT, privateIPAddressVersion="IPv6")), "IPv4IpConfigurationRequired"),
    (nic(a_configuration(DEFAULT), six()), "SubnetHasNoIPv6Prefix"),
    (nic(a_configuration(DEFAULT), six(primary=True)), "PrimaryIpConfigurationMustBeIPv4"),
    (nic(static("10.1.0.9"), six(privateIPAddress="10.1.0.10", privateIPAllocationMethod="Static")),
     "PrivateIPAddressVersionMismatch"),
    (nic(a_configuration(DEFAULT), a_configuration(DEFAULT)), "DuplicateResourceName"),
    (nic(a_configuration(DEFAULT), a_configuration(rid(SUBNET, "hub", "small"), "b")),
     "IPConfigurationsNotInSameSubnet"),
    (nic(a_configuration(rid(SUBNET, "hub", "GatewaySubnet"))), "GatewaySubnetIsReserved"),
    (nic(a_configuration(rid(SUBNET, "hub", "nowhere"))), "InvalidResourceReference"),
    (nic(a_configuration(rid(VNET, "hub"))), "InvalidResourceReference"),
    (nic({"name": "a", "properties": {"subnet": {"id": "nonsense"}}}), "InvalidResourceReference"),
    (nic(static("10.1.0.9"), static("10.1.0.9", "b")), "PrivateIPAddressIsAllocated"),
    (nic(), "InvalidPropertyValue"),
])
def test_a_nic_without_a_proper_place_is_refused(desk: Desk, wish: dict, code: str) -> None:
    assert codes(desk.refusal(VM1, wish))[:1] == [code]


def test_a_nic_lives_in_the_region_and_subscription_of_its_subnet(desk: Desk) -> None:
    assert not desk.refusal(VM1, nic(a_configuration(DEFAULT)), location="West Europe")
    assert codes(desk.refusal(VM1, nic(a_configuration(DEFAULT)), location="eastus")) == ["InvalidResourceReference"]
    foreign = rid(NIC, "vm1", subscription=OTHER)
    assert codes(desk.refusal(foreign, nic(a_configuration(DEFAULT)))) == ["InvalidResourceReference"]


def test_a_public_address_is_a_number_for_one(desk: Desk) -> None:
    desk.put(IP1, {})
    assert desk.shown(IP1)["ipAddress"] == "198.18.0.1"
    attached = nic(a_configuration(DEFAULT, publicIPAddress={"id": str(IP1)}))
    desk.put(VM1, attached)
    assert desk.shown(IP1)["ipConfiguration"] == {"id": f"{VM1}/ipConfigurations/ipconfig1"}
    assert codes(desk.refusal(rid(NIC, "vm2"), attached)) == ["PublicIPAddressInUse"]
    fault, = desk.in_use(IP1)
    assert str(fault).startswith(
        f"Public IP address {IP1} can not be deleted since it is still allocated to resource {VM1}.")
    desk.remove(VM1)
    assert not desk.in_use(IP1)


def test_a_public_address_that_does_not_exist_is_refused(desk: Desk) -> None:
    wish = nic(a_configuration(DEFAULT, publicIPAddress={"id": str(rid(PUBLIC_IP_ADDRESS, "none"))}))
    assert codes(desk.refusal(VM1, wish)) == ["InvalidResourceReference"]


@pytest.mark.parametrize(("wish", "sku", "code"), [
    ({"publicIPAllocationMethod": "Dynamic"}, {"name": "Standard"}, "StandardSkuPublicIPAddressMustBeStatic"),
    ({}, {"name": "Deluxe"}, "InvalidPropertyValue"),
    ({"publicIPAddressVersion": "IPv6"}, {}, "IPv6NotSupported"),
    ({"idleTimeoutInMinutes": 99}, {}, "InvalidPropertyValue"),
])
def test_public_addresses_that_are_not_sold_are_refused(wish: dict, sku: dict, code: str) -> None:
    assert codes(Desk().refusal(IP1, wish, sku=sku)) == [code]


def test_a_dynamic_public_address_exists_while_it_is_attached(desk: Desk) -> None:
    desk.put(IP1, {"publicIPAllocationMethod": "Dynamic"}, sku={"name": "Basic"})
    assert "ipAddress" not in desk.shown(IP1)
    desk.put(VM1, nic(a_configuration(DEFAULT, publicIPAddress={"id": str(IP1)})))
    assert desk.shown(IP1)["ipAddress"] == "198.18.0.1"


def test_a_nic_shows_its_addresses(desk: Desk) -> None:
    desk.put(VM1, nic(a_configuration(DEFAULT)))
    shown = desk.shown(VM1)
    configuration, = shown["ipConfigurations"]
    assert configuration["id"] == f"{VM1}/ipConfigurations/ipconfig1"
    assert configuration["properties"] == {
        "provisioningState": "Succeeded", "privateIPAddress": "10.1.0.4", "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": str(DEFAULT)}, "primary": True, "privateIPAddressVersion": "IPv4"}
    assert shown["macAddress"] == "00-0D-3A-00-00-01"


def test_a_nic_moves_within_its_network_only(desk: Desk) -> None:
    desk.put(VM1, nic(a_configuration(DEFAULT)))
    desk.put(rid(VNET, "other"), a_network("10.2.0.0/16", default="10.2.0.0/24"))
    fault, = desk.refusal(VM1, nic(a_configuration(rid(SUBNET, "other", "default"))))
    assert (fault.code, fault.target) == ("PropertyChangeNotAllowed", "subnet")
    assert "delete it and create it anew" in str(fault)
    assert not desk.refusal(VM1, nic(a_configuration(rid(SUBNET, "hub", "small"))))
