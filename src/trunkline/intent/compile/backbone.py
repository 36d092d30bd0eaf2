"""The backbone: a router for each leg and site, links between those of neighbouring sites and between both of a site,
and what two sites need so that tunnels lead from one to the other.

    core p ── span p ── core p ── span p ── core p      plane of the primary leg
      │ crossing                              │
    core s ────────── span s ────────────── core s      plane of the secondary leg

OSPF leads loopbacks over the links that are there; crossings cost so much that only what finds no way in its own plane
takes them. A router's interfaces are all that its site could ever have, so a link that comes changes no configuration.

Until a router has heard of the others, which takes seconds (BIRD tells of a new neighbour five seconds after it has
told of itself, RFC 2328's MinLSInterval), worse routes along the planned path lead to the routers of both ends, also to
those of the other plane: who leads over a crossing then finds a way, whatever its routers have heard.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import pairwise

from trunkline.intent.allocation import backbone_address6, core_loopback, crossing_addresses, span_addresses
from trunkline.intent.bgp import Igp, IgpInterface, Router
from trunkline.intent.compile.draft import (
    BACKBONE_MTU,
    DAEMON_SYSCTLS,
    Draft,
    core_scope,
    crossing_scope,
    span_scope,
)
from trunkline.intent.compile.impairments import pieces, span_ways
from trunkline.intent.compile.plant import CROSSING, backbone_interface, core_node
from trunkline.intent.estate import Estate
from trunkline.intent.network import Address, Impairment, Interface, Link, Node, Role, Route
from trunkline.intent.scope import Scope
from trunkline.intent.span import Standing, impairments_of, standing
from trunkline.model.backbone import Span, backbone
from trunkline.model.bgp import AZURE_ASN
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.site import Daemon

#: Of OSPF: a span's latency in units of 20 µs. A path around half the world has some 5,000; two crossings cost more
#: than it, and one span that is to be avoided more than both and any path of the other plane. Two spans that are
#: returning (of a router between) cost less than two crossings, and one more than the planes' paths differ.
_US_PER_COST, _CROSSING_COST = 20, 10_000
_COSTS = {Standing.TRUSTED: 0, Standing.RETURNING: 8_000, Standing.AVOIDED: 40_000}
#: A crossing is found after the links of its planes: a router that learns first would lead its own plane's packets over
#: it, to one that does not know the way yet.
_CROSSING_HELLO_S = 8
#: The metric of crossings; those of planned paths come after it, for each pair of places its own, so that it takes back
#: its own routes alone.
_PLANNED = 100_000


def span_cost(span: Span) -> int:
    return max(1, span.latency_us // _US_PER_COST)


def core(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    site, leg = scope.key, Leg(scope.leg)
    node, loopback = core_node(site, leg), core_loopback(site, leg)
    return Draft(
        [Node(node, Role.CORE, forwarding=True, loopback=(f"{loopback}/32", f"{backbone_address6(loopback)}/128"),
              sysctls=DAEMON_SYSCTLS)],
        [router_of(site, leg, estate, profile)])


def router_of(site: str, leg: Leg, estate: Estate, profile: Profile) -> Router:
    loopback = core_loopback(site, leg)
    igp = Igp((*_spans(site, leg, estate), IgpInterface(CROSSING, _CROSSING_COST, _CROSSING_HELLO_S)),
              profile.backbone_bfd,
              (loopback, backbone_address6(loopback)))
    return Router(core_node(site, leg), Daemon.BIRD, AZURE_ASN, loopback, ecmp=1, igp=igp)


def _spans(site: str, leg: Leg, estate: Estate) -> Iterator[IgpInterface]:
    for span in sorted(backbone().adjacent.get(site, ()), key=str):
        cost = span_cost(span) + _COSTS[standing(span, leg, estate)]
        yield IgpInterface(backbone_interface(span.other(site)), cost)


def span(scope: Scope, estate: Estate, profile: Profile) -> Draft:
    a, _, b = scope.key.partition("~")
    leg, found = Leg(scope.leg), backbone().span(a, b)
    if found is None:
        return Draft()
    here, there = (_ends(address) for address in span_addresses(found, leg))
    link = Link(Interface(core_node(a, leg), backbone_interface(b), here, BACKBONE_MTU),
                Interface(core_node(b, leg), backbone_interface(a), there, BACKBONE_MTU))
    harm = [piece for view in impairments_of(found, leg, estate) for _, piece in pieces(view, span_ways(
        view.model.site or a, view.model.to or b, leg))]
    felt = _delay_lines(found, leg) if profile.felt_latency else ()
    return Draft([link, *harm, *felt], requires=[core_scope(site, leg) for site in (a, b)])


def _delay_lines(span: Span, leg: Leg) -> Iterator[Impairment]:
    for here, there in ((span.a, span.b), (span.b, span.a)):
        yield Impairment(core_node(here, leg), backbone_interface(there), leaving=True, expires="",
                         delay_us=span.latency_us)


def crossing(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    addresses = dict(zip(Leg, crossing_addresses(scope.key), strict=True))
    one, other = (Interface(core_node(scope.key, leg), CROSSING, _ends(address), BACKBONE_MTU)
                  for leg, address in addresses.items())
    beside = [Route(core_node(scope.key, leg.other), f"{core_loopback(scope.key, leg)}/32", (address,), metric=_PLANNED)
              for leg, address in addresses.items()]
    return Draft([Link(one, other), *beside], requires=[core_scope(scope.key, leg) for leg in Leg])


def between(scope: Scope, _estate: Estate, _profile: Profile) -> Draft:
    one, _, other = scope.key.partition("~")
    leg = Leg(scope.leg)
    path = backbone().path(one, other, leg)
    ends = path[0], path[-1]
    return Draft(
        [*_planned(path, leg, scope.key), *_planned(path[::-1], leg, scope.key)],
        requires=[*(core_scope(site, leg) for site in ends), *map(crossing_scope, ends),
                  *(span_scope(*pair, leg) for pair in pairwise(path))])


def _planned(path: tuple[str, ...], leg: Leg, pair: str) -> Iterator[Route]:
    """Towards the last site's routers, also the other leg's, which is beside the last of these, from all before it."""
    metric = _PLANNED + 1 + int.from_bytes(blake2b(pair.encode(), digest_size=3).digest())
    for here, there in pairwise(path):
        if found := backbone().span(here, there):
            far = span_addresses(found, leg)[found.b == there]
            for towards in Leg:
                yield Route(core_node(here, leg), f"{core_loopback(path[-1], towards)}/32", (far,), metric=metric)


def _ends(address: str) -> tuple[Address, ...]:
    return Address(f"{address}/31"), Address(f"{backbone_address6(address)}/127")
