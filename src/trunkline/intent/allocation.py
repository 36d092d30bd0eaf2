"""Who gets which address, tunnel number, MAC and node name: pure and deterministic, so that no allocation is stored.

    GatewaySubnet .1 VNet router · .4 and on: edges, two for each connection slot · .12 .13 gateway instances
    100.64.0.0/11 backbone loopbacks of edges · 100.96.0.0/11 of regions (RFC 6598 space, never seen by a customer)
"""

from __future__ import annotations

import hashlib
import re
from ipaddress import IPv4Address, IPv4Network, ip_network

from trunkline.errors import Conflict
from trunkline.intent.network import Role
from trunkline.model.circuit import Leg
from trunkline.model.plant import location_index, region_index

#: The network, the router and two more are the platform's in every subnet, as in Azure; so is the broadcast address.
RESERVED_HOSTS = 4

_EDGES, _REGIONS = IPv4Network("100.64.0.0/11"), IPv4Network("100.96.0.0/11")
_NODE_NAME_LENGTH, _LABEL_LENGTH = 48, 20
_VNI_BITS, _MAC_BITS = 24, 24


def usable(subnet: str) -> tuple[IPv4Address, IPv4Address]:
    """The first and the last address of a subnet that a resource may have."""
    network = IPv4Network(subnet)
    return network.network_address + RESERVED_HOSTS, network.broadcast_address - 1


def router_address(subnet: str) -> str:
    """The VNet router's address in a subnet: the first host."""
    return str(IPv4Network(subnet)[1])


def link_address(prefixes: tuple[str, ...]) -> str:
    """The VNet router's address on links to other VNets: the first host of the address space, which is its own in
    whatever subnet begins there."""
    first = next(network for network in map(ip_network, prefixes) if isinstance(network, IPv4Network))
    return str(first[min(1, first.num_addresses - 1)])


def instance_addresses(gateway_subnet: str) -> tuple[str, str]:
    """Both instances of a gateway: .12 and .13 as in Azure, in a /29 the first two usable ones."""
    network = IPv4Network(gateway_subnet)
    first = 12 if network.prefixlen <= 28 else RESERVED_HOSTS
    return str(network[first]), str(network[first + 1])


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
    below, above = (IPv4Address(instance) for instance in instance_addresses(gateway_subnet))
    # The pool is contiguous but for the instances in its middle; /28 is the smallest with a slot, so they stand at .12.
    return str(address if address < below else address + (int(above) - int(below) + 1))


def vni(connection: int, instance: int, leg: Leg) -> int:
    """The VXLAN network identifier of the tunnel between a gateway instance and an edge."""
    number = connection << 2 | instance << 1 | list(Leg).index(leg)
    return _within(number, _VNI_BITS, "connections")


def edge_loopback(location: str, leg: Leg) -> str:
    return str(_EDGES[1 + len(Leg) * location_index(location) + list(Leg).index(leg)])


def region_loopback(region: str) -> str:
    return str(_REGIONS[1 + region_index(region)])


def mac(number: int) -> str:
    """A NIC's MAC address, under Azure's OUI."""
    digits = f"{_within(number, _MAC_BITS, 'NICs'):06x}"
    return f"00:0d:3a:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


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
