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
from ipaddress import IPv4Network

from trunkline.intent.compile.draft import Draft
from trunkline.intent.compile.filters import known_prefixes
from trunkline.intent.compile.surroundings import Surroundings
from trunkline.intent.estate import Estate
from trunkline.intent.network import Key, Lookup, Route, RouteKind, Verdict
from trunkline.intent.placement import UserTable, user_table
from trunkline.model.network import GATEWAY_SUBNET
from trunkline.model.resource import Reference, ResourceId
from trunkline.model.routing import NextHop, UserRoute

_ENTRANCE = 100  #: priority of the rules that lead from an interface to a table's own
_SLOT_BITS, _FIRST_SLOT = 22, 512
_RULES, _TABLES = 128, 64  #: priorities and table numbers of a slot

#: Priorities in a slot; _OUTER has three for each length.
_INNER, _SYSTEM, _OUTER, _END, _GATEWAY = 0, 1, 3, 110, 120
_INNER_TABLE = 63  #: those before it are the lengths of outer prefixes

Piece = Lookup | Route


def add_user_routes(draft: Draft, here: Surroundings, estate: Estate) -> None:
    tables = user_tables(here, estate)
    for table, slot in zip(tables, slots(one.id for one in tables), strict=True):
        entrances = [name for subnet in here.subnets if _has(subnet.model.route_table, table)
                     for name in ([nic.interface for nic in subnet.nics] or
                                  (here.gateways if subnet.id.name.lower() == GATEWAY_SUBNET.lower() else ()))]
        if entrances:
            draft.pieces += [Lookup(here.node, _ENTRANCE, Verdict.GOTO, slot * _RULES, name) for name in entrances]
            draft.pieces += _pieces(table, slot, here)


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


def networks(table: UserTable) -> Iterator[tuple[str, IPv4Network, UserRoute]]:
    """(name, destination, route), one for each published prefix of a service tag. IPv6 is nowhere on this platform."""
    for name, route in table.routes:
        for prefix in known_prefixes(route.address_prefix):
            if ":" not in prefix:
                yield name, IPv4Network(prefix), route


def is_inner(network: IPv4Network, here: Surroundings) -> bool:
    return any(network.subnet_of(IPv4Network(prefix)) for prefix in here.prefixes)


def key_of(slot: int, network: IPv4Network, route: UserRoute, here: Surroundings) -> Key:
    """Of the piece that a route is realised by."""
    if _leads_to_gateway(network, route, here):
        priority = slot * _RULES + _OUTER + 3 * (32 - network.prefixlen) + 1
        return Lookup(here.node, priority, Verdict.GOTO, to=str(network)).key
    return Route(here.node, str(network), table=_kernel_table(slot, network, here)).key


def _kernel_table(slot: int, network: IPv4Network, here: Surroundings) -> int:
    """Where a route stands."""
    return slot * _TABLES + (_INNER_TABLE if is_inner(network, here) else network.prefixlen)


def _pieces(table: UserTable, slot: int, here: Surroundings) -> Iterator[Piece]:
    base = slot * _RULES
    every = [(network, route) for _, network, route in networks(table)]
    outer = [(network, route) for network, route in every if not is_inner(network, here)]
    for network, route in every:
        if not _leads_to_gateway(network, route, here) and not _leads_far(route, here):
            yield user_route(network, route, here, slot)
    yield Lookup(here.node, base + _INNER, Verdict.TABLE, slot * _TABLES + _INNER_TABLE)
    for prefix in here.prefixes:
        yield Lookup(here.node, base + _SYSTEM, Verdict.TABLE, to=prefix)
    learned = not table.model.disable_bgp_route_propagation
    for length in sorted({network.prefixlen for network, _ in outer}):
        yield from _of_length(slot, length, [one for one in outer if one[0].prefixlen == length], here, learned)
    yield from _last(here.node, base + _END, learned)
    if any(_leads_to_gateway(network, route, here) for network, route in outer):
        yield from _last(here.node, base + _GATEWAY, learned=True)


def _of_length(slot: int, length: int, routes: list[tuple[IPv4Network, UserRoute]], here: Surroundings,
               learned: bool) -> Iterator[Lookup]:
    priority = slot * _RULES + _OUTER + 3 * (32 - length)
    if learned:
        yield Lookup(here.node, priority, Verdict.TABLE, longer_than=length)
    ours = [network for network, route in routes if not _leads_to_gateway(network, route, here)]
    for network, _ in routes:
        if network not in ours:
            yield Lookup(here.node, priority + 1, Verdict.GOTO, slot * _RULES + _GATEWAY, to=str(network))
    if ours:
        yield Lookup(here.node, priority + 2, Verdict.TABLE, slot * _TABLES + length)


def _last(node: str, priority: int, learned: bool) -> Iterator[Lookup]:
    if learned:
        yield Lookup(node, priority, Verdict.TABLE)
    yield Lookup(node, priority + 1, Verdict.UNREACHABLE)


def _leads_to_gateway(network: IPv4Network, route: UserRoute, here: Surroundings) -> bool:
    return route.next_hop_type == NextHop.GATEWAY and not is_inner(network, here)


def _leads_far(route: UserRoute, here: Surroundings) -> bool:
    """Then it belongs to the peering (compile.far_appliances)."""
    return bool(here.far_appliance(route.next_hop_ip_address, route.next_hop_type))


def user_route(network: IPv4Network, route: UserRoute, here: Surroundings, slot: int) -> Route:
    """What leads nowhere here takes the packets and drops them, as Azure does where an appliance is gone."""
    table = _kernel_table(slot, network, here)
    if route.next_hop_type == NextHop.VNET_LOCAL and is_inner(network, here):
        return Route(here.node, str(network), table=table, kind=RouteKind.THROW)
    appliance = _appliance(route, here)
    if appliance:
        return Route(here.node, str(network), (str(route.next_hop_ip_address),), appliance, table)
    return Route(here.node, str(network), table=table, kind=RouteKind.BLACKHOLE)


def _appliance(route: UserRoute, here: Surroundings) -> str:
    """The interface towards the NIC that has the next hop's address, here or in a peer; empty if none has."""
    if route.next_hop_type != NextHop.APPLIANCE:
        return ""
    own = (nic.interface for subnet in here.subnets for nic in subnet.nics
           if route.next_hop_ip_address in nic.addresses)
    return next(own, here.far_appliance(route.next_hop_ip_address, route.next_hop_type))
