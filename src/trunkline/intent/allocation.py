"""Who gets which address, tunnel number, MAC and node name: pure and deterministic, so that no allocation is stored.

    GatewaySubnet .1 VNet router · .4 and on: edges, two for each connection slot · .12 .13 gateway instances
    The same numbers in a subnet's IPv6 prefix.
    100.64.0.0/12 loopbacks of backbone routers at locations · 100.96.0.0/12 in regions · 100.80.0.0/12 links between
    sites · 100.112.0.0/12 between both routers of a site (RFC 6598 space, never seen by a customer); over IPv6 the same
    numbers behind fd74:6c63:6f72:6500::/96
"""

from __future__ import annotations

import hashlib
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from trunkline.errors import Conflict
from trunkline.intent.network import Role
from trunkline.model.backbone import Span, backbone, site_of
from trunkline.model.bgp import family_of, network
from trunkline.model.circuit import Leg
from trunkline.model.peering import PeeringType
from trunkline.model.plant import location_index, region, region_index

#: The network, the router and two more are the platform's in every subnet, as in Azure; so is the broadcast address.
RESERVED_HOSTS = 4

_EDGES, _REGIONS = IPv4Network("100.64.0.0/12"), IPv4Network("100.96.0.0/12")
_SPANS, _CROSSINGS = IPv4Network("100.80.0.0/12"), IPv4Network("100.112.0.0/12")
_BACKBONE6 = IPv6Network("fd74:6c63:6f72:6500::/96")
_NODE_NAME_LENGTH, _LABEL_LENGTH = 48, 20
_VNI_BITS, _MAC_BITS = 24, 24
_ATTACHMENTS, _INDEX_BITS = 1 << 28, 24

#: The way of a connection's tunnels that leave the gateway out.
DIRECT = 2
#: Of tunnels to the services of a region; no region has the last two numbers, which tell tunnels of exchanges and of
#: Global Reach.
_SERVICES_WAY, _REGION_BITS = 3, 7
_AT_EXCHANGE = (1 << _REGION_BITS) - 1
_IN_REACH = _AT_EXCHANGE - 1

#: Between VRFs of Microsoft peerings and services, of each family: shared space (RFC 6598) and unique local addresses
#: (RFC 4193) that nobody else sees, with room for a million VRFs of circuits, and more of exchanges' edges behind them.
SERVICE_RANGES = ("100.64.0.0/10", "fd74:6c73:7663:6d00::/106")
_BEHIND_CIRCUITS = 1 << 20


def usable(subnet: str) -> tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]:
    """The first and the last address of a subnet that a resource may have."""
    found = network(subnet)
    return found.network_address + RESERVED_HOSTS, found.broadcast_address - 1


def router_address(subnet: str) -> str:
    """The VNet router's address in a subnet: the first host."""
    return str(network(subnet)[1])


def link_address(prefixes: tuple[str, ...], family: int = 4) -> str:
    """The VNet router's address on links to other VNets: the first host of the address space, which is its own in
    whatever subnet begins there. Empty without address space of that family."""
    first = next((network(prefix) for prefix in prefixes if family_of(prefix) == family), None)
    return str(first[min(1, first.num_addresses - 1)]) if first else ""


def instance_addresses(gateway_subnet: str) -> tuple[str, str]:
    """Both instances of a gateway: .12 and .13 as in Azure, in a /29 the first two usable ones."""
    found = network(gateway_subnet)
    first = 12 if found.max_prefixlen - found.prefixlen >= 4 else RESERVED_HOSTS
    return str(found[first]), str(found[first + 1])


def route_server_addresses(subnet: str) -> tuple[str, str]:
    """Both instances of a Route Server: the first two usable addresses of its RouteServerSubnet, as in Azure."""
    first, _ = usable(subnet)
    return str(first), str(first + 1)


def capacity(gateway_subnet: str) -> int:
    """How many connection slots a GatewaySubnet has."""
    first, last = usable(gateway_subnet)
    return max(0, (int(last) - int(first) + 1 - len(instance_addresses(gateway_subnet))) // len(Leg))


def edge_addresses(gateway_subnet: str, slot: int, leg: Leg) -> str:
    """The edge's address towards the gateway for a connection's slot (from 1) and leg."""
    if not 1 <= slot <= capacity(gateway_subnet):
        raise Conflict("GatewaySubnetIsFull", f"GatewaySubnet {gateway_subnet} has room for {capacity(gateway_subnet)} "
                       f"connections, not for slot {slot}; use a larger GatewaySubnet.")
    first, _ = usable(gateway_subnet)
    address = first + (slot - 1) * len(Leg) + list(Leg).index(leg)
    below, above = (int(ip_address(instance)) for instance in instance_addresses(gateway_subnet))
    # The pool is contiguous but for the instances in its middle; /28 is the smallest with a slot, so they stand at .12.
    return str(address if int(address) < below else address + (above - below + 1))


def vni(connection: int, way: int, leg: Leg) -> int:
    """The VXLAN network identifier of a connection's tunnel from an edge: to a gateway instance (0 or 1), or DIRECT, to
    the VNet router; 3 leads to services."""
    number = connection << 3 | way << 1 | list(Leg).index(leg)
    return _within(number, _VNI_BITS, "connections")


def service_vni(circuit: int, region: str, leg: Leg) -> int:
    """Of the tunnel from a Microsoft peering's VRF to a region's services; among the numbers that connections leave."""
    number = _within(circuit << _REGION_BITS | region_index(region), _VNI_BITS - 3, "circuits with Microsoft peering")
    return number << 3 | _SERVICES_WAY << 1 | list(Leg).index(leg)


def exchange_vni(member: int, leg: Leg) -> int:
    """Of the tunnel from the cloud's edge at an exchange to the services of the region next to it."""
    number = _within(member << _REGION_BITS | _AT_EXCHANGE, _VNI_BITS - 3, "edges at exchanges")
    return number << 3 | _SERVICES_WAY << 1 | list(Leg).index(leg)


def reach_vni(link: int, leg: Leg) -> int:
    """Of a leg's tunnel between two circuits."""
    number = _within(link << _REGION_BITS | _IN_REACH, _VNI_BITS - 3, "Global Reach links")
    return number << 3 | _SERVICES_WAY << 1 | list(Leg).index(leg)


def services_address(region: str, family: int) -> str:
    """Of a region's services towards VRFs: the last ones of the range."""
    return str(_service_range(family)[-2 - region_index(region)])


def vrf_address(circuit: int, leg: Leg, family: int) -> str:
    """Of a Microsoft peering's VRF towards services: from the first of the range on."""
    return str(_service_range(family)[1 + (circuit << 1 | list(Leg).index(leg))])


def exchange_vrf_address(member: int, family: int) -> str:
    """Of an edge at an exchange towards services."""
    return str(_service_range(family)[_BEHIND_CIRCUITS + member])


def _service_range(family: int) -> IPv4Network | IPv6Network:
    return network(SERVICE_RANGES[0 if family == 4 else 1])


def attachment_index(circuit: int, leg: Leg, kind: PeeringType = PeeringType.PRIVATE) -> int:
    """The ifindex of a VRF's end of an attachment: of no other VRF here, and far above what a kernel gives."""
    number = _within(circuit << 1 | list(Leg).index(leg), _INDEX_BITS, "circuits")
    return _ATTACHMENTS | (kind is PeeringType.MICROSOFT) << _INDEX_BITS | number


def exchange_index(member: int) -> int:
    """The same for an edge's interface at an exchange."""
    return _ATTACHMENTS | 2 << _INDEX_BITS | _within(member, _INDEX_BITS, "ports of exchanges")


def edge_loopback(location: str, leg: Leg) -> str:
    return str(_EDGES[1 + len(Leg) * location_index(site_of(location, leg)) + list(Leg).index(leg)])


def core_loopback(site: str, leg: Leg) -> str:
    """Of a leg's backbone router at a peering location or in a region."""
    return region_loopback(site, leg) if region(site) else edge_loopback(site, leg)


def region_loopback(region: str, leg: Leg) -> str:
    return str(_REGIONS[1 + len(Leg) * region_index(region) + list(Leg).index(leg)])


def span_addresses(span: Span, leg: Leg) -> tuple[str, str]:
    """Of a leg's link between two sites, ``a``'s first; the pair is a /31."""
    number = backbone().span_numbers[str(span)] * len(Leg) + list(Leg).index(leg)
    return str(_SPANS[2 * number]), str(_SPANS[2 * number + 1])


def crossing_addresses(site: str) -> tuple[str, str]:
    """Of the link between a site's backbone routers, by leg."""
    number = backbone().site_numbers[site]
    return str(_CROSSINGS[2 * number]), str(_CROSSINGS[2 * number + 1])


def backbone_address6(address: str) -> str:
    """The IPv6 address that goes with one of the backbone's."""
    return str(_BACKBONE6[int(IPv4Address(address))])


def mac(number: int) -> str:
    """A NIC's MAC address, under Azure's OUI."""
    digits = f"{_within(number, _MAC_BITS, 'NICs'):06x}"
    return f"00:0d:3a:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def member_mac(number: int) -> str:
    """Of the interface of an exchange's member (locally administered)."""
    return _local_mac(0x46, number)


def reserved_mac(exchange: int, station: int) -> str:
    """Of a route server of an exchange, or of its discard address. ``station``: 1 to 3."""
    return _local_mac(0x42, exchange << 2 | station)


def _local_mac(kind: int, number: int) -> str:
    digits = f"{_within(number, _MAC_BITS, 'ports of exchanges'):06x}"
    return f"{kind:02x}:49:58:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def node_name(role: Role, label: str, key: str, suffix: str = "") -> str:
    """``vrf-er1-3fa2c1d09e-p``: readable by ``label``, unique by the hash of ``key``, at most 48 characters.

    Forty bits: a thousand resources of one label share a name with a chance of one in two million.
    """
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()
    ending = f"-{digest}-{suffix}" if suffix else f"-{digest}"
    room = min(_LABEL_LENGTH, _NODE_NAME_LENGTH - len(role) - 1 - len(ending))
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:room].rstrip("-") or "x"
    return f"{role}-{slug}{ending}"


def _within(number: int, bits: int, what: str) -> int:
    if number >> bits:
        raise Conflict("PlatformIsFull", f"All numbers for {what} are taken; delete some of them first.")
    return number
