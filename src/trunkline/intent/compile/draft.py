"""What a compiler collects, and the words that several compilers share: groups, names of interfaces, policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from trunkline.intent.allocation import node_name
from trunkline.intent.bgp import LOCAL, Action, Policy, PrefixMatch, Router, Rule
from trunkline.intent.network import Address, Piece, Role
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CircuitView, ConnectionView
from trunkline.model.circuit import Leg
from trunkline.model.resource import ResourceId

#: Groups of sessions (intent.bgp.Session.group).
CUSTOMER, GATEWAY, CIRCUIT, VNET, CLOUD, PARTNER = "customer", "gateway", "circuit", "vnet", "cloud", "partner"
#: Between routers of peered VNets; towards a Route Server; a Route Server's towards its peers.
TRANSIT, HUB, NVA = "transit", "hub", "nva"

#: Session groups whose both ends are ours: they must be Established before an operation succeeds.
INNER = frozenset({GATEWAY, CIRCUIT, VNET, TRANSIT, HUB})

#: Of every node with a daemon. The kernel keeps the TCP sockets of one that ended, and with them a namespace without
#: name and the tunnels in it, while it retries to say goodbye to peers out of reach: minutes by default, now a second.
DAEMON_SYSCTLS = (("ipv4.tcp_orphan_retries", "1"),)

#: Room for two tags, or a VXLAN header, around a full customer frame.
TRUNK_MTU, BACKBONE_MTU = 1600, 9000


@dataclass(slots=True)
class Draft:
    pieces: list[Piece] = field(default_factory=list)
    routers: list[Router] = field(default_factory=list)
    requires: list[Scope] = field(default_factory=list)


def letter(leg: Leg) -> str:
    return leg.value[0]


def number_of(leg: Leg) -> int:
    return list(Leg).index(leg)


def instance_node(connection_or_gateway: ResourceId, instance: int) -> str:
    return node_name(Role.GATEWAY, connection_or_gateway.name, connection_or_gateway.key, str(instance))


def vnet_node(vnet: ResourceId) -> str:
    return node_name(Role.ROUTER, vnet.name, vnet.key)


def hub_node(hub: ResourceId, instance: int) -> str:
    return node_name(Role.HUB, hub.name, hub.key, str(instance))


def ce_node(site: ResourceId, router: str) -> str:
    return node_name(Role.CE, site.name, site.key, router)


def host_node(site: ResourceId, host: str) -> str:
    return node_name(Role.HOST, site.name, site.key, host)


def vrf_node(circuit: ResourceId, leg: Leg) -> str:
    return node_name(Role.VRF, circuit.name, circuit.key, letter(leg))


def customer_interface(circuit: CircuitView, leg: Leg) -> str:
    """The routed end of the C-tag's sub-interface in a CE."""
    return f"v{circuit.resource.number}{letter(leg)}"


def attachment(circuit: CircuitView, leg: Leg) -> str:
    """Name of an attachment's counters."""
    return attachment_name(circuit.resource.number, leg)


def attachment_name(circuit_number: int, leg: Leg) -> str:
    return f"c{circuit_number}.{leg}.private"


def vrf_tunnel(connection: ConnectionView, instance: int) -> str:
    return f"g{connection.resource.number}i{instance}"


def gateway_tunnel(connection: ConnectionView, leg: Leg) -> str:
    return f"c{connection.resource.number}{letter(leg)}"


def session_name(group: str, number: int, suffix: str = "") -> str:
    return f"{group}_{number}{'_' + suffix if suffix else ''}"


def backbone_scope(location: str, leg: Leg, region: str) -> Scope:
    return Scope(ScopeKind.BACKBONE, f"{location.lower()}~{region}", leg)


def port_scope(circuit: CircuitView, leg: Leg) -> Scope:
    return Scope(ScopeKind.PORT, f"{circuit.provider.lower()}@{circuit.location.lower()}", leg)


def point_to_point(local: str, peer: str) -> Address:
    return Address(f"{local}/32", peer)


def router_id(number: int, kind: int) -> str:
    """A BGP identifier (RFC 6286) in 100.64/10, which no customer announces: distinct for each of our speakers up to
    half a million of a kind. ``number``: the resource's; ``kind`` (0 to 7): which of its speakers."""
    return str(IPv4Address("100.64.0.0") + ((number << 3 | kind) & 0x3FFFFF))


def only_own(prefixes: tuple[str, ...]) -> Policy:
    """Export: exactly the prefixes originated here."""
    return Policy((Rule(Action.PERMIT, tuple(PrefixMatch.exactly(p) for p in prefixes), groups=(LOCAL,)),))


def inside(prefixes: tuple[str, ...]) -> tuple[PrefixMatch, ...]:
    """These and all that is more specific."""
    return tuple(PrefixMatch.orlonger(prefix) for prefix in prefixes)


def learned_from(group: str, strip_asns: tuple[int, ...] = ()) -> Policy:
    return Policy((Rule(Action.PERMIT, groups=(group,), strip_asns=strip_asns),))
