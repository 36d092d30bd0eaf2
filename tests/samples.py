"""Resources and operations that tests of several rooms can share."""

from __future__ import annotations

from uuid import uuid4

from trunkline.model.operation import Operation, OperationKind
from trunkline.model.resource import Json, Resource, ResourceId

CIRCUITS = "Microsoft.Network/expressRouteCircuits"
PEERINGS = "Microsoft.Network/expressRouteCircuits/peerings"
NETWORKS = "Microsoft.Network/virtualNetworks"


def resource_id(kind: str, name: str, group: str = "rg", subscription: str = "sub") -> ResourceId:
    return ResourceId.parse(f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}")


def circuit(name: str = "c1", group: str = "rg", subscription: str = "sub", properties: Json | None = None) -> Resource:
    return Resource(resource_id(CIRCUITS, name, group, subscription), "westus", properties=properties or {})


def operation(resource: ResourceId, kind: OperationKind = OperationKind.PUT) -> Operation:
    return Operation(str(uuid4()), resource, kind)
