"""``…/locations/{location}/operations/{id}`` and ``operationResults/{id}``, for every namespace."""

from __future__ import annotations

from trunkline.api.engine import asking, operations
from trunkline.api.exchange import Answer, Call
from trunkline.api.service import Service


def status(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        return operations.status(operations.find(reader, call.names["operation"], call.names["subscription"]))


def result(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        found = operations.find(reader, call.names["operation"], call.names["subscription"])
    return operations.result(call, call.names["namespace"], asking.changed(service, found))
