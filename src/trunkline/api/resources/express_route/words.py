"""What several modules of ExpressRoute ask of a stored circuit: what was ordered, its SKU, the provider's state."""

from __future__ import annotations

from pydantic import ValidationError

from trunkline.intent.estate import Estate
from trunkline.intent.view import CIRCUIT, PEERING
from trunkline.model.circuit import Circuit, CrossConnection, ProviderState, ServiceProvider, Sku
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId

AUTHORIZATION = f"{CIRCUIT}/authorizations"
PEER_CONNECTION = f"{PEERING}/peerConnections"

CHANGING = (ProvisioningState.CREATING, ProvisioningState.UPDATING)


def model_of(circuit: Resource) -> Circuit:
    return Circuit.model_validate(circuit.properties)


def order_of(circuit: Resource) -> ServiceProvider:
    """Provider, peering location and bandwidth; a Direct circuit has no provider and is where its port is."""
    order, place = model_of(circuit).service, circuit.system.get("peeringLocation")
    return order.model_copy(update={"peering_location": place}) if place else order


def sku_of(circuit: Resource) -> Sku | None:
    """``None`` if what the client wrote is no SKU."""
    try:
        return Sku.model_validate(circuit.envelope.get("sku"))
    except ValidationError:
        return None


def twin_of(circuit: Resource, estate: Estate) -> CrossConnection:
    """What the provider wrote. A Direct circuit has no provider who would have to do anything."""
    if "twin" not in circuit.system:
        return CrossConnection(service_provider_provisioning_state=ProviderState.PROVISIONED)
    twin = estate.get(ResourceId.parse(circuit.system["twin"]["id"]))
    return CrossConnection.model_validate(twin.properties if twin else {})


def provider_state(circuit: Resource, estate: Estate) -> ProviderState:
    return twin_of(circuit, estate).service_provider_provisioning_state


def without(body: Json, *names: str) -> Json:
    """A body without members that Azure's model lets clients write, but that only the service sets."""
    return {name: value for name, value in body.items() if name not in names}


def fresh(resource: Resource) -> bool:
    """Whether it is just being created: what the service fills in is not there yet [REC]."""
    return resource.state in CHANGING and resource.generation <= 1
