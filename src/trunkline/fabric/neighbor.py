"""Neighbour tables (ARP and ND) of a node."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

from trunkline.fabric import interface, netlink, rtnl
from trunkline.fabric.interface import State
from trunkline.fabric.netlink import Channel
from trunkline.intent.network import Neighbor

_FIXED_BYTES = 12
_NDA_DST, _NDA_LLADDR, _NDA_CACHEINFO = 1, 2, 3
_STATES = {
    0x01: "INCOMPLETE",
    0x02: "REACHABLE",
    0x04: "STALE",
    0x08: "DELAY",
    0x10: "PROBE",
    0x20: "FAILED",
    0x80: "PERMANENT",
}  #: 0x40, NOARP, is what multicast and loopback have


def read(channel: Channel) -> tuple[Neighbor, ...]:
    """Neighbours, then the node's own addresses as PERMANENT (without those of 127.0.0.0/8 and ::1)."""
    links = {state.index: state for state in interface.find_all(channel)}
    return (*_neighbors(channel, links), *_own(channel, links))


def _neighbors(channel: Channel, links: dict[int, State]) -> Iterator[Neighbor]:
    for family in (socket.AF_INET, socket.AF_INET6):
        for body in channel.dump(netlink.encode(rtnl.ndmsg, rtnl.RTM_GETNEIGH, 0, {"family": family})):
            index, number = struct.unpack_from("=4xiH", body)
            if number not in _STATES or index not in links:
                continue
            found = netlink.attributes(body, _FIXED_BYTES)
            yield Neighbor(
                address=socket.inet_ntop(family, found[_NDA_DST]),
                mac=found.get(_NDA_LLADDR, b"").hex(":"),
                interface=links[index].name,
                state=_STATES[number],
                age_s=_age_s(found.get(_NDA_CACHEINFO, b"")),
            )


def _age_s(cache: bytes) -> int:
    """Since the neighbour was last confirmed; the kernel counts in ticks."""
    return int(struct.unpack_from("=I", cache)[0]) // os.sysconf("SC_CLK_TCK") if cache else 0


def _own(channel: Channel, links: dict[int, State]) -> Iterator[Neighbor]:
    for state in links.values():
        for address in sorted(interface.addresses(channel, state.index), key=str):
            if not address.local.startswith(("127.", "::1/")):
                yield Neighbor(address.local.partition("/")[0], state.mac, state.name, "PERMANENT", 0)
