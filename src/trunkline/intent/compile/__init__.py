"""From resources to blueprints, one module per kind of scope. Pure: same estate, same bytes.

    plant    region, edge, port: what exists while somebody requires it
    backbone  its routers, the links between them, and what two sites need
    validation  the cache of a location's leg, and what a router gets that validates origins
    site     a customer's LAN, hosts and routers
    direct   one link of a Direct port, and what is plugged into it
    leg      one leg of a circuit: attachment, hand-off, VRF, tunnels
    microsoft  the VRF of a Microsoft peering, and services, which it reaches, by region
    reach    between circuits: what Global Reach adds to a leg
    sentry   who may come in at a leg's attachment
    contained  what is done on a leg against incidents
    maintained  legs, gateways and Route Servers as announced maintenance leaves them
    faults   what fails on purpose, by what each thing takes with it (failing)
    gateway  both instances of a virtual network gateway
    vnet     VNet router and virtual machines, with
             filters (security groups) and user_routes (route tables), both by what is around the router (surroundings)
    vnet_peering  the link between the routers of two VNets, and what they tell each other over it
    exchange peering LAN and route servers of an internet exchange, with
             route_server_policy, what route servers take from members and tell them
    member   a member's port there, with exchange_edge, the cloud's own router behind one
    route_server  both instances of a Route Server, and the sessions of others with it
    wan_hub  the hub of a Virtual WAN: a router for each of its route tables, and the sessions of others with them
"""

from __future__ import annotations

from collections.abc import Callable

from trunkline.intent.blueprint import Blueprint, in_order
from trunkline.intent.compile import (
    backbone,
    direct,
    exchange,
    faults,
    maintained,
    member,
    plant,
    services,
    site,
    validation,
    vnet,
    vnet_peering,
    wan_hub,
)
from trunkline.intent.compile.draft import Draft
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.profile import Profile


def _hub(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    """A virtual hub is a Route Server, or a Virtual WAN's."""
    in_wan = wan_hub.hub(scope, estate, profile)
    return in_wan if in_wan.pieces else maintained.of_route_server(scope, estate, profile)


_COMPILERS: dict[ScopeKind, Callable[[Scope, Estate, Profile], Draft]] = {
    ScopeKind.CORE: backbone.core,
    ScopeKind.SPAN: backbone.span,
    ScopeKind.CROSSING: backbone.crossing,
    ScopeKind.BACKBONE: backbone.between,
    ScopeKind.REGION: plant.region,
    ScopeKind.EDGE: plant.edge,
    ScopeKind.PORT: plant.port,
    ScopeKind.VALIDATOR: validation.validator,
    ScopeKind.SERVICES: services.services,
    ScopeKind.DIRECT: direct.direct,
    ScopeKind.SITE: site.site,
    ScopeKind.LEG: maintained.leg,
    ScopeKind.GATEWAY: maintained.of_gateway,
    ScopeKind.VNET: vnet.vnet,
    ScopeKind.VNET_PEERING: vnet_peering.vnet_peering,
    ScopeKind.EXCHANGE: exchange.exchange,
    ScopeKind.MEMBER: member.member,
    ScopeKind.HUB: _hub,
    ScopeKind.FAULT: faults.fault,
}


def compile(scope: Scope, estate: Estate, profile: Profile) -> Blueprint:
    """The blueprint of a scope; empty when its resource is gone."""
    draft = _COMPILERS[scope.kind](scope, estate, profile)
    return Blueprint(scope, in_order(draft.pieces), tuple(sorted(draft.routers, key=lambda r: r.node)),
                     tuple(sorted(set(draft.requires))))
