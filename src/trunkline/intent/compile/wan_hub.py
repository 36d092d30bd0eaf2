"""The hub of a Virtual WAN: a router for each of its route tables, and the sessions that others have with them.

    circuit's VRF ~~ gateway instances ── iBGP ── router of a table ── iBGP ── VNet router

A namespace is one routing table, so each of a hub's is one. A connection has a link to the router of the table that it
is associated with, which tells it, and to those of all tables that it is propagated to, which it tells; packets go by
the first and come back by the other end's. The routers reflect (RFC 4456) and put themselves in as next hop. What one
circuit announces is told to no other, as in Azure without Global Reach.

Route maps stand where a connection's routes come in and go out: of a network on the routers' sessions with it, of a
circuit on the gateway instances' sessions with its VRFs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.allocation import instance_addresses, link_address, usable
from trunkline.intent.bgp import (
    LOCAL,
    PERMIT_ALL,
    REJECT_ALL,
    Action,
    Community,
    CommunityMatch,
    Origin,
    Policy,
    PrefixMatch,
    Refusal,
    Router,
    Rule,
    Session,
)
from trunkline.intent.compile.draft import (
    CIRCUIT,
    DAEMON_SYSCTLS,
    GATEWAY,
    NETWORK,
    WAN,
    Draft,
    inside,
    instance_node,
    learned_from,
    only_own,
    point_to_point,
    router_id,
    session_name,
    vnet_node,
)
from trunkline.intent.compile.route_maps import mapped
from trunkline.intent.compile.surroundings import FAR_TABLES
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView, gateway_view
from trunkline.intent.network import Interface, Link, Lookup, Node, Role, Route, RouteKind, Verdict
from trunkline.intent.placement import PlacedSubnet
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.wan import Attached, ConnectedNetwork, HubTable, WanHub, router_part, wan_hub
from trunkline.model.bgp import GATEWAY_ASN
from trunkline.model.circuit import Leg
from trunkline.model.hub import HUB_ASN
from trunkline.model.profile import LimitAction, Profile
from trunkline.model.resource import ResourceId
from trunkline.model.site import Daemon

#: First two parts of the community by which gateway instances tell which connection a route came in by.
_CAME_BY = (GATEWAY_ASN, 201)
_ALL_CONNECTIONS = CommunityMatch(((_CAME_BY[0],) * 2, (_CAME_BY[1],) * 2, (0, 0xFFFFFFFF)))
#: Before the entrances of route tables of subnets, and of peers' appliances.
_ENTRANCE = 80
_FORGET = Rule(Action.NEXT, remove_communities=(_ALL_CONNECTIONS,))


def hub(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    found = wan_hub(estate, ResourceId.parse(scope.key))
    if not found:
        return Draft()
    gateway = gateway_view(estate, found.gateway.id) if found.gateway else None
    draft = Draft(requires=[Scope(ScopeKind.VNET, one.vnet.id.key) for one in found.networks])
    for table in found.tables:
        node = table_node(found, table)
        draft.pieces.append(Node(node, Role.ROUTER, forwarding=True, loopback=(f"{table_address(found, table)}/32",),
                                 sysctls=DAEMON_SYSCTLS))
        draft.pieces += [_link(found, table, one) for one in found.networks if one.touches(table)]
        draft.routers.append(_router(found, table, gateway, profile))
    return draft


def table_node(wan: WanHub, table: HubTable) -> str:
    return vnet_node(table.id if table.slot else wan.resource.id)


def table_address(wan: WanHub, table: HubTable) -> str:
    first, _ = usable(router_part(wan.prefix))
    return str(first + table.slot)


def _router(wan: WanHub, table: HubTable, gateway: GatewayView | None, profile: Profile) -> Router:
    sessions = (
        *(_towards_network(wan, table, one, profile) for one in wan.networks if one.touches(table)),
        *(_towards_gateway(wan, table, gateway, profile) if gateway and table in wan.of_gateway() else ()))
    return Router(table_node(wan, table), Daemon.BIRD, HUB_ASN, router_id(table.number, 6), sessions,
                  tuple(_origins(wan, table)), profile.ecmp)


def _origins(wan: WanHub, table: HubTable) -> Iterator[Origin]:
    yield Origin(wan.prefix)
    for prefix, one in wan.statics(table).items():
        yield Origin(prefix, link_address(one.prefixes))


# ── virtual networks ───────────────────────────────────────────────────────────────────────────────────────────────


def network_interface(table: HubTable) -> str:
    """The VNet router's link to the router of a table."""
    return f"w{table.number}"


def _link(wan: WanHub, table: HubTable, one: ConnectedNetwork) -> Link:
    own, far = table_address(wan, table), link_address(one.prefixes)
    return Link(Interface(table_node(wan, table), f"n{one.vnet.number}", (point_to_point(own, far),)),
                Interface(vnet_node(one.vnet.id), network_interface(table), (point_to_point(far, own),)))


def network_session(one: ConnectedNetwork) -> str:
    """Name of a hub router's session with a virtual network."""
    return session_name(NETWORK, one.vnet.number)


def _towards_network(wan: WanHub, table: HubTable, one: ConnectedNetwork, profile: Profile) -> Session:
    at = one.attached
    told, tells = _told(at, table), table.id.key in at.propagated
    taken = Policy((Rule(Action.PERMIT, tuple(map(PrefixMatch.exactly, one.prefixes))),))
    own = tuple(PrefixMatch.exactly(prefix) for prefix, leads in wan.statics(table).items() if leads is one)
    given = Policy((*((Rule(Action.DENY, own, groups=(LOCAL,), refusal=Refusal.OWN_SPACE),) if own else ()),
                    *learned_from(LOCAL, NETWORK, GATEWAY).rules))
    return Session(
        name=network_session(one), group=NETWORK, interface=f"n{one.vnet.number}",
        local_address=table_address(wan, table), peer_address=link_address(one.prefixes), local_asn=HUB_ASN,
        peer_asn=GATEWAY_ASN, import_policy=mapped(taken, at.inbound) if tells else REJECT_ALL,
        export_policy=mapped(given, at.outbound) if told else REJECT_ALL, enforce_first_as=False, ttl_security=True,
        bfd=profile.inner_bfd, next_hop_self=True, reflects=True)


def _told(at: Attached, table: HubTable) -> bool:
    return at.associated == table.id.key


def sessions_of_network(wan: WanHub, one: ConnectedNetwork, profile: Profile) -> Iterator[Session]:
    """The VNet router's sessions with the routers of the tables that it has to do with."""
    for table in wan.tables:
        if one.touches(table):
            told, tells = _told(one.attached, table), table.id.key in one.attached.propagated
            yield _bounded(profile.hub_limit, Session(
                name=session_name(WAN, table.number), group=WAN, interface=network_interface(table),
                local_address=link_address(one.prefixes), peer_address=table_address(wan, table),
                local_asn=GATEWAY_ASN, peer_asn=HUB_ASN,
                import_policy=_not_own(one.prefixes) if told else REJECT_ALL,
                export_policy=only_own(one.prefixes) if tells else REJECT_ALL, enforce_first_as=False,
                ttl_security=True, bfd=profile.inner_bfd))


def origins_of_network(one: ConnectedNetwork) -> tuple[Origin, ...]:
    return tuple(map(Origin, one.prefixes))


def pieces_of_network(wan: WanHub, one: ConnectedNetwork,
                      subnets: tuple[PlacedSubnet, ...]) -> Iterator[Lookup | Route]:
    """What comes from the hub for a static route's prefix goes to its appliance, whatever the router knows itself; to
    nowhere, if no machine that may forward has the address."""
    node, number = vnet_node(one.vnet.id), _table_number(one)
    appliances = {address: nic.interface for subnet in subnets for nic in subnet.nics if nic.model.enable_ip_forwarding
                  for address in nic.addresses}
    for prefix, address in dict(one.statics).items():
        if address in appliances:
            yield Route(node, prefix, (address,), appliances[address], number)
        else:
            yield Route(node, prefix, table=number, kind=RouteKind.BLACKHOLE)
    for table in wan.tables if one.statics else ():
        if one.touches(table):
            yield Lookup(node, _ENTRANCE, Verdict.TABLE, number, network_interface(table))


def _table_number(one: ConnectedNetwork) -> int:
    """Of the kernel's table, among those that lead to appliances."""
    digest = hashlib.blake2b(one.attached.resource.id.key.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return FAR_TABLES | int.from_bytes(digest, "big") >> 1


def _not_own(prefixes: tuple[str, ...]) -> Policy:
    return Policy((Rule(Action.DENY, inside(prefixes), refusal=Refusal.OWN_SPACE), Rule(Action.PERMIT)))


# ── the gateway ────────────────────────────────────────────────────────────────────────────────────────────────────


def gateway_interfaces(wan: WanHub) -> tuple[str, ...]:
    """A gateway instance's links to the routers of tables."""
    return tuple(_to_table(table) for table in wan.of_gateway())


def _to_table(table: HubTable) -> str:
    return f"t{table.number}"


def _to_instance(gateway: GatewayView, instance: int) -> str:
    return f"g{gateway.resource.number}i{instance}"


def links_of_gateway(gateway: GatewayView, wan: WanHub, instance: int) -> Iterator[Link]:
    own = instance_addresses(gateway.vnet.gateway_subnet)[instance]
    for table in wan.of_gateway():
        far = table_address(wan, table)
        yield Link(
            Interface(instance_node(gateway.resource.id, instance), _to_table(table), (point_to_point(own, far),)),
            Interface(table_node(wan, table), _to_instance(gateway, instance), (point_to_point(far, own),)))


def _towards_gateway(wan: WanHub, table: HubTable, gateway: GatewayView, profile: Profile) -> Iterator[Session]:
    """Only the default table tells the gateway, and nothing of what the gateway has told."""
    taken, given = Policy((Rule(Action.PERMIT, remove_communities=(_ALL_CONNECTIONS,)),)), learned_from(LOCAL, NETWORK)
    for instance, address in enumerate(instance_addresses(gateway.vnet.gateway_subnet)):
        yield _bounded(_learned(gateway, profile), Session(
            name=session_name(GATEWAY, gateway.resource.number, str(instance)), group=GATEWAY,
            interface=_to_instance(gateway, instance), local_address=table_address(wan, table), peer_address=address,
            local_asn=HUB_ASN, peer_asn=GATEWAY_ASN, import_policy=taken,
            export_policy=REJECT_ALL if table.slot else given, enforce_first_as=False, ttl_security=True,
            bfd=profile.inner_bfd, next_hop_self=True, reflects=True))


def _learned(gateway: GatewayView, profile: Profile) -> int:
    """What a gateway of this size learns from all its circuits, a table takes from each of its instances."""
    return gateway.size.divided(profile.gateway_divisor).routes


def _bounded(most: int, session: Session) -> Session:
    """Beyond its limit nothing more is taken: to close the session would cut off everybody on the table."""
    return replace(session, prefix_limit=most, limit_action=LimitAction.DROP)


def sessions_of_gateway(gateway: GatewayView, wan: WanHub, instance: int, profile: Profile) -> Iterator[Session]:
    own = instance_addresses(gateway.vnet.gateway_subnet)[instance]
    for table in wan.of_gateway():
        propagated = tuple(_came_by(one) for one in wan.circuits if table.id.key in one.propagated)
        tells = Policy((Rule(Action.PERMIT, groups=(CIRCUIT,), communities=propagated),)) if propagated else REJECT_ALL
        yield Session(
            name=session_name(WAN, table.number), group=WAN, interface=_to_table(table), local_address=own,
            peer_address=table_address(wan, table), local_asn=GATEWAY_ASN, peer_asn=HUB_ASN,
            import_policy=REJECT_ALL if table.slot else PERMIT_ALL, export_policy=tells, enforce_first_as=False,
            ttl_security=True, bfd=profile.inner_bfd, next_hop_self=True)


def taken_from_circuit(base: Policy, at: Attached) -> Policy:
    """What a gateway instance takes from a connection's VRFs, marked with the connection."""
    mark = (*_CAME_BY, at.resource.number)
    rules = (replace(rule, add_communities=(*rule.add_communities, mark)) if rule.action is Action.PERMIT else rule
             for rule in base.rules)
    return mapped(Policy((_FORGET, *rules)), at.inbound)


def told_to_circuit(at: Attached) -> Policy:
    return mapped(learned_from(WAN), at.outbound)


def _came_by(at: Attached) -> CommunityMatch:
    return CommunityMatch.exactly((*_CAME_BY, at.resource.number))


def circuit_sessions(router: Router, at: Attached) -> tuple[Session, ...]:
    """A gateway instance's sessions with the VRFs of a connection."""
    names = {session_name(CIRCUIT, at.resource.number, leg) for leg in Leg}
    return tuple(session for session in router.sessions if session.name in names)


def of_customers(communities: tuple[Community, ...]) -> tuple[Community, ...]:
    """Without our marks."""
    return tuple(one for one in communities if one[:2] != _CAME_BY or len(one) != len(_CAME_BY) + 1)
