"""A Route Server: two instances in the RouteServerSubnet that speak BGP with routers in the virtual network (NVAs), and
the sessions that others have with it. No packet is forwarded by it. It knows
IPv4 alone, as in Azure.

    NVA ══ multi-hop eBGP ══ instance ── iBGP ── VNet router ── iBGP (transit) ── routers of peered VNets
                                    ╘══ multi-hop iBGP ══ gateway instances, with branch-to-branch traffic

A next hop is never changed on the way: traffic goes to the NVA, or from the NVA's router straight to the gateway. What
an NVA marks NO_ADVERTISE reaches the networks that the Route Server serves, and neither gateways nor other NVAs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.allocation import instance_addresses, router_address
from trunkline.intent.bgp import PERMIT_ALL, REJECT_ALL, Action, Origin, Policy, Refusal, Router, Rule, Session
from trunkline.intent.compile.draft import (
    CIRCUITS,
    DAEMON_SYSCTLS,
    GATEWAY,
    HUB,
    NVA,
    VNET,
    Draft,
    hub_node,
    inside,
    learned_from,
    only_own,
    point_to_point,
    router_id,
    session_name,
    vnet_node,
)
from trunkline.intent.compile.route_maps import mapped
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView, gateway_view
from trunkline.intent.network import Interface, Link, Node, Role, Route
from trunkline.intent.placement import placed
from trunkline.intent.route_map import RouteMaps, maps_of
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import GATEWAY as GATEWAY_TYPE
from trunkline.intent.view import HubView, VnetPeeringView, VnetView, hub_of, hub_view, lent, referrers, vnet_peerings
from trunkline.model.bgp import GATEWAY_ASN, of_family
from trunkline.model.hub import HUB_ASN, BgpConnection, RoutingPreference
from trunkline.model.profile import Profile
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.site import Daemon

#: Local preference of what NVAs announce; what gateways learn has 100 and the connection's routing weight.
_PREFERENCE = {RoutingPreference.EXPRESS_ROUTE: 90, RoutingPreference.AS_PATH: 100,
               RoutingPreference.VPN_GATEWAY: 65_000}

#: Between our own speakers over several hops, where no BFD watches.
_HOLD_S, _KEEPALIVE_S = 9, 3


def route_server(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    hub = hub_view(estate, ResourceId.parse(scope.key))
    if not hub:
        return Draft()
    draft = Draft(requires=[Scope(ScopeKind.VNET, hub.vnet.resource.id.key)])
    maps = maps_of(estate, hub.resource.id)
    peered, reached = vnet_peerings(estate, hub.vnet), tuple(gateways(estate, hub))
    advertised = of_family(4, (*hub.vnet.prefixes, *lent(estate, hub.vnet)))
    known = of_family(4, (*hub.vnet.prefixes, *(prefix for one in peered for prefix in one.prefixes)))
    for instance in (0, 1):
        _add_instance(draft, hub, instance)
        sessions = (
            _towards_vnet(hub, instance, profile),
            *(_steered(_towards_nva(hub, peer, wish, instance, advertised, profile), maps, peer)
              for peer, wish in hub.peers),
            *(_steered(one, maps, gateway.resource) for gateway in reached
              for one in _towards_gateway(hub, gateway, instance, known)))
        origins = tuple(Origin(prefix, router_address(hub.subnet)) for prefix in known)
        draft.routers.append(Router(
            hub_node(hub.resource.id, instance), Daemon.BIRD, HUB_ASN, router_id(hub.resource.number, 6 + instance),
            sessions, origins, profile.ecmp))
    return draft


def gateways(estate: Estate, hub: HubView) -> Iterator[GatewayView]:
    """Those it exchanges routes with."""
    for name, _ in hub.vnet.subnets:
        for gateway in referrers(estate, hub.vnet.resource.id.child("subnets", name), GATEWAY_TYPE):
            if (view := gateway_view(estate, gateway.id)) and view.hub:
                yield view


def _steered(session: Session, maps: RouteMaps, connection: Resource) -> Session:
    inbound, outbound = (way.get(connection.id.key) for way in (maps.inbound, maps.outbound))
    return replace(session, import_policy=mapped(session.import_policy, inbound),
                   export_policy=mapped(session.export_policy, outbound)) if inbound or outbound else session


def hub_interface(hub: HubView, instance: int) -> str:
    """The VNet router's link to an instance."""
    return f"r{hub.resource.number}i{instance}"


def _add_instance(draft: Draft, hub: HubView, instance: int) -> None:
    node, own, router = hub_node(hub.resource.id, instance), hub.addresses[instance], router_address(hub.subnet)
    draft.pieces += [
        Node(node, Role.HUB, sysctls=DAEMON_SYSCTLS),
        Link(Interface(node, "vnet", (point_to_point(own, router),)),
             Interface(vnet_node(hub.vnet.resource.id), hub_interface(hub, instance), (point_to_point(router, own),))),
        Route(node, "0.0.0.0/0", (router,))]


def _towards_vnet(hub: HubView, instance: int, profile: Profile) -> Session:
    return Session(
        name=session_name(VNET, hub.vnet.resource.number), group=VNET, interface="vnet",
        local_address=hub.addresses[instance], peer_address=router_address(hub.subnet), local_asn=HUB_ASN,
        peer_asn=GATEWAY_ASN, import_policy=REJECT_ALL, export_policy=learned_from(NVA), enforce_first_as=False,
        ttl_security=True, bfd=profile.inner_bfd, every_path=True, heeds_communities=False)


def nva_session(peer: Resource) -> str:
    """Name of an instance's session with a bgpConnection's peer."""
    return session_name(NVA, peer.number)


def _towards_nva(hub: HubView, peer: Resource, wish: BgpConnection, instance: int, advertised: tuple[str, ...],
                 profile: Profile) -> Session:
    preference = _PREFERENCE[hub.model.hub_routing_preference]
    branches = learned_from(GATEWAY).rules if hub.model.allow_branch_to_branch_traffic else ()
    return Session(
        name=nva_session(peer), group=NVA, interface="", local_address=hub.addresses[instance],
        peer_address=wish.peer_ip, local_asn=HUB_ASN, peer_asn=wish.peer_asn,
        import_policy=Policy((Rule(Action.DENY, inside(advertised), refusal=Refusal.OWN_SPACE),
                              Rule(Action.PERMIT, local_pref=preference))),
        export_policy=Policy((*only_own(advertised).rules, *learned_from(NVA).rules, *branches)),
        hold_time_s=profile.hold_time_s, keepalive_time_s=profile.keepalive_time_s,
        prefix_limit=profile.route_server_prefix_limit)


def _towards_gateway(hub: HubView, gateway: GatewayView, instance: int, own: tuple[str, ...]) -> Iterator[Session]:
    for far, address in enumerate(instance_addresses(gateway.vnet.gateway_subnet)):
        yield Session(
            name=session_name(GATEWAY, gateway.resource.number, str(far)), group=GATEWAY, interface="",
            local_address=hub.addresses[instance], peer_address=address, local_asn=HUB_ASN, peer_asn=GATEWAY_ASN,
            import_policy=Policy((Rule(Action.DENY, inside(own), refusal=Refusal.OWN_SPACE), Rule(Action.PERMIT))),
            export_policy=learned_from(NVA), enforce_first_as=False, hold_time_s=_HOLD_S,
            keepalive_time_s=_KEEPALIVE_S)


def sessions_of_gateway(gateway: GatewayView, hub: HubView, instance: int) -> tuple[Session, ...]:
    """A gateway instance's sessions with both instances of the Route Server."""
    own = instance_addresses(gateway.vnet.gateway_subnet)[instance]
    return tuple(
        Session(
            name=session_name(HUB, hub.resource.number, str(far)), group=HUB, interface="", local_address=own,
            peer_address=address, local_asn=GATEWAY_ASN, peer_asn=HUB_ASN,
            import_policy=Policy((
                Rule(Action.DENY, inside(gateway.prefixes), refusal=Refusal.OWN_SPACE), Rule(Action.PERMIT))),
            export_policy=learned_from(*CIRCUITS), enforce_first_as=False, next_hop_self=True, hold_time_s=_HOLD_S,
            keepalive_time_s=_KEEPALIVE_S)
        for far, address in enumerate(hub.addresses))


def sessions_of_vnet(hub: HubView, profile: Profile) -> tuple[Session, ...]:
    """The VNet router's sessions with both instances."""
    return tuple(
        Session(
            name=session_name(HUB, hub.resource.number, str(instance)), group=HUB,
            interface=hub_interface(hub, instance), local_address=router_address(hub.subnet), peer_address=address,
            local_asn=GATEWAY_ASN, peer_asn=HUB_ASN, import_policy=PERMIT_ALL, export_policy=REJECT_ALL,
            enforce_first_as=False, ttl_security=True, bfd=profile.inner_bfd, every_path=True, recursive=True)
        for instance, address in enumerate(hub.addresses))


def origins_of_vnet(estate: Estate, vnet: VnetView, peerings: tuple[VnetPeeringView, ...]) -> tuple[Origin, ...]:
    """Host routes to the NVAs in this network, as its router's daemon must know to find their next hops: of its own
    Route Server and of those that it borrows from."""
    hubs = (hub_of(estate, vnet), *(hub_of(estate, one.remote) for one in peerings if one.borrows))
    wanted = {wish.peer_ip for hub in hubs if hub for _, wish in hub.peers}
    if not wanted:
        return ()
    nics = (nic for subnet in placed(estate, vnet.resource.id) for nic in subnet.nics)
    return tuple(dict.fromkeys(Origin(f"{address}/32", interface=nic.interface)
                               for nic in nics for address in nic.addresses if address in wanted))
