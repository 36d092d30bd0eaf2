"""Compile: what an edge lets in, and how large it may be."""

from __future__ import annotations

from dataclasses import replace

import pytest

import estates
from trunkline.intent.blueprint import Blueprint, in_order
from trunkline.intent.compile import compile
from trunkline.intent.compile.draft import BACKBONE_MTU, TRUNK_MTU, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.network import CrossConnect, Interface, Link, Sentry, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE, AZURE_1400, HANDOFF_MTU, PROFILES, Profile
from trunkline.settings import PROFILE_NAMES

TAG_BYTES, VXLAN_BYTES = 4, 50  #: VXLAN: outer IPv4, UDP and VXLAN headers and the inner Ethernet header
GATEWAY_SCOPE = Scope(ScopeKind.GATEWAY, estates.rid(GATEWAY, "gw1").key)


def leg_scope(leg: Leg, circuit: str = "er1") -> Scope:
    return Scope(ScopeKind.LEG, estates.rid(CIRCUIT, circuit).key, leg)


def compiled(scope: Scope, profile: Profile = AZURE, estate: estates.Snapshot | None = None) -> Blueprint:
    return compile(scope, estate or estates.snapshot(), profile)


def sentry_of(blueprint: Blueprint) -> Sentry:
    found, = (piece for piece in blueprint.pieces if isinstance(piece, Sentry))
    return found


def interfaces(blueprint: Blueprint) -> dict[tuple[str, str], Interface]:
    ends = [end for piece in blueprint.pieces if isinstance(piece, Link) for end in (piece.a, piece.b)]
    return {(end.node, end.name): end for end in ends}


def tunnel_mtus(profile: Profile) -> set[int]:
    """With FastPath's, of a gateway that is large enough."""
    blueprints = (compiled(scope, profile, estates.snapshot(*estate)) for estate in (estates.whole(), estates.large())
                  for scope in (*map(leg_scope, Leg), GATEWAY_SCOPE))
    return {piece.end.mtu for blueprint in blueprints for piece in blueprint.pieces if isinstance(piece, Tunnel)}


@pytest.mark.parametrize("leg", Leg)
def test_a_sentry_stands_where_the_customer_comes_in_and_knows_both_ends(leg: Leg) -> None:
    blueprint = compiled(leg_scope(leg))
    sentry = sentry_of(blueprint)
    own, peer = {Leg.PRIMARY: ("172.16.0.2", "172.16.0.1"), Leg.SECONDARY: ("172.16.0.6", "172.16.0.5")}[leg]
    assert (sentry.own, sentry.peers) == ((own,), (peer,))
    assert sentry.node == vrf_node(estates.rid(CIRCUIT, "er1"), leg)
    assert sentry.edge == edge_node("Amsterdam", leg)
    assert interfaces(blueprint)[sentry.node, sentry.interface].index == sentry.index


def test_a_sentry_is_made_before_anything_can_come_in_and_goes_after_nothing_can() -> None:
    kinds = [type(piece) for piece in in_order(compiled(leg_scope(Leg.PRIMARY)).pieces)]
    assert kinds.index(Link) < kinds.index(Sentry) < kinds.index(CrossConnect)


def test_no_two_attachments_have_the_same_number() -> None:
    estate = estates.snapshot(*estates.whole(), *estates.circuit("er2", 2), estates.peering("er2"))
    sentries = [sentry_of(compiled(leg_scope(leg, name), estate=estate)) for name in ("er1", "er2") for leg in Leg]
    assert len({sentry.index for sentry in sentries}) == len(sentries)
    assert min(sentry.index for sentry in sentries) >= 1 << 28


def test_a_peering_of_both_families_has_one_sentry_for_both() -> None:
    both = estates.peering(ipv6PeeringConfig={
        "primaryPeerAddressPrefix": "fd00:ac::/126", "secondaryPeerAddressPrefix": "fd00:ac::4/126"})
    whole = [both if one.id == both.id else one for one in estates.whole()]
    sentry = sentry_of(compiled(leg_scope(Leg.PRIMARY), estate=estates.snapshot(*whole)))
    assert sentry.own == ("172.16.0.2", "fd00:ac::2")
    assert sentry.peers == ("172.16.0.1", "fd00:ac::1")


def test_a_full_packet_fits_the_hand_off_and_the_underlay_pays_for_tags_and_tunnels() -> None:
    assert TRUNK_MTU >= HANDOFF_MTU + 2 * TAG_BYTES
    assert BACKBONE_MTU >= HANDOFF_MTU + VXLAN_BYTES
    sentry = sentry_of(blueprint := compiled(leg_scope(Leg.PRIMARY)))
    assert interfaces(blueprint)[sentry.node, sentry.interface].mtu == HANDOFF_MTU == 1500


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())
def test_both_ends_of_every_tunnel_carry_what_the_profile_says(profile: Profile) -> None:
    assert tunnel_mtus(profile) == {profile.mtu}


def test_the_documented_1400_bytes_bound_the_service_and_not_the_hand_off() -> None:
    assert (AZURE.mtu, AZURE_1400.mtu) == (1500, 1400)
    blueprint = compiled(leg_scope(Leg.PRIMARY), AZURE_1400)
    sentry = sentry_of(blueprint)
    assert interfaces(blueprint)[sentry.node, sentry.interface].mtu == 1500
    assert replace(AZURE_1400, name=AZURE.name, mtu=AZURE.mtu) == AZURE


def test_settings_know_the_profiles_that_there_are() -> None:
    assert tuple(PROFILES) == PROFILE_NAMES
