"""Which way the packets of connections go, as the routing tables of the networks' routers say it, and what the sizes of
gateways let through."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from trunkline.intent.compile import fast_path
from trunkline.intent.compile.draft import instance_node, vnet_node
from trunkline.intent.drivers import Plane
from trunkline.intent.gateways import ConnectionView, connection_view, gateway_view
from trunkline.intent.network import MAIN, Direction, KernelRoute
from trunkline.intent.view import CONNECTION, GATEWAY
from trunkline.intent.wan import WAN_CONNECTION, WAN_GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.profile import Profile
from trunkline.model.resource import Json
from trunkline.store import Reader


def paths(subscription: str, estate: Reader, plane: Plane, profile: Profile) -> Iterator[Json]:
    """Of each connection to a circuit. ``fastPath``: ``On`` where routes lead past the gateway, ``On (IPv4)`` where the
    connection's IPv6 goes through it all the same; ``NoRoutes`` where they
    would, but none is known; ``OverAddressLimit`` where the wish is not followed; ``Off``."""
    routes = cache(plane.routes)
    for resource in (*estate.list(CONNECTION, subscription), *estate.list(WAN_CONNECTION, subscription)):
        view = None if resource.deleting else connection_view(estate, resource)
        if view:
            yield {"id": str(resource.id), "name": resource.id.name, "gateway": view.gateway.resource.id.name,
                   "gatewayId": str(view.gateway.resource.id),
                   "circuit": view.circuit.resource.id.name, "circuitId": str(view.circuit.resource.id),
                   "sku": view.gateway.sku,
                   "status": resource.status.get("connectionStatus", "Unknown"),
                   "fastPath": _fast_path(view, estate, profile, routes(vnet_node(view.gateway.vnet.resource.id)))}


def gateways(subscription: str, estate: Reader, plane: Plane, profile: Profile) -> Iterator[Json]:
    """Of each gateway to circuits: what its SKU bounds, and what its programs have counted. FastPath counts nowhere."""
    for resource in (*estate.list(GATEWAY, subscription), *estate.list(WAN_GATEWAY, subscription)):
        view = None if resource.deleting else gateway_view(estate, resource.id)
        if view:
            size, counted = view.size.divided(profile.gateway_divisor), plane.capacity(
                instance_node(resource.id, 0))
            yield {"id": str(resource.id), "name": resource.id.name, "sku": view.sku,
                   "limits": {"mbps": size.bandwidth_bps / 1_000_000, "packetsPerSecond": size.packets_per_s,
                              "flows": size.flows, "routes": size.routes},
                   "flows": counted.flows,
                   "traffic": {direction.value: {
                       verdict: {"packets": counter.packets, "bytes": counter.byte_count}
                       for (which, verdict), counter in counted.verdicts.items() if which is direction}
                       for direction in Direction}}


def _fast_path(view: ConnectionView, estate: Reader, profile: Profile, known: tuple[KernelRoute, ...]) -> str:
    direct = {fast_path.router_interface(view, leg) for leg in Leg}
    learned = (route for route in known if route.table == MAIN and route.protocol == "bird")
    if any(name in direct for route in learned for _, name in route.next_hops):
        return "On" if all(fast_path.takes_family(view, subnet) for subnet in view.subnets) else "On (IPv4)"
    if not view.model.express_route_gateway_bypass:
        return "Off"
    return "NoRoutes" if fast_path.is_on(view, estate, profile) else "OverAddressLimit"
