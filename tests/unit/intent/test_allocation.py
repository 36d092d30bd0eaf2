"""Allocation gives everybody something of their own, in range, and the same again next time."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.errors import Conflict
from trunkline.intent.allocation import (
    DIRECT,
    capacity,
    core_loopback,
    edge_addresses,
    instance_addresses,
    link_address,
    mac,
    node_name,
    router_address,
    usable,
    vni,
)
from trunkline.intent.network import Role
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg

gateway_subnets = st.builds(
    lambda base, length: str(IPv4Network((base, length), strict=False)),
    st.integers(0, 2**32 - 1), st.integers(24, 29))


@settings(deadline=None)
@given(gateway_subnets)
def test_nobody_shares_an_address_in_a_gateway_subnet(subnet: str) -> None:
    slots = range(1, capacity(subnet) + 1)
    edges = [edge_addresses(subnet, slot, leg) for slot in slots for leg in Leg]
    everybody = [router_address(subnet), *instance_addresses(subnet), *edges]
    assert len(set(everybody)) == len(everybody)


@settings(deadline=None)
@given(gateway_subnets)
def test_addresses_in_a_gateway_subnet_are_usable_ones(subnet: str) -> None:
    first, last = usable(subnet)
    edges = [edge_addresses(subnet, slot, leg) for slot in range(1, capacity(subnet) + 1) for leg in Leg]
    assert all(first <= IPv4Address(address) <= last for address in (*instance_addresses(subnet), *edges))


@pytest.mark.parametrize(("subnet", "slots"), [
    ("10.0.0.0/29", 0), ("10.0.0.0/28", 4), ("10.0.0.0/27", 12), ("10.0.0.0/26", 28)])
def test_capacity_follows_the_size_of_the_gateway_subnet(subnet: str, slots: int) -> None:
    assert capacity(subnet) == slots


def test_instances_have_azures_addresses() -> None:
    assert instance_addresses("10.1.255.0/27") == ("10.1.255.12", "10.1.255.13")
    assert instance_addresses("10.1.255.0/29") == ("10.1.255.4", "10.1.255.5")


def test_edges_step_over_the_instances() -> None:
    assert [edge_addresses("10.0.0.0/27", slot, leg) for slot in (1, 4, 5) for leg in Leg] == [
        "10.0.0.4", "10.0.0.5", "10.0.0.10", "10.0.0.11", "10.0.0.14", "10.0.0.15"]


def test_addresses_of_ipv6_have_the_same_numbers() -> None:
    subnet = "fd00:1:0:ff::/64"
    assert router_address(subnet) == "fd00:1:0:ff::1"
    assert instance_addresses(subnet) == ("fd00:1:0:ff::c", "fd00:1:0:ff::d")
    assert [edge_addresses(subnet, slot, leg) for slot in (1, 4, 5) for leg in Leg] == [
        f"fd00:1:0:ff::{number}" for number in ("4", "5", "a", "b", "e", "f")]
    assert str(usable("fd00:1::/64")[0]) == "fd00:1::4"
    assert link_address(("10.1.0.0/16", "fd00:1::/48"), 6) == "fd00:1::1"
    assert link_address(("10.1.0.0/16",), 6) == ""


@pytest.mark.parametrize("slot", [0, 5])
def test_a_slot_beyond_the_capacity_is_refused(slot: int) -> None:
    with pytest.raises(Conflict, match="larger GatewaySubnet"):
        edge_addresses("10.0.0.0/28", slot, Leg.PRIMARY)


tunnels = st.tuples(st.integers(1, 2**21 - 1), st.integers(0, DIRECT), st.sampled_from(Leg))


@settings(deadline=None)
@given(tunnels, tunnels)
def test_different_tunnels_have_different_24_bit_numbers(one: tuple[int, int, Leg], two: tuple[int, int, Leg]) -> None:
    assert (vni(*one) == vni(*two)) == (one == two)
    assert 0 < vni(*one) < 2**24


def test_numbers_end_somewhere_and_say_so() -> None:
    with pytest.raises(Conflict, match="connections"):
        vni(2**21, 0, Leg.PRIMARY)
    with pytest.raises(Conflict, match="NICs"):
        mac(2**24)


@settings(deadline=None)
@given(st.integers(1, 2**24 - 1), st.integers(1, 2**24 - 1))
def test_different_nics_have_different_unicast_macs(one: int, two: int) -> None:
    assert (mac(one) == mac(two)) == (one == two)
    assert re.fullmatch(r"00:0d:3a(:[0-9a-f]{2}){3}", mac(one))


def test_every_backbone_router_of_the_plant_has_its_own_loopback() -> None:
    loopbacks = [core_loopback(site.name, leg) for site in backbone().sites for leg in Leg]
    assert len(set(loopbacks)) == len(loopbacks)
    assert all(IPv4Address(address) in IPv4Network("100.64.0.0/10") for address in loopbacks)


labels = st.text(max_size=90)
suffixes = st.from_regex(r"[a-z0-9]{0,20}", fullmatch=True)


@settings(deadline=None)
@given(st.sampled_from(Role), labels, st.text(), suffixes)
def test_node_names_are_short_and_plain(role: Role, label: str, key: str, suffix: str) -> None:
    name = node_name(role, label, key, suffix)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
    assert len(name) <= 48
    assert name == node_name(role, label, key, suffix)


def test_resources_of_one_label_differ_by_their_key() -> None:
    names = {node_name(Role.VM, "nic1", f"/subscriptions/{number}/nic1") for number in range(5_000)}
    assert len(names) == 5_000


def test_a_node_name_reads_like_its_resource() -> None:
    assert re.fullmatch(r"vrf-er1-[0-9a-f]{10}-p", node_name(Role.VRF, "ER1", "/subscriptions/s/er1", "p"))
    assert re.fullmatch(r"router-my-vnet-[0-9a-f]{10}", node_name(Role.ROUTER, "My_VNet!", "/subscriptions/s/v"))
