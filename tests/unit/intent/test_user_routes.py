"""Route tables as compiled. ``asked`` follows the rules and routes as the kernel would."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

import pytest

import estates
from trunkline.intent.compile import compile
from trunkline.intent.compile.user_routes import slots
from trunkline.intent.dependency import awaited
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Lookup, Route, RouteKind, Verdict
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import ROUTE_TABLE, VNET
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource

HUB = Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key)
UDR = estates.link(ROUTE_TABLE, "udr")
LEARNED = "10.10.0.0/16"
NVA = "10.1.2.4"


def estate(*routes: Resource, **table: object) -> Snapshot:
    return Snapshot([
        *estates.whole(), estates.subnet(routeTable=UDR), estates.subnet("dmz", "10.1.2.0/24"),
        estates.nic("nva", 2, address=NVA, subnet="dmz"), estates.route_table(**table), *routes])


def asked(address: str, *routes: Resource, **table: object) -> str:
    """Where a packet from vm1 to ``address`` goes: ``nva``, ``local``, ``gateway`` or ``nowhere``."""
    pieces = compile(HUB, estate(*routes, **table), AZURE).pieces
    router = next(p.node for p in pieces if isinstance(p, Lookup))
    known = [p for p in pieces if isinstance(p, Route) and p.node == router]
    found = [*known, Route(router, LEARNED, interface="g1i0")]
    at = 0
    for rule in sorted((p for p in pieces if isinstance(p, Lookup)), key=lambda p: p.priority):
        if rule.priority < at or rule.interface not in ("", "n1") or not _within(address, rule.to or "0.0.0.0/0"):
            continue
        if rule.verdict is Verdict.GOTO:
            assert any(isinstance(p, Lookup) and p.priority == rule.target for p in pieces), "a goto that leads nowhere"
            at = rule.target
        elif rule.verdict is Verdict.UNREACHABLE:
            return "nowhere"
        elif route := _longest(address, [r for r in found if r.table == rule.target], rule.longer_than):
            return _way(route)
    return "nowhere"


def _within(address: str, prefix: str) -> bool:
    return IPv4Address(address) in IPv4Network(prefix)


def _longest(address: str, routes: list[Route], longer_than: int) -> Route | None:
    matching = sorted((r for r in routes if _within(address, r.prefix)), key=lambda r: IPv4Network(r.prefix).prefixlen)
    best = matching[-1] if matching else None
    if best is None or best.kind is RouteKind.THROW or IPv4Network(best.prefix).prefixlen <= longer_than:
        return None
    return best


def _way(route: Route) -> str:
    if route.kind is not RouteKind.UNICAST:
        return "nowhere"
    if route.next_hops == (NVA,):
        return "nva"
    return "gateway" if route.interface == "g1i0" else "local"


def to_nva(prefix: str, name: str = "nva") -> Resource:
    return estates.route(name, prefix, address=NVA)


@pytest.mark.parametrize(("address", "routes", "way"), [
    ("10.10.1.1", [], "gateway"), (NVA, [], "local"), ("192.0.2.1", [], "nowhere"),
    ("10.10.1.1", [to_nva("0.0.0.0/0")], "gateway"), ("192.0.2.1", [to_nva("0.0.0.0/0")], "nva"),
    (NVA, [to_nva("0.0.0.0/0")], "local"), (NVA, [to_nva("10.0.0.0/8")], "local"),
    ("10.1.9.9", [to_nva("10.0.0.0/8")], "nowhere"), (NVA, [to_nva("10.1.0.0/16")], "nva"),
    ("10.1.0.9", [to_nva("10.1.0.0/16"), estates.route("own", "10.1.0.0/24", "VnetLocal")], "nowhere"),
    (NVA, [estates.route("none", "10.1.0.0/16", "None"), estates.route("dmz", "10.1.2.0/24", "VnetLocal")], "local"),
    ("10.10.1.1", [to_nva("10.10.0.0/16")], "nva"), ("10.10.1.1", [to_nva("10.8.0.0/13")], "gateway"),
    ("10.11.1.1", [to_nva("10.8.0.0/13")], "nva"), ("10.10.1.1", [to_nva("10.10.1.0/24")], "nva"),
    ("10.10.1.1", [to_nva("10.10.0.0/16"), estates.route("gw", "10.10.1.0/24", "VirtualNetworkGateway")], "gateway"),
    ("10.11.1.1", [to_nva("0.0.0.0/0"), estates.route("gw", "10.11.0.0/16", "VirtualNetworkGateway")], "nowhere"),
    ("10.10.1.1", [estates.route("net", "10.10.0.0/16", "Internet")], "nowhere"),
    ("10.10.1.1", [estates.route("gone", "10.10.0.0/16", address="10.1.2.99")], "nowhere")])
def test_the_longest_prefix_decides(address: str, routes: list[Resource], way: str) -> None:
    assert asked(address, *routes) == way


@pytest.mark.parametrize(("address", "routes", "way"), [
    ("10.10.1.1", [], "nowhere"), (NVA, [], "local"), ("10.10.1.1", [to_nva("0.0.0.0/0")], "nva"),
    ("10.10.1.1", [estates.route("gw", "10.0.0.0/8", "VirtualNetworkGateway")], "gateway")])
def test_without_propagation_what_was_learned_does_not_count(address: str, routes: list[Resource], way: str) -> None:
    assert asked(address, *routes, disableBgpRoutePropagation=True) == way


def test_a_table_without_a_subnet_changes_nothing() -> None:
    plain = Snapshot([*estates.whole(), estates.route_table(), to_nva("0.0.0.0/0")])
    assert compile(HUB, plain, AZURE) == compile(HUB, estates.snapshot(), AZURE)


def test_more_routes_leave_the_others_where_they_are() -> None:
    few, many = (frozenset(compile(HUB, estate(*routes), AZURE).pieces)
                 for routes in ([to_nva("10.10.0.0/16")], [to_nva("10.10.0.0/16"), to_nva("0.0.0.0/0", "all")]))
    assert few < many


def test_two_tables_never_share_a_slot() -> None:
    ids = [estates.rid(ROUTE_TABLE, f"table{n}") for n in range(200)]
    assert len(set(slots(ids))) == len(ids)


def test_a_route_is_awaited_where_its_table_is_used() -> None:
    one = to_nva("0.0.0.0/0")
    assert awaited(one, estate(one)) == {HUB}
