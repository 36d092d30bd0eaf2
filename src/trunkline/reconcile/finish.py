"""How an operation ends in the store: the resource's state and status, its row's removal, the operation's result."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trunkline.intent.compile.plant import azure_port_name
from trunkline.intent.compile.ports import edge_port
from trunkline.intent.gateways import connection_view
from trunkline.intent.reach import CIRCUIT_CONNECTION
from trunkline.intent.view import CIRCUIT, CONNECTION, HUB_BGP_CONNECTION, PEERING, circuit_view
from trunkline.intent.wan import VIRTUAL_HUB, WAN_CONNECTION
from trunkline.model.bgp import AZURE_ASN
from trunkline.model.circuit import Leg
from trunkline.model.hub import VirtualHub
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, ProvisioningState, Resource, ResourceId
from trunkline.reconcile.connections import carrying
from trunkline.reconcile.reaching import all_connected
from trunkline.store import Reader, Store, Writer


def succeed(store: Store, operations: Iterable[str]) -> None:
    """The wishes are realised and observed."""
    with store.writing() as writer:
        for operation in operations:
            found = writer.operation(operation)
            if found and not found.status.final:
                _succeed(writer, found)


def _succeed(writer: Writer, operation: Operation) -> None:
    """A PUT whose resource was deleted meanwhile, perhaps with its parent, has nothing left to show: it is canceled."""
    if operation.kind is OperationKind.DELETE:
        _delete(writer, operation.resource)
    elif not writer.get(operation.resource):
        writer.finish(operation.id, OperationStatus.CANCELED, error={
            "code": "Canceled", "message": "Operation was canceled.", "details": [{
                "code": "CanceledAndSupersededDueToAnotherOperation", "message": f"Operation {operation.id} was "
                f"canceled and superseded by the deletion of '{operation.resource}'."}]})
        return
    elif _latest(writer, operation):
        _realised(writer, operation.resource)
    writer.finish(operation.id, OperationStatus.SUCCEEDED)


def fail(store: Store, operation: str, code: str, message: str) -> None:
    """The wish could not be realised in time. After a PUT the reconciler goes on trying, and a PUT repairs the state.
    After a DELETE the resource stays with all below it, and so does its network."""
    with store.writing() as writer:
        found = writer.operation(operation)
        if not found or found.status.final:
            return
        if found.kind is OperationKind.DELETE:
            _stays(writer, found.resource)
        elif _latest(writer, found):
            writer.set_status(found.resource, state=ProvisioningState.FAILED)
        writer.finish(operation, OperationStatus.FAILED, error=_error(code, message))


def _latest(writer: Writer, operation: Operation) -> bool:
    """Whether no later write has replaced the wish of a PUT: only then is its end the resource's."""
    found = writer.get(operation.resource)
    return found is not None and operation.generation in (0, found.generation)


def _stays(writer: Writer, resource: ResourceId) -> None:
    for child in writer.children(resource):
        _stays(writer, child.id)
    found = writer.get(resource)
    if found and found.deleting:
        writer.set_status(resource, state=ProvisioningState.FAILED)


def answer(store: Store, operation: str, result: Json | list[Json]) -> None:
    with store.writing() as writer:
        writer.finish(operation, OperationStatus.SUCCEEDED, result=result)


def refuse(store: Store, operation: str, code: str, message: str) -> None:
    with store.writing() as writer:
        writer.finish(operation, OperationStatus.FAILED, error=_error(code, message))


def _error(code: str, message: str) -> Json:
    return {"code": code, "message": message, "details": []}


def _delete(writer: Writer, resource: ResourceId) -> None:
    found = writer.get(resource)
    if not found:
        return
    if twin := found.system.get("twin"):
        writer.delete(ResourceId.parse(twin["id"]))
    writer.delete(resource)


def _realised(writer: Writer, resource: ResourceId) -> None:
    found = writer.get(resource)
    if not found or found.state is not ProvisioningState.UPDATING:
        return
    writer.set_status(resource, status={**found.status, **status_of(found, writer)},
                      state=ProvisioningState.SUCCEEDED)
    for child in writer.children(resource):
        if writer.running(child.id):
            continue
        if child.deleting:
            writer.delete(child.id)
        else:
            _realised(writer, child.id)


def status_of(resource: Resource, estate: Reader) -> Json:
    """What a realised resource shows beyond its wish, in ARM's words."""
    of = _STATUS.get(resource.id.type.lower())
    return of(resource, estate) if of else {}


def _of_circuit(circuit: Resource, _estate: Reader) -> Json:
    stag = circuit.system.get("stag")
    return {"circuitProvisioningState": "Enabled", **({} if stag is None else {"stag": stag})}


def _of_peering(peering: Resource, estate: Reader) -> Json:
    return {"azureASN": AZURE_ASN, "lastModifiedBy": "Customer", **_ports(peering, estate)}


def _of_connection(connection: Resource, estate: Reader) -> Json:
    view = connection_view(estate, connection)
    return {"connectionStatus": "Connected" if view and carrying(view) else "NotConnected"}


def _of_hub(hub: Resource, _estate: Reader) -> Json:
    return {"routingState": "Provisioned"} if VirtualHub.model_validate(hub.properties).routes_in_wan else {}


def _of_hub_peer(peer: Resource, _estate: Reader) -> Json:
    return {"connectionState": peer.status.get("connectionState", "NotConnected")}


_STATUS: dict[str, Callable[[Resource, Reader], Json]] = {
    CIRCUIT.lower(): _of_circuit, PEERING.lower(): _of_peering, CONNECTION.lower(): _of_connection,
    WAN_CONNECTION.lower(): _of_connection, CIRCUIT_CONNECTION.lower(): all_connected, VIRTUAL_HUB.lower(): _of_hub,
    HUB_BGP_CONNECTION.lower(): _of_hub_peer}


def _ports(peering: Resource, estate: Reader) -> Json:
    circuit = circuit_view(estate, peering.id.parent) if peering.id.parent else None
    if not circuit:
        return {}
    return {f"{leg}AzurePort": azure_port_name(edge_port(circuit, leg), circuit.location, leg) for leg in Leg}


def operation_of(store: Store, operation: str) -> Operation | None:
    with store.reading() as reader:
        return reader.operation(operation)
