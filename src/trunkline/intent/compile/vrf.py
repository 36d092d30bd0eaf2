"""The router of a private peering's VRF: its sessions with the customer, gateway instances and VRFs of other circuits,
one for each family."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from trunkline.intent.allocation import edge_addresses, instance_addresses
from trunkline.intent.bgp import REJECT_ALL, Action, Policy, PrefixMatch, Refusal, Router, Rule, Session
from trunkline.intent.compile import controls, hairpin
from trunkline.intent.compile.draft import (
    CUSTOMER,
    GATEWAY,
    REACH,
    in_family,
    learned_from,
    number_of,
    router_id,
    session_name,
    vrf_node,
    vrf_tunnel,
)
from trunkline.intent.compile.reach import reach_sessions
from trunkline.intent.gateways import ConnectionView, GatewayView
from trunkline.intent.peering import PeeringView
from trunkline.intent.reach import ReachView
from trunkline.intent.view import CircuitView
from trunkline.model.bgp import AZURE_ASN, GATEWAY_ASN, bare, customer_address, edge_address, family_of
from trunkline.model.circuit import Leg, SkuTier
from trunkline.model.profile import Profile
from trunkline.model.resource import Secret
from trunkline.model.site import Daemon

#: The VRF's interface towards the customer.
TO_CUSTOMER = "customer"

#: Never accepted from a customer (RFC 6890; the default route is welcome on private peering).
MARTIANS = (
    PrefixMatch("0.0.0.0/8", 8, 32),
    *(PrefixMatch.orlonger(p) for p in ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")),
    PrefixMatch("::/8", 8, 128), *(PrefixMatch.orlonger(p) for p in ("fe80::/10", "ff00::/8")))
NO_MARTIANS = Rule(Action.DENY, MARTIANS, refusal=Refusal.MARTIAN)
#: What we told, told back (RFC 4271, 9.1.2). A daemon drops it unseen, unless a rule says that it is to be refused.
NO_LOOPS = Rule(Action.DENY, contains_asn=((AZURE_ASN, AZURE_ASN),), refusal=Refusal.PATH_LOOP)
_FROM_CUSTOMER = Policy((NO_LOOPS, NO_MARTIANS, Rule(Action.PERMIT, strip_communities=True)))


@dataclass(frozen=True, slots=True)
class Links:
    """What a private peering is joined to."""

    connections: tuple[ConnectionView, ...] = ()
    reaches: tuple[ReachView, ...] = ()


def router(circuit: CircuitView, linked: Links, which: Leg, profile: Profile) -> Router:
    sessions = (*_customer_sessions(circuit, linked, which, profile),
                *(one for c in linked.connections for instance in (0, 1)
                  for one in _gateway_sessions(c, instance, which, profile)),
                *(one for link in linked.reaches for one in reach_sessions(link, circuit, which, profile)))
    return Router(vrf_node(circuit.resource.id, which), Daemon.BIRD, AZURE_ASN,
                  router_id(circuit.resource.number, 4 + number_of(which)), sessions, ecmp=profile.ecmp,
                  lapses_at=_lapses_at(circuit, linked, which))


def _lapses_at(circuit: CircuitView, linked: Links, which: Leg) -> float:
    """A failover test of this leg, or longer paths over Global Reach from another's."""
    others = (link.other(circuit.resource.id) for link in linked.reaches)
    ends = (circuit.tested_until if which in (*circuit.withdrawn, *circuit.prepended) else 0.0,
            *(one.tested_until for one in others if which in one.prepended))
    return max(ends)


def _customer_sessions(circuit: CircuitView, linked: Links, which: Leg, profile: Profile) -> Iterator[Session]:
    """With Global Reach what other circuits' customers tell is told on."""
    peering, others = circuit.private, learned_from(REACH).rules if linked.reaches else ()
    told = hairpin.told_to_customer(Policy((*learned_from(GATEWAY, strip_asns=(GATEWAY_ASN,)).rules, *others)),
                                    (one.gateway for one in linked.connections))
    for session in attached(peering, which, profile) if peering else ():
        yield controls.at_edge(replace(
            session, import_policy=_FROM_CUSTOMER,
            export_policy=controls.prepended(told) if which in circuit.prepended else told,
            prefix_limit=profile.prefix_limit(tier(circuit), family_of(session.peer_address)),
            limit_action=profile.limit_action).unless(which in circuit.withdrawn, "a link failover test"),
            peering.controls.on(which) if peering else None, profile)


def attached(peering: PeeringView, which: Leg, profile: Profile) -> Iterator[Session]:
    """Over a peering's attachment, one for each family; without policies yet."""
    for subnet in peering.model.on(which):
        session = Session(
            name=in_family(CUSTOMER, subnet.prefix), group=CUSTOMER, interface=TO_CUSTOMER,
            local_address=bare(edge_address(subnet.prefix)), peer_address=bare(customer_address(subnet.prefix)),
            local_asn=AZURE_ASN, peer_asn=peering.model.peer_asn, import_policy=REJECT_ALL, export_policy=REJECT_ALL,
            password=Secret(peering.shared_key) if peering.shared_key else None, bfd=profile.customer_bfd,
            hold_time_s=profile.hold_time_s, keepalive_time_s=profile.keepalive_time_s)
        yield session.unless(not subnet.enabled, "the peering's state, Disabled")


def tier(circuit: CircuitView) -> SkuTier:
    return SkuTier(circuit.resource.envelope.get("sku", {}).get("tier", SkuTier.STANDARD))


def _gateway_sessions(connection: ConnectionView, instance: int, which: Leg, profile: Profile) -> Iterator[Session]:
    name, peering = session_name(GATEWAY, connection.resource.number, str(instance)), connection.circuit.private
    policy, told = peering.controls.on(which) if peering else None, learned_from(CUSTOMER)
    told = controls.prepended(told) if which in connection.circuit.prepended else told
    for subnet in connection.subnets:
        session = Session(
            name=in_family(name, subnet), group=GATEWAY, interface=vrf_tunnel(connection, instance),
            local_address=edge_addresses(subnet, connection.slot, which),
            peer_address=instance_addresses(subnet)[instance], local_asn=AZURE_ASN, peer_asn=GATEWAY_ASN,
            import_policy=hairpin.marked(_from_gateway(connection.gateway), connection.gateway),
            export_policy=hairpin.told_to_gateway(controls.inwards(told, policy), connection.gateway),
            ttl_security=True, bfd=profile.inner_bfd, prefix_limit=profile.connection_limit(family_of(subnet)))
        yield session.unless(connection.tested, "a site failover test")


def _from_gateway(gateway: GatewayView) -> Policy:
    """Its address spaces; of a hub all that it tells, and with branch-to-branch traffic what its Route Server's peers
    announce."""
    if gateway.told:
        return Policy((NO_MARTIANS, Rule(Action.PERMIT)))
    return Policy((Rule(Action.PERMIT, tuple(PrefixMatch.exactly(prefix) for prefix in gateway.prefixes)),))
