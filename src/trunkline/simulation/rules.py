"""What Linux would refuse, and what vanishes with what. Pure.

A piece stands as long as nothing is said against it: the same rules decide whether it can be made and whether it goes
when another piece goes (a veth with either of its ends, a route with its next hop's subnet).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface

from trunkline.intent.network import (
    OUTSIDE,
    Address,
    Cache,
    Capacity,
    CrossConnect,
    Filter,
    Hygiene,
    Impairment,
    Interface,
    Link,
    Lookup,
    Piece,
    Policer,
    Responder,
    Rewriting,
    Route,
    RouteKind,
    Sentry,
    Tag,
    Tunnel,
)
from trunkline.simulation.world import World, interfaces

_NAME_LENGTH = 15  # IFNAMSIZ without its zero byte
_MTU = range(68, 65_536)
_VNI = range(1, 1 << 24)
_VID = range(1, 4095)


def objection(piece: Piece, others: World) -> str:
    """Why Linux would refuse the piece beside the others; empty when it would not."""
    return next(_objections(piece, others), "")


def _objections(piece: Piece, others: World) -> Iterator[str]:
    for interface in interfaces(piece):
        yield from _against_interface(interface, others)
    match piece:
        case Link():
            yield from _against_link(piece)
        case Tunnel():
            yield from _against_tunnel(piece, others)
        case Route():
            yield from _against_route(piece, others)
        case CrossConnect():
            yield from _against_cross_connect(piece, others)
        case Sentry() | Impairment() | Capacity() | Hygiene():
            yield from _against_program(piece, others)
        case Filter() | Lookup() | Policer() | Cache() | Responder() | Rewriting():
            yield from _against_nowhere(piece.node, others)


def _against_interface(interface: Interface, others: World) -> Iterator[str]:
    name = interface.name
    if not 0 < len(name) <= _NAME_LENGTH or any(letter in "/: " for letter in name):
        yield f"'{name}' is no interface name: at most {_NAME_LENGTH} characters, without '/', ':' and space"
    if interface.node != OUTSIDE and interface.node not in others.nodes:
        yield f"node {interface.node} does not exist"
    elif interface.bridged and not others.nodes[interface.node].bridge:
        yield f"node {interface.node} has no bridge"
    if others.interface(interface.node, name):
        yield f"interface {name} exists already in {interface.node or 'this namespace'}"
    if interface.mtu not in _MTU:
        yield f"MTU {interface.mtu} of {name} is not between {_MTU[0]} and {_MTU[-1]}"
    yield from _against_addresses(interface)


def _against_addresses(interface: Interface) -> Iterator[str]:
    seen: set[str] = set()
    for address in interface.addresses:
        if reason := _against_address(address):
            yield reason
        elif address.local in seen:
            yield f"address {address.local} stands twice on {interface.name}"
        seen.add(address.local)


def _against_address(address: Address) -> str:
    try:
        ip_interface(address.local)
        if address.peer:
            ip_address(address.peer)
    except ValueError as error:
        return str(error)
    return ""


def _against_nowhere(node: str, others: World) -> Iterator[str]:
    if node not in others.nodes:
        yield f"node {node} does not exist"


def _against_link(link: Link) -> Iterator[str]:
    if (link.a.node, link.a.name) == (link.b.node, link.b.name):
        yield f"both ends would be {link.a.name} in {link.a.node}"


def _against_tunnel(tunnel: Tunnel, others: World) -> Iterator[str]:
    underlay = others.nodes.get(tunnel.underlay)
    if underlay is None:
        yield f"underlay {tunnel.underlay} does not exist"
    elif tunnel.local not in {bare.partition("/")[0] for bare in underlay.loopback}:
        yield f"underlay {tunnel.underlay} has no loopback {tunnel.local}"
    if tunnel.vni not in _VNI:
        yield f"VNI {tunnel.vni} is not between {_VNI[0]} and {_VNI[-1]}"
    if (tunnel.underlay, tunnel.vni) in others.sockets:
        yield f"VNI {tunnel.vni} has a socket in {tunnel.underlay} already"


def _against_route(route: Route, others: World) -> Iterator[str]:
    yield from _against_nowhere(route.node, others)
    if route.kind is not RouteKind.UNICAST:
        return
    if (route.interface or not route.next_hops) and not others.interface(route.node, route.interface):
        yield f"interface {route.interface} does not exist in {route.node}"
    here = [address for one in others.interfaces.get(route.node, {}).values() for address in one.addresses]
    for hop in route.next_hops:
        if not route.interface and not any(on_link(hop, address) for address in here):
            yield f"next hop {hop} is on no link of {route.node}"


def on_link(hop: str, address: Address) -> bool:
    """Whether an interface with ``address`` reaches ``hop`` without a router."""
    if address.peer:
        return hop == address.peer
    return ip_address(hop) in ip_interface(address.local).network


def _against_cross_connect(entry: CrossConnect, others: World) -> Iterator[str]:
    for name in (entry.ingress, entry.egress):
        if not others.interface(entry.node, name):
            yield f"interface {name} does not exist in {entry.node}"
    if entry.policer and ("policer", f"{entry.node}:{entry.policer}") not in others.pieces:
        yield f"policer {entry.policer} does not exist in {entry.node}"
    for tags in (entry.match, entry.push):
        yield from _against_tags(tags)


def _against_program(piece: Sentry | Impairment | Capacity | Hygiene, others: World) -> Iterator[str]:
    names = (*piece.inward, *piece.outward) if isinstance(piece, Capacity) else (piece.interface,)
    for name in names:
        found = others.interface(piece.node, name)
        if not found:
            yield f"interface {name} does not exist in {piece.node}"
        elif isinstance(piece, Sentry) and found.index != piece.index:
            yield f"interface {name} of {piece.node} has number {found.index}, not {piece.index}"


def _against_tags(tags: tuple[Tag, ...]) -> Iterator[str]:
    if len(tags) > 2:
        yield f"{len(tags)} tags; a frame has two at most"
    for tag in tags:
        if tag.vid not in _VID:
            yield f"VLAN {tag.vid} is not between {_VID[0]} and {_VID[-1]}"
