"""Compile: from resources to blueprints. Sentences about what the network of a circuit must be."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import pytest

import estates
from trunkline.intent.bgp import Action, Router
from trunkline.intent.blueprint import Blueprint, from_json, to_json
from trunkline.intent.compile import compile
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import CrossConnect, Direction, Link, Node, Port, Role, Tag, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState


def scope(kind: ScopeKind, type_: str, name: str, leg: str = "", group: str = "rg1") -> Scope:
    return Scope(kind, estates.rid(type_, name, group=group).key, leg)


T = TypeVar("T")

PRIMARY = scope(ScopeKind.LEG, CIRCUIT, "er1", Leg.PRIMARY)
SECONDARY = scope(ScopeKind.LEG, CIRCUIT, "er1", Leg.SECONDARY)
ALL = (PRIMARY, SECONDARY, scope(ScopeKind.SITE, SITE, "paris"), scope(ScopeKind.VNET, VNET, "hub"),
       scope(ScopeKind.GATEWAY, GATEWAY, "gw1"))


def compiled(scope_: Scope, estate: Snapshot | None = None) -> Blueprint:
    return compile(scope_, estate or estates.snapshot(), AZURE)


def pieces(blueprint: Blueprint, kind: type[T]) -> list[T]:
    return [piece for piece in blueprint.pieces if isinstance(piece, kind)]


def only_router(blueprint: Blueprint) -> Router:
    assert len(blueprint.routers) == 1
    return blueprint.routers[0]


@pytest.mark.parametrize("scope_", ALL, ids=lambda s: s.kind)
def test_the_same_estate_gives_the_same_bytes(scope_: Scope) -> None:
    backwards = Snapshot(reversed(estates.whole()))
    assert to_json(compiled(scope_)) == to_json(compiled(scope_, backwards))
    assert compiled(scope_).digest == compiled(scope_, backwards).digest


@pytest.mark.parametrize("scope_", ALL, ids=lambda s: s.kind)
def test_a_stored_blueprint_comes_back_equal_but_for_secrets(scope_: Scope) -> None:
    blueprint = compiled(scope_)
    again = from_json(to_json(blueprint))
    assert again.pieces == blueprint.pieces
    assert again.keys == blueprint.keys
    assert again.requires == blueprint.requires
    assert "S3cret" not in str(to_json(blueprint))


@pytest.mark.parametrize("scope_", ALL, ids=lambda s: s.kind)
def test_a_scope_whose_resource_is_gone_or_going_is_empty(scope_: Scope) -> None:
    going = Snapshot(replace(r, state=ProvisioningState.DELETING) if r.id.key == scope_.key else r
                     for r in estates.whole())
    assert not compiled(scope_, going)
    assert not compiled(scope_, Snapshot())


def test_interface_names_fit_the_kernel_and_pieces_have_distinct_keys() -> None:
    for scope_ in ALL:
        blueprint = compiled(scope_)
        assert len(blueprint.keys) == len(blueprint.pieces) + len(blueprint.routers)
        ends = [end for link in pieces(blueprint, Link) for end in (link.a, link.b)]
        ends += [tunnel.end for tunnel in pieces(blueprint, Tunnel)]
        assert all(0 < len(end.name) <= 15 for end in ends)


def test_the_edge_pops_both_tags_towards_the_vrf_and_pushes_them_back() -> None:
    blueprint = compiled(PRIMARY)
    edge = next(link.b.node for link in pieces(blueprint, Link) if link.a.name == "customer")
    entries = {entry.direction: entry for entry in pieces(blueprint, CrossConnect) if entry.node == edge}
    both = (Tag(1, 0x88A8), Tag(100, 0x8100))
    assert entries[Direction.IN].match == both
    assert entries[Direction.IN].push == ()
    assert entries[Direction.OUT].push == both
    assert entries[Direction.OUT].match == ()


def test_the_legs_of_a_circuit_share_no_node_and_no_scope() -> None:
    first, second = compiled(PRIMARY), compiled(SECONDARY)
    assert not {n.name for n in pieces(first, Node)} & {n.name for n in pieces(second, Node)}
    plant = {s for s in first.requires if s.kind is not ScopeKind.SITE}
    assert plant
    assert not plant & set(second.requires)


def test_the_customer_has_the_first_address_and_the_edge_the_second() -> None:
    session = next(s for s in only_router(compiled(SECONDARY)).sessions if s.group == "customer")
    assert (session.peer_address, session.local_address) == ("172.16.0.5", "172.16.0.6")
    assert (session.local_asn, session.peer_asn) == (12076, 65010)
    assert session.password is not None
    assert session.password.get_secret_value() == "S3cret"
    assert (session.bfd.interval_ms, session.bfd.multiplier) == (300, 3) if session.bfd else False
    assert session.prefix_limit == 4000


def test_every_session_of_every_router_has_a_policy_that_ends_in_a_decision() -> None:
    for scope_ in ALL:
        for router in compiled(scope_).routers:
            for session in router.sessions:
                assert session.import_policy.rules or session.export_policy.rules
    vrf = next(s for s in only_router(compiled(PRIMARY)).sessions if s.group == "customer")
    assert vrf.import_policy.rules[0].action is Action.DENY
    assert vrf.export_policy.rules[0].groups == ("gateway",)
    assert vrf.export_policy.rules[0].strip_asns == (65515,)


def test_a_gateway_advertises_the_address_space_and_never_what_another_circuit_taught_it() -> None:
    for router in compiled(scope(ScopeKind.GATEWAY, GATEWAY, "gw1")).routers:
        for session in (s for s in router.sessions if s.group == "circuit"):
            rules = session.export_policy.rules
            assert [p.prefix for rule in rules for p in rule.prefixes] == ["10.1.0.0/16"]
            assert all(rule.groups == ("local",) for rule in rules)


def test_routing_weight_becomes_local_preference() -> None:
    estate = Snapshot([r for r in estates.whole() if r.id.name != "con1"] + [estates.connection(routingWeight=50)])
    router = compiled(scope(ScopeKind.GATEWAY, GATEWAY, "gw1"), estate).routers[0]
    session = next(s for s in router.sessions if s.group == "circuit")
    assert session.import_policy.rules[-1].local_pref == 150


def test_both_ends_of_each_tunnel_agree() -> None:
    gateway = {t.vni: t for t in pieces(compiled(scope(ScopeKind.GATEWAY, GATEWAY, "gw1")), Tunnel)}
    edges = {t.vni: t for s in (PRIMARY, SECONDARY) for t in pieces(compiled(s), Tunnel)}
    assert gateway.keys() == edges.keys()
    assert len(gateway) == 4
    for vni, near in gateway.items():
        far = edges[vni]
        assert (near.local, near.remote) == (far.remote, far.local)
        assert near.end.addresses[0].peer + "/32" == far.end.addresses[0].local


def test_a_customers_frames_stop_at_the_switch_until_the_provider_has_provisioned() -> None:
    unprovisioned = [r for r in estates.whole() if "CrossConnection" not in r.id.group]
    blueprint = compiled(PRIMARY, Snapshot([*unprovisioned, estates.circuit(provisioned=False)[1]]))
    switch = {n.name for n in pieces(compiled(PRIMARY), Node)}
    entries = pieces(blueprint, CrossConnect)
    assert not any(entry.node.startswith("switch") for entry in entries)
    assert any(entry.node.startswith("edge") for entry in entries)
    assert switch


def test_a_wrong_vlan_at_the_customer_is_carried_by_the_provider_and_unknown_at_the_edge() -> None:
    wrong = estates.order(primary={"router": "ce1", "vlanId": 200})
    estate = Snapshot([r for r in estates.whole() if r.id.key != wrong.id.key] + [wrong])
    entries = pieces(compiled(PRIMARY, estate), CrossConnect)
    tags = {e.node.split("-")[0]: {t.vid for t in (*e.match, *e.push) if t.protocol == 0x8100} for e in entries}
    assert tags["switch"] == {200}
    assert tags["edge"] == {100}


def test_an_external_router_gets_a_port_or_a_veth_and_no_managed_router() -> None:
    for handoff, kind in (({"interface": "eth7", "create": False}, Port), ({"interface": "tl-er1-p"}, Link)):
        external = estates.order(primary={"handoff": handoff}, secondary=None, site=None)
        estate = Snapshot([r for r in estates.whole() if r.id.key != external.id.key] + [external])
        blueprint = compiled(PRIMARY, estate)
        assert [p for p in blueprint.pieces if isinstance(p, kind) and p.key[1].startswith("switch")]
        assert not any(n.role is Role.CE for n in pieces(blueprint, Node))


def test_two_customers_with_equal_addresses_and_vlans_share_only_the_plant() -> None:
    estate = Snapshot([*estates.whole(), *estates.whole(number=2, group="rg2")])
    one = compiled(PRIMARY, estate)
    other = compiled(scope(ScopeKind.LEG, CIRCUIT, "er1", Leg.PRIMARY, group="rg2"), estate)
    assert not one.keys & other.keys
    assert {t.vni for t in pieces(one, Tunnel)}.isdisjoint(t.vni for t in pieces(other, Tunnel))
    edges = [{e.match for e in pieces(b, CrossConnect) if e.node.startswith("edge") and e.match} for b in (one, other)]
    assert edges[0].isdisjoint(edges[1])


def test_a_disabled_peering_keeps_its_vrf_and_closes_its_session() -> None:
    off = estates.peering(state="Disabled")
    estate = Snapshot([r for r in estates.whole() if r.id.key != off.id.key] + [off])
    session = next(s for s in only_router(compiled(PRIMARY, estate)).sessions if s.group == "customer")
    assert not session.enabled


def test_both_routers_of_a_site_tell_each_other_only_what_the_cloud_said() -> None:
    routers = compiled(scope(ScopeKind.SITE, SITE, "paris")).routers
    assert len(routers) == 2
    for router in routers:
        partner = next(s for s in router.sessions if s.group == "partner")
        assert partner.export_policy.rules[0].groups == ("cloud", "internet")
        assert partner.next_hop_self
