"""Gateways to circuits, in virtual networks and in hubs of a Virtual WAN, and their connections.

The hub of a Virtual WAN is to its gateway what a virtual network is to one of its own: it has a GatewaySubnet, and a
router that leads to what is behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trunkline.intent.estate import Estate
from trunkline.intent.view import (
    CONNECTION,
    CircuitView,
    HubView,
    VnetView,
    alive,
    circuit_view,
    hub_of,
    lent,
    vnet_view,
)
from trunkline.intent.wan import WAN_CONNECTION, WAN_GATEWAY, Attached, WanHub, gateway_part, hub_of_gateway, wan_hub
from trunkline.model.failover import is_tested
from trunkline.model.gateway_size import GatewaySize, size_in_hub, size_of
from trunkline.model.network import (
    GATEWAY_SUBNET,
    AddressSpace,
    Connection,
    GatewayType,
    VirtualNetwork,
    VirtualNetworkGateway,
)
from trunkline.model.plant import region
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.wan import ExpressRouteConnection, ExpressRouteGateway


class Traffic(StrEnum):
    """Where a gateway stands, and so whose traffic it sends."""

    NETWORK = "network"
    WAN = "wan"


@dataclass(frozen=True, slots=True)
class GatewayView:
    """``lent``: address spaces of peered networks that use it. ``hub``: the Route Server it exchanges routes with.
    ``wan``: the hub that it stands in, which is ``vnet`` then. ``takes``: whose traffic it takes beside on-premises',
    from other gateways of its circuits."""

    resource: Resource
    sku: str
    size: GatewaySize
    vnet: VnetView
    lent: tuple[str, ...] = ()
    hub: HubView | None = None
    wan: WanHub | None = None
    takes: frozenset[Traffic] = frozenset()

    @property
    def kind(self) -> Traffic:
        return Traffic.WAN if self.wan else Traffic.NETWORK

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What it advertises of its own: the address spaces of all networks behind it."""
        return self.wan.prefixes if self.wan else (*self.vnet.prefixes, *self.lent)

    @property
    def told(self) -> bool:
        """Whether it passes on what others tell it."""
        return bool(self.hub or self.wan)

    @property
    def region(self) -> str:
        found = region(self.resource.location)
        return found.name if found else self.resource.location


def gateway_view(estate: Estate, gateway: ResourceId) -> GatewayView | None:
    """``None`` also while its virtual network or GatewaySubnet is missing, and of a VPN gateway, which is recorded."""
    resource = alive(estate, gateway)
    if resource is None:
        return None
    return (_in_hub if gateway.type.lower() == WAN_GATEWAY.lower() else _in_network)(estate, resource)


def _in_network(estate: Estate, resource: Resource) -> GatewayView | None:
    model = VirtualNetworkGateway.model_validate(resource.properties)
    if model.gateway_type is not GatewayType.EXPRESS_ROUTE:
        return None
    vnet_id = model.subnet.target.parent if model.subnet else None
    vnet = vnet_view(estate, vnet_id) if vnet_id else None
    if not vnet or not vnet.gateway_subnet:
        return None
    hub = hub_of(estate, vnet)
    return GatewayView(resource, model.sku.name, size_of(model), vnet, lent(estate, vnet),
                       hub if hub and hub.model.allow_branch_to_branch_traffic else None,
                       takes=_taken(network=model.allow_remote_vnet_traffic, wan=model.allow_virtual_wan_traffic))


def _taken(**allowed: bool | None) -> frozenset[Traffic]:
    return frozenset(Traffic(kind) for kind, is_allowed in allowed.items() if is_allowed)


def _in_hub(estate: Estate, resource: Resource) -> GatewayView | None:
    wan = wan_hub(estate, hub_of_gateway(resource))
    if not wan or "number" not in resource.system:
        return None
    model = ExpressRouteGateway.model_validate(resource.properties)
    size, units = size_in_hub(model)
    space = VirtualNetwork(address_space=AddressSpace(address_prefixes=(wan.prefix,)))
    return GatewayView(resource, f"{units} scale unit{'s' if units > 1 else ''}", size,
                       VnetView(wan.resource, space, ((GATEWAY_SUBNET, gateway_part(wan.prefix)),)), wan=wan,
                       takes=_taken(network=model.allow_non_virtual_wan_traffic))


@dataclass(frozen=True, slots=True)
class ConnectionView:
    resource: Resource
    model: Connection | ExpressRouteConnection
    gateway: GatewayView
    circuit: CircuitView

    @property
    def slot(self) -> int:
        return int(self.resource.system["slot"])

    @property
    def tested(self) -> bool:
        """Whether a failover test of its gateway keeps it down."""
        return is_tested(self.gateway.resource, self.circuit.location)

    @property
    def attached(self) -> Attached | None:
        """Its place in the routing of a hub."""
        return self.gateway.wan.circuit(self.resource.id) if self.gateway.wan else None

    @property
    def subnets(self) -> tuple[str, ...]:
        """Where its tunnels' addresses are: the GatewaySubnet's prefix of each family that it carries. IPv4 always, for
        both ends are there; IPv6 if the gateway and the peering have it."""
        four, *six = self.gateway.vnet.gateway_subnets
        peering = self.circuit.private
        return (four, *six) if peering and peering.model.ipv6_peering_config else (four,)


def connections(estate: Estate, end: ResourceId) -> tuple[ConnectionView, ...]:
    """Complete connections of a circuit or a gateway, by number; a circuit without private peering has none."""
    found = (connection_view(estate, resource) for resource in links(estate, end) if not resource.deleting)
    return tuple(sorted((c for c in found if c), key=lambda c: c.resource.number))


def connection_view(estate: Estate, resource: Resource) -> ConnectionView | None:
    model = (ExpressRouteConnection if resource.id.parent else Connection).model_validate(resource.properties)
    target = circuit_of(resource)
    gateway = gateway_view(estate, gateway_of(resource)) if "slot" in resource.system else None
    circuit = circuit_view(estate, target) if target else None
    if not gateway or not circuit or not circuit.private:
        return None
    return ConnectionView(resource, model, gateway, circuit)


# ── connections as they are stored ─────────────────────────────────────────────────────────────────────────────────


def links(estate: Estate, end: ResourceId) -> tuple[Resource, ...]:
    """Connections of a circuit or of a gateway, whatever their state."""
    return (*estate.referrers(end, CONNECTION), *estate.referrers(end, WAN_CONNECTION),
            *estate.children(end, WAN_CONNECTION))


def gateway_of(connection: Resource) -> ResourceId:
    return connection.id.parent or Connection.model_validate(connection.properties).virtual_network_gateway1.target


def circuit_of(connection: Resource) -> ResourceId | None:
    if connection.id.parent:
        return ExpressRouteConnection.model_validate(connection.properties).express_route_circuit_peering.target.parent
    peer = Connection.model_validate(connection.properties).peer
    return peer.target if peer else None


