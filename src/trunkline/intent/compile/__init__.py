"""From resources to blueprints, one module per kind of scope. Pure: same estate, same bytes.

    plant    region, edge, port, backbone: what exists while somebody requires it
    site     a customer's LAN, hosts and routers
    leg      one leg of a circuit: attachment, hand-off, VRF, tunnels
    gateway  both instances of a virtual network gateway
    vnet     VNet router and virtual machines, with
             filters (security groups) and user_routes (route tables), both by what is around the router (surroundings)
    vnet_peering  the link between the routers of two VNets, and what they tell each other over it
    route_server  both instances of a Route Server, and the sessions of others with it
"""

from __future__ import annotations

from collections.abc import Callable

from trunkline.intent.blueprint import Blueprint, in_order
from trunkline.intent.compile import gateway, leg, plant, route_server, site, vnet, vnet_peering
from trunkline.intent.compile.draft import Draft
from trunkline.intent.estate import Estate
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.profile import Profile

_COMPILERS: dict[ScopeKind, Callable[[Scope, Estate, Profile], Draft]] = {
    ScopeKind.REGION: plant.region,
    ScopeKind.EDGE: plant.edge,
    ScopeKind.PORT: plant.port,
    ScopeKind.BACKBONE: plant.backbone,
    ScopeKind.SITE: site.site,
    ScopeKind.LEG: leg.leg,
    ScopeKind.GATEWAY: gateway.gateway,
    ScopeKind.VNET: vnet.vnet,
    ScopeKind.VNET_PEERING: vnet_peering.vnet_peering,
    ScopeKind.HUB: route_server.route_server,
}


def compile(scope: Scope, estate: Estate, profile: Profile) -> Blueprint:
    """The blueprint of a scope; empty when its resource is gone."""
    draft = _COMPILERS[scope.kind](scope, estate, profile)
    return Blueprint(scope, in_order(draft.pieces), tuple(sorted(draft.routers, key=lambda r: r.node)),
                     tuple(sorted(set(draft.requires))))
