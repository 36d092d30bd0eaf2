"""The public services of a region: one node that answers on every address of their prefixes, and a router that
announces these to the VRFs of Microsoft peerings and to edges at exchanges.

    VRF s… ~~ vxlan ~~ c… services: BIRD, responder

The router takes a session from whoever has a tunnel, so it does not change when one more circuit comes. It tells a VRF
what it originates, never what another said; and the node forwards nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.intent.allocation import (
    SERVICE_RANGES,
    edge_loopback,
    node_name,
    region_loopback,
    service_vni,
    services_address,
    vrf_address,
)
from trunkline.intent.bgp import PERMIT_ALL, REJECT_ALL, Community, Origin, Router, Session
from trunkline.intent.compile.draft import (
    CUSTOMER,
    LOOPBACK6,
    SERVICES,
    Draft,
    in_family,
    letter,
    only_own,
    point_to_point,
    session_name,
    sysctls,
)
from trunkline.intent.compile.plant import core_of_edge, core_of_region
from trunkline.intent.estate import Estate
from trunkline.intent.network import Answer, Interface, Node, Responder, Role, Route, RouteKind, Tunnel
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CircuitView
from trunkline.model.bgp import AZURE_ASN, bare, family_of
from trunkline.model.circuit import Leg
from trunkline.model.plant import region_index
from trunkline.model.profile import Profile
from trunkline.model.public_service import announced_by, served_in
from trunkline.model.site import Daemon

#: Over IPv6 a program may not send from what is only by its route the node's own, unless the kernel is told so.
_ANY_ADDRESS = (("ipv6.ip_nonlocal_bind", "1"),)


def services_node(region: str) -> str:
    return node_name(Role.SERVICES, region, f"services:{region}")


def services_scope(region: str) -> Scope:
    return Scope(ScopeKind.SERVICES, region)


def services_tunnel(region: str) -> str:
    """A VRF's end."""
    return f"s{region_index(region)}"


@dataclass(frozen=True, slots=True)
class Asker:
    """A VRF that reaches a region's services. ``addresses``: its own on the way there, IPv4 first; ``name``: of the
    services' end of the tunnel ``vni``."""

    vrf: str
    location: str
    leg: Leg
    addresses: tuple[str, str]
    name: str
    vni: int


def of_circuit(circuit: CircuitView, leg: Leg, vrf: str, region: str) -> Asker:
    number = circuit.resource.number
    return Asker(vrf, circuit.location, leg, (vrf_address(number, leg, 4), vrf_address(number, leg, 6)),
                 f"c{number}{letter(leg)}", service_vni(number, region, leg))


def tunnels(asker: Asker, region: str, profile: Profile) -> Iterator[Tunnel]:
    """Both ends: the services' one is made by whoever wants to reach them."""
    pairs = [(own, services_address(region, family_of(own))) for own in asker.addresses]
    edge, core = edge_loopback(asker.location, asker.leg), region_loopback(region, asker.leg)
    yield Tunnel(core_of_edge(asker.location, asker.leg),
                 Interface(asker.vrf, services_tunnel(region),
                           tuple(point_to_point(here, there) for here, there in pairs), profile.mtu),
                 asker.vni, edge, core)
    yield Tunnel(core_of_region(region, asker.leg),
                 Interface(services_node(region), asker.name,
                           tuple(point_to_point(there, here) for here, there in pairs), profile.mtu),
                 asker.vni, core, edge)


def towards_services(own: str, region: str, profile: Profile) -> Session:
    """A VRF's session from its address ``own``. Inside one AS, so others see no more than AS 12076 in the path, and
    local preference goes along. Without policies yet."""
    return Session(
        name=in_family(session_name(SERVICES, region_index(region)), own), group=SERVICES,
        interface=services_tunnel(region), local_address=own, peer_address=services_address(region, family_of(own)),
        local_asn=AZURE_ASN, peer_asn=AZURE_ASN, import_policy=REJECT_ALL, export_policy=REJECT_ALL, ttl_security=True,
        next_hop_self=True, bfd=profile.inner_bfd)


def services(scope: Scope, _estate: Estate, profile: Profile) -> Draft:
    node, announced = services_node(scope.key), announced_by(scope.key)
    answers = tuple(sorted(Answer(prefix, one.name) for one in served_in(scope.key) for prefix in one.prefixes))
    origins = tuple(Origin(prefix, communities=tuple(map(community, told))) for prefix, told in announced.items())
    router = Router(node, Daemon.BIRD, AZURE_ASN, region_loopback(scope.key, Leg.PRIMARY),
                    tuple(_session(scope.key, prefixes, profile) for prefixes in SERVICE_RANGES), origins,
                    ecmp=profile.ecmp)
    return Draft([
        Node(node, Role.SERVICES, loopback=LOOPBACK6, sysctls=(*sysctls(SERVICE_RANGES), *_ANY_ADDRESS)),
        *(Route(node, prefix, kind=RouteKind.LOCAL) for prefix in announced), Responder(node, scope.key, answers)],
        [router], [Scope(ScopeKind.REGION, scope.key)])


def _session(region: str, prefixes: str, profile: Profile) -> Session:
    """With all VRFs at once, over IPv4 or IPv6. What a VRF tells has been checked there."""
    own = services_address(region, 4 if "." in prefixes else 6)
    return Session(
        name=in_family("vrfs", prefixes), group=CUSTOMER, interface="", local_address=own, peer_address=bare(prefixes),
        peer_range=prefixes, local_asn=AZURE_ASN, peer_asn=AZURE_ASN, import_policy=PERMIT_ALL,
        export_policy=only_own(tuple(announced_by(region))), ttl_security=True, bfd=profile.inner_bfd)


def community(text: str) -> Community:
    return tuple(map(int, text.split(":")))
