"""FastPath: between a VRF and the router of a virtual network, past the gateway, over a tunnel of its own for each leg.

A gateway that is large enough has these tunnels for every connection. The switch (``expressRouteGatewayBypass``) only
changes which next hops its instances tell: the VRF that of the VNet router for the network's own prefixes, the VNet
router those of the VRFs. BGP stays where it was, so a route goes when no instance tells it any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.intent.allocation import DIRECT, edge_addresses, edge_loopback, region_loopback, router_address, vni
from trunkline.intent.compile.draft import letter, point_to_point, vnet_node, vrf_node
from trunkline.intent.compile.plant import core_of_edge, core_of_region
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import ConnectionView, GatewayView, connections, gateway_view
from trunkline.intent.network import Interface, Tunnel
from trunkline.intent.placement import placed
from trunkline.intent.view import CIRCUIT, GATEWAY, CircuitView, VnetView, referrers, vnet_peerings
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile


def prepared(gateway: GatewayView) -> bool:
    """Whether its connections have direct tunnels."""
    return gateway.size.fast_path


def vrf_interface(connection: ConnectionView) -> str:
    return f"f{connection.resource.number}"


def router_interface(connection: ConnectionView, leg: Leg) -> str:
    return f"f{connection.resource.number}{letter(leg)}"


def tunnel_ends(connection: ConnectionView, leg: Leg, profile: Profile) -> tuple[Tunnel, Tunnel]:
    """In the VRF and in the VNet router, whose addresses are those that they have towards the gateway."""
    circuit, gateway = connection.circuit, connection.gateway
    number = vni(connection.resource.number, DIRECT, leg)
    pairs = [(edge_addresses(subnet, connection.slot, leg), router_address(subnet)) for subnet in connection.subnets]
    here, there = edge_loopback(circuit.location, leg), region_loopback(gateway.region, leg)
    return (
        Tunnel(core_of_edge(circuit.location, leg), Interface(
            vrf_node(circuit.resource.id, leg), vrf_interface(connection),
            tuple(point_to_point(edge, router) for edge, router in pairs), profile.mtu),
            number, here, there),
        Tunnel(core_of_region(gateway.region, leg), Interface(
            vnet_node(gateway.vnet.resource.id), router_interface(connection, leg),
            tuple(point_to_point(router, edge) for edge, router in pairs), profile.mtu),
            number, there, here))


def router_interfaces(estate: Estate, vnet: VnetView) -> Iterator[tuple[str, bool]]:
    """The VNet router's ends of all direct tunnels, and whether the circuit is on a Direct port."""
    for name, _ in vnet.subnets:
        for resource in referrers(estate, vnet.resource.id.child("subnets", name), GATEWAY):
            gateway = gateway_view(estate, resource.id)
            if gateway and prepared(gateway):
                yield from ((router_interface(c, leg), c.circuit.port is not None)
                            for c in connections(estate, gateway.resource.id) for leg in Leg)


def is_on(connection: ConnectionView, estate: Estate, profile: Profile) -> bool:
    """Wished, possible, and within the limit of addresses of the circuit or its Direct port; beyond it packets take the
    gateway. Earlier connections come first."""
    if not _wished(connection):
        return False
    taken, limit = 0, address_limit(connection.circuit, profile)
    for each in _sharing(connection.circuit, estate):
        if _wished(each):
            grown = taken + _addresses(each, estate)
            taken = grown if grown <= limit else taken
            if each.resource.id.key == connection.resource.id.key:
                return grown <= limit
    return False


def bypassed_prefixes(connection: ConnectionView) -> tuple[str, ...]:
    """What is reached past the gateway: the network itself; on a Direct circuit also networks that borrow from it."""
    gateway = connection.gateway
    return gateway.prefixes if connection.circuit.port else gateway.vnet.prefixes


def takes_family(connection: ConnectionView, subnet: str) -> bool:
    """IPv6 has FastPath on Direct circuits only."""
    return ":" not in subnet or connection.circuit.port is not None


def address_limit(circuit: CircuitView, profile: Profile) -> int:
    gbps = circuit.port.model.bandwidth_in_gbps if circuit.port else 0
    return next(limit for least, limit in profile.fast_path_addresses if gbps >= least)


def _sharing(circuit: CircuitView, estate: Estate) -> tuple[ConnectionView, ...]:
    """The connections that one limit is for, by number."""
    circuits = [one.id for one in referrers(estate, circuit.port.resource.id, CIRCUIT)] if circuit.port else [
        circuit.resource.id]
    found = [connection for one in circuits for connection in connections(estate, one)]
    return tuple(sorted(found, key=lambda connection: connection.resource.number))


def _wished(connection: ConnectionView) -> bool:
    return connection.model.express_route_gateway_bypass and prepared(connection.gateway)


def _addresses(connection: ConnectionView, estate: Estate) -> int:
    """Of machines that are reached past the gateway."""
    vnet = connection.gateway.vnet
    borrowers = [one.remote.resource.id for one in vnet_peerings(estate, vnet) if one.lends] \
        if connection.circuit.port else []
    return sum(len(nic.addresses) for network in (vnet.resource.id, *borrowers)
               for subnet in placed(estate, network) for nic in subnet.nics)
