"""Typed views over an estate: a circuit with what hangs on it, a virtual network with its peerings.

A resource that is being deleted does not appear in any view: to compile it is gone already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trunkline.intent.allocation import route_server_addresses
from trunkline.intent.direct import PortView, port_view
from trunkline.intent.estate import Estate
from trunkline.intent.peering import PeeringView, peerings
from trunkline.intent.vnet_peering import PeeringState, counterpart, state, synced
from trunkline.model.bgp import family_of, of_family
from trunkline.model.circuit import Circuit, CrossConnection, Leg, ProviderState
from trunkline.model.failover import TestCategory, tested_legs, tested_until
from trunkline.model.hub import BgpConnection, HubIpConfiguration, VirtualHub
from trunkline.model.impairment import Impairment
from trunkline.model.network import (
    GATEWAY_SUBNET,
    Subnet,
    VirtualNetwork,
)
from trunkline.model.peering import PeeringType
from trunkline.model.resource import Resource, ResourceId
from trunkline.model.site import LegOrder, Site, VirtualCrossConnect
from trunkline.model.throttle import Throttle
from trunkline.model.vnet_peering import VirtualNetworkPeering

NETWORK = "Microsoft.Network"
CIRCUIT = f"{NETWORK}/expressRouteCircuits"
PEERING = f"{CIRCUIT}/peerings"
CROSS_CONNECTION = f"{NETWORK}/expressRouteCrossConnections"
VNET = f"{NETWORK}/virtualNetworks"
SUBNET = f"{VNET}/subnets"
NIC = f"{NETWORK}/networkInterfaces"
GATEWAY = f"{NETWORK}/virtualNetworkGateways"
CONNECTION = f"{NETWORK}/connections"
HUB_IP_CONFIGURATION = f"{NETWORK}/virtualHubs/ipConfigurations"
HUB_BGP_CONNECTION = f"{NETWORK}/virtualHubs/bgpConnections"
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
IMPAIRMENT = "Trunkline.Plant/impairments"
THROTTLE = "Trunkline.Plant/throttles"
VALIDATOR = "Trunkline.Plant/validators"


def alive(estate: Estate, resource: ResourceId) -> Resource | None:
    found = estate.get(resource)
    return found if found and not found.deleting else None


def referrers(estate: Estate, target: ResourceId, kind: str) -> tuple[Resource, ...]:
    return tuple(r for r in estate.referrers(target, kind) if not r.deleting)


@dataclass(frozen=True, slots=True)
class VnetView:
    resource: Resource
    model: VirtualNetwork
    subnets: tuple[tuple[str, str], ...]  #: (name, IPv4 prefix)
    subnets6: tuple[tuple[str, str], ...] = ()  #: those that have IPv6 too

    @property
    def prefixes(self) -> tuple[str, ...]:
        return self.model.address_space.address_prefixes

    @property
    def gateway_subnet(self) -> str:
        return self.subnet(GATEWAY_SUBNET)

    @property
    def gateway_subnets(self) -> tuple[str, ...]:
        """Of the GatewaySubnet, one prefix for each family that it has, IPv4 first."""
        return tuple(prefix for name, prefix in (*self.subnets, *self.subnets6)
                     if name.lower() == GATEWAY_SUBNET.lower())

    def subnet(self, wanted: str) -> str:
        """The IPv4 prefix of a subnet; empty without it."""
        return next((prefix for name, prefix in self.subnets if name.lower() == wanted.lower()), "")


def vnet_view(estate: Estate, vnet: ResourceId) -> VnetView | None:
    resource = alive(estate, vnet)
    if not resource:
        return None
    found = [(s.id.name, Subnet.model_validate(s.properties))
             for s in estate.children(vnet, SUBNET) if not s.deleting]
    return VnetView(resource, VirtualNetwork.model_validate(resource.properties),
                    tuple((name, model.prefix) for name, model in found),
                    tuple((name, model.prefix6) for name, model in found if model.prefix6))


@dataclass(frozen=True, slots=True)
class VnetPeeringView:
    """A peering that carries traffic, seen from ``local``: Connected on both sides, and both let the other in."""

    resource: Resource
    model: VirtualNetworkPeering
    local: VnetView
    remote: VnetView
    theirs: VirtualNetworkPeering

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What is routed to the remote: its address space as of the last sync, unless it has lost some of it since."""
        return tuple(prefix for prefix in synced(self.resource)
                     if prefix in self.remote.prefixes and family_of(prefix) in self.families)

    @property
    def families(self) -> tuple[int, ...]:
        """Those in which both have address space; IPv6 alone where one side says so."""
        only6 = self.model.enable_only_ipv6_peering or self.theirs.enable_only_ipv6_peering
        return tuple(family for family in ((6,) if only6 else (4, 6))
                     if all(of_family(family, one.prefixes) for one in (self.local, self.remote)))

    @property
    def lends(self) -> bool:
        """Whether the remote uses the gateways of ``local``."""
        return self.model.allow_gateway_transit and self.theirs.use_remote_gateways

    @property
    def borrows(self) -> bool:
        return self.model.use_remote_gateways and self.theirs.allow_gateway_transit


def vnet_peerings(estate: Estate, local: VnetView) -> tuple[VnetPeeringView, ...]:
    """The working peerings of a virtual network, by the remote's number."""
    found = (_vnet_peering(estate, local, child) for child in estate.children(local.resource.id, VNET_PEERING))
    return tuple(sorted((one for one in found if one), key=lambda one: one.remote.resource.number))


def _vnet_peering(estate: Estate, local: VnetView, resource: Resource) -> VnetPeeringView | None:
    other = counterpart(estate, resource)
    if resource.deleting or not other or {state(estate, one) for one in (resource, other)} != {PeeringState.CONNECTED}:
        return None
    ours, theirs = (VirtualNetworkPeering.model_validate(one.properties) for one in (resource, other))
    remote = vnet_view(estate, ours.remote_virtual_network.target)
    if not remote or not ours.allow_virtual_network_access or not theirs.allow_virtual_network_access:
        return None
    return VnetPeeringView(resource, ours, local, remote, theirs)


@dataclass(frozen=True, slots=True)
class HubView:
    """A Route Server that stands in a virtual network, with the routers that it peers with, by number."""

    resource: Resource
    model: VirtualHub
    vnet: VnetView
    subnet: str
    peers: tuple[tuple[Resource, BgpConnection], ...]

    @property
    def addresses(self) -> tuple[str, str]:
        return route_server_addresses(self.subnet)


def hub_view(estate: Estate, hub: ResourceId) -> HubView | None:
    """``None`` for the hub of a Virtual WAN, and while a Route Server has no place."""
    resource = alive(estate, hub)
    model = VirtualHub.model_validate(resource.properties) if resource else None
    if not resource or not model or not model.route_server:
        return None
    peers = [(child, BgpConnection.model_validate(child.properties))
             for child in estate.children(hub, HUB_BGP_CONNECTION) if not child.deleting]
    for place in estate.children(hub, HUB_IP_CONFIGURATION):
        subnet = HubIpConfiguration.model_validate(place.properties).subnet.target
        vnet = vnet_view(estate, subnet.parent) if subnet.parent and not place.deleting else None
        prefix = vnet.subnet(subnet.name) if vnet else ""
        if vnet and prefix:
            return HubView(resource, model, vnet, prefix, tuple(sorted(peers, key=lambda peer: peer[0].number)))
    return None


def hub_of(estate: Estate, vnet: VnetView) -> HubView | None:
    """The Route Server of a virtual network."""
    for name, _ in vnet.subnets:
        for place in referrers(estate, vnet.resource.id.child("subnets", name), HUB_IP_CONFIGURATION):
            if place.id.parent and (found := hub_view(estate, place.id.parent)):
                return found
    return None


def lent(estate: Estate, vnet: VnetView) -> tuple[str, ...]:
    """Address spaces of the peered networks that use what a virtual network has: its gateways, its Route Server."""
    return tuple(prefix for one in vnet_peerings(estate, vnet) if one.lends for prefix in one.prefixes)


@dataclass(frozen=True, slots=True)
class OrderView:
    """One leg as ordered at the exchange, with the site of its router if it has one. On a Direct port a cable to a
    router that serves the circuit is as good as an order."""

    resource: Resource
    order: LegOrder
    site: Resource | None


@dataclass(frozen=True, slots=True)
class ImpairmentView:
    resource: Resource
    model: Impairment

    @classmethod
    def of(cls, resource: Resource) -> ImpairmentView:
        return cls(resource, Impairment.model_validate(resource.properties))

    @property
    def expires(self) -> str:
        return str(self.resource.system["expiresAt"])


@dataclass(frozen=True, slots=True)
class CircuitView:
    """Sold by a provider, or on the Direct ``port``."""

    resource: Resource
    model: Circuit
    peerings: tuple[PeeringView, ...]  #: by type: private, then Microsoft
    provisioned: bool
    orders: tuple[tuple[Leg, OrderView], ...]
    withdrawn: tuple[Leg, ...]  #: a failover test holds their customer sessions down
    prepended: tuple[Leg, ...]  #: a failover test makes paths over them longer
    tested_until: float  #: when such a test ends by itself
    port: PortView | None = None
    impairments: tuple[ImpairmentView, ...] = ()
    throttle_mbps: int | None = None  #: the provider's own limit

    def order(self, leg: Leg) -> OrderView | None:
        return next((order for which, order in self.orders if which is leg), None)

    def peering(self, kind: PeeringType) -> PeeringView | None:
        return next((one for one in self.peerings if one.kind is kind), None)

    @property
    def private(self) -> PeeringView | None:
        return self.peering(PeeringType.PRIVATE)

    @property
    def stag(self) -> int | None:
        """``None`` where the C-tag is the only tag: on a Direct port in Dot1Q mode."""
        return self.resource.system.get("stag")

    @property
    def location(self) -> str:
        return self.port.location if self.port else self.model.service.peering_location

    @property
    def provider(self) -> str:
        return self.model.service.service_provider_name


def circuit_view(estate: Estate, circuit: ResourceId) -> CircuitView | None:
    """``None`` also while the Direct port of one is missing. Nobody has to provision a circuit on such a port."""
    resource = alive(estate, circuit)
    model = Circuit.model_validate(resource.properties) if resource else None
    if not resource or not model:
        return None
    port = port_view(estate, model.express_route_port.target) if model.express_route_port else None
    if model.direct and not port:
        return None
    return CircuitView(
        resource, model, peerings(estate, circuit), port is not None or _provisioned(estate, circuit),
        tuple(_cabled(port, circuit) if port else _orders(estate, circuit)),
        tested_legs(resource, TestCategory.BGP_DISCONNECT), tested_legs(resource, TestCategory.AS_PATH_PREPEND),
        tested_until(resource), port,
        tuple(map(ImpairmentView.of, referrers(estate, circuit, IMPAIRMENT))),
        next((Throttle.model_validate(one.properties).bandwidth_in_mbps
              for one in referrers(estate, circuit, THROTTLE)), None))


def _cabled(port: PortView, circuit: ResourceId) -> Iterator[tuple[Leg, OrderView]]:
    for leg, plugged in port.plugged:
        if plugged.end.router and plugged.end.serves(circuit.key):
            yield leg, OrderView(plugged.resource, LegOrder(router=plugged.end.router), plugged.site)


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


def site_model(resource: Resource) -> Site:
    return Site.model_validate(resource.properties)
