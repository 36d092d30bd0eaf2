"""Region, edge, port: plant that exists while some scope requires it."""

from __future__ import annotations

import hashlib

from trunkline.intent.allocation import node_name
from trunkline.intent.compile.draft import (
    TRUNK_MTU,
    Draft,
    core_scope,
    crossing_scope,
    edge_scope,
    letter,
)
from trunkline.intent.estate import Estate
from trunkline.intent.network import Interface, Link, Node, Role
from trunkline.intent.scope import Scope
from trunkline.model.backbone import site_of
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile

#: The switch's trunk towards the edge.
TO_EDGE = "edge"
#: A backbone router's interface towards the other leg's at the same site.
CROSSING = "crossing"


def edge_node(location: str, leg: Leg) -> str:
    """Where a leg of a location's circuits ends: of a metro, in one of its buildings."""
    site = site_of(location, leg)
    return node_name(Role.EDGE, site, site, letter(leg))


def core_node(site: str, leg: Leg) -> str:
    """A leg's backbone router at a peering location or in a region."""
    site = site_of(site, leg)
    return node_name(Role.CORE, site, f"core:{site}", letter(leg))


def core_of_edge(location: str, leg: Leg) -> str:
    return core_node(location, leg)


def core_of_region(region: str, leg: Leg) -> str:
    return core_node(region, leg)


def switch_node(provider: str, location: str, leg: Leg) -> str:
    return node_name(Role.SWITCH, provider, f"{provider.lower()}@{site_of(location, leg)}", letter(leg))


def azure_port(provider: str, location: str, leg: Leg) -> str:
    """The name customers see of the edge's port towards a provider."""
    return azure_port_name(port_interface(provider), location, leg)


def azure_port_name(interface: str, location: str, leg: Leg) -> str:
    return f"{site_of(location, leg).replace(' ', '-').upper()}-{interface.upper()}-{leg.value[:3].upper()}"


def port_interface(provider: str) -> str:
    """The edge's port towards a provider."""
    return f"p{_short(provider.lower())}"


def backbone_interface(site: str) -> str:
    """A backbone router's interface towards another site."""
    return f"b{_short(site.casefold())}"


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def region(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    """Both of its backbone routers."""
    return Draft(requires=[*(core_scope(scope.key, leg) for leg in Leg), crossing_scope(scope.key)])


def edge(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    leg = Leg(scope.leg)
    return Draft([Node(edge_node(scope.key, leg), Role.EDGE)], requires=[core_scope(scope.key, leg)])


def port(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    provider, _, location = scope.key.rpartition("@")
    leg = Leg(scope.leg)
    switch = switch_node(provider, location, leg)
    trunk = Link(Interface(switch, TO_EDGE, mtu=TRUNK_MTU),
                 Interface(edge_node(location, leg), port_interface(provider), mtu=TRUNK_MTU))
    return Draft([Node(switch, Role.SWITCH), trunk], requires=[edge_scope(location, leg)])
