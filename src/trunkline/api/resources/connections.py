"""connections: a virtual network gateway linked to a circuit, or (recorded) by VPN to a device or another gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import uuid4

from pydantic.alias_generators import to_camel

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions
from trunkline.api.resources.connection_keys import CONNECTION_ACTIONS
from trunkline.api.resources.express_route.scope import check_link
from trunkline.api.resources.express_route.words import AUTHORIZATION, order_of, provider_state
from trunkline.api.resources.fast_path import check_fast_path
from trunkline.api.resources.gateway_skus import circuit_limit
from trunkline.api.resources.gateways import model_of
from trunkline.api.resources.linked import immovable, linked, missing, stays
from trunkline.api.resources.redemption import check_key, redeemed
from trunkline.errors import Conflict, Fault
from trunkline.intent.allocation import capacity
from trunkline.intent.estate import Estate
from trunkline.intent.gateways import GatewayView, gateway_view
from trunkline.intent.resiliency_level import required
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY, LOCAL_GATEWAY, circuit_view, referrers
from trunkline.model.circuit import ProviderState
from trunkline.model.network import Connection, ConnectionType, GatewayType
from trunkline.model.resource import Json, Reference, Resource, ResourceId

#: Circuits of one peering location that a virtual network may be linked to (azure-facts 2.2).
_CIRCUITS_AT_A_LOCATION = 4


#: Members that name another gateway.
_ENDS = ("virtualNetworkGateway1", "virtualNetworkGateway2", "localNetworkGateway2")

#: What a connection has unless it is told otherwise, and what it has besides to a circuit or by VPN.
_DEFAULTS: Json = {"usePolicyBasedTrafficSelectors": False, "ipsecPolicies": [], "trafficSelectorPolicies": []}
_EXPRESS_ROUTE_DEFAULTS: Json = {"expressRouteGatewayBypass": False, "enablePrivateLinkFastPath": False}
_VPN_DEFAULTS: Json = {"connectionProtocol": "IKEv2", "connectionMode": "Default", "useLocalAzureIpAddress": False}


def _defaults(body: Json, _id: ResourceId) -> Json:
    """az sends ``"expressRouteGatewayBypass": null``."""
    said = {member: value for member, value in body.items() if value is not None}
    vpn = str(said.get("connectionType")).lower() != ConnectionType.EXPRESS_ROUTE.lower()
    return {**_DEFAULTS, **(_VPN_DEFAULTS if vpn else _EXPRESS_ROUTE_DEFAULTS), **said}


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    connection, model = wish.resource, Connection.model_validate(wish.resource.properties)
    if wish.existing:
        yield from _moved(connection.id, Connection.model_validate(wish.existing.properties), model)
    if model.connection_type is not ConnectionType.EXPRESS_ROUTE:
        yield from _check_vpn(connection, model, estate)
        return
    gateway = linked(estate, connection.id, model.virtual_network_gateway1.id, GATEWAY)
    yield from check_fast_path(model, model_of(gateway) if gateway else None)
    if model.peer and not wish.existing:
        yield from _check_circuit(connection, model, model.peer, estate)


def _check_circuit(connection: Resource, model: Connection, peer: Reference, estate: Estate) -> Iterator[Fault]:
    yield from _gateway(connection.id, model.virtual_network_gateway1.id, estate, GatewayType.EXPRESS_ROUTE)
    circuit = linked(estate, connection.id, peer.id, CIRCUIT, anywhere=True)
    if circuit is None:
        yield missing(connection.id, peer.id, CIRCUIT, "peer")
        return
    yield from _usable(circuit, estate)
    yield from check_key(connection, AUTHORIZATION, circuit.id, estate)
    gateway = linked(estate, connection.id, model.virtual_network_gateway1.id, GATEWAY)
    view = gateway_view(estate, gateway.id) if gateway else None
    if view:
        yield from check_link(circuit, view.resource.location, estate, "peer")
        yield from _room(circuit, view, estate)
        yield from circuit_collisions(estate, circuit, view.vnet.resource.id, view.vnet.prefixes)


def _check_vpn(connection: Resource, model: Connection, estate: Estate) -> Iterator[Fault]:
    """Both ends exist; nothing is built between them."""
    yield from _gateway(connection.id, model.virtual_network_gateway1.id, estate, GatewayType.VPN)
    if model.connection_type is ConnectionType.VNET2VNET:
        yield from _far_end(connection.id, model.virtual_network_gateway2, "virtualNetworkGateway2", GATEWAY, estate)
    elif model.connection_type is ConnectionType.IPSEC:
        yield from _far_end(connection.id, model.local_network_gateway2, "localNetworkGateway2", LOCAL_GATEWAY, estate)


def _far_end(connection: ResourceId, end: Reference | None, member: str, kind: str, estate: Estate) -> Iterator[Fault]:
    if end is None:
        yield Fault("MissingRequiredProperty", f"Property '{member}' of connection '{connection.name}' is required by "
                    f"its connectionType but was not given; give the id of a {kind}.", member)
    elif linked(estate, connection, end.id, kind, anywhere=kind == GATEWAY) is None:
        yield missing(connection, end.id, kind, member)


def _gateway(connection: ResourceId, text: str, estate: Estate, wanted: GatewayType) -> Iterator[Fault]:
    found = linked(estate, connection, text, GATEWAY)
    if found is None:
        yield missing(connection, text, GATEWAY, "virtualNetworkGateway1")
    elif (kind := model_of(found).gateway_type) is not wanted:
        yield Fault("GatewayTypeMismatch", f"virtualNetworkGateway1 {found.id} is of gatewayType {kind}; this "
                    f"connection needs one of gatewayType {wanted}. Name one, or create it.", "virtualNetworkGateway1")


def _moved(connection: ResourceId, old: Connection, new: Connection) -> Iterator[Fault]:
    another = "Delete this connection and create another."
    if old.connection_type is not new.connection_type:
        yield immovable("connectionType", old.connection_type, new.connection_type, another, "connectionType")
    if old.peer and (new.peer is None or new.peer.id.lower() != old.peer.id.lower()):
        yield Fault("ExpressRouteConnectionPeerCannotBeChanged", "Connection's peer cannot be changed. Please use "
                    f"{old.virtual_network_gateway1.id} and {old.peer.id} as endpoints for connection {connection}. "
                    f"{another}", "peer")
    for member in ("virtual_network_gateway1", "virtual_network_gateway2", "local_network_gateway2"):
        was, now = getattr(old, member), getattr(new, member)
        yield from stays(to_camel(member), was, now, another, to_camel(member))


def _usable(circuit: Resource, estate: Estate) -> Iterator[Fault]:
    state, key = provider_state(circuit, estate), circuit.system["serviceKey"]
    if state is not ProviderState.PROVISIONED:
        yield Fault("ServiceProviderNotProvisioned", f"The current cross connection provisioning state '{state}' of "
                    f"this service key '{key}' prevents this operation. Ask the provider to set it to Provisioned.",
                    "peer")
    view = circuit_view(estate, circuit.id)
    if view is None or view.private is None:
        yield Fault("PrivatePeeringRequired", f"The BGP Peering AzurePrivatePeering with Service Key {key} is not "
                    f"found. Create peering AzurePrivatePeering on circuit {circuit.id.name} first.", "peer")


def _room(circuit: Resource, gateway: GatewayView, estate: Estate) -> Iterator[Fault]:
    links, others = referrers(estate, circuit.id, CONNECTION), estate.referrers(gateway.resource.id, CONNECTION)
    yield from _once(circuit, gateway, links)
    size, subnet = capacity(gateway.vnet.gateway_subnet), gateway.vnet.gateway_subnet
    limit = min(size, circuit_limit(model_of(gateway.resource)))
    if len(others) >= limit:
        way_out = _way_out(others, "use a larger GatewaySubnet" if limit == size else "use a larger SKU")
        yield Conflict("GatewayConnectionLimitExceeded", f"Gateway {gateway.resource.id} (SKU "
                       f"{gateway.sku}, GatewaySubnet {subnet}) has {len(others)} connections, as many as "
                       f"it may have; {way_out}.", "virtualNetworkGateway1")
    yield from _room_at_location(order_of(circuit).peering_location, gateway, others, estate)


def _way_out(connections: Iterable[Resource], otherwise: str) -> str:
    """A connection that is being deleted has its slot and its tunnels until it is gone."""
    leaving = [connection for connection in connections if connection.deleting]
    return f"wait until {leaving[0].id} is deleted, or {otherwise}" if leaving else otherwise


def _room_at_location(place: str, gateway: GatewayView, others: Iterable[Resource], estate: Estate) -> Iterator[Fault]:
    nearby = [c for c in others if _location(c, estate) == place]
    if len(nearby) >= _CIRCUITS_AT_A_LOCATION:
        yield Conflict("PeeringLocationLimitExceeded", f"Gateway {gateway.resource.id} is linked to {len(nearby)} "
                       f"circuits at {place}; {_CIRCUITS_AT_A_LOCATION} of one location are allowed. To go on, "
                       f"{_way_out(nearby, 'use a circuit elsewhere')}.", "peer")


def _once(circuit: Resource, gateway: GatewayView, links: tuple[Resource, ...]) -> Iterator[Fault]:
    for link in links:
        if Connection.model_validate(link.properties).virtual_network_gateway1.target.key == gateway.resource.id.key:
            yield Conflict("ConnectionExists", f"Gateway {gateway.resource.id} is linked to circuit {circuit.id.name} "
                           f"by {link.id}. Change that connection instead.", "peer")


def _location(connection: Resource, estate: Estate) -> str:
    peer = Connection.model_validate(connection.properties).peer
    circuit = estate.get(peer.target) if peer else None
    return order_of(circuit).peering_location if circuit else ""


def _generate(wish: Wish, ledger: Ledger) -> Json:
    """A slot in the GatewaySubnet has only what is built: a connection to a circuit."""
    model, owner = Connection.model_validate(wish.resource.properties), wish.resource.id.key
    system: Json = {"resourceGuid": str(uuid4())}
    if model.connection_type is not ConnectionType.EXPRESS_ROUTE or model.peer is None:
        return system
    key = redeemed(wish.resource, AUTHORIZATION, model.peer.target, ledger)
    return {**system, "number": ledger.allocate("connection", owner),
            "slot": _slot(model.virtual_network_gateway1.target, owner, ledger),
            **({"authorization": {"id": str(key.id)}} if key else {})}


def _slot(gateway: ResourceId, owner: str, ledger: Ledger) -> int:
    slot, view = ledger.allocate(f"slot:{gateway.key}", owner), gateway_view(ledger, gateway)
    if view and slot > capacity(view.vnet.gateway_subnet):
        raise Conflict("GatewayConnectionLimitExceeded", f"GatewaySubnet {view.vnet.gateway_subnet} of gateway "
                       f"{gateway} has no free slot; wait until connections are deleted, or use a larger "
                       "GatewaySubnet.", "virtualNetworkGateway1")
    return slot


def _show(connection: Resource, _estate: Estate) -> Json:
    """By VPN nothing is connected and nothing carried."""
    said = connection.properties
    ends = {member: {"id": said[member]["id"], "properties": {}} for member in _ENDS if member in said}
    shown = {"resourceGuid": connection.system["resourceGuid"], **ends}
    if said["connectionType"] != ConnectionType.EXPRESS_ROUTE:
        return {**shown, "connectionStatus": "NotConnected", "ingressBytesTransferred": 0, "egressBytesTransferred": 0}
    return {**shown, "connectionStatus": connection.status.get("connectionStatus", "Unknown")}


def _in_use(connection: Resource, estate: Estate) -> Iterator[Fault]:
    """Azure's Resiliency Guard."""
    if gateway := required(connection, estate):
        yield Conflict("MultiHomedGatewayConnectionRequired", f"Connection {connection.id} cannot be deleted: without "
                       f"it gateway {gateway.id}, whose resiliencyModel is MultiHomed, reaches circuits in one city "
                       "alone. Link it to a circuit in another city first, or set its resiliencyModel to SingleHomed.")


CONNECTIONS = ResourceType(
    CONNECTION, model=Connection, shape="VirtualNetworkGatewayConnectionPropertiesFormat",
    realised=lambda connection: connection.properties["connectionType"] == ConnectionType.EXPRESS_ROUTE,
    secrets=("authorizationKey", "sharedKey"), opened_by_key="peer", defaults=_defaults, check=_check,
    generate=_generate, in_use=_in_use, show=_show, actions=CONNECTION_ACTIONS)
