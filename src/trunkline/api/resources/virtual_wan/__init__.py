"""Virtual WAN and Route Server: what Microsoft.Network calls virtualWans, virtualHubs and expressRouteGateways.

    wans                    virtualWans
    hubs                    virtualHubs of both kinds
    route_server            a Route Server's ipConfigurations, and the routers a hub peers with (bgpConnections)
    hub_routing             hubRouteTables, routeTables, routeMaps, routingIntent, hubVirtualNetworkConnections
    express_route_gateways  expressRouteGateways and expressRouteConnections
    routing                 the routingConfiguration that whatever is attached to a hub has

A Virtual WAN hub has no network behind it: its types are recorded. A Route Server's are realised: two speakers.
"""

from __future__ import annotations

from trunkline.api.resources.virtual_wan.express_route_gateways import WAN_CONNECTIONS, WAN_GATEWAYS
from trunkline.api.resources.virtual_wan.hub_routing import (
    HUB_ROUTE_TABLES,
    HUB_ROUTE_TABLES_V2,
    HUB_VNET_CONNECTIONS,
    ROUTING_INTENTS,
)
from trunkline.api.resources.virtual_wan.hubs import VIRTUAL_HUBS
from trunkline.api.resources.virtual_wan.route_maps import ROUTE_MAPS
from trunkline.api.resources.virtual_wan.route_server import HUB_BGP_CONNECTIONS, HUB_IP_CONFIGURATIONS
from trunkline.api.resources.virtual_wan.wans import VIRTUAL_WANS

VIRTUAL_WAN_TYPES = (
    VIRTUAL_WANS, VIRTUAL_HUBS, HUB_IP_CONFIGURATIONS, HUB_BGP_CONNECTIONS, HUB_ROUTE_TABLES, HUB_ROUTE_TABLES_V2,
    ROUTE_MAPS, ROUTING_INTENTS, HUB_VNET_CONNECTIONS, WAN_GATEWAYS, WAN_CONNECTIONS)
