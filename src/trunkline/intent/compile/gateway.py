"""A virtual network gateway: two active instances, each with a link to the VNet router and a tunnel to every VRF of
every connected circuit. It advertises the address spaces of its VNet and of peered VNets that use it, never subnets,
and is no transit between circuits.

In the hub of a Virtual WAN the routers of route tables take the VNet router's place, and tell the gateway what to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.allocation import (
    edge_addresses,
    edge_loopback,
    instance_addresses,
    region_loopback,
    router_address,
    vni,
)
from trunkline.intent.bgp import REJECT_ALL, Action, Origin, Policy, Refusal, Router, Rule, Session
from trunkline.intent.compile import controls, fast_path, route_server, wan_hub
from trunkline.intent.compile.communities import Marks, marks
from trunkline.intent.compile.draft import (
    BYPASSED,
    CIRCUIT,
    HUB,
    VNET,
    Draft,
    backbone_scope,
    gateway_tunnel,
    in_family,
    inside,
    instance_node,
    learned_from,
    only_own,
    point_to_point,
    router_id,
    session_name,
    sysctls,
    vnet_node,
)
from trunkline.intent.compile.plant import core_of_region
from trunkline.intent.compile.vnet import gateway_interface
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import ConnectionView, GatewayView, connections, gateway_view
from trunkline.intent.network import Capacity, Interface, Link, Node, Role, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.model.bgp import AZURE_ASN, GATEWAY_ASN, family_of
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId
from trunkline.model.site import Daemon

#: Local preference of a connection without routing weight.
BASE_PREFERENCE = 100


def gateway(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    view = gateway_view(estate, ResourceId.parse(scope.key))
    if not view:
        return Draft()
    linked = connections(estate, view.resource.id)
    behind = ScopeKind.HUB if view.wan else ScopeKind.VNET
    draft = Draft(requires=[Scope(behind, view.vnet.resource.id.key), Scope(ScopeKind.REGION, view.region)])
    if fast_path.prepared(view):
        _add_direct_tunnels(draft, linked, profile)
    bypassed = frozenset(c.resource.number for c in linked if fast_path.is_on(c, estate, profile))
    origins = () if view.wan else tuple(_origins(view, marks(estate, view.vnet)))
    for instance in (0, 1):
        _add_instance(draft, view, instance)
        draft.pieces += [_tunnel(c, instance, leg, profile) for c in linked for leg in Leg]
        draft.pieces.append(_capacity(view, linked, instance, profile))
        draft.routers.append(replace(_router(view, linked, bypassed, instance, profile), origins=origins))
    return draft


def _add_direct_tunnels(draft: Draft, linked: tuple[ConnectionView, ...], profile: Profile) -> None:
    """Both ends at once, so that no instance tells of one that has no other. They stand in the circuits' VRFs."""
    for connection in linked:
        for leg in Leg:
            draft.pieces += fast_path.tunnel_ends(connection, leg, profile)
            draft.requires += [Scope(ScopeKind.LEG, connection.circuit.resource.id.key, leg),
                               backbone_scope(connection.circuit.location, connection.gateway.region, leg)]


def _ends(view: GatewayView, instance: int) -> tuple[tuple[str, str], ...]:
    """(address of the instance, of the VNet router) for each family."""
    return tuple((instance_addresses(subnet)[instance], router_address(subnet)) for subnet in view.vnet.gateway_subnets)


def _add_instance(draft: Draft, view: GatewayView, instance: int) -> None:
    node, ends = instance_node(view.resource.id, instance), _ends(view, instance)
    draft.pieces.append(Node(node, Role.GATEWAY, forwarding=True, sysctls=sysctls(own for own, _ in ends)))
    draft.pieces += wan_hub.links_of_gateway(view, view.wan, instance) if view.wan else [
        Link(Interface(node, "vnet", tuple(point_to_point(own, router) for own, router in ends)),
             Interface(vnet_node(view.vnet.resource.id), gateway_interface(view.resource.number, instance),
                       tuple(point_to_point(router, own) for own, router in ends)))]


def _tunnel(connection: ConnectionView, instance: int, leg: Leg, profile: Profile) -> Tunnel:
    view, location = connection.gateway, connection.circuit.location
    addresses = tuple(point_to_point(instance_addresses(subnet)[instance], edge_addresses(subnet, connection.slot, leg))
                      for subnet in connection.subnets)
    end = Interface(instance_node(view.resource.id, instance), gateway_tunnel(connection, leg), addresses, profile.mtu)
    return Tunnel(core_of_region(view.region, leg), end, vni(connection.resource.number, instance, leg),
                  region_loopback(view.region, leg), edge_loopback(location, leg))


def _capacity(view: GatewayView, linked: tuple[ConnectionView, ...], instance: int, profile: Profile) -> Capacity:
    """The bounds are the gateway's, so its instances share them."""
    size = view.size.divided(profile.gateway_divisor)
    own = tuple(address for subnet in view.vnet.gateway_subnets for address in instance_addresses(subnet))
    return Capacity(
        instance_node(view.resource.id, instance), instance_node(view.resource.id, 0),
        tuple(sorted(gateway_tunnel(c, leg) for c in linked for leg in Leg)),
        wan_hub.gateway_interfaces(view.wan) if view.wan else ("vnet",), own, size.bandwidth_bps,
        size.packets_per_s, size.flows, profile.gateway_burst_ms, profile.gateway_flow_idle_s)


def _router(view: GatewayView, linked: tuple[ConnectionView, ...], bypassed: frozenset[int], instance: int,
            profile: Profile) -> Router:
    """``bypassed``: numbers of the connections with FastPath."""
    inwards = wan_hub.sessions_of_gateway(view, view.wan, instance, profile) if view.wan else (
        _towards_vnet(view, own, router, profile) for own, router in _ends(view, instance))
    return Router(
        instance_node(view.resource.id, instance), Daemon.BIRD, GATEWAY_ASN,
        router_id(view.resource.number, 1 + instance),
        (*inwards,
         *(one for c in linked for leg in Leg
           for one in _sessions(c, c.resource.number in bypassed, instance, leg, profile)),
         *(route_server.sessions_of_gateway(view, view.hub, instance) if view.hub else ())),
        ecmp=profile.ecmp)


def _origins(view: GatewayView, marks: Marks) -> Iterator[Origin]:
    """Both instances': the network's router leads to all that is behind the gateway."""
    routers = {family_of(router): router for _, router in _ends(view, 0)}
    for prefix in view.prefixes:
        if family_of(prefix) in routers:
            yield Origin(prefix, routers[family_of(prefix)], communities=marks.get(prefix, ()))


def _towards_vnet(view: GatewayView, own: str, router: str, profile: Profile) -> Session:
    """Every path is told, also without FastPath: to begin with it would cost the session, which negotiates it when it
    opens (RFC 7911). The VRFs' own addresses stay next hops of what is reached past the gateway."""
    tells = Policy((Rule(Action.PERMIT, groups=(BYPASSED,)), Rule(Action.PERMIT, groups=(CIRCUIT,), next_hop=own)))
    return Session(
        name=in_family(session_name(VNET, view.resource.number), own), group=VNET, interface="vnet", local_address=own,
        peer_address=router, local_asn=GATEWAY_ASN, peer_asn=GATEWAY_ASN, import_policy=REJECT_ALL,
        export_policy=tells, enforce_first_as=False, ttl_security=True, bfd=profile.inner_bfd, every_path=True)


def _sessions(connection: ConnectionView, bypassed: bool, instance: int, leg: Leg,
              profile: Profile) -> Iterator[Session]:
    view, peering = connection.gateway, connection.circuit.private
    policy, at = peering.controls.on(leg) if peering else None, connection.attached
    taken = Policy((Rule(Action.DENY, inside(view.prefixes), refusal=Refusal.OWN_SPACE), *controls.heeded(
        policy, BASE_PREFERENCE, connection.model.routing_weight)))
    for subnet in connection.subnets:
        routes = view.size.divided(profile.gateway_divisor).routes
        past = bypassed and fast_path.takes_family(connection, subnet)
        session = Session(
            name=in_family(session_name(CIRCUIT, connection.resource.number, leg), subnet),
            group=BYPASSED if past else CIRCUIT,
            interface=gateway_tunnel(connection, leg), local_address=instance_addresses(subnet)[instance],
            peer_address=edge_addresses(subnet, connection.slot, leg), local_asn=GATEWAY_ASN, peer_asn=AZURE_ASN,
            import_policy=wan_hub.taken_from_circuit(taken, at) if at else taken,
            export_policy=wan_hub.told_to_circuit(at) if at else _to_circuit(
                connection, router_address(subnet) if past else ""), ttl_security=True,
            bfd=profile.inner_bfd, prefix_limit=routes)
        yield session.unless(connection.tested, "a site failover test")


def _to_circuit(connection: ConnectionView, direct: str) -> Policy:
    """Its own, and with branch-to-branch traffic what the Route Server's peers announce. ``direct``: the VNet router's
    address, if packets go past the gateway."""
    view = connection.gateway
    branches = learned_from(HUB).rules if view.hub else ()
    past = only_own(fast_path.bypassed_prefixes(connection), direct).rules if direct else ()
    return Policy((*past, *only_own(view.prefixes).rules, *branches))
