"""The activity log: who wrote what, in the shape of Azure Monitor's events. The newest come first."""

from __future__ import annotations

from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.service import Service
from trunkline.model.operation import Activity
from trunkline.model.resource import Json, ResourceId

_MOST = 500


def list_all(service: Service, call: Call) -> Answer:
    with service.store.reading() as reader:
        found = reader.activities(ResourceId(call.names["subscription"]), _MOST)
    return answer({"value": [_show(one) for one in found if call.sees(one.resource)]})


def _show(row: Activity) -> Json:
    return {
        "resourceId": str(row.resource), "resourceGroupName": row.resource.group, "caller": row.caller,
        "correlationId": row.correlation_id, "eventTimestamp": row.at.isoformat(), "description": row.detail,
        "operationName": {"value": row.action, "localizedValue": row.action},
        "resourceType": {"value": row.resource.type, "localizedValue": row.resource.type},
        "status": {"value": row.outcome, "localizedValue": row.outcome},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "subscriptionId": row.resource.subscription,
    }
