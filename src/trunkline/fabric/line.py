"""Lines: whether the interfaces of a node carry, what they have carried, and the light of those with an optic."""

from __future__ import annotations

import struct

from trunkline.fabric import interface, netlink, optic, rtnl
from trunkline.fabric.netlink import Channel
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Counter, Line

_LINK_BYTES = 16
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_STATS64, _IFLA_INFO_KIND = 3, 18, 23, 1
_IFF_UP, _IFF_LOWER_UP = 1, 1 << 16
_STATS = struct.Struct("=4Q")  #: packets received and sent, bytes received and sent

_ALL_LINKS = netlink.encode(rtnl.ifinfmsg, rtnl.RTM_GETLINK, 0, {})


def read(visit: Visit, node: str) -> tuple[Line, ...]:
    """Nothing, for a node that does not exist."""
    if not visit.has(node):
        return ()
    return tuple(_line(visit, node, body) for body in _bodies(visit.channel(node)))


def _bodies(channel: Channel) -> list[bytes]:
    return channel.dump(_ALL_LINKS)


def _line(visit: Visit, node: str, body: bytes) -> Line:
    line, kind = parse(body)
    if kind:
        return line
    light = optic.read(visit.descriptor(node), line.name)
    return Line(line.name, line.up, line.carrier, line.received, line.sent, light)


def parse(body: bytes) -> tuple[Line, str]:
    """The body of an RTM_NEWLINK message, and the interface's kind: none for a physical one."""
    flags = struct.unpack_from("=8xI", body)[0]
    found = netlink.attributes(body, _LINK_BYTES)
    info = netlink.attributes(found.get(_IFLA_LINKINFO, b""))
    packets_in, packets_out, bytes_in, bytes_out = _STATS.unpack_from(found.get(_IFLA_STATS64, bytes(_STATS.size)))
    name = interface.parse(body).name
    up = bool(flags & _IFF_UP)
    return Line(name, up, up and bool(flags & _IFF_LOWER_UP), Counter(packets_in, bytes_in),
                Counter(packets_out, bytes_out)), info.get(_IFLA_INFO_KIND, b"").rstrip(b"\0").decode()
