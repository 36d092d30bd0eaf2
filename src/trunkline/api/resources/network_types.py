"""The types around a virtual network that have a module each, in one list."""

from __future__ import annotations

from trunkline.api.resources.local_network_gateways import LOCAL_GATEWAYS
from trunkline.api.resources.locations import LOCATIONS
from trunkline.api.resources.nat_gateways import DDOS_PLANS, NAT_GATEWAYS
from trunkline.api.resources.network_interfaces import NIC_PARTS
from trunkline.api.resources.public_ip_prefixes import PUBLIC_IP_PREFIXES
from trunkline.api.resources.route_filters import BGP_SERVICE_COMMUNITIES, ROUTE_FILTER_RULES, ROUTE_FILTERS
from trunkline.api.resources.route_tables import ROUTE_TABLES, ROUTES
from trunkline.api.resources.security_groups import (
    APPLICATION_GROUPS,
    DEFAULT_SECURITY_RULES,
    SECURITY_GROUPS,
    SECURITY_RULES,
)
from trunkline.api.resources.subnets import SUBNET_LINKS
from trunkline.api.resources.virtual_network_peerings import VNET_PEERINGS

NETWORK_TYPES = (
    SECURITY_GROUPS,
    SECURITY_RULES,
    DEFAULT_SECURITY_RULES,
    APPLICATION_GROUPS,
    ROUTE_TABLES,
    ROUTES,
    ROUTE_FILTERS,
    ROUTE_FILTER_RULES,
    BGP_SERVICE_COMMUNITIES,
    NAT_GATEWAYS,
    DDOS_PLANS,
    PUBLIC_IP_PREFIXES,
    LOCAL_GATEWAYS,
    VNET_PEERINGS,
    LOCATIONS,
    *SUBNET_LINKS,
    *NIC_PARTS,
)
