"""All resource types, one module per family: what clients may write, what must fit, what is generated and shown.

    express_route          a package: circuits, their peerings, ports, and the provider's side
    virtual_networks       virtualNetworks, subnets
    network_interfaces, public_ip_addresses
    network_types          all further types of a virtual network: security groups, routes, peerings, filters …
    gateways, connections  virtualNetworkGateways and their links to circuits; beside them gateway_skus,
                           gateway_actions, connection_keys, redemption (of authorizations)
    virtual_wan            virtualWans, virtualHubs of both kinds (Route Server), expressRouteGateways
    identities, locks      managed identities, and what keeps scopes from being written or deleted
    vaults                 key vaults and, as ARM sees them, their secrets
    sites, exchange, cables  Trunkline's own: customers' premises, virtual cross connects, what is plugged into Direct
                           ports; handoffs checks interfaces of both
    exchanges, exchange_members  internet exchanges (IXP) and the ports of their members
    faults, impairments, throttles, validators  the plant: rehearsed failures, line conditions, a provider's own limit,
                           where VRPs come from; prefix_approvals, asn_bindings: the operator's word for public
                           prefixes and AS numbers
    plant_places           peering locations, regions and the backbone's links, with what of them is used
    session_policies       what a customer decides about routes and sessions of a peering
    maintenances           announced work on the plant, and the notices of it
    containments           against incidents, and their policies
    addressing, linked     what several families check: ranges that must not meet, resources that must exist
    recorded               what types share whose members only a shape knows
"""

from __future__ import annotations

from collections.abc import Callable

from trunkline.api.declaration import Registry
from trunkline.api.keyvault.kept import domain
from trunkline.api.resources.asn_bindings import ASN_BINDINGS
from trunkline.api.resources.cables import cables
from trunkline.api.resources.connections import CONNECTIONS
from trunkline.api.resources.containments import CONTAINMENT_POLICIES, CONTAINMENTS, OPERATORS_POLICIES
from trunkline.api.resources.exchange import virtual_cross_connects
from trunkline.api.resources.exchange_members import exchange_members
from trunkline.api.resources.exchanges import EXCHANGES
from trunkline.api.resources.express_route.family import express_route
from trunkline.api.resources.faults import FAULTS
from trunkline.api.resources.gateways import GATEWAYS, NAT_RULES
from trunkline.api.resources.identities import identities
from trunkline.api.resources.impairments import IMPAIRMENTS
from trunkline.api.resources.locks import LOCKS
from trunkline.api.resources.machine import UNKNOWN, Machine
from trunkline.api.resources.maintenances import maintenances
from trunkline.api.resources.network_interfaces import NETWORK_INTERFACES
from trunkline.api.resources.network_types import NETWORK_TYPES
from trunkline.api.resources.plant_places import PLANT_PLACES
from trunkline.api.resources.prefix_approvals import PREFIX_APPROVALS
from trunkline.api.resources.public_ip_addresses import PUBLIC_IP_ADDRESSES
from trunkline.api.resources.session_policies import session_policies
from trunkline.api.resources.sites import SITES
from trunkline.api.resources.subnets import SUBNETS
from trunkline.api.resources.throttles import THROTTLES
from trunkline.api.resources.validators import VALIDATORS
from trunkline.api.resources.vaults import MANAGED_HSMS, secrets, vaults
from trunkline.api.resources.virtual_networks import VIRTUAL_NETWORKS
from trunkline.api.resources.virtual_wan import VIRTUAL_WAN_TYPES

#: Circuits per subscription (azure-facts 2.2); Azure raises it on request.
CIRCUIT_QUOTA = 50


def registry(provider_subscription: str, circuit_quota: int = CIRCUIT_QUOTA,
             machine: Machine = UNKNOWN, port: int = 8443,
             tenant: str = "", subscription_of: Callable[[str], str] | None = None) -> Registry:
    """``provider_subscription``: where circuits' cross connections live, unless ``subscription_of`` says where those of
    a provider do. ``port``: the endpoint's,
    which stands in the addresses of vaults. ``tenant``: of managed identities."""
    return Registry.of(
        *express_route(subscription_of or (lambda _provider: provider_subscription), circuit_quota),
        VIRTUAL_NETWORKS, SUBNETS, NETWORK_INTERFACES,
        PUBLIC_IP_ADDRESSES, GATEWAYS, NAT_RULES, CONNECTIONS, *VIRTUAL_WAN_TYPES, SITES,
        virtual_cross_connects(machine.handoff_interfaces), cables(machine.handoff_interfaces), EXCHANGES,
        exchange_members(machine.handoff_interfaces), FAULTS, IMPAIRMENTS, THROTTLES, PREFIX_APPROVALS, ASN_BINDINGS,
        *PLANT_PLACES,
        *maintenances(machine.notice_days), CONTAINMENTS, CONTAINMENT_POLICIES, OPERATORS_POLICIES, VALIDATORS,
        session_policies(machine.lacks_tcp_ao),
        vaults(domain(port)), secrets(domain(port)), LOCKS, *MANAGED_HSMS, *identities(tenant), *NETWORK_TYPES)
