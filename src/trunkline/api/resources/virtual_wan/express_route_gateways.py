"""expressRouteGateways and their expressRouteConnections: circuits linked to a Virtual WAN hub."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Action, Inline, Ledger, Refusal, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions
from trunkline.api.resources.express_route.scope import check_link
from trunkline.api.resources.express_route.words import AUTHORIZATION, order_of, provider_state
from trunkline.api.resources.gateway_actions import NO_ROUTE_SETS
from trunkline.api.resources.gateway_failover import REFUSED_FAILOVER_TESTS
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.api.resources.looking_glass import ELSEWHERE
from trunkline.api.resources.recorded import with_guid
from trunkline.api.resources.redemption import check_key, redeemed
from trunkline.api.resources.virtual_wan.hub_routing import with_router
from trunkline.api.resources.virtual_wan.routing import check_routing, shown_routing, without_defaults
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import PEERING, alive
from trunkline.intent.wan import DEFAULT_TABLE, VIRTUAL_HUB, WAN_CONNECTION, WAN_GATEWAY, wan_hub
from trunkline.model.circuit import ProviderState
from trunkline.model.hub import VirtualHub
from trunkline.model.peering import Peering, PeeringType
from trunkline.model.resource import Json, Reference, Resource, ResourceId
from trunkline.model.wan import ExpressRouteConnection, ExpressRouteGateway

#: Circuits of one gateway: at one peering location, and altogether (azure-facts 2.2).
_MOST_AT_A_LOCATION, _MOST_CIRCUITS = 4, 8

_NO_RESILIENCY = Refusal(
    "ResiliencyInformationNotSupported", "Resiliency is computed for virtual network gateways, not for gateways in the "
    "hub of a Virtual WAN. Ask a virtual network gateway of type ExpressRoute.")


def _check(wish: Wish, register: Register) -> Iterator[Fault]:
    gateway, model = wish.resource.id, ExpressRouteGateway.model_validate(wish.resource.properties)
    hub = linked(register, gateway, model.virtual_hub.id, VIRTUAL_HUB)
    old = ExpressRouteGateway.model_validate(wish.existing.properties).virtual_hub if wish.existing else None
    if old and old.id.lower() != model.virtual_hub.id.lower():
        yield immovable("virtualHub", old.id, model.virtual_hub.id, "Create another gateway.", "virtualHub")
    if hub is None:
        yield missing(gateway, model.virtual_hub.id, VIRTUAL_HUB, "virtualHub")
    elif VirtualHub.model_validate(hub.properties).route_server:
        yield Fault("VirtualHubIsRouteServer", f"{hub.id} is a Route Server; an ExpressRoute gateway stands in the hub "
                    "of a Virtual WAN. Name one that has virtualWan.", "virtualHub")
    else:
        yield from with_router(hub)
    for other in register.referrers(model.virtual_hub.target, WAN_GATEWAY):
        if other.id.key != gateway.key:
            yield Conflict("ExpressRouteGatewayExists", f"{model.virtual_hub.id} has gateway {other.id}, and a hub has "
                           "one ExpressRoute gateway. Use that or delete it.", "virtualHub", status=400)


def _link(connection: Resource) -> ExpressRouteConnection:
    return ExpressRouteConnection.model_validate(connection.properties)


def _circuit(connection: Resource, estate: Estate) -> Resource | None:
    peering = _link(connection).express_route_circuit_peering.target
    return alive(estate, peering.parent) if peering.parent else None


def _check_link(wish: Wish, register: Register) -> Iterator[Fault]:
    connection, model = wish.resource, _link(wish.resource)
    wanted = model.express_route_circuit_peering
    old = _link(wish.existing).express_route_circuit_peering if wish.existing else wanted
    if old.id.lower() != wanted.id.lower():
        yield immovable("expressRouteCircuitPeering", old.id, wanted.id, "Create another connection.",
                        "expressRouteCircuitPeering")
    yield from _check_routing(connection, model, register)
    if model.express_route_gateway_bypass:
        yield Fault("FastPathNotSupported", "expressRouteGatewayBypass 'true' (FastPath) is not offered in this "
                    "release; leave it out or set it to false.", "expressRouteGatewayBypass")
    circuit = _circuit(connection, register)
    if linked(register, connection.id, wanted.id, PEERING, anywhere=True) is None or circuit is None:
        yield missing(connection.id, wanted.id, PEERING, "expressRouteCircuitPeering")
        return
    peering = register.get(wanted.target)
    if peering and not Peering.model_validate(peering.properties).has_ipv4:
        yield Fault("VirtualWanHasNoIPv6", f"Peering {peering.id} has IPv6 alone, and a Virtual WAN carries IPv4 only. "
                    "Give the peering primaryPeerAddressPrefix and secondaryPeerAddressPrefix of IPv4, or link the "
                    "circuit to a virtual network gateway.", "expressRouteCircuitPeering")
    yield from check_key(connection, AUTHORIZATION, circuit.id, register)
    yield from _room(connection, circuit, register)
    if wish.existing is None:
        yield from _collisions(connection, circuit, register)
        gateway = register.get(connection.id.parent) if connection.id.parent else None
        yield from check_link(circuit, gateway.location if gateway else "", register, "expressRouteCircuitPeering")


def _check_routing(connection: Resource, model: ExpressRouteConnection, register: Register) -> Iterator[Fault]:
    """The branches of a hub are all associated with its default table (Virtual WAN documentation)."""
    hub = _hub(connection.id.parent, register)
    yield from check_routing(connection, hub, register)
    table = model.routing_configuration.associated_route_table
    if table and table.target.name.lower() != DEFAULT_TABLE.lower():
        yield Fault("BranchRouteTableNotAllowed", f"associatedRouteTable of {connection.id.name} is "
                    f"{table.target.name}, and circuits are associated with {DEFAULT_TABLE}. Leave it out, and name "
                    "other tables in propagatedRouteTables.", "routingConfiguration.associatedRouteTable")


def _room(connection: Resource, circuit: Resource, register: Register) -> Iterator[Fault]:
    siblings = register.children(connection.id.parent, WAN_CONNECTION) if connection.id.parent else ()
    others = [(one, found) for one in siblings
              if one.id.key != connection.id.key and (found := _circuit(one, register))]
    place = order_of(circuit).peering_location
    for one, found in others:
        if found.id.key == circuit.id.key:
            yield Conflict("ConnectionExists", f"Gateway {connection.id.parent} is linked to circuit {circuit.id.name} "
                           f"by {one.id.name}. Change that connection instead.", "expressRouteCircuitPeering",
                           status=400)
    near = sum(order_of(found).peering_location == place for _, found in others)
    if len(others) >= _MOST_CIRCUITS or near >= _MOST_AT_A_LOCATION:
        yield Conflict("GatewayConnectionLimitExceeded", f"Gateway {connection.id.parent} is linked to {len(others)} "
                       f"circuits, {near} of them at {place}; {_MOST_CIRCUITS} are allowed, {_MOST_AT_A_LOCATION} of "
                       "one location. Delete a connection first.", "expressRouteCircuitPeering", status=400)


def _collisions(connection: Resource, circuit: Resource, register: Register) -> Iterator[Fault]:
    hub = _hub(connection.id.parent, register)
    found = wan_hub(register, hub) if hub else None
    if found:
        yield from circuit_collisions(register, circuit, found.resource.id, (found.prefix,))
        for one in found.networks:
            yield from circuit_collisions(register, circuit, one.vnet.id, one.prefixes)


def _obstacle(connection: Resource, estate: Estate) -> Fault | None:
    """Azure takes the wish and fails afterwards [REC]."""
    circuit = _circuit(connection, estate)
    if circuit and (state := provider_state(circuit, estate)) is not ProviderState.PROVISIONED:
        return Fault("ServiceProviderNotProvisioned", f"The current cross connection provisioning state '{state}' of "
                     f"this service key '{circuit.system['serviceKey']}' prevents this operation.")
    peering = _link(connection).express_route_circuit_peering.target
    if peering.name.lower() != PeeringType.PRIVATE.lower():
        return Fault("PrivatePeeringRequired", f"A hub is linked to a circuit's {PeeringType.PRIVATE}, not to "
                     f"{peering.name}. Name that peering.")
    return None


def _generate_link(wish: Wish, ledger: Ledger) -> Json:
    peering = _link(wish.resource).express_route_circuit_peering.target
    key = redeemed(wish.resource, AUTHORIZATION, peering.parent, ledger) if peering.parent else None
    system: Json = {"shown": {"resourceGuid": str(uuid4())}, "circuit": {"id": str(peering.parent)}}
    return {**system, "authorization": {"id": str(key.id)}} if key else system


def _amend_link(wish: Wish, ledger: Ledger) -> Json:
    """Addresses and tunnels are for what can be built: a connection that fails has none."""
    if _obstacle(wish.resource, ledger) or wish.resource.id.parent is None:
        return {}
    own = wish.resource.id.key
    return {"number": ledger.allocate("connection", own),
            "slot": ledger.allocate(f"slot:{wish.resource.id.parent.key}", own)}


def _generate_gateway(wish: Wish, ledger: Ledger) -> Json:
    return {**with_guid(wish, ledger), "number": ledger.allocate("virtualNetworkGateways", wish.resource.id.key)}


def _show_link(connection: Resource, estate: Estate) -> Json:
    hub = _hub(connection.id.parent, estate)
    return {"routingConfiguration": shown_routing(connection, hub)} if hub else {}


def _hub(gateway: ResourceId | None, estate: Estate) -> ResourceId | None:
    found = estate.get(gateway) if gateway else None
    return Reference.model_validate(found.properties["virtualHub"]).target if found else None


WAN_GATEWAYS = ResourceType(
    WAN_GATEWAY, model=ExpressRouteGateway, shape="ExpressRouteGatewayProperties",
    inline=(Inline("expressRouteConnections", WAN_CONNECTION),), realised=True, check=_check,
    generate=_generate_gateway,
    actions=(*REFUSED_FAILOVER_TESTS, Action("getRoutesInformation", refused=NO_ROUTE_SETS),
             Action("getResiliencyInformation", refused=_NO_RESILIENCY), ELSEWHERE))

WAN_CONNECTIONS = ResourceType(
    WAN_CONNECTION, model=ExpressRouteConnection, shape="ExpressRouteConnectionProperties", tracked=False,
    realised=True,
    secrets=("authorizationKey",), opened_by_key="expressRouteCircuitPeering",
    defaults=without_defaults, check=_check_link, obstacle=_obstacle,
    fails_parent=False, generate=_generate_link, amend=_amend_link, show=_show_link)
