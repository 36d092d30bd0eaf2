"""expressRouteCrossConnections: a circuit as its connectivity provider sees it. The name is the service key.

The provider moves the provisioning state, writes notes, and may configure the circuit's peerings for the customer.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Inline, Mirror, Register, ResourceType, Wish
from trunkline.api.resources.express_route.circuits import order_of
from trunkline.api.resources.express_route.peerings import show_peering, tables
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CROSS_CONNECTION, PEERING
from trunkline.model.circuit import CrossConnection, Peering, ProviderState
from trunkline.model.resource import Json, Resource, ResourceId

CROSS_CONNECTION_PEERING = f"{CROSS_CONNECTION}/peerings"

_S = ProviderState

#: Legal moves of serviceProviderProvisioningState. Provisioning and Deprovisioning are for providers that take time.
MOVES = {
    _S.NOT_PROVISIONED: frozenset({_S.NOT_PROVISIONED, _S.PROVISIONING, _S.PROVISIONED}),
    _S.PROVISIONING: frozenset({_S.PROVISIONING, _S.PROVISIONED, _S.NOT_PROVISIONED}),
    _S.PROVISIONED: frozenset({_S.PROVISIONED, _S.DEPROVISIONING, _S.NOT_PROVISIONED}),
    _S.DEPROVISIONING: frozenset({_S.DEPROVISIONING, _S.NOT_PROVISIONED, _S.PROVISIONED}),
}


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    if wish.existing is None:
        return
    new, old = (CrossConnection.model_validate(r.properties) for r in (wish.resource, wish.existing))
    state, before = new.service_provider_provisioning_state, old.service_provider_provisioning_state
    if state not in MOVES[before]:
        yield Conflict("InvalidProvisioningStateTransition", "serviceProviderProvisioningState cannot go from "
                       f"{before} to {state}; from {before} it may become "
                       f"{', '.join(sorted(MOVES[before] - {before}))}.",
                       "serviceProviderProvisioningState")
    circuit = wish.existing.system["circuit"]["id"]
    named = new.express_route_circuit
    if named and named.id.lower() != circuit.lower():
        yield immovable("expressRouteCircuit", circuit, named.id, "Leave it out or repeat what it was.",
                        "expressRouteCircuit")


def _in_use(twin: Resource, _estate: Estate) -> Iterator[Fault]:
    yield Fault("OperationNotAllowed", f"Cross connection {twin.id.name} cannot be deleted; it goes with its circuit. "
                "Set serviceProviderProvisioningState to NotProvisioned to end the service.", status=405)


def _circuit_of(twin: ResourceId, estate: Estate) -> ResourceId | None:
    found = estate.get(twin)
    return ResourceId.parse(found.system["circuit"]["id"]) if found else None


def _show(twin: Resource, estate: Estate) -> Json:
    circuit = estate.get(ResourceId.parse(twin.system["circuit"]["id"]))
    shown: Json = {"expressRouteCircuit": twin.system["circuit"],
                   "primaryAzurePort": twin.status.get("primaryAzurePort", ""),
                   "secondaryAzurePort": twin.status.get("secondaryAzurePort", "")}
    if circuit is None:
        return shown
    order = order_of(circuit)
    return {**shown, "peeringLocation": order.peering_location, "bandwidthInMbps": order.bandwidth_in_mbps,
            "sTag": circuit.system["stag"]}


CROSS_CONNECTIONS = ResourceType(
    CROSS_CONNECTION, model=CrossConnection, realised=True, updated_only=True,
    kept=("expressRouteCircuit", "serviceProviderProvisioningState", "serviceProviderNotes"),
    inline=(Inline("peerings", CROSS_CONNECTION_PEERING),), check=_check, in_use=_in_use, show=_show)

CROSS_CONNECTION_PEERINGS = ResourceType(
    CROSS_CONNECTION_PEERING, model=Peering, tracked=False, realised=True, secrets=("sharedKey",),
    mirror=Mirror(PEERING, _circuit_of), show=show_peering, actions=tables(shape="crossConnection"))
