"""Virtual networks and subnets: ranges inside ranges, none meeting another, none pulled from under its users."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.api.resources.addressing import overlapping
from trunkline.intent.view import SUBNET, VNET
from trunkline.model.bgp import overlaps
from unit.api_resources.desk import (
    CON1,
    GATEWAY_SUBNET,
    GW1,
    HUB,
    VM1,
    Desk,
    a_configuration,
    a_connection,
    a_gateway,
    a_linked_desk,
    a_network,
    codes,
    rid,
)

DEFAULT = rid(SUBNET, "hub", "default")


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.put(HUB, a_network(default="10.1.0.0/24"))
    return desk


@pytest.mark.parametrize(("spaces", "code", "words"), [
    ([], "InvalidAddressPrefixFormat", "1 entries at least"),
    (["10.0.0.0"], "InvalidAddressPrefixFormat", "10.0.0.0 is not formatted correctly"),
    (["10.0.0.0/255.0.0.0"], "InvalidAddressPrefixFormat", "CIDR notation"),
    (["10.0.0.5/16"], "InvalidCIDRNotation", "should be 10.0.0.0/16"),
    (["10.0.0.0/16", "10.0.1.0/24"], "AddressPrefixesOverlap", "10.0.0.0/16 and 10.0.1.0/24"),
    (["fd00::/48"], "IPv4AddressSpaceRequired", "add an IPv4 prefix"),
    (["10.0.0.0/16", "fe80::/64"], "AddressPrefixReserved", "link-local .* unique local"),
    (["127.0.0.0/16"], "AddressPrefixReserved", "loopback"),
    ([f"10.0.{n}.0/24" for n in range(101)], "InvalidAddressPrefixFormat", "100 entries"),
])
def test_an_address_space_that_cannot_be_is_refused(spaces: list[str], code: str, words: str) -> None:
    fault, *_ = Desk().refusal(HUB, {"addressSpace": {"addressPrefixes": spaces}})
    assert fault.code == code
    assert re.search(words, str(fault))


@pytest.mark.parametrize(("prefix", "code", "words"), [
    ("10.2.0.0/24", "NetcfgInvalidSubnet", "Subnet 'new' is not valid in virtual network 'hub'.*10.1.0.0/16"),
    ("10.1.0.128/25", "NetcfgSubnetRangesOverlap", "overlaps with that of an existing subnet.*'hub'.*'default'"),
    ("10.1.9.0/30", "NetcfgInvalidSubnet", "/2 to /29"),
    ("10.1.9.1/24", "InvalidCIDRNotation", "10.1.9.0/24"),
])
def test_a_subnet_that_does_not_fit_is_refused(desk: Desk, prefix: str, code: str, words: str) -> None:
    fault, *_ = desk.refusal(rid(SUBNET, "hub", "new"), {"addressPrefix": prefix})
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_subnet_has_one_prefix_in_either_spelling(desk: Desk) -> None:
    new = rid(SUBNET, "hub", "new")
    assert not desk.refusal(new, {"addressPrefixes": ["10.1.1.0/24"]})
    assert codes(desk.refusal(new, {})) == ["SubnetPrefixRequired"]
    assert codes(desk.refusal(new, {"addressPrefixes": ["10.1.1.0/24", "10.1.2.0/24"]})) == ["SubnetPrefixRequired"]


@pytest.fixture
def both(desk: Desk) -> Desk:
    """The network and its subnet have both families."""
    desk.put(HUB, {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00:1::/48"]}})
    desk.put(DEFAULT, {"addressPrefixes": ["10.1.0.0/24", "fd00:1::/64"]})
    return desk


@pytest.mark.parametrize(("prefixes", "code", "words"), [
    (["fd00:1:0:1::/64"], "SubnetPrefixRequired", "exactly one IPv4 prefix"),
    (["10.1.1.0/24", "fd00:1:0:1::/64", "fd00:1:0:2::/64"], "SubnetPrefixRequired", "one IPv6 prefix beside it"),
    (["10.1.1.0/24", "fd00:1:0:1::/80"], "NetcfgInvalidSubnet", "fd00:1:0:1::/80 must be a /64"),
    (["10.1.1.0/24", "fd00:2::/64"], "NetcfgInvalidSubnet", "must lie inside the address space"),
    (["10.1.1.0/24", "fd00:1::/64"], "NetcfgSubnetRangesOverlap", "fd00:1::/64 and fd00:1::/64 of 'default'"),
])
def test_an_ipv6_subnet_that_does_not_fit_is_refused(both: Desk, prefixes: list[str], code: str, words: str) -> None:
    fault, *_ = both.refusal(rid(SUBNET, "hub", "new"), {"addressPrefixes": prefixes})
    assert fault.code == code
    assert re.search(words, str(fault))


def test_a_subnet_may_have_both_families(both: Desk) -> None:
    assert not both.refusal(rid(SUBNET, "hub", "new"), {"addressPrefixes": ["10.1.1.0/24", "fd00:1:0:1::/64"]})
    assert codes(both.refusal(HUB, a_network(default="10.1.0.0/24"))) == []
    assert codes(both.refusal(HUB, {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}})) == ["NetcfgInvalidSubnet"]


def test_the_ipv6_prefix_of_a_subnet_stays_while_a_nic_uses_it_and_goes_from_under_a_gateway(both: Desk) -> None:
    both.put(VM1, {"ipConfigurations": [a_configuration(DEFAULT)]})
    assert not both.refusal(DEFAULT, {"addressPrefix": "10.1.0.0/24"})
    both.put(VM1, {"ipConfigurations": [
        a_configuration(DEFAULT), a_configuration(DEFAULT, "six", privateIPAddressVersion="IPv6")]})
    assert codes(both.refusal(DEFAULT, {"addressPrefix": "10.1.0.0/24"})) == ["InUsePrefixCannotBeDeleted"]
    both.put(GATEWAY_SUBNET, {"addressPrefixes": ["10.1.255.0/27", "fd00:1:0:ff::/64"]})
    both.put(GW1, a_gateway())
    assert not both.refusal(GATEWAY_SUBNET, {"addressPrefix": "10.1.255.0/27"})


def test_an_address_space_keeps_its_subnets_inside(desk: Desk) -> None:
    without = {"addressSpace": {"addressPrefixes": ["10.2.0.0/16"]}}
    assert codes(desk.refusal(HUB, without)) == ["NetcfgInvalidSubnet"]
    assert not desk.refusal(HUB, {**without, "subnets": []})
    assert not desk.refusal(HUB, a_network("10.2.0.0/16", default="10.2.0.0/24"))


def test_an_address_space_keeps_clear_of_what_shares_its_circuit() -> None:
    desk = a_linked_desk()
    desk.put(CON1, a_connection())
    grown = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16", "172.16.0.0/16"]}}
    found = desk.refusal(HUB, grown)
    assert codes(found) == ["VnetAddressSpaceOverlapsOnCircuit"] * 2
    assert "the primary subnet 172.16.0.0/30 of peering" in str(found[0])


def test_a_subnet_in_use_keeps_its_prefix_and_its_place(desk: Desk) -> None:
    desk.put(VM1, {"ipConfigurations": [a_configuration(DEFAULT)]})
    fault, = desk.in_use(DEFAULT)
    assert fault.code == "InUseSubnetCannotBeDeleted"
    assert str(fault).startswith(f"Subnet default is in use by {VM1}/ipConfigurations/ipconfig1 and cannot be deleted.")
    assert codes(desk.in_use(HUB)) == ["InUseSubnetCannotBeDeleted"]
    assert codes(desk.refusal(DEFAULT, {"addressPrefix": "10.1.0.0/25"})) == ["InUsePrefixCannotBeDeleted"]
    assert desk.shown(DEFAULT)["ipConfigurations"] == [{"id": f"{VM1}/ipConfigurations/ipconfig1"}]


def test_a_subnet_nobody_uses_may_change_and_go(desk: Desk) -> None:
    assert not desk.in_use(HUB)
    assert not desk.refusal(DEFAULT, {"addressPrefix": "10.1.0.0/25"})
    assert "ipConfigurations" not in desk.shown(DEFAULT)


def test_a_gateway_uses_its_subnet(desk: Desk) -> None:
    desk.put(GATEWAY_SUBNET, {"addressPrefix": "10.1.255.0/27"})
    desk.put(GW1, a_gateway())
    assert codes(desk.in_use(GATEWAY_SUBNET)) == ["InUseSubnetCannotBeDeleted"]


def test_networks_may_overlap_while_they_share_no_circuit(desk: Desk) -> None:
    assert not desk.refusal(rid(VNET, "spoke"), a_network(default="10.1.0.0/24"))


def test_a_body_may_name_only_so_many_subnets(desk: Desk) -> None:
    many = {f"s{n}": f"10.1.{n}.0/24" for n in range(201)}
    fault, = desk.refusal(HUB, a_network(**many))
    assert fault.code == "InvalidRequestFormat"
    assert "201 entries, and 200 are allowed" in str(fault)


PREFIXES = st.builds(lambda address, length: str(IPv4Network((address << 24, length), strict=False)),
                     st.integers(0, 7), st.integers(4, 10)) | st.builds(
    lambda address, length: str(IPv4Network((address, length), strict=False)), st.integers(0, 15), st.integers(26, 32))


@given(st.lists(PREFIXES, max_size=12))
def test_overlaps_are_found_wherever_there_are_any(prefixes: list[str]) -> None:
    found = list(overlapping(prefixes))
    touched = {max(pair, key=lambda one: IPv4Network(one).prefixlen) for pair in found}
    truly = [(one, other) for one, other in combinations(prefixes, 2) if overlaps(one, other)]
    assert all(overlaps(one, other) for one, other in found)
    assert len(found) < max(1, len(prefixes))
    assert touched == {max(pair, key=lambda one: IPv4Network(one).prefixlen) for pair in truly}
