"""Global Reach: connections between private peerings of two circuits. The other circuit sees one among its
peerConnections; each end says what its own routers observe."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

from trunkline.api.declaration import Ledger, Register, ResourceType, Wish
from trunkline.api.resources.addressing import linked_vnets
from trunkline.api.resources.express_route.scope import areas_apart, check_room
from trunkline.api.resources.express_route.words import (
    AUTHORIZATION,
    PEER_CONNECTION,
    order_of,
    provider_state,
    sku_of,
)
from trunkline.api.resources.linked import immovable, linked, missing
from trunkline.api.resources.redemption import check_key, redeemed
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.reach import CIRCUIT_CONNECTION, is_admitted, link_prefixes, prefixes_of
from trunkline.intent.view import PEERING, referrers
from trunkline.model.backbone import site_of
from trunkline.model.bgp import overlaps
from trunkline.model.circuit import Leg, ProviderState, SkuTier
from trunkline.model.peering import CircuitConnection, Peering, PeeringType
from trunkline.model.reach_status import LinkStatus, Side, link_status
from trunkline.model.resource import Json, Properties, Resource, ResourceId


def _model(connection: Resource) -> CircuitConnection:
    return CircuitConnection.model_validate(connection.properties)


def _own_peering(body: Json, connection: ResourceId) -> Json:
    """az leaves out on which side the connection is made when it edits one."""
    own = body.get("expressRouteCircuitPeering") or {"id": str(connection.parent)}
    return {**body, "expressRouteCircuitPeering": own}


def _check(wish: Wish, estate: Register) -> Iterator[Fault]:
    connection, model = wish.resource, _model(wish.resource)
    own, far = connection.id.parent, model.peer_express_route_circuit_peering
    named = model.express_route_circuit_peering
    if own is None or (named and named.id.lower() != own.key):
        yield Fault("InvalidCircuitConnection", f"expressRouteCircuitPeering '{named.id if named else ''}' is not the "
                    f"peering that the connection is made on, {own}. Leave it out.", "expressRouteCircuitPeering")
        return
    peer = linked(estate, connection.id, far.id, PEERING, anywhere=True)
    if peer is None or peer.id.parent is None:
        yield missing(connection.id, far.id, PEERING, "peerExpressRouteCircuitPeering")
        return
    for text in (own, peer.id):
        if text.name.lower() != PeeringType.PRIVATE.lower():
            yield Fault("PrivatePeeringRequired", f"Peering {text} is not AzurePrivatePeering; Global Reach links "
                        "private peerings only. Name those.", "peerExpressRouteCircuitPeering")
    if peer.id.parent.key == (own.parent or own).key:
        yield Fault("InvalidCircuitConnection", "peerExpressRouteCircuitPeering is of the same circuit; Global Reach "
                    "links two circuits. Name a peering of the other.", "peerExpressRouteCircuitPeering")
    if wish.existing:
        was = _model(wish.existing).peer_express_route_circuit_peering.id
        if was.lower() != far.id.lower():
            yield immovable("peerExpressRouteCircuitPeering", was, far.id, "Delete this connection and create another.",
                            "peerExpressRouteCircuitPeering")
        return
    yield from _once(connection, own, peer.id, estate)
    yield from _room((own, peer.id), estate)
    yield from check_key(connection, AUTHORIZATION, peer.id.parent, estate)


def _once(connection: Resource, own: ResourceId, far: ResourceId, estate: Estate) -> Iterator[Fault]:
    for other in referrers(estate, far, CIRCUIT_CONNECTION):
        ends = {own.key, far.key}
        both = {(other.id.parent or other.id).key, _model(other).peer_express_route_circuit_peering.id.lower()}
        if other.id.key != connection.id.key and both == ends:
            yield Conflict("CircuitConnectionExists", f"Both circuits are linked by {other.id}. Change that connection "
                           "instead.", "peerExpressRouteCircuitPeering")


def _room(ends: tuple[ResourceId, ResourceId], estate: Estate) -> Iterator[Fault]:
    """Each circuit counts it among its links."""
    for peering in ends:
        circuit = estate.get(peering.parent) if peering.parent else None
        if circuit:
            yield from check_room(circuit, estate, "peerExpressRouteCircuitPeering")


def _obstacle(connection: Resource, estate: Estate) -> Fault | None:
    """What Azure finds out after it has accepted the request [REC]."""
    far, near = _model(connection).peer_express_route_circuit_peering.target, connection.id.parent
    one, other = (estate.get(end.parent) if end and end.parent else None for end in (near, far))
    if one is None or other is None or near is None:
        return None
    return next((fault for fault in (
        *_provisioned("Initiating", one, estate), *_provisioned("Peer", other, estate), *_may_meet(one, other),
        *_apart(connection, near, far, estate)) if fault), None)


def _provisioned(side: str, circuit: Resource, estate: Estate) -> Iterator[Fault]:
    state = provider_state(circuit, estate)
    if state is not ProviderState.PROVISIONED:
        said = (f"Put Global Reach Connection {side} Circuit Subscription = {circuit.id.subscription}, ServiceKey = "
                f"{circuit.system['serviceKey']} is Not Provisioned. Current Status {state}")
        yield (Fault("InitiatingCircuitNotProvisioned", said) if side == "Initiating"
               else Fault("PeerCircuitNotProvisioned", said))


def _may_meet(one: Resource, other: Resource) -> Iterator[Fault]:
    apart, places = areas_apart(one, other), (order_of(one).peering_location, order_of(other).peering_location)
    if any(site_of(places[0], leg) == site_of(places[1], leg) for leg in Leg):
        yield Fault("GlobalReachSamePeeringLocation", f"Both circuits are at {' and '.join(dict.fromkeys(places))}; "
                    "Global Reach links circuits at different peering locations, of which each building of a metro is "
                    "one. Use a circuit elsewhere.")
    for circuit in (one, other):
        sku = sku_of(circuit)
        if sku and sku.tier is SkuTier.LOCAL:
            yield Fault("GlobalReachNotAllowedForSku", f"Circuit {circuit.id} is Local, and Global Reach is not for "
                        "Local circuits. Upgrade it to Standard or Premium.")
        elif sku and sku.tier is not SkuTier.PREMIUM and apart:
            yield Fault("GlobalReachNotAllowedForSku", f"Circuit {circuit.id} is {sku.tier}, and Global Reach between "
                        f"geopolitical areas ({apart}) needs Premium on both sides. Upgrade it.")


def _apart(connection: Resource, near: ResourceId, far: ResourceId, estate: Estate) -> Iterator[Fault]:
    for prefix in prefixes_of(_model(connection)):
        for end, taken in _taken(connection, (near, far), estate):
            if overlaps(prefix, taken):
                yield Fault("CircuitConnectionPrefixOverlaps", f"addressPrefix {prefix} overlaps {taken} of {end}. "
                            "Choose one that is used nowhere else.")


def _taken(connection: Resource, ends: tuple[ResourceId, ...], estate: Estate) -> Iterator[tuple[ResourceId, str]]:
    for end in ends:
        for peering in estate.children(end.parent, PEERING) if end.parent else ():
            for _, _, subnet in Peering.model_validate(peering.properties).subnets:
                yield peering.id, subnet
        if end.parent:
            yield from ((vnet.resource.id, space) for vnet in linked_vnets(estate, end.parent, end)
                        for space in vnet.prefixes)
            yield from ((other.id, taken) for other, taken in link_prefixes(estate, end.parent)
                        if other.id.key != connection.id.key)


def _generate(wish: Wish, ledger: Ledger) -> Json:
    far = _model(wish.resource).peer_express_route_circuit_peering.target.parent
    found = redeemed(wish.resource, AUTHORIZATION, far, ledger) if far else None
    return {"number": ledger.allocate("circuit-connection", wish.resource.id.key),
            "peerName": str(uuid4()), **({"authorization": {"id": str(found.id)}} if found else {})}


def _amend(wish: Wish, ledger: Ledger) -> Json:
    return {"admitted": _obstacle(wish.resource, ledger) is None}


def _before_parent(connection: Resource) -> Iterator[Fault]:
    yield Conflict("InUsePeeringCannotBeDeleted", f"Peering {connection.id.parent} is in use by {connection.id} and "
                   "cannot be deleted. Delete the connection first.")


def _show(connection: Resource, _estate: Estate) -> Json:
    six = connection.properties.get("ipv6CircuitConnectionConfig")
    return {**_status(connection, Side.NEAR, 4), **(
        {"ipv6CircuitConnectionConfig": {**six, **_status(connection, Side.NEAR, 6)}} if six else {})}


def _status(connection: Resource, side: Side, family: int) -> Json:
    observed = link_status(connection, side, family) if is_admitted(connection) else LinkStatus.DISCONNECTED
    return {"circuitConnectionStatus": observed.value}


def peered(peering: ResourceId, estate: Estate) -> Iterator[Json]:
    """Connections that other circuits made to a peering, as it sees them."""
    for connection in referrers(estate, peering, CIRCUIT_CONNECTION):
        if not is_admitted(connection) or connection.id.parent is None or connection.id.parent.key == peering.key:
            continue
        name = connection.system["peerName"]
        yield {"name": name, "id": str(peering.child("peerConnections", name)), "etag": connection.etag,
               "properties": {
                   "provisioningState": connection.state.value, "expressRouteCircuitPeering": {"id": str(peering)},
                   "peerExpressRouteCircuitPeering": {"id": str(connection.id.parent)},
                   "addressPrefix": connection.properties["addressPrefix"], **_status(connection, Side.FAR, 4),
                   "connectionName": connection.id.name, "authResourceGuid": ""},
               "type": PEER_CONNECTION}


CIRCUIT_CONNECTIONS = ResourceType(
    CIRCUIT_CONNECTION, model=CircuitConnection, shape="ExpressRouteCircuitConnectionPropertiesFormat", tracked=False,
    realised=True, secrets=("authorizationKey",), opened_by_key="peerExpressRouteCircuitPeering",
    defaults=_own_peering, check=_check, obstacle=_obstacle, generate=_generate, amend=_amend,
    before_parent=_before_parent, show=_show)

PEER_CONNECTIONS = ResourceType(PEER_CONNECTION, model=Properties, tracked=False, view=peered, realised=True)
