"""rtnetlink's messages and attributes, as far as we write them: linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h,
fib_rules.h, pkt_sched.h, pkt_cls.h.

Written here, not with a library: encoding was a quarter of what a circuit costs, and now is a hundredth. The tests hold
every message against pyroute2's.
"""

from __future__ import annotations

import ipaddress
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_GETNEIGH = 30
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE = 32, 33, 34
RTM_NEWQDISC = 36
RTM_NEWTFILTER, RTM_DELTFILTER, RTM_GETTFILTER = 44, 45, 46

#: A message's attributes by name; a nested one's value is again such a sequence.
Attributes = Sequence[tuple[str, object]]

#: The kernel has one lock for all of this, in all namespaces. Who needs it for a message sleeps until it is free, but
#: who needs it for a setting under /proc/sys spins; so at most one thread of ours asks at a time.
TURN = threading.Lock()

_HEAD = struct.Struct("=HH")
_HOP = struct.Struct("=HBBi")


@dataclass(frozen=True, slots=True)
class Layout:
    """The fixed part of a message; fields that are not named are 0."""

    packed: struct.Struct
    fields: tuple[str, ...]

    def render(self, values: Mapping[str, int]) -> bytes:
        if unknown := values.keys() - set(self.fields):
            raise KeyError(f"no such fields: {', '.join(sorted(unknown))}")
        return self.packed.pack(*(values.get(name, 0) for name in self.fields))


ifinfmsg = Layout(struct.Struct("=BxHiII"), ("family", "type", "index", "flags", "change"))
ifaddrmsg = Layout(struct.Struct("=BBBBI"), ("family", "prefixlen", "flags", "scope", "index"))
rtmsg = Layout(
    struct.Struct("=8BI"),
    ("family", "dst_len", "src_len", "tos", "table", "proto", "scope", "type", "flags"),
)
fibrulemsg = Layout(
    struct.Struct("=5BxxBI"), ("family", "dst_len", "src_len", "tos", "table", "action", "flags")
)
ndmsg = Layout(struct.Struct("=BxxxiHBB"), ("family", "ifindex", "state", "flags", "type"))
tcmsg = Layout(struct.Struct("=BxxxiIII"), ("family", "index", "handle", "parent", "info"))


def render(pairs: Attributes) -> bytes:
    """Each attribute: its length, number and value, padded to four bytes."""
    return b"".join(_render_one(name, value) for name, value in pairs)


def _render_one(name: str, value: object) -> bytes:
    number, render_value = _ATTRIBUTES[name]
    data = render_value(value)
    return _HEAD.pack(_HEAD.size + len(data), number) + data + bytes(-len(data) % 4)


def _number(layout: str) -> Callable[[int], bytes]:
    return struct.Struct(layout).pack


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def _address(value: str) -> bytes:
    return ipaddress.ip_address(value).packed


def _nested(value: Attributes | bytes) -> bytes:
    """A few kinds have a struct where others have attributes."""
    return value if isinstance(value, bytes) else render(value)


def _peer(value: Attributes) -> bytes:
    """The other end of a veth: a message in the message."""
    return ifinfmsg.render({}) + render(value)


def _hops(value: Sequence[tuple[int, Attributes]]) -> bytes:
    """struct rtnexthop for each (ifindex, attributes)."""
    found = ((index, render(pairs)) for index, pairs in value)
    return b"".join(_HOP.pack(_HOP.size + len(data), 0, 0, index) + data for index, data in found)


_u8, _u16, _u32, _port = _number("=B"), _number("=H"), _number("=I"), _number("!H")

#: Number, and how a value is written.
_ATTRIBUTES: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    "IFLA_ADDRESS": (1, _mac),
    "IFLA_IFNAME": (3, _text),
    "IFLA_MTU": (4, _u32),
    "IFLA_TXQLEN": (13, _u32),
    "IFLA_LINK": (5, _u32),
    "IFLA_MASTER": (10, _u32),
    "IFLA_LINKINFO": (18, _nested),
    "IFLA_IFALIAS": (20, _text),
    "IFLA_NET_NS_FD": (28, _u32),
    "IFLA_EXT_MASK": (29, _u32),
    "IFLA_INFO_KIND": (1, _text),
    "IFLA_INFO_DATA": (2, _nested),
    "VETH_INFO_PEER": (1, _peer),
    "IFLA_VXLAN_ID": (1, _u32),
    "IFLA_VXLAN_GROUP": (2, _address),
    "IFLA_VXLAN_LOCAL": (4, _address),
    "IFLA_VXLAN_TTL": (5, _u8),
    "IFLA_VXLAN_LEARNING": (7, _u8),
    "IFLA_VXLAN_PORT": (15, _port),
    "IFLA_VXLAN_GROUP6": (16, _address),
    "IFLA_VXLAN_LOCAL6": (17, _address),
    "IFLA_VLAN_ID": (1, _u16),
    "IFLA_VRF_TABLE": (1, _u32),
    "IFA_ADDRESS": (1, _address),
    "IFA_LOCAL": (2, _address),
    "RTA_DST": (1, _address),
    "RTA_OIF": (4, _u32),
    "RTA_GATEWAY": (5, _address),
    "RTA_PRIORITY": (6, _u32),
    "RTA_MULTIPATH": (9, _hops),
    "RTA_TABLE": (15, _u32),
    "FRA_DST": (1, _address),
    "FRA_IIFNAME": (3, _text),
    "FRA_GOTO": (4, _u32),
    "FRA_PRIORITY": (6, _u32),
    "FRA_SUPPRESS_PREFIXLEN": (14, _u32),
    "FRA_TABLE": (15, _u32),
    "FRA_PROTOCOL": (21, _u8),
    "TCA_KIND": (1, _text),
    "TCA_OPTIONS": (2, _nested),
    "TCA_BPF_FD": (6, _u32),
    "TCA_BPF_NAME": (7, _text),
    "TCA_BPF_FLAGS": (8, _u32),
}
