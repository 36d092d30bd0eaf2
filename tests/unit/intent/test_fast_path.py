"""FastPath: direct tunnels of a gateway that is large enough, and who is told to use them."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.bgp import Session
from trunkline.intent.blueprint import Blueprint
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import BYPASSED
from trunkline.intent.dependency import awaited, touched
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.model.circuit import Leg
from trunkline.model.gateway_size import size_of
from trunkline.model.network import VirtualNetworkGateway
from trunkline.model.profile import AZURE, Profile

GATEWAY_SCOPE = Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key)
ON = estates.large(expressRouteGatewayBypass=True)


def compiled(resources: list[estates.Resource], profile: Profile = AZURE) -> Blueprint:
    return compile(GATEWAY_SCOPE, Snapshot(resources), profile)


def to_circuits(blueprint: Blueprint) -> list[Session]:
    return [s for router in blueprint.routers for s in router.sessions if s.name.startswith("circuit")]


def direct(blueprint: Blueprint) -> list[Tunnel]:
    return [p for p in blueprint.pieces if isinstance(p, Tunnel) and p.end.name.startswith("f")]


def test_a_large_gateway_has_two_ends_of_a_direct_tunnel_for_each_leg_on_or_off() -> None:
    for resources in (ON, estates.large()):
        ends = direct(compiled(resources))
        assert {end.end.name for end in ends} == {"f1", "f1p", "f1s"}
        assert len(ends) == 4
        assert len({(end.vni, end.local, end.remote) for end in ends}) == 4
    assert not direct(compiled(estates.whole()))


def test_direct_tunnels_share_no_number_with_others() -> None:
    blueprint = compiled(ON)
    numbers = [piece.vni for piece in blueprint.pieces if isinstance(piece, Tunnel)]
    assert len(set(numbers)) == 2 * 2 + 2  # an end in each instance for each leg, and both ends of two direct ones


def test_a_switch_changes_next_hops_and_nothing_else() -> None:
    on, off = compiled(ON), compiled(estates.large())
    assert on.pieces == off.pieces
    assert on.requires == off.requires
    assert {s.group for s in to_circuits(on)} == {BYPASSED}
    assert {rule.next_hop for s in to_circuits(on) for rule in s.export_policy.rules} == {"10.1.255.1", ""}
    assert {rule.next_hop for s in to_circuits(off) for rule in s.export_policy.rules} == {""}
    assert [replace(s, group="", export_policy=AZURE_POLICY) for s in to_circuits(on)] == [
        replace(s, group="", export_policy=AZURE_POLICY) for s in to_circuits(off)]


AZURE_POLICY = to_circuits(compiled(ON))[0].export_policy


def test_a_small_gateway_keeps_its_packets() -> None:
    wished = [estates.connection(expressRouteGatewayBypass=True) if r.id.name == "con1" else r for r in estates.whole()]
    assert BYPASSED not in {s.group for s in to_circuits(compiled(wished))}


def test_networks_that_borrow_the_gateway_are_reached_through_it_on_a_providers_circuit() -> None:
    blueprint = compiled([*ON, *estates.spoke("second", 2, "10.2"), *estates.lending("hub", "second")])
    past = [rule for s in to_circuits(blueprint) for rule in s.export_policy.rules if rule.next_hop]
    assert {match.prefix for rule in past for match in rule.prefixes} == {"10.1.0.0/16"}


@pytest.mark.parametrize(("limit", "groups"), [(0, {"circuit"}), (1, {BYPASSED})])
def test_beyond_the_limit_of_addresses_the_gateway_takes_over(limit: int, groups: set[str]) -> None:
    profile = replace(AZURE, fast_path_addresses=((0, limit),))
    assert {s.group for s in to_circuits(compiled(ON, profile))} == groups


def test_the_limit_is_the_circuits_and_the_earlier_connection_has_it() -> None:
    second = estates.cloud(2, space="10.2", names=("second", "vm2", "gw2"))
    both = [*ON, *second[:-1], estates.sized_gateway("ErGw3AZ", "gw2", "second", 2),
            estates.connection(2, name="con2", gateway="gw2", expressRouteGatewayBypass=True)]
    profile = replace(AZURE, fast_path_addresses=((0, 1),))
    assert {s.group for s in to_circuits(compiled(both, profile))} == {BYPASSED}
    other = compile(Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw2").key), Snapshot(both), profile)
    assert {s.group for s in to_circuits(other)} == {"circuit"}


def test_a_direct_tunnel_stands_in_the_vrf_so_the_leg_comes_first() -> None:
    legs = {Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg) for leg in Leg}
    assert legs <= set(compiled(ON).requires)
    assert not legs & set(compiled(estates.whole()).requires)


def test_a_connection_waits_for_the_router_of_the_network_and_machines_count() -> None:
    estate = Snapshot(ON)
    vnet = Scope(ScopeKind.VNET, estates.rid(VNET, "hub").key)
    assert vnet in awaited(estates.connection(), estate)
    assert GATEWAY_SCOPE in touched(estates.nic(), estate)
    assert GATEWAY_SCOPE not in touched(estates.nic(), Snapshot(estates.large()))


@pytest.mark.parametrize(("sku", "bounds", "expected"), [
    ("Standard", None, (1, 100_000, 200_000, 4_000, False)),
    ("ErGw2AZ", None, (2, 200_000, 400_000, 9_500, False)),
    ("ErGw3AZ", None, (10, 1_000_000, 1_000_000, 9_500, True)),
    ("ErGwScale", None, (1, 100_000, 100_000, 9_500, False)),
    ("ErGwScale", (2, 9), (9, 900_000, 900_000, 9_500, False)),
    ("ErGwScale", (2, 12), (12, 1_400_000, 1_200_000, 9_500, False)),
    ("ErGwScale", (10, 40), (40, 7_000_000, 4_000_000, 9_500, True)),
])
def test_a_sku_has_the_documented_bounds(
        sku: str, bounds: tuple[int, int] | None, expected: tuple[int, int, int, int, bool]) -> None:
    scale = {"autoScaleConfiguration": {"bounds": {"min": bounds[0], "max": bounds[1]}}} if bounds else {}
    size = size_of(VirtualNetworkGateway.model_validate(estates.sized_gateway(sku, **scale).properties))
    assert (size.bandwidth_bps // 10**9, size.packets_per_s, size.flows, size.routes, size.fast_path) == expected
