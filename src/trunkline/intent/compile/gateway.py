"""A virtual network gateway: two active instances, each with a link to the VNet router and a tunnel to every VRF of
every connected circuit. It advertises the address spaces of its VNet and of peered VNets that use it, never subnets,
and is no transit between circuits.
"""

from __future__ import annotations

from trunkline.intent.allocation import (
    edge_addresses,
    edge_loopback,
    instance_addresses,
    region_loopback,
    router_address,
    vni,
)
from trunkline.intent.bgp import REJECT_ALL, Action, Origin, Policy, Router, Rule, Session
from trunkline.intent.compile import route_server
from trunkline.intent.compile.draft import (
    CIRCUIT,
    DAEMON_SYSCTLS,
    HUB,
    VNET,
    Draft,
    gateway_tunnel,
    inside,
    instance_node,
    learned_from,
    only_own,
    point_to_point,
    router_id,
    session_name,
    vnet_node,
)
from trunkline.intent.compile.plant import core_of_region
from trunkline.intent.compile.vnet import gateway_interface
from trunkline.intent.estate import Estate
from trunkline.intent.network import Interface, Link, Node, Role, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import ConnectionView, GatewayView, connections, gateway_view
from trunkline.model.bgp import AZURE_ASN, GATEWAY_ASN
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
    draft = Draft(requires=[Scope(ScopeKind.VNET, view.vnet.resource.id.key), Scope(ScopeKind.REGION, view.region)])
    for instance in (0, 1):
        _add_instance(draft, view, instance)
        draft.pieces += [_tunnel(c, instance, leg) for c in linked for leg in Leg]
        draft.routers.append(_router(view, linked, instance, profile))
    return draft


def _addresses(view: GatewayView, instance: int) -> tuple[str, str]:
    """(of the instance, of the VNet router)"""
    return instance_addresses(view.vnet.gateway_subnet)[instance], router_address(view.vnet.gateway_subnet)


def _add_instance(draft: Draft, view: GatewayView, instance: int) -> None:
    node = instance_node(view.resource.id, instance)
    own, router = _addresses(view, instance)
    draft.pieces += [
        Node(node, Role.GATEWAY, forwarding=True, sysctls=DAEMON_SYSCTLS),
        Link(Interface(node, "vnet", (point_to_point(own, router),)),
             Interface(vnet_node(view.vnet.resource.id), gateway_interface(view.resource.number, instance),
                       (point_to_point(router, own),)))]


def _tunnel(connection: ConnectionView, instance: int, leg: Leg) -> Tunnel:
    view, location = connection.gateway, connection.circuit.location
    own, _ = _addresses(view, instance)
    far = edge_addresses(view.vnet.gateway_subnet, connection.slot, leg)
    end = Interface(instance_node(view.resource.id, instance), gateway_tunnel(connection, leg),
                    (point_to_point(own, far),))
    return Tunnel(core_of_region(view.region), end, vni(connection.resource.number, instance, leg),
                  region_loopback(view.region), edge_loopback(location, leg))


def _router(view: GatewayView, linked: tuple[ConnectionView, ...], instance: int, profile: Profile) -> Router:
    own, router = _addresses(view, instance)
    towards_vnet = Session(
        name=session_name(VNET, view.resource.number), group=VNET, interface="vnet", local_address=own,
        peer_address=router, local_asn=GATEWAY_ASN, peer_asn=GATEWAY_ASN, import_policy=REJECT_ALL,
        export_policy=learned_from(CIRCUIT), enforce_first_as=False, next_hop_self=True, ttl_security=True,
        bfd=profile.inner_bfd)
    return Router(
        instance_node(view.resource.id, instance), Daemon.BIRD, GATEWAY_ASN,
        router_id(view.resource.number, 1 + instance),
        (towards_vnet, *(_session(c, instance, leg, profile) for c in linked for leg in Leg),
         *(route_server.sessions_of_gateway(view, view.hub, instance) if view.hub else ())),
        tuple(Origin(prefix, router) for prefix in view.prefixes), profile.ecmp)


def _session(connection: ConnectionView, instance: int, leg: Leg, profile: Profile) -> Session:
    view = connection.gateway
    return Session(
        name=session_name(CIRCUIT, connection.resource.number, leg), group=CIRCUIT,
        interface=gateway_tunnel(connection, leg), local_address=_addresses(view, instance)[0],
        peer_address=edge_addresses(view.vnet.gateway_subnet, connection.slot, leg),
        local_asn=GATEWAY_ASN, peer_asn=AZURE_ASN,
        import_policy=Policy((Rule(Action.DENY, inside(view.prefixes)),
                              Rule(Action.PERMIT, local_pref=BASE_PREFERENCE + connection.model.routing_weight))),
        export_policy=_to_circuit(view), ttl_security=True, bfd=profile.inner_bfd)


def _to_circuit(view: GatewayView) -> Policy:
    """Its own, and with branch-to-branch traffic what the Route Server's peers announce."""
    branches = learned_from(HUB).rules if view.hub else ()
    return Policy((*only_own(view.prefixes).rules, *branches))


