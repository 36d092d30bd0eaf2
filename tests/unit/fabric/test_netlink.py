"""Messages are read back as they were written, and written as pyroute2 would."""

from __future__ import annotations

import socket
import struct

import pytest
from pyroute2.netlink import nlmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from trunkline.fabric import interface, lookup, netlink, route, rtnl
from trunkline.fabric.route import Hop
from trunkline.intent.network import MAIN, Address, Interface, Verdict

HEADER = 16


def body(layout: rtnl.Layout, kind: int, fields: dict[str, int], pairs: rtnl.Attributes) -> bytes:
    return netlink.encode(layout, kind, 0, fields, pairs)[HEADER:]


def state(**changes: object) -> interface.State:
    pairs: list[tuple[str, object]] = [
        ("IFLA_IFNAME", "eth0"),
        ("IFLA_MTU", changes.get("mtu", 1500)),
        ("IFLA_ADDRESS", changes.get("mac", "02:00:00:00:00:01")),
        ("IFLA_IFALIAS", changes.get("alias", "tl:abcd:0123456789")),
        ("IFLA_MASTER", changes.get("master", 0)),
        ("IFLA_LINKINFO", netlink.nest(("IFLA_INFO_KIND", "veth"))),
    ]
    return interface.parse(body(rtnl.ifinfmsg, rtnl.RTM_NEWLINK, {"index": 7, "flags": 1}, pairs))


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
    message = body(rtnl.ifaddrmsg, rtnl.RTM_NEWADDR, fields, [("IFA_LOCAL", local), ("IFA_ADDRESS", peer)])
    assert interface.parse_address(message) == (7, expected)


def test_link_local_addresses_are_the_kernels_own() -> None:
    fields = {"family": socket.AF_INET6, "prefixlen": 64, "index": 7, "scope": 253}
    message = body(rtnl.ifaddrmsg, rtnl.RTM_NEWADDR, fields, [("IFA_ADDRESS", "fe80::1")])
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


def destination(message: bytes) -> tuple[str, frozenset[Hop]]:
    found = route.parse(message)
    return found.prefix, found.hops


def test_a_route_with_one_next_hop_is_read() -> None:
    fields = {"family": socket.AF_INET, "dst_len": 16}
    pairs = [("RTA_DST", "10.5.0.0"), ("RTA_GATEWAY", "10.0.0.2"), ("RTA_OIF", 3)]
    assert destination(body(rtnl.rtmsg, rtnl.RTM_NEWROUTE, fields, pairs)) == ("10.5.0.0/16", {Hop("10.0.0.2", 3)})


def test_a_default_route_has_no_destination_on_the_wire() -> None:
    fields = {"family": socket.AF_INET6, "dst_len": 0}
    pairs = [("RTA_GATEWAY", "fd00::2"), ("RTA_OIF", 3)]
    assert destination(body(rtnl.rtmsg, rtnl.RTM_NEWROUTE, fields, pairs)) == ("::/0", {Hop("fd00::2", 3)})


def test_several_next_hops_are_read_as_a_set() -> None:
    hops = [(n, [("RTA_GATEWAY", f"10.0.{n}.2")]) for n in (1, 2)]
    fields = {"family": socket.AF_INET, "dst_len": 16}
    message = body(rtnl.rtmsg, rtnl.RTM_NEWROUTE, fields, [("RTA_DST", "10.5.0.0"), ("RTA_MULTIPATH", hops)])
    assert destination(message) == ("10.5.0.0/16", {Hop("10.0.1.2", 1), Hop("10.0.2.2", 2)})


def test_a_route_to_a_link_has_no_gateway() -> None:
    fields = {"family": socket.AF_INET, "dst_len": 32}
    message = body(rtnl.rtmsg, rtnl.RTM_NEWROUTE, fields, [("RTA_DST", "10.0.0.4"), ("RTA_OIF", 5)])
    assert destination(message) == ("10.0.0.4/32", {Hop("", 5)})


@pytest.mark.parametrize(("pairs", "table"), [([], MAIN), ([("RTA_TABLE", 1_000_000)], 1_000_000)])
def test_a_route_tells_its_table(pairs: rtnl.Attributes, table: int) -> None:
    """254 is the main one; greater numbers than 255 have an attribute of their own."""
    fields = {"family": socket.AF_INET, "dst_len": 32, "table": 252 if pairs else 254}
    assert route.parse(body(rtnl.rtmsg, rtnl.RTM_NEWROUTE, fields, [("RTA_DST", "10.0.0.4"), *pairs])).table == table


@pytest.mark.parametrize("row", [
    (100, Verdict.GOTO, 70_000, "n1", "", -1, 4), (70_001, Verdict.TABLE, MAIN, "", "10.1.0.0/16", -1, 4),
    (70_002, Verdict.TABLE, 4_000_000, "", "", 16, 4), (70_003, Verdict.UNREACHABLE, MAIN, "", "", -1, 4),
    (70_001, Verdict.TABLE, MAIN, "", "fd00:1::/48", -1, 6), (70_002, Verdict.TABLE, 4_000_000, "", "", 64, 6)])
def test_a_routing_rule_is_read_as_it_was_written(row: lookup.Row) -> None:
    assert lookup.parse(lookup.message(rtnl.RTM_NEWRULE, 0, row)[HEADER:]) == row


@pytest.mark.parametrize("rest", [b"", b"\x01", b"\x00\x00\x00\x00", b"\x02\x00\x01\x00"])
def test_a_broken_attribute_ends_the_reading(rest: bytes) -> None:
    whole = struct.pack("=HHI", 8, 5, 42)
    assert netlink.attributes(whole + rest) == {5: struct.pack("=I", 42)}


def test_flags_of_an_attribute_are_not_part_of_its_number() -> None:
    nested = struct.pack("=HH4s", 8, 0x8000 | 18, b"abcd")
    assert netlink.attributes(nested) == {18: b"abcd"}


def nested(*pairs: tuple[str, object]) -> dict[str, object]:
    """As pyroute2 has it."""
    return {"attrs": list(pairs)}


@pytest.mark.parametrize(
    ("theirs", "ours", "kind", "fields", "pairs", "their_pairs"),
    [
        pytest.param(ifinfmsg, rtnl.ifinfmsg, rtnl.RTM_GETLINK, {}, [("IFLA_IFNAME", "a1"), ("IFLA_EXT_MASK", 8)],
                     None, id="question"),
        pytest.param(
            ifinfmsg, rtnl.ifinfmsg, rtnl.RTM_NEWLINK, {},
            [("IFLA_IFNAME", "w1p"), ("IFLA_MTU", 1600), ("IFLA_ADDRESS", "02:00:00:00:00:0a"), ("IFLA_LINKINFO", [
                ("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", [
                    ("VETH_INFO_PEER", [("IFLA_IFNAME", "c1"), ("IFLA_MTU", 1600), ("IFLA_NET_NS_FD", 7)])])])],
            [("IFLA_IFNAME", "w1p"), ("IFLA_MTU", 1600), ("IFLA_ADDRESS", "02:00:00:00:00:0a"),
             ("IFLA_LINKINFO", nested(
                ("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", nested(
                    ("VETH_INFO_PEER", nested(("IFLA_IFNAME", "c1"), ("IFLA_MTU", 1600), ("IFLA_NET_NS_FD", 7)))))))],
            id="veth"),
        pytest.param(
            ifinfmsg, rtnl.ifinfmsg, rtnl.RTM_NEWLINK, {},
            [("IFLA_LINKINFO", [("IFLA_INFO_KIND", "vxlan"), ("IFLA_INFO_DATA", [
                ("IFLA_VXLAN_ID", 4711), ("IFLA_VXLAN_GROUP", "10.0.0.1"), ("IFLA_VXLAN_LOCAL", "10.0.0.2"),
                ("IFLA_VXLAN_GROUP6", "fd00::1"), ("IFLA_VXLAN_LOCAL6", "fd00::2"), ("IFLA_VXLAN_PORT", 4789),
                ("IFLA_VXLAN_TTL", 64), ("IFLA_VXLAN_LEARNING", 0)])])],
            [("IFLA_LINKINFO", nested(("IFLA_INFO_KIND", "vxlan"), ("IFLA_INFO_DATA", nested(
                ("IFLA_VXLAN_ID", 4711), ("IFLA_VXLAN_GROUP", "10.0.0.1"), ("IFLA_VXLAN_LOCAL", "10.0.0.2"),
                ("IFLA_VXLAN_GROUP6", "fd00::1"), ("IFLA_VXLAN_LOCAL6", "fd00::2"), ("IFLA_VXLAN_PORT", 4789),
                ("IFLA_VXLAN_TTL", 64), ("IFLA_VXLAN_LEARNING", 0)))))],
            id="vxlan"),
        pytest.param(ifinfmsg, rtnl.ifinfmsg, rtnl.RTM_SETLINK, {"index": 3, "flags": 1, "change": 1},
                     [("IFLA_IFALIAS", "tl:abcd:0"), ("IFLA_MASTER", 4)], None, id="settings"),
        pytest.param(ifaddrmsg, rtnl.ifaddrmsg, rtnl.RTM_NEWADDR, {"family": 2, "prefixlen": 30, "index": 3},
                     [("IFA_LOCAL", "10.0.0.1"), ("IFA_ADDRESS", "10.0.0.2")], None, id="address"),
        pytest.param(ifaddrmsg, rtnl.ifaddrmsg, rtnl.RTM_NEWADDR,
                     {"family": 10, "prefixlen": 126, "flags": 2, "index": 3},
                     [("IFA_LOCAL", "fd00::1"), ("IFA_ADDRESS", "fd00::1")], None, id="address6"),
        pytest.param(
            rtmsg, rtnl.rtmsg, rtnl.RTM_NEWROUTE, {"family": 2, "dst_len": 16, "table": 254, "proto": 4, "type": 1},
            [("RTA_DST", "10.5.0.0"), ("RTA_MULTIPATH", [(n, [("RTA_GATEWAY", f"10.0.{n}.2")]) for n in (1, 2)])],
            [("RTA_DST", "10.5.0.0"), ("RTA_MULTIPATH", [
                {"hops": 0, "oif": n, "attrs": [("RTA_GATEWAY", f"10.0.{n}.2")]} for n in (1, 2)])],
            id="route"),
        pytest.param(ndmsg, rtnl.ndmsg, rtnl.RTM_GETNEIGH, {"family": 2}, [], None, id="neighbours"),
        pytest.param(tcmsg, rtnl.tcmsg, rtnl.RTM_NEWQDISC, {"index": 3, "handle": 0xFFFF0000, "parent": 0xFFFFFFF1},
                     [("TCA_KIND", "clsact")], None, id="qdisc"),
        pytest.param(
            tcmsg, rtnl.tcmsg, rtnl.RTM_NEWTFILTER, {"index": 3, "handle": 1, "parent": 0xFFFFFFF2, "info": 0x10300},
            [("TCA_KIND", "bpf"), ("TCA_OPTIONS", [("TCA_BPF_FD", 9), ("TCA_BPF_NAME", "xconnect"),
                                                   ("TCA_BPF_FLAGS", 1)])],
            [("TCA_KIND", "bpf"), ("TCA_OPTIONS", nested(("TCA_BPF_FD", 9), ("TCA_BPF_NAME", "xconnect"),
                                                         ("TCA_BPF_FLAGS", 1)))],
            id="filter"),
    ],
)
def test_a_message_is_written_as_pyroute2_writes_it(
    theirs: type[nlmsg], ours: rtnl.Layout, kind: int, fields: dict[str, int], pairs: rtnl.Attributes,
    their_pairs: list[tuple[str, object]] | None,
) -> None:
    message = theirs()
    message["header"]["type"] = kind
    message["header"]["flags"] = netlink.NLM_F_REQUEST
    message.update(fields)
    message["attrs"] = list(their_pairs or pairs)
    message.encode()
    assert netlink.encode(ours, kind, 0, fields, pairs) == bytes(message.data)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(KeyError, match="speed"):
        rtnl.ifinfmsg.render({"speed": 1})
