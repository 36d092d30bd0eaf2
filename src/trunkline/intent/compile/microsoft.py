"""The router of a Microsoft peering's VRF: its sessions with the customer and with the services of regions, one for
each family; and what may pass between them.

Nothing is told to the customer unless a route filter names it; nothing is taken from them but what is validated as
theirs. A session stays closed until all that they mean to announce is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trunkline.intent.allocation import vrf_address
from trunkline.intent.bgp import Action, CommunityMatch, Policy, PrefixMatch, Refusal, Router, Rule, Session
from trunkline.intent.compile import controls
from trunkline.intent.compile.draft import (
    CUSTOMER,
    SERVICES,
    Draft,
    backbone_scope,
    inside,
    learned_from,
    number_of,
    router_id,
    vrf_node,
)
from trunkline.intent.compile.public_paths import LONGEST_PATH, path_rules
from trunkline.intent.compile.services import community, of_circuit, services_scope, towards_services, tunnels
from trunkline.intent.compile.validation import origin_rules, validated
from trunkline.intent.compile.vrf import NO_LOOPS, attached, tier
from trunkline.intent.network import Rewriting
from trunkline.intent.peering import PeeringView
from trunkline.intent.view import CircuitView
from trunkline.model.bgp import AZURE_ASN, PRIVATE_ASNS, family_of
from trunkline.model.bogons import BOGON_ASNS, BOGON_PREFIXES
from trunkline.model.circuit import Leg
from trunkline.model.exchange import TRANSIT_FREE
from trunkline.model.profile import Profile
from trunkline.model.public_service import reached
from trunkline.model.site import Daemon

#: Documented for each session, from the customer (azure-facts 2.2).
PREFIX_LIMIT = 200
#: DSCP values that mean something on Microsoft peering (azure-facts 2.4): EF, AF41, AF21, AF11.
MARKS = (46, 34, 18, 10)
_DEFAULT = (PrefixMatch("0.0.0.0/0", 0, 0), PrefixMatch("::/0", 0, 0))
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
#: Private ones are taken out, all others are refused (azure-facts 2.3 names those for documentation).
_UNROUTABLE = tuple(one for one in BOGON_ASNS if one not in PRIVATE_ASNS)
#: What closes a session of it until then.
_UNVALIDATED = "validation: not all of its advertised public prefixes are Configured"


def add_microsoft(draft: Draft, circuit: CircuitView, peering: PeeringView, which: Leg, profile: Profile) -> None:
    """What a leg has beyond the VRF itself."""
    node = vrf_node(circuit.resource.id, which, peering.kind)
    origins = validated(node, circuit.location, which)
    draft.pieces += [origins.link, Rewriting(node, marks=MARKS)]
    draft.requires.append(origins.scope)
    named = {family: reached(tier(circuit), circuit.location, told) for family, told in peering.filters.items()}
    regions = sorted({region for found in named.values() for region in found})
    for region in regions:
        draft.pieces += tunnels(of_circuit(circuit, which, node, region), region, profile)
        draft.requires += [backbone_scope(circuit.location, region, which), services_scope(region)]
    sessions = (*_customer_sessions(peering, which, profile),
                *(replace(towards_services(vrf_address(circuit.resource.number, which, family), region, profile),
                          import_policy=_named(named[family][region]),
                          export_policy=learned_from(CUSTOMER))
                  for region in regions for family in sorted(named) if region in named[family]))
    draft.routers.append(Router(
        node, Daemon.BIRD, AZURE_ASN, router_id(circuit.resource.number << 1 | number_of(which), 0), sessions,
        ecmp=profile.ecmp, validation=(origins.source,)))


def _customer_sessions(peering: PeeringView, which: Leg, profile: Profile) -> Iterator[Session]:
    for session in attached(peering, which, profile):
        family = family_of(session.peer_address)
        wished = replace(
            session, import_policy=_from_customer(peering.accepted(family), session.peer_asn, profile),
            export_policy=learned_from(SERVICES), prefix_limit=PREFIX_LIMIT)
        yield controls.at_edge(wished.unless(not peering.is_validated(family), _UNVALIDATED),
                               peering.controls.on(which), profile)


def _from_customer(accepted: tuple[str, ...], asn: int, profile: Profile) -> Policy:
    """A reason for each thing that is refused; then what is validated, with all that is more specific, without private
    AS numbers in the path but the peer's own, ``asn``."""
    refused = (
        NO_LOOPS,
        Rule(Action.DENY, _DEFAULT, refusal=Refusal.DEFAULT_ROUTE),
        Rule(Action.DENY, inside(_PRIVATE), refusal=Refusal.PRIVATE_SPACE),
        Rule(Action.DENY, inside(tuple(one for one in BOGON_PREFIXES if one not in _PRIVATE)),
             refusal=Refusal.MARTIAN),
        *path_rules(asn, longest=LONGEST_PATH, unroutable=_UNROUTABLE, carriers=TRANSIT_FREE),
        *origin_rules(profile))
    taken = Rule(Action.PERMIT, inside(accepted), strip_communities=True, strip_ranges=tuple(_around(asn)))
    return Policy((*refused, *((taken,) if accepted else ()), Rule(Action.DENY, refusal=Refusal.NOT_REGISTERED)))


def _around(asn: int) -> Iterator[tuple[int, int]]:
    """Ranges of private AS numbers without this one."""
    for first, last in PRIVATE_ASNS:
        pieces = [(first, asn - 1), (asn + 1, last)] if first <= asn <= last else [(first, last)]
        yield from (piece for piece in pieces if piece[0] <= piece[1])


def _named(communities: tuple[str, ...]) -> Policy:
    """By the route filter."""
    wanted = tuple(CommunityMatch.exactly(community(one)) for one in communities)
    return Policy((Rule(Action.PERMIT, communities=wanted), Rule(Action.DENY, refusal=Refusal.NOT_IN_FILTER)))
