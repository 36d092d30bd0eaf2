"""Static routes, marked with the protocol ``static`` so that daemons' routes and ours never mix."""

from __future__ import annotations

import errno
import functools
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.errors import DriverFailure
from trunkline.fabric import interface, netlink, rtnl
from trunkline.fabric.netlink import Channel
from trunkline.fabric.visit import Visit
from trunkline.intent.network import Route

_FIXED_BYTES = 12
_MAIN_TABLE, _PROTOCOL_STATIC, _UNICAST = 254, 4, 1
_SCOPE_GLOBAL, _SCOPE_LINK, _ANY_SCOPE = 0, 253, 255
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_MULTIPATH, _RTA_VIA = 1, 4, 5, 9, 18
_HOP = struct.Struct("=HBBi")


@dataclass(frozen=True, slots=True, order=True)
class Hop:
    gateway: str  #: empty: the destination is on the link
    index: int  #: ifindex


def is_settled(visit: Visit, route: Route) -> bool:
    if not visit.has(route.node):
        return False
    held = _table(visit, route.node).get(_prefix(route), frozenset())
    if route.interface:
        return held == _hops(visit, route)
    return {hop.gateway for hop in held} == _gateways(route)


def ensure(visit: Visit, route: Route) -> None:
    """One message creates it or replaces another of the same prefix, with no moment in between."""
    channel = visit.channel(route.node)
    if not route.interface and not route.next_hops:
        raise DriverFailure(f"the route to {route.prefix} leads neither to a next hop nor to an interface")
    hops = sorted(_hops(visit, route) if route.interface else {Hop(gateway, 0) for gateway in _gateways(route)})
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_REPLACE
    scope = _SCOPE_GLOBAL if route.next_hops else _SCOPE_LINK
    channel.tell(_message(rtnl.RTM_NEWROUTE, flags, route, scope, _destination(hops)))


def remove(visit: Visit, route: Route) -> None:
    if visit.has(route.node):
        visit.channel(route.node).tell(_message(rtnl.RTM_DELROUTE, 0, route, _ANY_SCOPE, []), errno.ESRCH)


def _prefix(route: Route) -> str:
    return str(ipaddress.ip_network(route.prefix))


def _hops(visit: Visit, route: Route) -> frozenset[Hop]:
    state = interface.find(visit.channel(route.node), route.interface)
    if state is None:
        raise DriverFailure(f"{route.node} has no interface {route.interface} for the route to {route.prefix}")
    return frozenset(Hop(gateway, state.index) for gateway in _gateways(route))


def _gateways(route: Route) -> frozenset[str]:
    return frozenset(str(ipaddress.ip_address(hop)) for hop in route.next_hops) or frozenset({""})


def _message(kind: int, flags: int, route: Route, scope: int, hops: list[tuple[str, object]]) -> bytes:
    network = ipaddress.ip_network(route.prefix)
    fields = {
        "family": socket.AF_INET if network.version == 4 else socket.AF_INET6,
        "dst_len": network.prefixlen,
        "table": _MAIN_TABLE,
        "proto": _PROTOCOL_STATIC,
        "scope": scope,
        "type": _UNICAST,
    }
    return netlink.encode(rtnl.rtmsg, kind, flags, fields, [("RTA_DST", str(network.network_address)), *hops])


def _destination(hops: list[Hop]) -> list[tuple[str, object]]:
    if len(hops) == 1:
        return _leads_to(hops[0])
    return [("RTA_MULTIPATH", [(hop.index, _gateway(hop)) for hop in hops])]


def _leads_to(hop: Hop) -> list[tuple[str, object]]:
    return [*_gateway(hop), *([("RTA_OIF", hop.index)] if hop.index else [])]


def _gateway(hop: Hop) -> list[tuple[str, object]]:
    return [("RTA_GATEWAY", hop.gateway)] if hop.gateway else []


# Reading


def _table(visit: Visit, node: str) -> dict[str, frozenset[Hop]]:
    return visit.remember(("routes", node), lambda: read(visit.channel(node)))


@functools.cache
def _question(family: int) -> bytes:
    fields = {"family": family, "table": _MAIN_TABLE, "proto": _PROTOCOL_STATIC, "type": _UNICAST}
    return netlink.encode(rtnl.rtmsg, rtnl.RTM_GETROUTE, 0, fields)


def read(channel: Channel) -> dict[str, frozenset[Hop]]:
    """Our static routes by prefix. The kernel filters, so a VRF's thousands of BGP routes are not carried over."""
    table: dict[str, frozenset[Hop]] = {}
    for family in (socket.AF_INET, socket.AF_INET6):
        for body in channel.dump(_question(family)):
            prefix, hops = parse(body)
            table[prefix] = table.get(prefix, frozenset()) | hops
    return table


def parse(body: bytes) -> tuple[str, frozenset[Hop]]:
    """The body of an RTM_NEWROUTE message."""
    family, length = body[0], body[1]
    found = netlink.attributes(body, _FIXED_BYTES)
    any_address = bytes(4 if family == socket.AF_INET else 16)
    prefix = f"{socket.inet_ntop(family, found.get(_RTA_DST, any_address))}/{length}"
    if _RTA_MULTIPATH in found:
        return prefix, frozenset(_parse_hops(family, found[_RTA_MULTIPATH]))
    index = int.from_bytes(found.get(_RTA_OIF, b""), sys.byteorder)
    return prefix, frozenset({Hop(_parse_gateway(family, found), index)})


def _parse_hops(family: int, data: bytes) -> Iterator[Hop]:
    at = 0
    while at + _HOP.size <= len(data):
        length, _, _, index = _HOP.unpack_from(data, at)
        yield Hop(_parse_gateway(family, netlink.attributes(data[at : at + length], _HOP.size)), index)
        at += (length + 3) & ~3


def _parse_gateway(family: int, found: dict[int, bytes]) -> str:
    """RTA_VIA carries a gateway of the other family, after two bytes that say which."""
    if _RTA_VIA in found:
        via = found[_RTA_VIA]
        return socket.inet_ntop(int.from_bytes(via[:2], sys.byteorder), via[2:])
    return socket.inet_ntop(family, found[_RTA_GATEWAY]) if _RTA_GATEWAY in found else ""
