"""The dependency index: which scopes a resource belongs to, and which others feel its change."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.intent.dependency.beyond import (
    beyond_circuit,
    beyond_order,
    beyond_session_policy,
    beyond_site,
    of_maintenance,
    of_reach,
    of_session_policy,
)
from trunkline.intent.dependency.cloud import (
    beyond_connection,
    beyond_gateway,
    beyond_hub,
    beyond_nic,
    beyond_subnet,
    beyond_vnet,
    beyond_vnet_peering,
    of_connection,
    of_gateway,
    of_group_or_table,
    of_hub,
    of_hub_connection,
    of_hub_table,
    of_nic,
    of_route_map,
    of_rule_or_route,
    of_subnet,
    of_vnet,
    of_vnet_peering,
)
from trunkline.intent.dependency.edge import (
    Scopes,
    by_parent,
    of_cable,
    of_circuit,
    of_impairment,
    of_peering,
    of_pointer,
    of_port,
    of_route_filter,
    of_site,
    site_of,
)
from trunkline.intent.dependency.exchanges import beyond_exchange, beyond_member, of_exchange, of_member
from trunkline.intent.dependency.faults import of_fault, standing_faults
from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.estate import Estate
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.peering import PREFIX_APPROVAL
from trunkline.intent.reach import CIRCUIT_CONNECTION
from trunkline.intent.route_map import ROUTE_MAP
from trunkline.intent.scope import Scope
from trunkline.intent.session_policy import SESSION_POLICY
from trunkline.intent.view import (
    CIRCUIT,
    CONNECTION,
    CROSS_CONNECTION,
    EXCHANGE_ORDER,
    FAULT,
    GATEWAY,
    HUB_BGP_CONNECTION,
    HUB_IP_CONFIGURATION,
    IMPAIRMENT,
    NIC,
    PEERING,
    ROUTE,
    ROUTE_FILTER,
    ROUTE_FILTER_RULE,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SECURITY_RULE,
    SITE,
    SUBNET,
    THROTTLE,
    VNET,
    VNET_PEERING,
)
from trunkline.intent.wan import HUB_ROUTE_TABLE, HUB_VNET_CONNECTION, VIRTUAL_HUB, WAN_CONNECTION, WAN_GATEWAY
from trunkline.model.containment import CONTAINMENT
from trunkline.model.maintenance import MAINTENANCE
from trunkline.model.resource import Resource


def awaited(resource: Resource, estate: Estate) -> frozenset[Scope]:
    """Scopes that must be realised and observed before an operation on ``resource`` succeeds."""
    own = _OWN.get(resource.id.type.lower())
    return frozenset(own(resource, estate)) if own else frozenset()


def touched(resource: Resource, estate: Estate) -> frozenset[Scope]:
    """All scopes whose blueprint may change when ``resource`` does; includes the awaited ones."""
    own, further = awaited(resource, estate), _FURTHER.get(resource.id.type.lower())
    beyond = frozenset(further(resource, estate)) if further else frozenset()
    return own | beyond | (frozenset(standing_faults(estate)) if own or beyond else frozenset())


_OWN: dict[str, Callable[[Resource, Estate], Scopes]] = {
    CIRCUIT.lower(): of_circuit,
    PEERING.lower(): of_peering,
    CIRCUIT_CONNECTION.lower(): of_reach,
    CROSS_CONNECTION.lower(): of_pointer("expressRouteCircuit"),
    EXCHANGE_ORDER.lower(): of_pointer("circuit"),
    PORT.lower(): of_port,
    CABLE.lower(): of_cable,
    FAULT.lower(): of_fault,
    IMPAIRMENT.lower(): of_impairment,
    THROTTLE.lower(): of_pointer("circuit"),
    PREFIX_APPROVAL.lower(): of_pointer("circuit"),
    ROUTE_FILTER.lower(): of_route_filter,
    ROUTE_FILTER_RULE.lower(): by_parent(of_route_filter),
    CONTAINMENT.lower(): of_pointer("circuit"),
    VNET.lower(): of_vnet,
    SUBNET.lower(): of_subnet,
    VNET_PEERING.lower(): of_vnet_peering,
    VIRTUAL_HUB.lower(): of_hub,
    HUB_IP_CONFIGURATION.lower(): by_parent(of_hub),
    HUB_BGP_CONNECTION.lower(): by_parent(of_hub),
    ROUTE_MAP.lower(): of_route_map,
    HUB_ROUTE_TABLE.lower(): of_hub_table,
    HUB_VNET_CONNECTION.lower(): of_hub_connection,
    WAN_GATEWAY.lower(): of_gateway,
    WAN_CONNECTION.lower(): of_connection,
    NIC.lower(): of_nic,
    SECURITY_GROUP.lower(): of_group_or_table,
    SECURITY_RULE.lower(): of_rule_or_route,
    ROUTE_TABLE.lower(): of_group_or_table,
    ROUTE.lower(): of_rule_or_route,
    GATEWAY.lower(): of_gateway,
    CONNECTION.lower(): of_connection,
    SITE.lower(): of_site,
    SESSION_POLICY.lower(): of_session_policy,
    EXCHANGE.lower(): of_exchange,
    MEMBER.lower(): of_member,
    MAINTENANCE.lower(): of_maintenance,
}
_FURTHER: dict[str, Callable[[Resource, Estate], Scopes]] = {
    CIRCUIT.lower(): beyond_circuit,
    PEERING.lower(): by_parent(beyond_circuit),
    EXCHANGE_ORDER.lower(): beyond_order,
    CABLE.lower(): site_of,
    VNET.lower(): beyond_vnet,
    SUBNET.lower(): beyond_subnet,
    NIC.lower(): beyond_nic,
    VNET_PEERING.lower(): beyond_vnet_peering,
    CONNECTION.lower(): beyond_connection,
    VIRTUAL_HUB.lower(): beyond_hub,
    HUB_IP_CONFIGURATION.lower(): by_parent(beyond_hub),
    HUB_BGP_CONNECTION.lower(): by_parent(beyond_hub),
    GATEWAY.lower(): beyond_gateway,
    WAN_GATEWAY.lower(): beyond_gateway,
    SITE.lower(): beyond_site,
    SESSION_POLICY.lower(): beyond_session_policy,
    EXCHANGE.lower(): beyond_exchange,
    MEMBER.lower(): beyond_member,
}
