"""What a compiler collects, and the words that several compilers share: groups, names of interfaces, policies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from trunkline.intent.allocation import node_name
from trunkline.intent.bgp import LOCAL, Action, Policy, PrefixMatch, Router, Rule
from trunkline.intent.gateways import ConnectionView
from trunkline.intent.network import Address, Piece, Role
from trunkline.intent.scope import Scope, ScopeKind
from trunkline.intent.view import CircuitView
from trunkline.model.backbone import site_of
from trunkline.model.bgp import family_of, host_prefix
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.resource import ResourceId

#: Groups of sessions (intent.bgp.Session.group).
CUSTOMER, GATEWAY, CIRCUIT, VNET, CLOUD, PARTNER = "customer", "gateway", "circuit", "vnet", "cloud", "partner"
#: A gateway's sessions to circuits: of connections that go through it, and of those with FastPath.
BYPASSED = "bypassed"
#: A CE's over Microsoft peering; those over private peering are CLOUD.
INTERNET = "internet"
CIRCUITS = (CIRCUIT, BYPASSED)
#: Of a Microsoft peering's VRF, to the services of regions.
SERVICES = "services"
#: Between VRFs of two circuits.
REACH = "global_reach"
#: Between routers of peered VNets; towards a Route Server; a Route Server's towards its peers.
TRANSIT, HUB, NVA = "transit", "hub", "nva"
#: Of a Virtual WAN hub's routers towards virtual networks; of these and of the hub's gateway towards the hub.
NETWORK, WAN = "network", "wan"
#: A route server's sessions with members; a member's, with route servers and other members.
MEMBER, EXCHANGE = "member", "exchange"

#: Session groups whose both ends are ours: they must be Established before an operation succeeds.
INNER = frozenset({GATEWAY, *CIRCUITS, VNET, TRANSIT, HUB, SERVICES, REACH, NETWORK, WAN})

#: Of every node with a daemon. The kernel keeps the TCP sockets of one that ended, and with them a namespace without
#: name and the tunnels in it, while it retries to say goodbye to peers out of reach: minutes by default, now a second.
#: The kernel itself resets what belongs to no connection, and a peer with TTL security hears that too only with 255.
DAEMON_SYSCTLS = (("ipv4.tcp_orphan_retries", "1"), ("ipv4.ip_default_ttl", "255"))
_DAEMON_SYSCTLS6 = (("ipv6.conf.default.hop_limit", "255"),)

#: Of every node with several ways over IPv6: flows are spread by ports there as well.
SPREAD6 = (("ipv6.fib_multipath_hash_policy", "1"),)

#: Of an end system with IPv6, so that it reaches itself.
LOOPBACK6 = ("::1/128",)

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


def mark(kind: PeeringType) -> str:
    """What tells names of a leg's peerings apart; none of private peering's."""
    return "" if kind is PeeringType.PRIVATE else kind.word[0]


def vrf_node(circuit: ResourceId, leg: Leg, kind: PeeringType = PeeringType.PRIVATE) -> str:
    return node_name(Role.VRF, circuit.name, circuit.key, letter(leg) + mark(kind))


def customer_interface(circuit: CircuitView, leg: Leg, kind: PeeringType = PeeringType.PRIVATE) -> str:
    """The routed end of the C-tag's sub-interface in a CE."""
    return f"v{circuit.resource.number}{letter(leg)}{mark(kind)}"


def attachment(circuit: CircuitView, leg: Leg, kind: PeeringType = PeeringType.PRIVATE) -> str:
    """Name of an attachment's counters."""
    return attachment_name(circuit.resource.number, leg, kind)


def attachment_name(circuit_number: int, leg: Leg, kind: PeeringType = PeeringType.PRIVATE) -> str:
    return f"c{circuit_number}.{leg}.{kind.word}"


def vrf_tunnel(connection: ConnectionView, instance: int) -> str:
    return f"g{connection.resource.number}i{instance}"


def gateway_tunnel(connection: ConnectionView, leg: Leg) -> str:
    return f"c{connection.resource.number}{letter(leg)}"


def session_name(group: str, number: int, suffix: str = "") -> str:
    return f"{group}_{number}{'_' + suffix if suffix else ''}"


def in_family(name: str, address: str) -> str:
    """Sessions of one pair of speakers differ by family; those over IPv4 have the plain name."""
    return name if family_of(address) == 4 else f"{name}_v6"


def sysctls(addresses: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Of a node with a daemon and these addresses."""
    has_ipv6 = any(family_of(address) == 6 for address in addresses)
    return (*DAEMON_SYSCTLS, *((*_DAEMON_SYSCTLS6, *SPREAD6) if has_ipv6 else ()))


def default_route(address: str) -> str:
    return "0.0.0.0/0" if family_of(address) == 4 else "::/0"


def core_scope(site: str, leg: Leg) -> Scope:
    """``site``: a peering location or a region."""
    return Scope(ScopeKind.CORE, site_of(site, leg), leg)


def edge_scope(location: str, leg: Leg) -> Scope:
    return Scope(ScopeKind.EDGE, site_of(location, leg), leg)


def span_scope(one: str, other: str, leg: Leg) -> Scope:
    """A leg's link between two neighbouring sites."""
    return Scope(ScopeKind.SPAN, "~".join(sorted((one, other))), leg)


def crossing_scope(site: str) -> Scope:
    return Scope(ScopeKind.CROSSING, site)


def backbone_scope(one: str, other: str, leg: Leg) -> Scope:
    """What a leg's tunnels between two places need, whichever is named first: peering locations or regions."""
    return Scope(ScopeKind.BACKBONE, "~".join(sorted((one.casefold(), other.casefold()))), leg)


def port_scope(circuit: CircuitView, leg: Leg) -> Scope:
    """What the circuit comes in through: a link of its Direct port, or the provider's trunk."""
    if circuit.port:
        return Scope(ScopeKind.DIRECT, circuit.port.resource.id.key, leg)
    return Scope(ScopeKind.PORT, f"{circuit.provider.lower()}@{site_of(circuit.location, leg)}", leg)


def point_to_point(local: str, peer: str) -> Address:
    return Address(host_prefix(local), peer)


def router_id(number: int, kind: int) -> str:
    """A BGP identifier (RFC 6286) in 100.64/10, which no customer announces: distinct for each of our speakers up to
    half a million of a kind. ``number``: the resource's; ``kind`` (0 to 7): which of its speakers."""
    return str(IPv4Address("100.64.0.0") + ((number << 3 | kind) & 0x3FFFFF))


def only_own(prefixes: tuple[str, ...], next_hop: str = "") -> Policy:
    """Export: exactly the prefixes originated here."""
    exactly = tuple(PrefixMatch.exactly(prefix) for prefix in prefixes)
    return Policy((Rule(Action.PERMIT, exactly, groups=(LOCAL,), next_hop=next_hop),))


def inside(prefixes: tuple[str, ...]) -> tuple[PrefixMatch, ...]:
    """These and all that is more specific."""
    return tuple(PrefixMatch.orlonger(prefix) for prefix in prefixes)


def learned_from(*groups: str, strip_asns: tuple[int, ...] = ()) -> Policy:
    return Policy((Rule(Action.PERMIT, groups=groups, strip_asns=strip_asns),))
