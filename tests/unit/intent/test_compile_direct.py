"""Compile: what a Direct port is made of, what is plugged into it, and how circuits come in over it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.blueprint import Blueprint, from_json, to_json
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import ce_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.dependency import awaited, touched
from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.estate import Snapshot
from trunkline.intent.network import OUTSIDE, CrossConnect, Interface, Link, Policer, Port, Secured, Tag, Tap
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE, circuit_view
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource

PORT1, PARIS = estates.rid(PORT, "port1"), estates.rid(SITE, "paris")
EDGE, CE1 = edge_node("Amsterdam", Leg.PRIMARY), ce_node(PARIS, "ce1")
LINK1 = Scope(ScopeKind.DIRECT, PORT1.key, Leg.PRIMARY)
ER1 = estates.rid(CIRCUIT, "er1").key
LEG1 = Scope(ScopeKind.LEG, ER1, Leg.PRIMARY)
KEYS = {"cknSecretIdentifier": "https://kv.vault.azure.net/secrets/ckn",
        "cakSecretIdentifier": "https://kv.vault.azure.net/secrets/cak", "cipher": "GcmAes256"}


def compiled(scope: Scope, *resources: Resource) -> Blueprint:
    return compile(scope, Snapshot(resources), AZURE)


def handed(kind: str) -> Resource:
    name = "tapwan0" if kind == "Tap" else "wan0"
    return estates.cable(site_name=None, link1={"handoff": {"interface": name, "kind": kind}}, link2=None)


def test_an_uncabled_port_ends_in_the_patch_panel_which_never_carries() -> None:
    found, = compiled(LINK1, estates.port()).pieces
    assert found == Link(Interface(EDGE, "d1", mtu=1600), Interface(EDGE, "u1", mtu=1600, up=False))


@pytest.mark.parametrize("state", ["Enabled", "Disabled"])
def test_a_link_is_up_when_it_is_enabled_and_each_has_its_own_state(state: str) -> None:
    port, up = estates.port(admin=(state, "Disabled")), state == "Enabled"
    (one,), (two,) = (compiled(replace(LINK1, leg=leg), port, estates.site(), estates.cable()).pieces for leg in Leg)
    assert isinstance(one, Link)
    assert isinstance(two, Link)
    assert (one.a.up, two.a.up) == (up, False)
    assert one.b == Interface(CE1, "t1p", mtu=1600)


@pytest.mark.parametrize(("kind", "encapsulation", "piece"), [
    ("Veth", "QinQ", Link(Interface(EDGE, "d1", mtu=1600), Interface(OUTSIDE, "wan0"))),
    ("Existing", "QinQ", Port(EDGE, "d1", "wan0", 1504)),
    ("Existing", "Dot1Q", Port(EDGE, "d1", "wan0", 1500)),
    ("Tap", "QinQ", Tap(EDGE, "tapwan0", 1504, owner=PORT1.key))])
def test_a_port_ends_in_what_it_is_plugged_into(kind: str, encapsulation: str, piece: object) -> None:
    assert compiled(LINK1, estates.port(encapsulation), handed(kind)).pieces == (piece,)


@pytest.mark.parametrize(("encapsulation", "tags"), [
    ("QinQ", (Tag(7), Tag(100))), ("Dot1Q", (Tag(100),))])
def test_a_circuit_comes_in_over_the_port_with_its_tags(encapsulation: str, tags: tuple[Tag, ...]) -> None:
    """EtherType 0x8100 on both."""
    blueprint = compiled(LEG1, *estates.on_direct(encapsulation))
    entries = [piece for piece in blueprint.pieces if isinstance(piece, CrossConnect)]
    assert {(e.node, e.ingress, e.match, e.push) for e in entries} == {
        (EDGE, "d1", tags, ()), (EDGE, "a1", (), tags), (CE1, "t1p", tags, ()), (CE1, "x1p", (), tags)}
    assert LINK1 in blueprint.requires
    assert not any(scope.kind is ScopeKind.PORT for scope in blueprint.requires)
    assert from_json(to_json(blueprint)).pieces == blueprint.pieces


def test_a_circuit_on_a_port_is_limited_only_when_it_asks_for_it_and_from_a_fifth_above() -> None:
    """azure-facts 2.1, rate limit."""
    def limits(**asked: bool) -> list[tuple[int, int]]:
        port, circuit, *others = estates.on_direct()
        circuit = replace(circuit, properties={**circuit.properties, **asked})
        pieces = compiled(LEG1, port, circuit, *others).pieces
        used = {piece.policer for piece in pieces if isinstance(piece, CrossConnect)} - {""}
        found = [piece for piece in pieces if isinstance(piece, Policer)]
        assert used == {piece.name for piece in found}
        return [(piece.bandwidth_bps, piece.tolerance_percent) for piece in found]
    assert limits() == limits(enableDirectPortRateLimit=False) == []
    assert limits(enableDirectPortRateLimit=True) == [(10**9, 20)] * 2


def test_a_tap_is_the_port_that_circuits_come_in_over() -> None:
    blueprint = compiled(LEG1, estates.port(), estates.on_port(stag=7), estates.peering(), handed("Tap"))
    assert {e.ingress for e in blueprint.pieces if isinstance(e, CrossConnect)} == {"tapwan0", "a1"}


def test_a_gateway_is_linked_to_a_circuit_on_a_port() -> None:
    gateway = compiled(Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key), *estates.on_direct())
    assert len([s for router in gateway.routers for s in router.sessions if s.group == "circuit"]) == 4


def test_a_router_speaks_for_the_circuits_that_its_link_serves() -> None:
    second = (estates.on_port("er2", 2, stag=8), estates.peering("er2"))
    def sessions(**link1: object) -> list[str]:
        estate = [*estates.on_direct(), *second, estates.cable(link1={"router": "ce1", **link1})]
        routers = compiled(Scope(ScopeKind.SITE, PARIS.key), *estate).routers
        return [s.name for router in routers if router.node == CE1 for s in router.sessions if s.group == "cloud"]
    assert sessions() == ["cloud_1_primary", "cloud_2_primary"]
    assert sessions(circuits=[estates.link(CIRCUIT, "er2")]) == ["cloud_2_primary"]
    assert sessions(circuits=[]) == []


def test_a_link_with_keys_stays_down_and_asks_for_macsec() -> None:
    blueprint = compiled(LINK1, estates.port(macSecConfig=KEYS))
    link, secured = blueprint.pieces
    assert isinstance(link, Link)
    assert not link.a.up
    assert secured == Secured(EDGE, "d1", "GcmAes256")
    disabled = compiled(LINK1, estates.port(admin=("Disabled", "Enabled"), macSecConfig=KEYS))
    assert [type(piece) for piece in disabled.pieces] == [Link]


def test_a_change_of_port_or_cable_touches_what_hangs_on_it() -> None:
    estate = Snapshot(estates.on_direct())
    links = {replace(LINK1, leg=leg) for leg in Leg}
    legs, site = {replace(LEG1, leg=leg) for leg in Leg}, Scope(ScopeKind.SITE, PARIS.key)
    whole = {one.id.key: one for one in estates.on_direct()}
    port, cable = whole[PORT1.key], whole[estates.rid(CABLE, "cable1").key]
    assert awaited(port, estate) == touched(port, estate) == links  # circuits need not look when a link is switched
    assert touched(cable, estate) == links | legs | {site}
    assert site in touched(whole[ER1], estate)
    assert touched(whole[PARIS.key], estate) == links | legs | {site}


def test_without_its_port_a_circuit_is_nothing() -> None:
    port, *others = estates.on_direct()
    going = replace(port, state=ProvisioningState.DELETING)
    assert circuit_view(Snapshot((going, *others)), estates.rid(CIRCUIT, "er1")) is None
    assert not compiled(LEG1, going, *others)
    assert not compiled(LINK1, going, *others)
