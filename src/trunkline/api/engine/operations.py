"""Long-running operations as clients see them: headers that point at them, and what they answer when asked.

While one runs, clients are told to ask again after milliseconds (``x-ms-retry-after-ms``); a ``Retry-After`` of less
than a second does not exist, and without any hint they wait for thirty.
"""

from __future__ import annotations

from trunkline.api.exchange import Answer, Call, answer
from trunkline.errors import Fault, NotFound
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json
from trunkline.store import Reader

SOON = {"x-ms-retry-after-ms": "50"}


def asynchronous(call: Call, namespace: str, operation: Operation) -> dict[str, str]:
    """Where to ask for the status (PUT, PATCH, DELETE)."""
    return {"azure-asyncoperation": _url(call, namespace, operation, "operations"), **SOON}


def located(call: Call, namespace: str, operation: Operation) -> dict[str, str]:
    """Where to ask for the result (DELETE, actions)."""
    return {"location": _url(call, namespace, operation, "operationResults"), **SOON}


def _url(call: Call, namespace: str, operation: Operation, kind: str) -> str:
    """Asked for in the subscription of the request: a mirrored resource is stored in another."""
    subscription = operation.parameters.get("subscription", operation.resource.subscription)
    return (f"{call.origin}/subscriptions/{subscription}/providers/{namespace}/locations/{operation.location}"
            f"/{kind}/{operation.id}?api-version={operation.api_version}")


def find(reader: Reader, operation: str, subscription: str) -> Operation:
    found = reader.operation(operation.lower())
    owner = found.parameters.get("subscription", found.resource.subscription) if found else ""
    if found is None or str(owner).lower() != subscription.lower():
        raise unknown(operation)
    return found


def unknown(operation: str) -> NotFound:
    return NotFound(f"Operation {operation[:80]} not found. It may have ended long ago; read the resource instead.",
                    "NotFound")


def status(operation: Operation) -> Answer:
    """HTTP 200 even of a failure; the failure stands inside."""
    body: Json = {"status": operation.status.value}
    if operation.status in (OperationStatus.FAILED, OperationStatus.CANCELED):
        body["error"] = failure(operation)
    return answer(body, headers={} if operation.status.final else {**SOON, **_progress(operation)})


def _progress(operation: Operation) -> dict[str, str]:
    """What is being waited for, in a header of our own: Azure's body has no word for it."""
    text = operation.waiting_for.encode("ascii", "replace").decode().replace("\n", " ")
    return {"x-trunkline-waiting-for": text} if text else {}


def result(call: Call, namespace: str, operation: Operation) -> Answer:
    """202 while it runs; then what an action found, or nothing. Azure points at itself even then."""
    if not operation.status.final:
        return Answer(202, headers=located(call, namespace, operation))
    if operation.status is not OperationStatus.SUCCEEDED:
        return answer({"error": failure(operation)}, status=_status_of(operation))
    location = {"location": _url(call, namespace, operation, "operationResults")}
    if operation.kind is OperationKind.ACTION:
        return answer(operation.result, headers=location)
    return Answer(204, headers={"azure-asyncoperation": _url(call, namespace, operation, "operations"), **location})


def outcome(operation: Operation) -> Answer:
    """Of a quick action that has ended."""
    if operation.status is not OperationStatus.SUCCEEDED:
        return answer({"error": failure(operation)}, status=_status_of(operation))
    return answer(operation.result)


def failure(operation: Operation) -> Json:
    return {"code": "InternalServerError", "message": "The operation failed.", "details": [],
            **(operation.error or {})}


def _status_of(operation: Operation) -> int:
    code = str(failure(operation)["code"])
    if code.endswith("NotFound"):
        return 404
    return 409 if operation.kind is not OperationKind.ACTION else 400


def late(operation: str) -> Fault:
    """A quick action that got no answer in time."""
    return Fault("GatewayTimeout", f"The network did not answer operation {operation} in time; the reconciler is busy "
                 "or stopped. Ask again.", status=504)
