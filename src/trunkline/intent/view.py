"""Typed views over an estate: a circuit with what hangs on it, a gateway with its connections.

A resource that is being deleted does not appear in any view: to compile it is gone already.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.intent.estate import Estate
from trunkline.model.circuit import Circuit, CrossConnection, Leg, Peering, PeeringType, ProviderState
from trunkline.model.network import GATEWAY_SUBNET, Connection, Subnet, VirtualNetwork, VirtualNetworkGateway
from trunkline.model.plant import region
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.site import LegOrder, RehearsedFault, Site, VirtualCrossConnect

NETWORK = "Microsoft.Network"
CIRCUIT = f"{NETWORK}/expressRouteCircuits"
PEERING = f"{CIRCUIT}/peerings"
CROSS_CONNECTION = f"{NETWORK}/expressRouteCrossConnections"
VNET = f"{NETWORK}/virtualNetworks"
SUBNET = f"{VNET}/subnets"
NIC = f"{NETWORK}/networkInterfaces"
GATEWAY = f"{NETWORK}/virtualNetworkGateways"
CONNECTION = f"{NETWORK}/connections"
VIRTUAL_HUB = f"{NETWORK}/virtualHubs"
HUB_IP_CONFIGURATION = f"{VIRTUAL_HUB}/ipConfigurations"
HUB_BGP_CONNECTION = f"{VIRTUAL_HUB}/bgpConnections"
SECURITY_GROUP = f"{NETWORK}/networkSecurityGroups"
SECURITY_RULE = f"{SECURITY_GROUP}/securityRules"
APPLICATION_GROUP = f"{NETWORK}/applicationSecurityGroups"
ROUTE_TABLE = f"{NETWORK}/routeTables"
ROUTE = f"{ROUTE_TABLE}/routes"
NAT_GATEWAY = f"{NETWORK}/natGateways"
DDOS_PLAN = f"{NETWORK}/ddosProtectionPlans"
PUBLIC_IP_ADDRESS = f"{NETWORK}/publicIPAddresses"
PUBLIC_IP_PREFIX = f"{NETWORK}/publicIPPrefixes"
LOCAL_GATEWAY = f"{NETWORK}/localNetworkGateways"
VNET_PEERING = f"{VNET}/virtualNetworkPeerings"
ROUTE_FILTER = f"{NETWORK}/routeFilters"
ROUTE_FILTER_RULE = f"{ROUTE_FILTER}/routeFilterRules"
SITE = "Trunkline.Site/sites"
EXCHANGE_ORDER = "Trunkline.Exchange/virtualCrossConnects"
FAULT = "Trunkline.Plant/faults"


def alive(estate: Estate, resource: ResourceId) -> Resource | None:
    found = estate.get(resource)
    return found if found and not found.deleting else None


def referrers(estate: Estate, target: ResourceId, kind: str) -> tuple[Resource, ...]:
    return tuple(r for r in estate.referrers(target, kind) if not r.deleting)


@dataclass(frozen=True, slots=True)
class VnetView:
    resource: Resource
    model: VirtualNetwork
    subnets: tuple[tuple[str, str], ...]  #: (name, prefix)

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.model.address_space.address_prefixes

    @property
    def gateway_subnet(self) -> str:
        return next((prefix for name, prefix in self.subnets if name.lower() == GATEWAY_SUBNET.lower()), "")


def vnet_view(estate: Estate, vnet: ResourceId) -> VnetView | None:
    resource = alive(estate, vnet)
    if not resource:
        return None
    subnets = tuple((s.id.name, Subnet.model_validate(s.properties).prefix)
                    for s in estate.children(vnet, SUBNET) if not s.deleting)
    return VnetView(resource, VirtualNetwork.model_validate(resource.properties), subnets)


@dataclass(frozen=True, slots=True)
class GatewayView:
    resource: Resource
    model: VirtualNetworkGateway
    vnet: VnetView

    @property
    def region(self) -> str:
        found = region(self.resource.location)
        return found.name if found else self.resource.location


def gateway_view(estate: Estate, gateway: ResourceId) -> GatewayView | None:
    """``None`` also while its virtual network or GatewaySubnet is missing."""
    resource = alive(estate, gateway)
    if not resource:
        return None
    model = VirtualNetworkGateway.model_validate(resource.properties)
    vnet_id = model.subnet.target.parent if model.subnet else None
    vnet = vnet_view(estate, vnet_id) if vnet_id else None
    return GatewayView(resource, model, vnet) if vnet and vnet.gateway_subnet else None


@dataclass(frozen=True, slots=True)
class PeeringView:
    resource: Resource
    model: Peering

    @property
    def shared_key(self) -> str:
        return self.resource.secrets.get("sharedKey", "")


@dataclass(frozen=True, slots=True)
class OrderView:
    """One leg as ordered at the exchange, with the site of its router if it has one."""

    resource: Resource
    order: LegOrder
    site: Resource | None


@dataclass(frozen=True, slots=True)
class CircuitView:
    resource: Resource
    model: Circuit
    private: PeeringView | None
    provisioned: bool
    orders: tuple[tuple[Leg, OrderView], ...]
    faults: tuple[Leg, ...]

    def order(self, leg: Leg) -> OrderView | None:
        return next((order for which, order in self.orders if which is leg), None)

    @property
    def stag(self) -> int:
        return int(self.resource.system["stag"])

    @property
    def location(self) -> str:
        return self.model.service_provider_properties.peering_location

    @property
    def provider(self) -> str:
        return self.model.service_provider_properties.service_provider_name


def circuit_view(estate: Estate, circuit: ResourceId) -> CircuitView | None:
    resource = alive(estate, circuit)
    if not resource:
        return None
    return CircuitView(
        resource, Circuit.model_validate(resource.properties), _private(estate, circuit),
        _provisioned(estate, circuit), tuple(_orders(estate, circuit)),
        tuple(RehearsedFault.model_validate(f.properties).leg for f in referrers(estate, circuit, FAULT)))


def _private(estate: Estate, circuit: ResourceId) -> PeeringView | None:
    for child in estate.children(circuit, PEERING):
        model = Peering.model_validate(child.properties)
        if model.peering_type is PeeringType.PRIVATE and not child.deleting:
            return PeeringView(child, model)
    return None


def _provisioned(estate: Estate, circuit: ResourceId) -> bool:
    return any(CrossConnection.model_validate(twin.properties).service_provider_provisioning_state
               is ProviderState.PROVISIONED for twin in referrers(estate, circuit, CROSS_CONNECTION))


def _orders(estate: Estate, circuit: ResourceId) -> list[tuple[Leg, OrderView]]:
    found = []
    for resource in referrers(estate, circuit, EXCHANGE_ORDER):
        model = VirtualCrossConnect.model_validate(resource.properties)
        site = alive(estate, model.site.target) if model.site else None
        for leg in Leg:
            order = model.order(leg)
            if order and (site or not order.router):
                found.append((leg, OrderView(resource, order, site)))
    return found


@dataclass(frozen=True, slots=True)
class ConnectionView:
    resource: Resource
    model: Connection
    gateway: GatewayView
    circuit: CircuitView

    @property
    def slot(self) -> int:
        return int(self.resource.system["slot"])


def connections(estate: Estate, end: ResourceId) -> tuple[ConnectionView, ...]:
    """Complete connections of a circuit or a gateway, by number; a circuit without private peering has none."""
    found = (connection_view(estate, resource) for resource in referrers(estate, end, CONNECTION))
    return tuple(sorted((c for c in found if c), key=lambda c: c.resource.number))


def connection_view(estate: Estate, resource: Resource) -> ConnectionView | None:
    model = Connection.model_validate(resource.properties)
    gateway = gateway_view(estate, model.virtual_network_gateway1.target)
    circuit = circuit_view(estate, model.peer.target) if model.peer else None
    if not gateway or not circuit or not circuit.private:
        return None
    return ConnectionView(resource, model, gateway, circuit)


def site_model(resource: Resource) -> Site:
    return Site.model_validate(resource.properties)
