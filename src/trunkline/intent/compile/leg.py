"""One leg of a circuit, from the CE's sub-interface to the tunnels: everything that fails and is deleted together.

    CE v──x ═C═ w ── c switch edge ═S,C═ p edge a ── customer VRF g ~~ gateway instances
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.allocation import (
    edge_addresses,
    edge_loopback,
    instance_addresses,
    region_loopback,
    vni,
)
from trunkline.intent.bgp import Action, Policy, PrefixMatch, Router, Rule, Session
from trunkline.intent.compile.draft import (
    CUSTOMER,
    DAEMON_SYSCTLS,
    GATEWAY,
    TRUNK_MTU,
    Draft,
    attachment,
    backbone_scope,
    ce_node,
    customer_interface,
    learned_from,
    letter,
    number_of,
    point_to_point,
    port_scope,
    router_id,
    session_name,
    vrf_node,
    vrf_tunnel,
)
from trunkline.intent.compile.plant import TO_EDGE, core_of_edge, edge_node, port_interface, switch_node
from trunkline.intent.estate import Estate
from trunkline.intent.network import (
    ETH_P_8021AD,
    OUTSIDE,
    Address,
    CrossConnect,
    Direction,
    Interface,
    Link,
    Node,
    Piece,
    Port,
    Role,
    Tag,
    Tunnel,
)
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import (
    CircuitView,
    ConnectionView,
    GatewayView,
    OrderView,
    PeeringView,
    circuit_view,
    connections,
)
from trunkline.model.bgp import AZURE_ASN, GATEWAY_ASN, bare, customer_address, edge_address
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.peering import PeeringState
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId, Secret
from trunkline.model.site import Daemon, Handoff

#: The VRF's interface towards the customer.
TO_CUSTOMER = "customer"

#: Never accepted from a customer (RFC 6890; the default route is welcome on private peering).
MARTIANS = (
    PrefixMatch("0.0.0.0/8", 8, 32),
    *(PrefixMatch.orlonger(p) for p in ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")))


def leg(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    circuit = circuit_view(estate, ResourceId.parse(scope.key))
    if not circuit:
        return Draft()
    which = Leg(scope.leg)
    draft = Draft(requires=[port_scope(circuit, which)])
    if circuit.private:
        _add_vrf(draft, circuit, circuit.private, which)
        linked = connections(estate, circuit.resource.id)
        for connection in linked:
            _add_tunnels(draft, connection, which)
        draft.routers.append(_router(circuit, circuit.private, linked, which, profile))
    order = circuit.order(which)
    if order:
        _add_customer_port(draft, circuit, order, which)
        if circuit.private and circuit.provisioned:
            draft.pieces += _switching(circuit, circuit.private, order, which)
    return draft


def attachment_interface(circuit: CircuitView) -> str:
    """The edge's end of a VRF's attachment."""
    return f"a{circuit.resource.number}"


def trunk_interface(circuit: CircuitView, which: Leg) -> str:
    """The CE's trunk towards the provider."""
    return f"w{circuit.resource.number}{letter(which)}"


def switch_port(circuit: CircuitView) -> str:
    """The provider switch's port towards the customer."""
    return f"c{circuit.resource.number}"


def _both_tags(circuit: CircuitView, vlan: int) -> tuple[Tag, Tag]:
    return Tag(circuit.stag, ETH_P_8021AD), Tag(vlan)


def _add_vrf(draft: Draft, circuit: CircuitView, peering: PeeringView, which: Leg) -> None:
    vrf, edge = vrf_node(circuit.resource.id, which), edge_node(circuit.location, which)
    tags, port, inner = _both_tags(circuit, peering.model.vlan_id), port_interface(circuit.provider), \
        attachment_interface(circuit)
    counter, drop = attachment(circuit, which), which in circuit.faults
    draft.pieces += [
        Node(vrf, Role.VRF, forwarding=True, sysctls=DAEMON_SYSCTLS),
        Link(Interface(vrf, TO_CUSTOMER, (Address(edge_address(peering.model.prefix(which))),)),
             Interface(edge, inner)),
        CrossConnect(edge, port, inner, counter, Direction.IN, match=tags, drop=drop),
        CrossConnect(edge, inner, port, counter, Direction.OUT, push=tags, drop=drop)]


def _add_tunnels(draft: Draft, connection: ConnectionView, which: Leg) -> None:
    circuit, gateway = connection.circuit, connection.gateway
    draft.requires.append(backbone_scope(circuit.location, which, gateway.region))
    own = edge_addresses(gateway.vnet.gateway_subnet, connection.slot, which)
    for instance, far in enumerate(instance_addresses(gateway.vnet.gateway_subnet)):
        end = Interface(vrf_node(circuit.resource.id, which), vrf_tunnel(connection, instance),
                        (point_to_point(own, far),))
        draft.pieces.append(Tunnel(
            core_of_edge(circuit.location, which), end, vni(connection.resource.number, instance, which),
            edge_loopback(circuit.location, which), region_loopback(gateway.region)))


def _add_customer_port(draft: Draft, circuit: CircuitView, view: OrderView, which: Leg) -> None:
    switch, port, handoff = switch_node(circuit.provider, circuit.location, which), switch_port(circuit), \
        view.order.handoff
    if handoff:
        draft.pieces.append(_handoff(switch, port, handoff))
    elif view.site and view.order.router:
        ce = ce_node(view.site.id, view.order.router)
        draft.requires.append(Scope(ScopeKind.SITE, view.site.id.key))
        draft.pieces.append(Link(Interface(ce, trunk_interface(circuit, which), mtu=TRUNK_MTU),
                                 Interface(switch, port, mtu=TRUNK_MTU)))
        draft.pieces += _sub_interface(circuit, view, ce, which)


def _handoff(switch: str, port: str, handoff: Handoff) -> Piece:
    if handoff.create:
        return Link(Interface(switch, port, mtu=TRUNK_MTU), Interface(OUTSIDE, handoff.interface))
    return Port(switch, port, handoff.interface)


def _sub_interface(circuit: CircuitView, view: OrderView, ce: str, which: Leg) -> Iterator[Piece]:
    """The CE's C-tag sub-interface: a veth inside the CE whose other end is cross-connected to the trunk."""
    if not circuit.private:
        return
    model = circuit.private.model
    routed, switched = customer_interface(circuit, which), f"x{circuit.resource.number}{letter(which)}"
    trunk, tag = trunk_interface(circuit, which), (Tag(view.order.vlan_id or model.vlan_id),)
    yield Link(Interface(ce, routed, (Address(customer_address(model.prefix(which))),)), Interface(ce, switched))
    yield CrossConnect(ce, trunk, switched, attachment(circuit, which), Direction.OUT, match=tag)
    yield CrossConnect(ce, switched, trunk, attachment(circuit, which), Direction.IN, push=tag)


def _switching(circuit: CircuitView, peering: PeeringView, view: OrderView, which: Leg) -> Iterator[Piece]:
    """The provider carries the customer's C-tag unchanged inside the circuit's S-tag."""
    switch, port = switch_node(circuit.provider, circuit.location, which), switch_port(circuit)
    vlan = view.order.vlan_id or peering.model.vlan_id
    outside = () if view.order.handoff and view.order.handoff.untagged else (Tag(vlan),)
    both, counter = _both_tags(circuit, vlan), attachment(circuit, which)
    yield CrossConnect(switch, port, TO_EDGE, counter, Direction.IN, match=outside, push=both)
    yield CrossConnect(switch, TO_EDGE, port, counter, Direction.OUT, match=both, push=outside)


def _router(circuit: CircuitView, peering: PeeringView, linked: tuple[ConnectionView, ...], which: Leg,
            profile: Profile) -> Router:
    sessions = [_customer_session(circuit, peering, which, profile)]
    sessions += [_gateway_session(c, instance, which, profile) for c in linked for instance in (0, 1)]
    return Router(vrf_node(circuit.resource.id, which), Daemon.BIRD, AZURE_ASN,
                  router_id(circuit.resource.number, 4 + number_of(which)), tuple(sessions), ecmp=profile.ecmp)


def _customer_session(circuit: CircuitView, peering: PeeringView, which: Leg, profile: Profile) -> Session:
    model = peering.model
    prefix = model.prefix(which)
    return Session(
        name=CUSTOMER, group=CUSTOMER, interface=TO_CUSTOMER,
        local_address=bare(edge_address(prefix)), peer_address=bare(customer_address(prefix)),
        local_asn=AZURE_ASN, peer_asn=model.peer_asn,
        import_policy=Policy((Rule(Action.DENY, MARTIANS), Rule(Action.PERMIT, strip_communities=True))),
        export_policy=learned_from(GATEWAY, strip_asns=(GATEWAY_ASN,)),
        password=Secret(peering.shared_key) if peering.shared_key else None, bfd=profile.customer_bfd,
        hold_time_s=profile.hold_time_s, keepalive_time_s=profile.keepalive_time_s,
        prefix_limit=profile.prefix_limit(_tier(circuit)),
        enabled=model.state is PeeringState.ENABLED and which not in circuit.withdrawn)


def _tier(circuit: CircuitView) -> SkuTier:
    return SkuTier(circuit.resource.envelope.get("sku", {}).get("tier", SkuTier.STANDARD))


def _gateway_session(connection: ConnectionView, instance: int, which: Leg, profile: Profile) -> Session:
    subnet = connection.gateway.vnet.gateway_subnet
    return Session(
        name=session_name(GATEWAY, connection.resource.number, str(instance)), group=GATEWAY,
        interface=vrf_tunnel(connection, instance),
        local_address=edge_addresses(subnet, connection.slot, which),
        peer_address=instance_addresses(subnet)[instance], local_asn=AZURE_ASN, peer_asn=GATEWAY_ASN,
        import_policy=_from_gateway(connection.gateway),
        export_policy=learned_from(CUSTOMER), ttl_security=True, bfd=profile.inner_bfd,
        prefix_limit=profile.gateway_prefix_limit)


def _from_gateway(gateway: GatewayView) -> Policy:
    """Its address spaces; with branch-to-branch traffic also what its Route Server's peers announce."""
    if gateway.hub:
        return Policy((Rule(Action.DENY, MARTIANS), Rule(Action.PERMIT)))
    return Policy((Rule(Action.PERMIT, tuple(PrefixMatch.exactly(prefix) for prefix in gateway.prefixes)),))
