"""Messages that pyroute2 encodes are read back by our own parsers."""

from __future__ import annotations

import socket
import struct

import pytest
from pyroute2.netlink import rtnl
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from trunkline.fabric import interface, netlink, route
from trunkline.fabric.route import Hop
from trunkline.intent.network import Address, Interface

HEADER = 16


def body(layout: object, kind: int, fields: dict[str, int], pairs: netlink.Attributes) -> bytes:
    return netlink.encode(layout, kind, 0, fields, pairs)[HEADER:]  # type: ignore[arg-type]


def state(**changes: object) -> interface.State:
    pairs: list[tuple[str, object]] = [
        ("IFLA_IFNAME", "eth0"),
        ("IFLA_MTU", changes.get("mtu", 1500)),
        ("IFLA_ADDRESS", changes.get("mac", "02:00:00:00:00:01")),
        ("IFLA_IFALIAS", changes.get("alias", "tl:abcd:0123456789")),
        ("IFLA_MASTER", changes.get("master", 0)),
        ("IFLA_LINKINFO", netlink.nest(("IFLA_INFO_KIND", "veth"))),
    ]
    return interface.parse(body(ifinfmsg, rtnl.RTM_NEWLINK, {"index": 7, "flags": 1}, pairs))


def test_an_interface_is_read_as_it_was_written() -> None:
    read = state(master=9)
    assert (read.index, read.name, read.is_up, read.mtu) == (7, "eth0", True, 1500)
    assert (read.mac, read.master, read.alias, read.kind) == ("02:00:00:00:00:01", 9, "tl:abcd:0123456789", "veth")
    assert not read.proxy_arp


def test_what_is_as_described_needs_no_attribute() -> None:
    wish = Interface("node", "eth0", mac="02:00:00:00:00:01")
    assert interface.differ(wish, "tl:abcd:0123456789", state(), bridge=0) == []


@pytest.mark.parametrize(
    ("found", "attribute"),
    [
        ({"mtu": 1400}, ("IFLA_MTU", 1500)),
        ({"mac": "02:00:00:00:00:99"}, ("IFLA_ADDRESS", "02:00:00:00:00:01")),
        ({"alias": ""}, ("IFLA_IFALIAS", "tl:abcd:0123456789")),
        ({"master": 3}, ("IFLA_MASTER", 0)),
    ],
)
def test_only_what_differs_is_set(found: dict[str, object], attribute: tuple[str, object]) -> None:
    wish = Interface("node", "eth0", mac="02:00:00:00:00:01")
    assert interface.differ(wish, "tl:abcd:0123456789", state(**found), bridge=0) == [attribute]


def test_any_mac_will_do_if_none_is_asked_for() -> None:
    assert interface.differ(Interface("node", "eth0"), "tl:abcd:0123456789", state(), bridge=0) == []


@pytest.mark.parametrize(
    ("family", "length", "local", "peer", "expected"),
    [
        (socket.AF_INET, 30, "10.0.0.1", "10.0.0.1", Address("10.0.0.1/30")),
        (socket.AF_INET, 32, "10.0.0.1", "10.0.0.2", Address("10.0.0.1/32", "10.0.0.2")),
        (socket.AF_INET6, 126, "fd00::1", "fd00::1", Address("fd00::1/126")),
    ],
)
def test_an_address_is_read_as_it_was_written(
    family: int, length: int, local: str, peer: str, expected: Address
) -> None:
    fields = {"family": family, "prefixlen": length, "index": 7}
    message = body(ifaddrmsg, rtnl.RTM_NEWADDR, fields, [("IFA_LOCAL", local), ("IFA_ADDRESS", peer)])
    assert interface.parse_address(message) == (7, expected)


def test_link_local_addresses_are_the_kernels_own() -> None:
    fields = {"family": socket.AF_INET6, "prefixlen": 64, "index": 7, "scope": 253}
    message = body(ifaddrmsg, rtnl.RTM_NEWADDR, fields, [("IFA_ADDRESS", "fe80::1")])
    assert interface.parse_address(message) == (7, None)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (Address("10.0.0.1"), Address("10.0.0.1/32")),
        (Address("FD00:0::1/126"), Address("fd00::1/126")),
        (Address("10.0.0.1/32", "10.0.0.2"), Address("10.0.0.1/32", "10.0.0.2")),
    ],
)
def test_one_address_has_one_form(written: Address, canonical: Address) -> None:
    assert interface.canonical(written) == canonical


def test_a_route_with_one_next_hop_is_read() -> None:
    fields = {"family": socket.AF_INET, "dst_len": 16}
    pairs = [("RTA_DST", "10.5.0.0"), ("RTA_GATEWAY", "10.0.0.2"), ("RTA_OIF", 3)]
    assert route.parse(body(rtmsg, rtnl.RTM_NEWROUTE, fields, pairs)) == ("10.5.0.0/16", {Hop("10.0.0.2", 3)})


def test_a_default_route_has_no_destination_on_the_wire() -> None:
    fields = {"family": socket.AF_INET6, "dst_len": 0}
    pairs = [("RTA_GATEWAY", "fd00::2"), ("RTA_OIF", 3)]
    assert route.parse(body(rtmsg, rtnl.RTM_NEWROUTE, fields, pairs)) == ("::/0", {Hop("fd00::2", 3)})


def test_several_next_hops_are_read_as_a_set() -> None:
    hops = [{"hops": 0, "oif": n, "attrs": [("RTA_GATEWAY", f"10.0.{n}.2")]} for n in (1, 2)]
    fields = {"family": socket.AF_INET, "dst_len": 16}
    message = body(rtmsg, rtnl.RTM_NEWROUTE, fields, [("RTA_DST", "10.5.0.0"), ("RTA_MULTIPATH", hops)])
    assert route.parse(message) == ("10.5.0.0/16", {Hop("10.0.1.2", 1), Hop("10.0.2.2", 2)})


def test_a_route_to_a_link_has_no_gateway() -> None:
    fields = {"family": socket.AF_INET, "dst_len": 32}
    message = body(rtmsg, rtnl.RTM_NEWROUTE, fields, [("RTA_DST", "10.0.0.4"), ("RTA_OIF", 5)])
    assert route.parse(message) == ("10.0.0.4/32", {Hop("", 5)})


@pytest.mark.parametrize("rest", [b"", b"\x01", b"\x00\x00\x00\x00", b"\x02\x00\x01\x00"])
def test_a_broken_attribute_ends_the_reading(rest: bytes) -> None:
    whole = struct.pack("=HHI", 8, 5, 42)
    assert netlink.attributes(whole + rest) == {5: struct.pack("=I", 42)}


def test_flags_of_an_attribute_are_not_part_of_its_number() -> None:
    nested = struct.pack("=HH4s", 8, 0x8000 | 18, b"abcd")
    assert netlink.attributes(nested) == {18: b"abcd"}
