"""One leg of a circuit, from the CE's sub-interface to the tunnels: everything that fails and is deleted together.

    CE v──x ═C═ w ── c switch edge ═S,C═ p edge a ── customer VRF g ~~ gateway instances
    CE v──x ═S,C or C═ t ─────────────── d edge a ── customer VRF g ~~ gateway instances      on a Direct port
                                                              VRF r ── edge ~~ another circuit's   (reach)

A VRF, an attachment and a C-tag for each peering; they share the circuit's port and its policers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from trunkline.intent.allocation import (
    attachment_index,
    edge_addresses,
    edge_loopback,
    instance_addresses,
    region_loopback,
    vni,
)
from trunkline.intent.compile.direct import trunk_of_direct
from trunkline.intent.compile.draft import (
    TRUNK_MTU,
    Draft,
    attachment,
    backbone_scope,
    ce_node,
    customer_interface,
    letter,
    mark,
    point_to_point,
    port_scope,
    sysctls,
    vrf_node,
    vrf_tunnel,
)
from trunkline.intent.compile.impairments import impairments
from trunkline.intent.compile.microsoft import add_microsoft
from trunkline.intent.compile.plant import TO_EDGE, core_of_edge, edge_node, switch_node
from trunkline.intent.compile.policing import policed_by, policer_name, policers, throttles
from trunkline.intent.compile.ports import edge_port, switch_port
from trunkline.intent.compile.reach import add_reach
from trunkline.intent.compile.sentry import sentry
from trunkline.intent.compile.vrf import TO_CUSTOMER, Links, router
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import ConnectionView, connections
from trunkline.intent.network import (
    ETH_P_8021AD,
    ETH_P_8021Q,
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
from trunkline.intent.peering import PeeringView
from trunkline.intent.reach import reaches
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CircuitView, OrderView, circuit_view
from trunkline.model.bgp import customer_address, edge_address
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.profile import Profile
from trunkline.model.resource import ResourceId
from trunkline.model.site import Handoff


def leg(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    circuit = circuit_view(estate, ResourceId.parse(scope.key))
    if not circuit:
        return Draft()
    which = Leg(scope.leg)
    draft = Draft(requires=[port_scope(circuit, which)])
    linked = Links(connections(estate, circuit.resource.id), reaches(estate, circuit.resource.id))
    if circuit.peerings:
        draft.pieces += policers(edge_node(circuit.location, which), circuit.resource.number, circuit.model, which,
                                 profile)
    for peering in circuit.peerings:
        _add_vrf(draft, circuit, peering, which)
        if peering.kind is PeeringType.MICROSOFT:
            add_microsoft(draft, circuit, peering, which, profile)
        else:
            for connection in linked.connections:
                _add_tunnels(draft, connection, which, profile)
            for link in linked.reaches:
                add_reach(draft, link, circuit, which, profile)
            draft.routers.append(router(circuit, linked, which, profile))
        draft.pieces.append(sentry(circuit, peering.kind, which, draft.routers[-1]))
    _add_customers_end(draft, circuit, which, profile)
    draft.pieces += impairments(circuit, which)
    return draft


def _add_customers_end(draft: Draft, circuit: CircuitView, which: Leg, profile: Profile) -> None:
    order = circuit.order(which)
    if order and circuit.port:
        _add_router(draft, circuit, order, which)
    elif order:
        _add_customer_port(draft, circuit, order, which)
        if circuit.peerings and circuit.provisioned:
            for peering in circuit.peerings:
                draft.pieces += _switching(circuit, peering, order, which)
            draft.pieces += throttles(switch_node(circuit.provider, circuit.location, which), circuit.resource.number,
                                      circuit.throttle_mbps, which, profile)


def attachment_interface(circuit: CircuitView, kind: PeeringType) -> str:
    """The edge's end of a VRF's attachment."""
    return f"a{circuit.resource.number}{mark(kind)}"


def trunk_interface(circuit: CircuitView, which: Leg) -> str:
    """The CE's trunk towards the provider, or towards a Direct port, which all circuits on the port share."""
    if circuit.port:
        return trunk_of_direct(circuit.port, which)
    return f"w{circuit.resource.number}{letter(which)}"


def _edge_tags(circuit: CircuitView, vlan: int) -> tuple[Tag, ...]:
    """On the edge's port. On a Direct one the S-tag is of 802.1Q too (etherType 0x8100), if there is one."""
    outer = ETH_P_8021Q if circuit.port else ETH_P_8021AD
    return (Tag(vlan),) if circuit.stag is None else (Tag(circuit.stag, outer), Tag(vlan))


def _add_vrf(draft: Draft, circuit: CircuitView, peering: PeeringView, which: Leg) -> None:
    kind = peering.kind
    vrf, edge = vrf_node(circuit.resource.id, which, kind), edge_node(circuit.location, which)
    tags, port, inner = _edge_tags(circuit, peering.model.vlan_id), edge_port(circuit, which), \
        attachment_interface(circuit, kind)
    counter = attachment(circuit, which, kind)
    own = tuple(edge_address(subnet.prefix) for subnet in peering.model.on(which))
    limit = partial(policed_by, circuit.resource.number, circuit.model, which)
    owner = circuit.port.resource.id.key if circuit.port else ""
    draft.pieces += [
        Node(vrf, Role.VRF, forwarding=True, sysctls=sysctls(own)),
        Link(Interface(vrf, TO_CUSTOMER, tuple(map(Address, own)),
                       index=attachment_index(circuit.resource.number, which, kind)),
             Interface(edge, inner)),
        CrossConnect(edge, port, inner, counter, Direction.IN, match=tags, policer=limit(Direction.IN),
                     owner=owner),
        CrossConnect(edge, inner, port, counter, Direction.OUT, push=tags, policer=limit(Direction.OUT),
                     owner=owner)]


def _add_tunnels(draft: Draft, connection: ConnectionView, which: Leg, profile: Profile) -> None:
    circuit, gateway = connection.circuit, connection.gateway
    draft.requires.append(backbone_scope(circuit.location, gateway.region, which))
    for instance in (0, 1):
        addresses = tuple(
            point_to_point(edge_addresses(subnet, connection.slot, which), instance_addresses(subnet)[instance])
            for subnet in connection.subnets)
        end = Interface(vrf_node(circuit.resource.id, which), vrf_tunnel(connection, instance), addresses, profile.mtu)
        draft.pieces.append(Tunnel(
            core_of_edge(circuit.location, which), end, vni(connection.resource.number, instance, which),
            edge_loopback(circuit.location, which), region_loopback(gateway.region, which)))


def _add_customer_port(draft: Draft, circuit: CircuitView, view: OrderView, which: Leg) -> None:
    switch, port, handoff = switch_node(circuit.provider, circuit.location, which), switch_port(circuit), \
        view.order.handoff
    if handoff:
        draft.pieces.append(_handoff(switch, port, handoff))
    elif view.site and view.order.router:
        draft.pieces.append(Link(
            Interface(ce_node(view.site.id, view.order.router), trunk_interface(circuit, which), mtu=TRUNK_MTU),
            Interface(switch, port, mtu=TRUNK_MTU)))
        _add_router(draft, circuit, view, which)


def _add_router(draft: Draft, circuit: CircuitView, view: OrderView, which: Leg) -> None:
    if view.site and view.order.router:
        draft.requires.append(Scope(ScopeKind.SITE, view.site.id.key))
        for peering in circuit.peerings:
            draft.pieces += _sub_interface(circuit, peering, view, which)


def _handoff(switch: str, port: str, handoff: Handoff) -> Piece:
    if handoff.create:
        return Link(Interface(switch, port, mtu=TRUNK_MTU), Interface(OUTSIDE, handoff.interface))
    return Port(switch, port, handoff.interface)


def _customers_vlan(peering: PeeringView, view: OrderView) -> int:
    """What an order says instead of the peering's own is of private peering."""
    ordered = view.order.vlan_id if peering.kind is PeeringType.PRIVATE else None
    return ordered or peering.model.vlan_id


def _sub_interface(circuit: CircuitView, peering: PeeringView, view: OrderView, which: Leg) -> Iterator[Piece]:
    """The CE's sub-interface, by C-tag, on a Direct port with the tags that the edge wants: a veth inside the CE whose
    other end is cross-connected to the trunk."""
    if not view.site or not view.order.router:
        return
    ce, kind = ce_node(view.site.id, view.order.router), peering.kind
    routed = customer_interface(circuit, which, kind)
    switched, trunk = f"x{routed[1:]}", trunk_interface(circuit, which)
    vlan, counter = _customers_vlan(peering, view), attachment(circuit, which, kind)
    tags = _edge_tags(circuit, vlan) if circuit.port else (Tag(vlan),)
    own = tuple(Address(customer_address(subnet.prefix)) for subnet in peering.model.on(which))
    yield Link(Interface(ce, routed, own), Interface(ce, switched))
    yield CrossConnect(ce, trunk, switched, counter, Direction.OUT, match=tags)
    yield CrossConnect(ce, switched, trunk, counter, Direction.IN, push=tags)


def _switching(circuit: CircuitView, peering: PeeringView, view: OrderView, which: Leg) -> Iterator[Piece]:
    """The provider carries the customer's C-tag unchanged inside the circuit's S-tag. Without tags one peering is
    handed over: the first."""
    switch, port = switch_node(circuit.provider, circuit.location, which), switch_port(circuit)
    vlan = _customers_vlan(peering, view)
    untagged = view.order.handoff and view.order.handoff.untagged
    outside = () if untagged and peering is circuit.peerings[0] else (Tag(vlan),)
    both, counter = _edge_tags(circuit, vlan), attachment(circuit, which, peering.kind)
    inwards, outwards = (policer_name(circuit.resource.number, which, direction) if circuit.throttle_mbps else ""
                         for direction in (Direction.IN, Direction.OUT))
    yield CrossConnect(switch, port, TO_EDGE, counter, Direction.IN, match=outside, push=both,
                       policer=inwards)
    yield CrossConnect(switch, TO_EDGE, port, counter, Direction.OUT, match=both, push=outside,
                       policer=outwards)
