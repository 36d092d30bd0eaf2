"""The peering of two virtual networks: a link between their routers, there while both sides wish it, and a route to the
other's address space at each end. Nothing is passed on to a third network, so peering is not transitive.

Where one lends the other its gateways, the two routers also speak BGP over the link: the lender reflects what its
gateways and its Route Server told it. Next hops stay as they are, so that each router finds its own way to a virtual
appliance, wherever that stands.

Unless it allows forwarded traffic, a network takes over the link only what comes from where it has a route to over it.

Also between regions the link is direct: regions have no backbone between them, only towards peering locations.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.allocation import link_address
from trunkline.intent.bgp import REJECT_ALL, Action, Origin, Policy, Refusal, Rule, Session
from trunkline.intent.compile import far_appliances
from trunkline.intent.compile.draft import (
    GATEWAY,
    HUB,
    TRANSIT,
    Draft,
    in_family,
    inside,
    point_to_point,
    session_name,
    vnet_node,
)
from trunkline.intent.compile.surroundings import has_tables, peering_interface, surroundings
from trunkline.intent.estate import Estate
from trunkline.intent.network import Interface, Link, Piece, Route
from trunkline.intent.placement import placed
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import VnetPeeringView, VnetView, vnet_peerings, vnet_view
from trunkline.model.bgp import GATEWAY_ASN, family_of
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId

_BETWEEN = "~"


def vnet_peering_scope(one: ResourceId, other: ResourceId) -> Scope:
    """The same from both sides."""
    return Scope(ScopeKind.VNET_PEERING, _BETWEEN.join(sorted((one.key, other.key))))


def vnet_peering(scope: Scope, estate: Estate, _profile: Profile) -> Draft:
    one, _, other = scope.key.partition(_BETWEEN)
    view = vnet_view(estate, ResourceId.parse(one))
    here = next((p for p in vnet_peerings(estate, view) if p.remote.resource.id.key == other), None) if view else None
    there = next((p for p in vnet_peerings(estate, here.remote) if p.remote.resource.id.key == one), None) \
        if here else None
    if not here or not there:
        return Draft()
    return Draft(
        [piece for side in (here, there) for piece in _pieces(side, estate)] + [_link(here, there, estate)],
        requires=[Scope(ScopeKind.VNET, one), Scope(ScopeKind.VNET, other)])


def _link(here: VnetPeeringView, there: VnetPeeringView, estate: Estate) -> Link:
    return Link(_end(here, estate), _end(there, estate))


def _end(peering: VnetPeeringView, estate: Estate) -> Interface:
    """Where there are route tables, the filter of the virtual network looks at sources, for the kernel cannot."""
    ruled = has_tables(placed(estate, peering.local.resource.id))
    return Interface(vnet_node(peering.local.resource.id), peering_interface(peering.remote),
                     tuple(point_to_point(own, far) for own, far in _ends(peering)),
                     strict=not peering.model.allow_forwarded_traffic and not ruled)


def _ends(peering: VnetPeeringView) -> tuple[tuple[str, str], ...]:
    """(own address on the link, the remote's) for each family that both networks have."""
    return tuple((link_address(peering.local.prefixes, family), link_address(peering.remote.prefixes, family))
                 for family in peering.families)


def _pieces(peering: VnetPeeringView, estate: Estate) -> Iterator[Piece]:
    yield from _routes(peering)
    yield from far_appliances.pieces(peering, surroundings(estate, peering.local, ()), estate)


def _routes(peering: VnetPeeringView) -> list[Route]:
    return [Route(vnet_node(peering.local.resource.id), prefix, (hop,)) for prefix, hop in _hops(peering)]


def _hops(peering: VnetPeeringView) -> Iterator[tuple[str, str]]:
    """(prefix of the remote, its address on the link)"""
    hops = {family_of(far): far for _, far in _ends(peering)}
    yield from ((prefix, hops[family_of(prefix)]) for prefix in peering.prefixes)


def origins(peerings: tuple[VnetPeeringView, ...]) -> tuple[Origin, ...]:
    """What the router's daemon must know to find next hops in peered networks."""
    return tuple(Origin(prefix, hop) for one in peerings for prefix, hop in _hops(one))


def sessions(peerings: tuple[VnetPeeringView, ...], local: VnetView, profile: Profile) -> tuple[Session, ...]:
    return tuple(_session(one, local, ends, profile) for one in peerings if one.lends or one.borrows
                 for ends in _ends(one))


def _session(peering: VnetPeeringView, local: VnetView, ends: tuple[str, str], profile: Profile) -> Session:
    own, far = ends
    learns = Policy((Rule(Action.DENY, inside(local.prefixes), refusal=Refusal.OWN_SPACE), Rule(Action.PERMIT)))
    tells = Policy((Rule(Action.PERMIT, groups=(GATEWAY, HUB)),))
    return Session(
        name=in_family(session_name(TRANSIT, peering.remote.resource.number), own), group=TRANSIT,
        interface=peering_interface(peering.remote), local_address=own, peer_address=far,
        local_asn=GATEWAY_ASN, peer_asn=GATEWAY_ASN, import_policy=learns if peering.borrows else REJECT_ALL,
        export_policy=tells if peering.lends else REJECT_ALL, enforce_first_as=False, ttl_security=True,
        bfd=profile.inner_bfd, reflects=peering.lends, every_path=True, recursive=True,
        heeds_communities=False)
