"""Region, edge, port, backbone: plant that exists while some scope requires it."""

from __future__ import annotations

import hashlib

from trunkline.intent.allocation import edge_loopback, node_name, region_loopback
from trunkline.intent.compile.draft import BACKBONE_MTU, TRUNK_MTU, Draft, letter, point_to_point
from trunkline.intent.estate import Estate
from trunkline.intent.network import Interface, Link, Node, Role
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile

#: The switch's trunk towards the edge.
TO_EDGE = "edge"


def edge_node(location: str, leg: Leg) -> str:
    return node_name(Role.EDGE, location, location.lower(), letter(leg))


def core_of_edge(location: str, leg: Leg) -> str:
    return node_name(Role.CORE, location, f"edge:{location.lower()}", letter(leg))


def core_of_region(region: str) -> str:
    return node_name(Role.CORE, region, f"region:{region}")


def switch_node(provider: str, location: str, leg: Leg) -> str:
    return node_name(Role.SWITCH, provider, f"{provider}@{location}".lower(), letter(leg))


def azure_port(provider: str, location: str, leg: Leg) -> str:
    """The name customers see of the edge's port towards a provider."""
    return azure_port_name(port_interface(provider), location, leg)


def azure_port_name(interface: str, location: str, leg: Leg) -> str:
    return f"{location.replace(' ', '-').upper()}-{interface.upper()}-{leg.value[:3].upper()}"


def port_interface(provider: str) -> str:
    """The edge's port towards a provider."""
    return f"p{_short(provider.lower())}"


def backbone_interface(region: str) -> str:
    """The interface of an edge's backbone router towards a region."""
    return f"r{_short(region)}"


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def region(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    node = Node(core_of_region(scope.key), Role.CORE, forwarding=True, loopback=(f"{region_loopback(scope.key)}/32",))
    return Draft([node])


def edge(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    leg = Leg(scope.leg)
    return Draft([
        Node(edge_node(scope.key, leg), Role.EDGE),
        Node(core_of_edge(scope.key, leg), Role.CORE, forwarding=True,
             loopback=(f"{edge_loopback(scope.key, leg)}/32",))])


def port(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    provider, _, location = scope.key.rpartition("@")
    leg = Leg(scope.leg)
    switch = switch_node(provider, location, leg)
    trunk = Link(Interface(switch, TO_EDGE, mtu=TRUNK_MTU),
                 Interface(edge_node(location, leg), port_interface(provider), mtu=TRUNK_MTU))
    return Draft([Node(switch, Role.SWITCH), trunk], requires=[Scope(ScopeKind.EDGE, location, leg)])


def backbone(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    location, _, to_region = scope.key.partition("~")
    leg = Leg(scope.leg)
    here, there = edge_loopback(location, leg), region_loopback(to_region)
    link = Link(
        Interface(core_of_edge(location, leg), backbone_interface(to_region), (point_to_point(here, there),),
                  BACKBONE_MTU),
        Interface(core_of_region(to_region), f"e{_short(location)}{letter(leg)}", (point_to_point(there, here),),
                  BACKBONE_MTU))
    return Draft([link], requires=[Scope(ScopeKind.EDGE, location, leg), Scope(ScopeKind.REGION, to_region)])
