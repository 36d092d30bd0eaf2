"""What is in force at a NIC: its routes, as the VNet router's kernel has them, and its security rules, as installed.

A route or rule that is wished and not there is not shown as Active, or makes the question fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from trunkline.errors import Fault
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.far_appliances import far_routes
from trunkline.intent.compile.filters import Meaning, known_prefixes, members
from trunkline.intent.compile.surroundings import Surroundings, surroundings
from trunkline.intent.compile.user_routes import key_of, networks, slots, user_tables
from trunkline.intent.drivers import Plane
from trunkline.intent.estate import Estate
from trunkline.intent.network import MAIN, Filter, KernelRoute, Key, RouteKind
from trunkline.intent.placement import PlacedNic, PlacedSubnet, UserTable, security_rules
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import alive, vnet_view
from trunkline.model.bgp import network, of_family, within
from trunkline.model.network import NetworkInterface
from trunkline.model.operation import Operation
from trunkline.model.profile import Profile
from trunkline.model.resource import Json, Reference, ResourceId
from trunkline.model.routing import NextHop
from trunkline.model.security import DEFAULT_RULES, PLATFORM_ADDRESS, SecurityRule, Tag
from trunkline.store import Reader

_EVERYTHING = ("0.0.0.0/0", "::/0")
_DEFAULT, _USER, _GATEWAY = "Default", "User", "VirtualNetworkGateway"
_PROTOCOLS = {"*": "All"}
_DEFAULT_NAMES = frozenset(rule.name for rule in DEFAULT_RULES)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a NIC stands. ``own``: address spaces of its virtual network; ``prefixes`` of ``here`` begin with them."""

    blueprint: Blueprint
    here: Surroundings
    own: tuple[str, ...]
    subnet: PlacedSubnet
    nic: PlacedNic


class Effective:
    def __init__(self, plane: Plane, profile: Profile) -> None:
        self._plane, self._profile = plane, profile

    def routes(self, operation: Operation, estate: Reader) -> Json:
        place = self._place(operation, estate)
        if place is None:
            return {"value": []}
        kernel = [route for route in self._plane.routes(place.here.node) if route.table == MAIN]
        user = list(self._user_routes(place, estate))
        table = _table(place, estate)
        hidden = table is not None and table.model.disable_bgp_route_propagation
        learned = [] if hidden else list(_learned(kernel, place))
        rows = [*_system(kernel, place), *learned]
        for everything in _EVERYTHING if place.subnet.model.prefix6 else _EVERYTHING[:1]:
            if not any(row["addressPrefix"] == [everything] for row in rows):
                rows.insert(0, _row(_DEFAULT, everything, NextHop.NONE))
        taken = {prefix for row in user if row["state"] == "Active" for prefix in row["addressPrefix"]}
        shown = [{**row, "state": "Invalid"} if row["addressPrefix"][0] in taken else row for row in rows]
        return {"value": [{**row, "disableBgpRoutePropagation": hidden} for row in (*shown, *user)]}

    def groups(self, operation: Operation, estate: Reader) -> Json:
        place = self._place(operation, estate)
        held = [] if place is None else [
            (link.target, association) for link, association in (
                (place.subnet.model.network_security_group, {"subnet": {"id": str(place.subnet.id)}}),
                (place.nic.model.network_security_group, {"networkInterface": {"id": str(place.nic.resource.id)}}))
            if link]
        if place is None or not held:
            return {"value": []}
        self._demand_filter(place)
        words = _Words(place, tuple(_learned_prefixes(self._plane.routes(place.here.node), place)))
        return {"value": [_group(group, association, security_rules(estate, group), words)
                          for group, association in held]}

    def _place(self, operation: Operation, estate: Estate) -> _Place | None:
        nic = alive(estate, operation.resource)
        if nic is None:
            raise Fault("ResourceNotFound", f"Network interface '{operation.resource}' was not found.", status=404)
        subnet = NetworkInterface.model_validate(nic.properties).ip_configurations[0].properties.subnet
        view = vnet_view(estate, subnet.target.parent) if subnet and subnet.target.parent else None
        if view is None:
            return None
        blueprint = compile(Scope(ScopeKind.VNET, view.resource.id.key), estate, self._profile)
        here = surroundings(estate, view, blueprint.routers)
        found = ((one, placed) for one in here.subnets for placed in one.nics if placed.resource.id.key == nic.id.key)
        return next((_Place(blueprint, here, view.prefixes, one, placed) for one, placed in found), None)

    def _user_routes(self, place: _Place, estate: Estate) -> Iterator[Json]:
        """In the order of the table; those whose destination is nowhere on this platform are Invalid."""
        tables = user_tables(place.here, estate)
        installed = self._plane.observe((*place.blueprint.pieces, *far_routes(place.here, estate)))
        for table, slot in zip(tables, slots(one.id for one in tables), strict=True):
            if place.subnet.model.route_table and place.subnet.model.route_table.target.key == table.id.key:
                yield from _of_table(table, slot, place.here, installed)

    def _demand_filter(self, place: _Place) -> None:
        wished = [piece for piece in place.blueprint.pieces if isinstance(piece, Filter)]
        if not wished or self._plane.observe(wished) != {piece.key for piece in wished}:
            raise Fault("NetworkSecurityGroupsNotApplied", f"The security rules of '{place.nic.resource.id}' are not "
                        "installed as stored; ask again when the last change has ended.", status=409)


def _table(place: _Place, estate: Estate) -> UserTable | None:
    wanted = place.subnet.model.route_table
    return next((one for one in user_tables(place.here, estate) if wanted and one.id.key == wanted.target.key), None)


def _row(source: str, prefix: str, kind: str, hops: Iterable[str] = ()) -> Json:
    return {"source": source, "state": "Active", "addressPrefix": [prefix], "nextHopType": kind,
            "nextHopIpAddress": list(hops)}


def _system(kernel: Iterable[KernelRoute], place: _Place) -> Iterator[Json]:
    """Own address spaces end in the router, but for the machines in them; those of peers lead to their routers."""
    static = {route.prefix: route for route in kernel if route.protocol == "static"}
    for prefix in place.here.prefixes:
        if prefix in static:
            local = prefix in place.own and static[prefix].kind == RouteKind.UNREACHABLE
            yield _row(_DEFAULT, prefix, NextHop.VNET_LOCAL if local else "VNetPeering")


def _learned(kernel: Iterable[KernelRoute], place: _Place) -> Iterator[Json]:
    for route in kernel:
        if route.protocol == "bird" and not any(within(route.prefix, known) for known in place.here.prefixes):
            yield _row(_GATEWAY, route.prefix, _GATEWAY, (gateway for gateway, _ in route.next_hops if gateway))


def _learned_prefixes(kernel: Iterable[KernelRoute], place: _Place) -> Iterator[str]:
    for row in _learned([route for route in kernel if route.table == MAIN], place):
        yield from row["addressPrefix"]


def _of_table(table: UserTable, slot: int, here: Surroundings, installed: frozenset[Key]) -> Iterator[Json]:
    for name, route in table.routes:
        found = [one for known, one, _ in networks(table) if known == name]
        active = bool(found) and all(key_of(slot, one, route, here) in installed for one in found)
        hops = [route.next_hop_ip_address] if route.next_hop_ip_address else []
        yield {"name": name, "source": _USER, "state": "Active" if active else "Invalid",
               "addressPrefix": [str(one) for one in found] or [route.address_prefix],
               "nextHopType": route.next_hop_type, "nextHopIpAddress": hops}


# ── security rules ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Words:
    """What tags and application security groups stand for at a place."""

    place: _Place
    learned: tuple[str, ...]

    def tag(self, text: str) -> list[str]:
        """Prefixes of a tag; empty for what is no tag, and for ``*``."""
        near = (*self.place.here.prefixes, *self.learned)
        match next((tag for tag in Tag if tag.lower() == text.lower()), None):
            case Tag.VIRTUAL_NETWORK:
                return list(near)
            case Tag.LOAD_BALANCER:
                return [f"{PLATFORM_ADDRESS}/32"]
            case Tag.INTERNET:
                return _rest((*near, f"{PLATFORM_ADDRESS}/32"))
            case Tag.ANY:
                return []
        return [] if "/" in text or ":" in text or text[:1].isdigit() else list(known_prefixes(text))

    def groups(self, links: Iterable[Reference]) -> list[str]:
        meaning = Meaning(self.place.here, members(self.place.here.subnets))
        return [address for link in links for address in meaning.groups.get(link.target.key, ())]


def _rest(prefixes: Iterable[str]) -> list[str]:
    """All addresses but these, of the families that they are of."""
    known = tuple(prefixes)
    return [text for family, everything in ((4, _EVERYTHING[0]), (6, _EVERYTHING[1])) if of_family(family, known)
            for text in _outside(everything, of_family(family, known))]


def _outside(everything: str, prefixes: tuple[str, ...]) -> list[str]:
    """Prefixes are nested or apart, so what covers another is taken out first."""
    left = [network(everything)]
    for prefix in sorted(map(network, prefixes), key=lambda one: one.prefixlen):
        left = [part for one in left for part in _without(one, prefix)]
    return [str(one) for one in sorted(left, key=lambda one: (int(one.network_address), one.prefixlen))]


def _without(one: IPv4Network | IPv6Network, prefix: IPv4Network | IPv6Network) -> Iterator[IPv4Network | IPv6Network]:
    if within(str(prefix), str(one)):
        yield from _halves(one, prefix)
    elif not within(str(one), str(prefix)):
        yield one


def _halves(one: IPv4Network | IPv6Network, prefix: IPv4Network | IPv6Network) -> Iterator[IPv4Network | IPv6Network]:
    match one, prefix:
        case IPv4Network(), IPv4Network():
            yield from one.address_exclude(prefix)
        case IPv6Network(), IPv6Network():
            yield from one.address_exclude(prefix)


def _group(group: ResourceId, association: Json, rules: Iterable[SecurityRule], words: _Words) -> Json:
    listed = tuple(rules)
    tags = {text: expanded for rule in listed for text in (*rule.sources, *rule.destinations)
            if (expanded := words.tag(text))}
    return {"networkSecurityGroup": {"id": str(group)}, "association": association,
            "effectiveSecurityRules": [_effective(rule, words) for rule in listed], "tagMap": tags}


def _effective(rule: SecurityRule, words: _Words) -> Json:
    kind = "defaultSecurityRules" if rule.name in _DEFAULT_NAMES else "securityRules"
    return {"name": f"{kind}/{rule.name}", "protocol": _PROTOCOLS.get(rule.protocol, rule.protocol),
            **_ports("source", rule.source_ports), **_ports("destination", rule.destination_ports),
            **_addresses("source", rule.sources, rule.source_application_security_groups, words),
            **_addresses("destination", rule.destinations, rule.destination_application_security_groups, words),
            "access": rule.access.value, "priority": rule.priority, "direction": rule.direction.value}


def _ports(side: str, texts: Iterable[str]) -> Json:
    ranges = ["0-65535" if text == Tag.ANY else text if "-" in text else f"{text}-{text}" for text in texts]
    return {f"{side}PortRange": ranges[0] if ranges else "0-65535", f"{side}PortRanges": ranges}


def _addresses(side: str, texts: tuple[str, ...], links: tuple[Reference, ...], words: _Words) -> Json:
    plain = [_EVERYTHING[0] if text == Tag.ANY else text for text in texts] or words.groups(links)
    expanded = [prefix for text in texts for prefix in words.tag(text)]
    shown: Json = {f"{side}AddressPrefix": plain[0] if plain else "", f"{side}AddressPrefixes": plain}
    return {**shown, f"expanded{side.capitalize()}AddressPrefix": expanded} if expanded else shown
