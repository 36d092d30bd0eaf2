"""Static routes, marked with the protocol ``static`` so that daemons' routes and ours never mix."""

from __future__ import annotations

import errno
import functools
import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from trunkline.errors import DriverFailure
from trunkline.fabric import interface, netlink, rtnl
from trunkline.fabric.held import is_anything_held
from trunkline.fabric.netlink import Channel
from trunkline.fabric.visit import Visit
from trunkline.intent.network import MAIN, KernelRoute, Route, RouteKind

_FIXED_BYTES = 12
_MAIN_TABLE, _LOCAL_TABLE, _PROTOCOL_STATIC = 254, 255, 4
_SCOPE_GLOBAL, _SCOPE_LINK, _SCOPE_HOST, _ANY_SCOPE = 0, 253, 254, 255
_LOOPBACK = 1  #: ifindex of every namespace's
_ONLINK = 4  #: the next hop is on the link, whatever the addresses say
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_MULTIPATH, _RTA_TABLE, _RTA_VIA = 1, 4, 5, 6, 9, 15, 18
_HOP = struct.Struct("=HBBi")

_KINDS = {RouteKind.UNICAST: 1, RouteKind.BLACKHOLE: 6, RouteKind.UNREACHABLE: 7, RouteKind.THROW: 9,
          RouteKind.LOCAL: 2}
_KIND_NAMES = {number: kind.value for kind, number in _KINDS.items()}
_PROTOCOLS = {2: "kernel", 3: "boot", _PROTOCOL_STATIC: "static", 12: "bird", 186: "bgp"}


#: Table, prefix, metric: of ours there is one route at each.
Place = tuple[int, str, int]


@dataclass(frozen=True, slots=True, order=True)
class Hop:
    gateway: str  #: empty: the destination is on the link
    index: int  #: ifindex


@dataclass(frozen=True, slots=True)
class Row:
    """A route as the kernel tells it; the main table is MAIN, as in a Route, and so is the metric: IPv6 routes all have
    one, which is none of ours."""

    table: int
    prefix: str
    kind: int
    protocol: int
    hops: frozenset[Hop]
    metric: int = 0

    @property
    def place(self) -> Place:
        return self.table, self.prefix, self.metric


def is_settled(visit: Visit, route: Route) -> bool:
    """What went with interfaces that are held down comes back with them."""
    return visit.has(route.node) and (_is_there(visit, route) or is_anything_held(visit.places, route.node))


def _is_there(visit: Visit, route: Route) -> bool:
    held = _table(visit, route.node).get((route.table, _prefix(route), route.metric))
    if held is None or held.kind != _KINDS[route.kind]:
        return False
    if route.kind is not RouteKind.UNICAST:
        return True
    if route.interface:
        return held.hops == _hops(visit, route)
    return {hop.gateway for hop in held.hops} == _gateways(route)


def ensure(visit: Visit, route: Route) -> None:
    """One message creates it or replaces another of the same prefix, with no moment in between."""
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_REPLACE
    visit.channel(route.node).tell(_message(rtnl.RTM_NEWROUTE, flags, route, _scope(route), _way(visit, route)))


def remove(visit: Visit, route: Route) -> None:
    if visit.has(route.node):
        visit.channel(route.node).tell(_message(rtnl.RTM_DELROUTE, 0, route, _ANY_SCOPE, []), errno.ESRCH)


def _scope(route: Route) -> int:
    if route.kind is RouteKind.LOCAL:
        return _SCOPE_HOST
    return _SCOPE_LINK if route.kind is RouteKind.UNICAST and not route.next_hops else _SCOPE_GLOBAL


def _way(visit: Visit, route: Route) -> list[tuple[str, object]]:
    if route.kind is RouteKind.LOCAL:
        return _destination([Hop("", _LOOPBACK)])
    if route.kind is not RouteKind.UNICAST:
        return []
    if not route.interface and not route.next_hops:
        raise DriverFailure(f"the route to {route.prefix} leads neither to a next hop nor to an interface")
    hops = sorted(_hops(visit, route) if route.interface else {Hop(gateway, 0) for gateway in _gateways(route)})
    return _destination(hops)


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
        "table": 0 if route.table else _MAIN_TABLE,
        "proto": _PROTOCOL_STATIC,
        "scope": scope,
        "type": _KINDS[route.kind],
        "flags": _ONLINK if route.next_hops and route.interface else 0,
    }
    table = [("RTA_TABLE", route.table)] if route.table else []
    metric = [("RTA_PRIORITY", route.metric)] if route.metric else []
    pairs = [("RTA_DST", str(network.network_address)), *metric, *hops, *table]
    return netlink.encode(rtnl.rtmsg, kind, flags, fields, pairs)


def _destination(hops: list[Hop]) -> list[tuple[str, object]]:
    if len(hops) == 1:
        return _leads_to(hops[0])
    return [("RTA_MULTIPATH", [(hop.index, _gateway(hop)) for hop in hops])]


def _leads_to(hop: Hop) -> list[tuple[str, object]]:
    return [*_gateway(hop), *([("RTA_OIF", hop.index)] if hop.index else [])]


def _gateway(hop: Hop) -> list[tuple[str, object]]:
    return [("RTA_GATEWAY", hop.gateway)] if hop.gateway else []


# Reading


def _table(visit: Visit, node: str) -> dict[Place, Row]:
    return visit.remember(("routes", node), lambda: read(visit.channel(node)))


@functools.cache
def _question(family: int, protocol: int) -> bytes:
    return netlink.encode(rtnl.rtmsg, rtnl.RTM_GETROUTE, 0, {"family": family, "proto": protocol})


def read(channel: Channel) -> dict[Place, Row]:
    """Our static routes. The kernel filters, so a VRF's thousands of BGP routes are not carried
    over."""
    found: dict[Place, Row] = {}
    for row in _rows(channel, _PROTOCOL_STATIC):
        before = found.get(row.place)
        hops = before.hops | row.hops if before else row.hops
        found[row.place] = replace(row, hops=hops)
    return found


def read_all(channel: Channel) -> tuple[KernelRoute, ...]:
    """Everybody's, without the kernel's table of its own addresses."""
    names = {state.index: state.name for state in interface.find_all(channel)}
    return tuple(
        KernelRoute(row.prefix, row.table, _KIND_NAMES.get(row.kind, str(row.kind)),
                    _PROTOCOLS.get(row.protocol, str(row.protocol)),
                    tuple((hop.gateway, names.get(hop.index, "")) for hop in sorted(row.hops)
                          if hop.gateway or hop.index))
        for row in _rows(channel, 0) if row.table != _LOCAL_TABLE)


def _rows(channel: Channel, protocol: int) -> Iterator[Row]:
    """``protocol`` 0: all."""
    for family in (socket.AF_INET, socket.AF_INET6):
        for body in channel.dump(_question(family, protocol)):
            yield parse(body)


def parse(body: bytes) -> Row:
    """The body of an RTM_NEWROUTE message."""
    family, length, table, protocol, kind = body[0], body[1], body[4], body[5], body[7]
    found = netlink.attributes(body, _FIXED_BYTES)
    any_address = bytes(4 if family == socket.AF_INET else 16)
    prefix = f"{socket.inet_ntop(family, found.get(_RTA_DST, any_address))}/{length}"
    table = int.from_bytes(found[_RTA_TABLE], sys.byteorder) if _RTA_TABLE in found else table
    metric = int.from_bytes(found.get(_RTA_PRIORITY, b""), sys.byteorder) if family == socket.AF_INET else 0
    return Row(MAIN if table == _MAIN_TABLE else table, prefix, kind, protocol, _hops_of(family, found), metric)


def _hops_of(family: int, found: dict[int, bytes]) -> frozenset[Hop]:
    if _RTA_MULTIPATH in found:
        return frozenset(_parse_hops(family, found[_RTA_MULTIPATH]))
    index = int.from_bytes(found.get(_RTA_OIF, b""), sys.byteorder)
    return frozenset({Hop(_parse_gateway(family, found), index)})


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
