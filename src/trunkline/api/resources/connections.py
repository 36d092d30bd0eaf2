"""connections: a virtual network gateway linked to a circuit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import uuid4

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import circuit_collisions
from trunkline.api.resources.express_route.words import AUTHORIZATION, order_of, provider_state, sku_of
from trunkline.api.resources.express_route.words import model_of as model_of_circuit
from trunkline.api.resources.gateways import CIRCUITS_BY_SKU, model_of
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.errors import Conflict, Fault
from trunkline.intent.allocation import capacity
from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY, GatewayView, circuit_view, gateway_view, referrers
from trunkline.model.circuit import ProviderState, SkuTier, link_limit
from trunkline.model.network import Connection, ConnectionType, GatewayType
from trunkline.model.resource import Json, Resource, ResourceId

#: Circuits of one peering location that a virtual network may be linked to (azure-facts 2.2).
_CIRCUITS_AT_A_LOCATION = 4


def _without_nulls(body: Json, _id: ResourceId) -> Json:
    """az sends ``"expressRouteGatewayBypass": null``."""
    return {member: value for member, value in body.items() if value is not None}


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    connection, model = wish.resource, Connection.model_validate(wish.resource.properties)
    if model.connection_type is not ConnectionType.EXPRESS_ROUTE or model.peer is None:
        yield Fault("ConnectionTypeNotSupported", f"connectionType '{model.connection_type}' is not offered in this "
                    "release; use ExpressRoute with a circuit as peer.", "connectionType")
        return
    if model.express_route_gateway_bypass:
        yield Fault("FastPathNotSupported", "expressRouteGatewayBypass 'true' (FastPath) is not offered in this "
                    "release; leave it out or set it to false.", "expressRouteGatewayBypass")
    if wish.existing:
        yield from _moved(Connection.model_validate(wish.existing.properties), model)
        return
    yield from _gateway(connection.id, model.virtual_network_gateway1.id, estate)
    circuit = linked(estate, connection.id, model.peer.id, CIRCUIT, anywhere=True)
    if circuit is None:
        yield missing(connection.id, model.peer.id, CIRCUIT, "peer")
        return
    yield from _usable(circuit, estate)
    yield from _authorized(connection, circuit, estate)
    gateway = linked(estate, connection.id, model.virtual_network_gateway1.id, GATEWAY)
    view = gateway_view(estate, gateway.id) if gateway else None
    if view and view.model.gateway_type is GatewayType.EXPRESS_ROUTE:
        yield from _room(circuit, view, estate)
        yield from circuit_collisions(estate, circuit, view.vnet.resource.id, view.vnet.prefixes)


def _gateway(connection: ResourceId, text: str, estate: Estate) -> Iterator[Fault]:
    found = linked(estate, connection, text, GATEWAY)
    if found is None:
        yield missing(connection, text, GATEWAY, "virtualNetworkGateway1")
    elif (kind := model_of(found).gateway_type) is not GatewayType.EXPRESS_ROUTE:
        yield Fault("GatewayTypeMismatch", f"virtualNetworkGateway1 {found.id} is of gatewayType {kind}; a circuit is "
                    "linked to an ExpressRoute gateway. Name one, or create it.", "virtualNetworkGateway1")


def _moved(old: Connection, new: Connection) -> Iterator[Fault]:
    another = "Delete this connection and create another."
    was, gateway = old.virtual_network_gateway1.id, new.virtual_network_gateway1.id
    if was.lower() != gateway.lower():
        yield immovable("virtualNetworkGateway1", was, gateway, another, "virtualNetworkGateway1")
    if old.peer and new.peer and old.peer.id.lower() != new.peer.id.lower():
        yield immovable("peer", old.peer.id, new.peer.id, another, "peer")


def _usable(circuit: Resource, estate: Estate) -> Iterator[Fault]:
    if model_of_circuit(circuit).direct:
        yield Fault("DirectCircuitNotLinkable", f"Circuit {circuit.id} is on a Direct port, which carries no packets "
                    "yet, so no gateway could be linked to it. Use a circuit that a provider sells.", "peer")
        return
    state, key = provider_state(circuit, estate), circuit.system["serviceKey"]
    if state is not ProviderState.PROVISIONED:
        yield Fault("ServiceProviderNotProvisioned", f"The current cross connection provisioning state '{state}' of "
                    f"this service key '{key}' prevents this operation. Ask the provider to set it to Provisioned.",
                    "peer")
    view = circuit_view(estate, circuit.id)
    if view is None or view.private is None:
        yield Fault("PrivatePeeringRequired", f"The BGP Peering AzurePrivatePeering with Service Key {key} is not "
                    f"found. Create peering AzurePrivatePeering on circuit {circuit.id.name} first.", "peer")


def _authorization(connection: Resource, circuit: ResourceId, estate: Estate) -> Resource | None:
    """The authorization of a circuit whose key a connection presents."""
    key = connection.secrets.get("authorizationKey", "").lower()
    return next((a for a in estate.children(circuit, AUTHORIZATION)
                 if a.system["authorizationKey"] == key and not a.deleting), None)


def _authorized(connection: Resource, circuit: Resource, estate: Estate) -> Iterator[Fault]:
    own = connection.id.subscription.lower() == circuit.id.subscription.lower()
    if own and not connection.secrets.get("authorizationKey"):
        return
    found = _authorization(connection, circuit.id, estate)
    if found is None:
        yield Fault("AuthorizationKeyInvalid", f"Circuit {circuit.id} of subscription {circuit.id.subscription} can be "
                    "linked only with a valid authorizationKey. Ask its owner for an authorization and give its key.",
                    "authorizationKey")
        return
    for user in referrers(estate, found.id, CONNECTION):
        yield Conflict("AuthorizationKeyInUse", f"authorizationKey of authorization '{found.id.name}' is used by "
                       f"{user.id}; one key makes one connection. Ask the circuit's owner for another.",
                       "authorizationKey")


def _room(circuit: Resource, gateway: GatewayView, estate: Estate) -> Iterator[Fault]:
    links, others = referrers(estate, circuit.id, CONNECTION), estate.referrers(gateway.resource.id, CONNECTION)
    yield from _room_on_circuit(circuit, gateway, links)
    size, subnet = capacity(gateway.vnet.gateway_subnet), gateway.vnet.gateway_subnet
    limit = min(size, CIRCUITS_BY_SKU[gateway.model.sku.name])
    if len(others) >= limit:
        way_out = _way_out(others, "use a larger GatewaySubnet" if limit == size else "use a larger SKU")
        yield Conflict("GatewayConnectionLimitExceeded", f"Gateway {gateway.resource.id} (SKU "
                       f"{gateway.model.sku.name}, GatewaySubnet {subnet}) has {len(others)} connections, as many as "
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


def _room_on_circuit(circuit: Resource, gateway: GatewayView, links: tuple[Resource, ...]) -> Iterator[Fault]:
    for link in links:
        if Connection.model_validate(link.properties).virtual_network_gateway1.target.key == gateway.resource.id.key:
            yield Conflict("ConnectionExists", f"Gateway {gateway.resource.id} is linked to circuit {circuit.id.name} "
                           f"by {link.id}. Change that connection instead.", "peer")
    sku = sku_of(circuit)
    tier = sku.tier if sku else SkuTier.STANDARD
    limit = link_limit(tier, order_of(circuit).bandwidth_in_mbps)
    if len(links) >= limit:
        yield Conflict("VnetLinkLimitExceeded", f"Circuit {circuit.id} ({tier}) is linked to {len(links)} virtual "
                       "networks, as many as it may be. Use Premium or more bandwidth, or delete a connection.", "peer")


def _location(connection: Resource, estate: Estate) -> str:
    peer = Connection.model_validate(connection.properties).peer
    circuit = estate.get(peer.target) if peer else None
    return order_of(circuit).peering_location if circuit else ""


def _generate(wish: Wish, ledger: Ledger) -> Json:
    model, owner = Connection.model_validate(wish.resource.properties), wish.resource.id.key
    system = {"number": ledger.allocate("connection", owner), "resourceGuid": str(uuid4()),
              "slot": _slot(model.virtual_network_gateway1.target, owner, ledger)}
    redeemed = _authorization(wish.resource, model.peer.target, ledger) if model.peer else None
    return {**system, "authorization": {"id": str(redeemed.id)}} if redeemed else system


def _slot(gateway: ResourceId, owner: str, ledger: Ledger) -> int:
    slot, view = ledger.allocate(f"slot:{gateway.key}", owner), gateway_view(ledger, gateway)
    if view and slot > capacity(view.vnet.gateway_subnet):
        raise Conflict("GatewayConnectionLimitExceeded", f"GatewaySubnet {view.vnet.gateway_subnet} of gateway "
                       f"{gateway} has no free slot; wait until connections are deleted, or use a larger "
                       "GatewaySubnet.", "virtualNetworkGateway1")
    return slot


def _show(connection: Resource, _estate: Estate) -> Json:
    status, model = connection.status, Connection.model_validate(connection.properties)
    return {
        "resourceGuid": connection.system["resourceGuid"],
        "virtualNetworkGateway1": {"id": model.virtual_network_gateway1.id, "properties": {}},
        "connectionStatus": status.get("connectionStatus", "Unknown"),
        "usePolicyBasedTrafficSelectors": False, "ipsecPolicies": [], "trafficSelectorPolicies": [],
        "enablePrivateLinkFastPath": False}


CONNECTIONS = ResourceType(
    CONNECTION, model=Connection, realised=True, secrets=("authorizationKey",), opened_by_key="peer",
    defaults=_without_nulls, check=_check, generate=_generate, show=_show)
