"""Global Reach: on each leg a tunnel between the VRFs of two circuits' private peerings, and one iBGP session in each
family over it.

    VRF r ── gr edge gt ~~vxlan~~ gt edge gr ── r VRF

The edges cross-connect it like an attachment, so it has counters of its own, and a policer where neither circuit has.
A VRF tells over it what its own customer told it and nothing else, so that links are pairwise: neither another link's
routes nor a network's pass. Both VRFs are one AS, so a route crosses without 12076 in its path, and customers see that
number once.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.allocation import edge_loopback, reach_vni
from trunkline.intent.bgp import Action, CommunityMatch, Policy, Rule, Session
from trunkline.intent.compile import controls
from trunkline.intent.compile.controls import SHUTTING_DOWN
from trunkline.intent.compile.draft import (
    CUSTOMER,
    REACH,
    Draft,
    backbone_scope,
    in_family,
    learned_from,
    session_name,
    vrf_node,
)
from trunkline.intent.compile.plant import core_of_edge, edge_node
from trunkline.intent.compile.policing import bandwidth_bps, is_limited
from trunkline.intent.network import Address, CrossConnect, Direction, Interface, Link, Piece, Policer, Tunnel
from trunkline.intent.reach import ReachView
from trunkline.intent.view import CircuitView
from trunkline.model.bgp import AZURE_ASN, bare
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.session_policy import DRAIN_PREPENDS

#: Local preference of what the other circuit's customer tells. It decides between links alone: whatever the VRF knows
#: by itself is nearer.
_PREFERENCE = 100
#: A leg that is drained keeps its routes and is nobody's choice (RFC 8326). Local preference ends here, so customers
#: are told a longer path, as networks are (controls.inwards).
_FROM_OTHER = Policy((
    Rule(Action.PERMIT, communities=(CommunityMatch.exactly(SHUTTING_DOWN),), local_pref=0,
         prepend=(AZURE_ASN,) * DRAIN_PREPENDS),
    Rule(Action.PERMIT, local_pref=_PREFERENCE, strip_communities=True)))


def reach_interface(link: ReachView) -> str:
    """The VRF's end."""
    return f"r{link.resource.number}"


def reach_counter(link: ReachView, leg: Leg) -> str:
    """Name of its counters on both edges: ``in`` is what goes to the other circuit, ``out`` what comes from it."""
    return f"reach{link.resource.number}.{leg}"


def capacity_bps(link: ReachView) -> int:
    """Of each leg and direction: the smaller circuit's bandwidth."""
    return min(bandwidth_bps(one.model) for one in (link.near, link.far))


def add_reach(draft: Draft, link: ReachView, here: CircuitView, leg: Leg, profile: Profile) -> None:
    there = link.other(here.resource.id)
    draft.requires.append(backbone_scope(here.location, there.location, leg))
    draft.pieces += _ends(link, here, there, leg)
    draft.pieces += _crossed(link, edge_node(here.location, leg), leg, profile)


def _ends(link: ReachView, here: CircuitView, there: CircuitView, leg: Leg) -> Iterator[Piece]:
    vrf, edge, number = vrf_node(here.resource.id, leg), edge_node(here.location, leg), link.resource.number
    own = tuple(Address(mine) for mine, _ in link.addresses(here.resource.id, leg))
    yield Link(Interface(vrf, reach_interface(link), own), Interface(edge, f"gr{number}"))
    yield Tunnel(core_of_edge(here.location, leg), Interface(edge, f"gt{number}"), reach_vni(number, leg),
                 edge_loopback(here.location, leg), edge_loopback(there.location, leg))


def _crossed(link: ReachView, edge: str, leg: Leg, profile: Profile) -> Iterator[Piece]:
    """Each direction is policed once, where it begins."""
    number, counter = link.resource.number, reach_counter(link, leg)
    policer = "" if _is_bounded(link) else counter
    if policer:
        yield Policer(edge, policer, capacity_bps(link), profile.burst_ms)
    yield CrossConnect(edge, f"gr{number}", f"gt{number}", counter, Direction.IN, policer=policer)
    yield CrossConnect(edge, f"gt{number}", f"gr{number}", counter, Direction.OUT)


def _is_bounded(link: ReachView) -> bool:
    """Whether a circuit's own policers let no more than the capacity pass anyhow."""
    return any(is_limited(one.model) and bandwidth_bps(one.model) == capacity_bps(link)
               for one in (link.near, link.far))


def session_names(link: ReachView) -> tuple[str, ...]:
    """The same at both ends and on both legs."""
    return tuple(in_family(session_name(REACH, link.resource.number), prefix) for prefix in link.prefixes)


def reach_sessions(link: ReachView, here: CircuitView, leg: Leg, profile: Profile) -> Iterator[Session]:
    """Whatever makes the other end's paths longer does so here, where they come in: a daemon takes no path with its own
    number from within the AS."""
    longer = leg in link.other(here.resource.id).prepended
    taken = controls.prepended(_FROM_OTHER) if longer else _FROM_OTHER
    for name, (mine, theirs) in zip(session_names(link), link.addresses(here.resource.id, leg), strict=True):
        yield Session(
            name=name, group=REACH, interface=reach_interface(link), local_address=bare(mine),
            peer_address=bare(theirs), local_asn=AZURE_ASN, peer_asn=AZURE_ASN, import_policy=taken,
            export_policy=learned_from(CUSTOMER), next_hop_self=True, last_resort=True, ttl_security=True,
            bfd=profile.inner_bfd)
