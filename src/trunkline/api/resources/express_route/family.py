"""All types of the family."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.api.declaration import ResourceType
from trunkline.api.resources.express_route.authorizations import AUTHORIZATIONS, PORT_AUTHORIZATIONS
from trunkline.api.resources.express_route.circuits import circuits
from trunkline.api.resources.express_route.cross_connections import CROSS_CONNECTION_PEERINGS, CROSS_CONNECTIONS
from trunkline.api.resources.express_route.global_reach import CIRCUIT_CONNECTIONS, PEER_CONNECTIONS
from trunkline.api.resources.express_route.lags import LAG_AUTHORIZATIONS, LAG_LINKS, LAG_MEMBERS, LAGS
from trunkline.api.resources.express_route.peerings import PEERINGS
from trunkline.api.resources.express_route.port_locations import PORT_LOCATIONS
from trunkline.api.resources.express_route.ports import PORT_LINKS, PORTS
from trunkline.api.resources.express_route.provider_ports import provider_ports
from trunkline.api.resources.express_route.service_providers import SERVICE_PROVIDERS


def express_route(subscription_of: Callable[[str], str], circuit_quota: int) -> tuple[ResourceType, ...]:
    """``subscription_of``: where a provider's cross connections live. ``circuit_quota``: per subscription."""
    return (
        circuits(subscription_of, circuit_quota), AUTHORIZATIONS, PEERINGS, CIRCUIT_CONNECTIONS, PEER_CONNECTIONS,
        CROSS_CONNECTIONS, CROSS_CONNECTION_PEERINGS, SERVICE_PROVIDERS, provider_ports(subscription_of), PORTS,
        PORT_LINKS, PORT_AUTHORIZATIONS, PORT_LOCATIONS, LAGS, LAG_LINKS, LAG_MEMBERS, LAG_AUTHORIZATIONS)
