"""Compile: the legs of a metro circuit end in two buildings of a city, which share nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import core_scope, edge_scope, vrf_node
from trunkline.intent.compile.failing import cuts
from trunkline.intent.compile.plant import azure_port_name, core_node, edge_node, switch_node
from trunkline.intent.direct import PORT, port_view
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import Interface, Link, Node, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT
from trunkline.model.backbone import backbone
from trunkline.model.circuit import Leg
from trunkline.model.fault import FaultKind, Target
from trunkline.model.plant import metro_sites, regions
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource

BUILDINGS = {Leg.PRIMARY: "amsterdam", Leg.SECONDARY: "amsterdam2"}


def at_the_metro() -> list[Resource]:
    found = []
    for one in estates.whole():
        service = one.properties.get("serviceProviderProperties")
        found.append(replace(one, properties={**one.properties, "serviceProviderProperties": {
            **service, "peeringLocation": "Amsterdam Metro"}}) if service else one)
    return found


def leg_scope(leg: Leg) -> Scope:
    return Scope(ScopeKind.LEG, estates.rid(CIRCUIT, "er1").key, leg)


@pytest.mark.parametrize("leg", Leg)
def test_each_leg_needs_its_own_building(leg: Leg) -> None:
    needed = compile(leg_scope(leg), Snapshot(at_the_metro()), AZURE).requires
    assert Scope(ScopeKind.PORT, f"equinix@{BUILDINGS[leg]}", leg) in needed
    assert Scope(ScopeKind.BACKBONE, "amsterdam metro~westeurope", leg) in needed
    assert backbone().path("amsterdam metro", "westeurope", leg) == (BUILDINGS[leg], "westeurope")


@pytest.mark.parametrize("leg", Leg)
def test_a_leg_stands_on_the_routers_that_other_circuits_of_the_building_use(leg: Leg) -> None:
    blueprint = compile(leg_scope(leg), Snapshot(at_the_metro()), AZURE)
    edges = {end.node for piece in blueprint.pieces if isinstance(piece, Link) for end in (piece.a, piece.b)}
    assert edge_node(BUILDINGS[leg], leg) in edges
    vrf = vrf_node(estates.rid(CIRCUIT, "er1"), leg)
    tunnels = [piece for piece in blueprint.pieces if isinstance(piece, Tunnel) and piece.end.node == vrf]
    assert tunnels
    core, = (piece for piece in compile(core_scope(BUILDINGS[leg], leg), Snapshot([]), AZURE).pieces
             if isinstance(piece, Node))
    assert {(tunnel.underlay, f"{tunnel.local}/32") for tunnel in tunnels} == {(core.name, core.loopback[0])}


def test_names_follow_the_building() -> None:
    primary, secondary = Leg
    assert edge_scope("Amsterdam Metro", secondary) == edge_scope("Amsterdam2", secondary)
    assert switch_node("Equinix", "AMSTERDAM METRO", primary) == switch_node("Equinix", "Amsterdam", primary)
    assert azure_port_name("p1", "Amsterdam Metro", secondary) == "AMSTERDAM2-P1-SEC"


@pytest.mark.parametrize("metro", sorted(metro_sites()))
def test_a_building_of_a_metro_is_on_no_path_of_the_other(metro: str) -> None:
    for region in regions():
        primary, secondary = (backbone().path(metro.casefold(), region, leg) for leg in Leg)
        assert (primary[0], secondary[0]) == metro_sites()[metro]
        assert not set(primary[:-1]) & set(secondary[:-1])


@pytest.mark.parametrize("metro", sorted(metro_sites()))
def test_both_buildings_of_every_metro_can_be_built(metro: str) -> None:
    nodes = {piece.name for leg in Leg for scope in (edge_scope(metro, leg), core_scope(metro, leg))
             for piece in compile(scope, Snapshot([]), AZURE).pieces if isinstance(piece, Node)}
    assert len(nodes) == 4


def test_the_links_of_a_direct_pair_at_a_metro_are_at_two_buildings() -> None:
    port = estates.port()
    port = replace(port, properties={**port.properties, "peeringLocation": "Amsterdam Metro"})
    view = port_view(Snapshot([port]), estates.rid(PORT, "port1"))
    assert view
    assert view.location == "Amsterdam Metro"
    for leg in Leg:
        blueprint = compile(Scope(ScopeKind.DIRECT, port.id.key, leg), Snapshot([port]), AZURE)
        panel, = blueprint.pieces
        assert isinstance(panel, Link)
        assert panel.a == Interface(edge_node(BUILDINGS[leg], leg), "d1", mtu=1600)
        assert blueprint.requires == (edge_scope(BUILDINGS[leg], leg),)


@pytest.mark.parametrize("lost", Leg)
def test_a_lost_building_strikes_the_edge_and_the_switch_of_one_leg(lost: Leg) -> None:
    left, = (leg for leg in Leg if leg is not lost)
    struck = {cut.node for cut in cuts(Target(FaultKind.LOCATION, BUILDINGS[lost]), Snapshot(at_the_metro()))}
    assert {edge_node(BUILDINGS[lost], lost), core_node(BUILDINGS[lost], lost),
            switch_node("Equinix", BUILDINGS[lost], lost)} <= struck
    assert not {edge_node(BUILDINGS[left], left), core_node(BUILDINGS[left], left)} & struck
