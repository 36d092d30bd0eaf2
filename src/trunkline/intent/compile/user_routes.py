"""User-defined routes, by routing rules in the VNet router. Packets from a subnet with a route table go through

    inner   its routes inside system prefixes, longest first; ``VnetLocal`` ones lead on (always there: the way in)
    system  the virtual network's own and its peers' prefixes, as everybody has them
    outer   from the longest prefix to the shortest: learned routes that are longer, then the table's own
    end     learned routes that are shorter, unless propagation is disabled; then nothing

so that the longest prefix decides, and at equal length the user's before the learned one, which stays where BIRD keeps
it. System routes are only overridden by the user's, whatever has been learned, as in Azure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from trunkline.intent.compile.draft import Draft
from trunkline.intent.compile.filters import known_prefixes
from trunkline.intent.compile.surroundings import Surroundings
from trunkline.intent.estate import Estate
from trunkline.intent.network import Key, Lookup, Route, RouteKind, Verdict
from trunkline.intent.placement import UserTable, user_table
from trunkline.model.bgp import family_of, within
from trunkline.model.bgp import network as network_of
from trunkline.model.network import GATEWAY_SUBNET
from trunkline.model.resource import Reference, ResourceId
from trunkline.model.routing import NextHop, UserRoute

_ENTRANCE = 100  #: priority of the rules that lead from an interface to a table's own
_SLOT_BITS, _FIRST_SLOT = 22, 512

#: Priorities in a slot; _OUTER has three for each length.
_INNER, _SYSTEM, _OUTER = 0, 1, 3

Piece = Lookup | Route
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class _Room:
    """What a slot has in one family, whose rules and tables the kernel keeps apart: priorities and table numbers, and
    which of them come last. Tables before ``inner_table`` are the lengths of outer prefixes."""

    bits: int
    rules: int
    tables: int
    inner_table: int
    end: int
    gateway: int


_ROOMS = {4: _Room(32, 128, 64, 63, 110, 120), 6: _Room(128, 512, 256, 255, 400, 410)}


def add_user_routes(draft: Draft, here: Surroundings, estate: Estate) -> None:
    tables = user_tables(here, estate)
    families = [family for family in _ROOMS if here.space(family)]
    for table, slot in zip(tables, slots(one.id for one in tables), strict=True):
        entrances = [name for subnet in here.subnets if _has(subnet.model.route_table, table)
                     for name in ([nic.interface for nic in subnet.nics] or
                                  (here.gateways if subnet.id.name.lower() == GATEWAY_SUBNET.lower() else ()))]
        for family in families if entrances else ():
            first = slot * _ROOMS[family].rules
            draft.pieces += [Lookup(here.node, _ENTRANCE, Verdict.GOTO, first, name, family=family)
                             for name in entrances]
            draft.pieces += _pieces(table, slot, here, family)


def user_tables(here: Surroundings, estate: Estate) -> tuple[UserTable, ...]:
    """The route tables of its subnets, by id."""
    ids = {subnet.model.route_table.target.key: subnet.model.route_table.target
           for subnet in here.subnets if subnet.model.route_table}
    return tuple(found for _, target in sorted(ids.items()) if (found := user_table(estate, target)))


def _has(link: Reference | None, table: UserTable) -> bool:
    return link is not None and link.target.key == table.id.key


def slots(ids: Iterable[ResourceId]) -> tuple[int, ...]:
    """A slot for each, which stays when others come or go, but for the rare case that two want the same one."""
    taken: dict[int, None] = {}
    for one in ids:
        digest = hashlib.blake2b(one.key.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        slot = _FIRST_SLOT + int.from_bytes(digest, "big") % (1 << _SLOT_BITS)
        while slot in taken:
            slot += 1
        taken[slot] = None
    return tuple(taken)


def networks(table: UserTable) -> Iterator[tuple[str, Network, UserRoute]]:
    """(name, destination, route), one for each published prefix of a service tag."""
    for name, route in table.routes:
        for prefix in known_prefixes(route.address_prefix):
            yield name, network_of(prefix), route


def is_inner(network: Network, here: Surroundings) -> bool:
    return any(within(str(network), prefix) for prefix in here.prefixes)


def key_of(slot: int, network: Network, route: UserRoute, here: Surroundings) -> Key:
    """Of the piece that a route is realised by."""
    if _leads_to_gateway(network, route, here):
        priority = _outer(slot, network.version, network.prefixlen) + 1
        return Lookup(here.node, priority, Verdict.GOTO, to=str(network), family=network.version).key
    return Route(here.node, str(network), table=_kernel_table(slot, network, here)).key


def _outer(slot: int, family: int, length: int) -> int:
    """The first priority of a length."""
    room = _ROOMS[family]
    return slot * room.rules + _OUTER + 3 * (room.bits - length)


def _kernel_table(slot: int, network: Network, here: Surroundings) -> int:
    """Where a route stands."""
    room = _ROOMS[network.version]
    return slot * room.tables + (room.inner_table if is_inner(network, here) else network.prefixlen)


def _pieces(table: UserTable, slot: int, here: Surroundings, family: int) -> Iterator[Piece]:
    room = _ROOMS[family]
    base = slot * room.rules
    every = [(network, route) for _, network, route in networks(table) if network.version == family]
    outer = [(network, route) for network, route in every if not is_inner(network, here)]
    for network, route in every:
        if not _leads_to_gateway(network, route, here) and not leads_far(network, route, here):
            yield user_route(network, route, here, slot)
    yield Lookup(here.node, base + _INNER, Verdict.TABLE, slot * room.tables + room.inner_table, family=family)
    for prefix in here.space(family):
        yield Lookup(here.node, base + _SYSTEM, Verdict.TABLE, to=prefix, family=family)
    learned = not table.model.disable_bgp_route_propagation
    for length in sorted({network.prefixlen for network, _ in outer}):
        yield from _of_length(slot, length, [one for one in outer if one[0].prefixlen == length], here, learned)
    yield from _last(here.node, base + room.end, learned, family)
    if any(_leads_to_gateway(network, route, here) for network, route in outer):
        yield from _last(here.node, base + room.gateway, learned=True, family=family)


def _of_length(slot: int, length: int, routes: list[tuple[Network, UserRoute]], here: Surroundings,
               learned: bool) -> Iterator[Lookup]:
    family = routes[0][0].version
    room, priority = _ROOMS[family], _outer(slot, family, length)
    if learned:
        yield Lookup(here.node, priority, Verdict.TABLE, longer_than=length, family=family)
    ours = [network for network, route in routes if not _leads_to_gateway(network, route, here)]
    for network, _ in routes:
        if network not in ours:
            yield Lookup(here.node, priority + 1, Verdict.GOTO, slot * room.rules + room.gateway, to=str(network),
                         family=family)
    if ours:
        yield Lookup(here.node, priority + 2, Verdict.TABLE, slot * room.tables + length, family=family)


def _last(node: str, priority: int, learned: bool, family: int) -> Iterator[Lookup]:
    if learned:
        yield Lookup(node, priority, Verdict.TABLE, family=family)
    yield Lookup(node, priority + 1, Verdict.UNREACHABLE, family=family)


def _leads_to_gateway(network: Network, route: UserRoute, here: Surroundings) -> bool:
    return route.next_hop_type == NextHop.GATEWAY and not is_inner(network, here)


def leads_far(network: Network, route: UserRoute, here: Surroundings) -> bool:
    """Then it belongs to the peering (compile.far_appliances)."""
    return _is_of(network, route) and bool(here.far_appliance(route.next_hop_ip_address, route.next_hop_type))


def _is_of(network: Network, route: UserRoute) -> bool:
    """Whether the next hop is of the destination's family."""
    return family_of(route.next_hop_ip_address or "") == network.version


def user_route(network: Network, route: UserRoute, here: Surroundings, slot: int) -> Route:
    """What leads nowhere here takes the packets and drops them, as Azure does where an appliance is gone."""
    table = _kernel_table(slot, network, here)
    if route.next_hop_type == NextHop.VNET_LOCAL and is_inner(network, here):
        return Route(here.node, str(network), table=table, kind=RouteKind.THROW)
    appliance = _appliance(network, route, here)
    if appliance:
        return Route(here.node, str(network), (str(route.next_hop_ip_address),), appliance, table)
    return Route(here.node, str(network), table=table, kind=RouteKind.BLACKHOLE)


def _appliance(network: Network, route: UserRoute, here: Surroundings) -> str:
    """The interface towards the NIC that has the next hop's address, here or in a peer; empty if none has, or if it is
    of the other family."""
    if route.next_hop_type != NextHop.APPLIANCE or not _is_of(network, route):
        return ""
    own = (nic.interface for subnet in here.subnets for nic in subnet.nics
           if route.next_hop_ip_address in nic.addresses)
    return next(own, here.far_appliance(route.next_hop_ip_address, route.next_hop_type))
