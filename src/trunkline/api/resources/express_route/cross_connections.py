"""expressRouteCrossConnections: a circuit as its connectivity provider sees it. The name is the service key.

The provider moves the provisioning state, writes notes, and may configure the circuit's peerings for the customer.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.api.declaration import Action, Inline, Mirror, Refusal, Register, ResourceType, Wish
from trunkline.api.resources.express_route.peerings import show_peering, tables
from trunkline.api.resources.express_route.words import order_of
from trunkline.api.resources.linked import immovable
from trunkline.errors import Conflict, Fault
from trunkline.intent.estate import Estate
from trunkline.intent.view import CROSS_CONNECTION, PEERING
from trunkline.model.circuit import CrossConnection
from trunkline.model.machine import PROVIDER
from trunkline.model.peering import Peering
from trunkline.model.resource import Json, Resource, ResourceId

CROSS_CONNECTION_PEERING = f"{CROSS_CONNECTION}/peerings"


def _check(wish: Wish, _estate: Register) -> Iterator[Fault]:
    if wish.existing is None:
        return
    new, old = (CrossConnection.model_validate(r.properties) for r in (wish.resource, wish.existing))
    state, before = new.service_provider_provisioning_state, old.service_provider_provisioning_state
    if not PROVIDER.allows(before, state):
        yield Conflict("InvalidProvisioningStateTransition", PROVIDER.refusal(before, state),
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


_MIGRATION = Refusal(
    "CircuitMigrationNotSupported", "Moving a circuit to another port pair of the provider is not offered: a provider "
    "has one port pair at each peering location. Order a second circuit beside the first, move the traffic, "
    "delete the first.")

_MIGRATIONS = tuple(Action(name, refused=_MIGRATION) for name in (
    "validateCircuitMigration", "getCircuitMigrationInfo", "prepareCircuitMigration", "shutDownBgpForCircuitMigration",
    "restoreBgpForCircuitMigration", "migrateCircuit", "commitCircuitMigration", "rollbackCircuitMigration"))

CROSS_CONNECTIONS = ResourceType(
    CROSS_CONNECTION, model=CrossConnection, shape="ExpressRouteCrossConnectionProperties",
    realised=True, updated_only=True,
    kept=("expressRouteCircuit", "serviceProviderProvisioningState", "serviceProviderNotes"),
    inline=(Inline("peerings", CROSS_CONNECTION_PEERING),), check=_check, in_use=_in_use, show=_show,
    actions=_MIGRATIONS, filters={"name": "name", "location": "location",
                                  "peeringLocation": "properties.peeringLocation"})

CROSS_CONNECTION_PEERINGS = ResourceType(
    CROSS_CONNECTION_PEERING, model=Peering, tracked=False, realised=True, secrets=("sharedKey",),
    mirror=Mirror(PEERING, _circuit_of), show=show_peering, actions=tables(shape="crossConnection"))
