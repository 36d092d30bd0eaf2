"""The activity log: who wrote what, in the shape of Azure Monitor's events. The newest come first.

A write that takes time has two events of one operation: ``Accepted``, and how it ended.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from trunkline.api.exchange import Answer, Call, answer
from trunkline.api.paging import next_link
from trunkline.api.service import Service
from trunkline.errors import Fault
from trunkline.model.operation import Activity
from trunkline.model.resource import Json, ResourceId
from trunkline.store.reader import Span

_PAGE = 200
#: As far back as Azure looks when it is not told.
_LOOK_BACK = timedelta(days=90)

_COMPARISON = re.compile(r"\s*([A-Za-z/]+)\s+(eq|ge|le)\s+(?:'((?:[^']|'')*)'|([^\s']+))\s*", re.IGNORECASE)
_MOMENTS = {("eventtimestamp", "ge"): "since", ("eventtimestamp", "le"): "until"}
_EQUALS = ("resourcegroupname", "resourceuri", "resourceid", "correlationid", "resourceprovider", "status", "caller",
           "eventchannels", "levels")


def list_all(service: Service, call: Call) -> Answer:
    wanted = _wanted(call.query.get("$filter", ""))
    span, last = _span(call, wanted), _last(call)
    with service.store.reading() as reader:
        rows = reader.history(span, last, _PAGE + 1)
    body: Json = {"value": [_show(number, row) for number, row in rows[:_PAGE]
                            if call.sees(row.resource) and _fits(row, wanted)]}
    if len(rows) > _PAGE:
        body["nextLink"] = next_link(call, rows[_PAGE - 1][0])
    return answer(body)


def _wanted(text: str) -> dict[str, str]:
    """``$filter``'s comparisons, joined by ``and``: fields in lower case, moments as since and until."""
    found = {}
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else ():
        one = _COMPARISON.fullmatch(part)
        field, verb = (one[1].lower(), one[2].lower()) if one else ("", "")
        name = _MOMENTS.get((field, verb)) or (field if verb == "eq" and field in _EQUALS else "")
        if one is None or not name:
            raise Fault("BadRequest", f"The $filter '{text[:200]}' is not offered. Compare eventTimestamp by ge and "
                        "le, and resourceGroupName, resourceUri, correlationId, resourceProvider, status or caller by "
                        "eq, joined by 'and'.", "$filter")
        found[name] = (one[3] if one[3] is not None else one[4]).replace("''", "'")
    return found


def _span(call: Call, wanted: Mapping[str, str]) -> Span:
    subscription = call.names["subscription"]
    scope = ResourceId(subscription, wanted.get("resourcegroupname", ""))
    if named := wanted.get("resourceuri") or wanted.get("resourceid"):
        scope = ResourceId.parse(named)
        if scope.subscription.lower() != subscription.lower():
            raise Fault("BadRequest", f"The resource '{named[:200]}' is of another subscription; ask there.", "$filter")
    now = datetime.now(UTC)
    return Span(scope, _moment(wanted, "since", now - _LOOK_BACK), _moment(wanted, "until", now + timedelta(minutes=1)),
                wanted.get("correlationid", ""))


def _moment(wanted: Mapping[str, str], name: str, otherwise: datetime) -> datetime:
    text = wanted.get(name)
    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("BadRequest", f"'{text[:60]}' is no time; write one like 2026-01-31T12:00:00Z.",
                    "$filter") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _last(call: Call) -> int:
    text = call.query.get("$skiptoken", "")
    if text and not (text.isdecimal() and len(text) < 19):
        raise Fault("InvalidSkipToken", "The $skipToken is not one that this service gave out; follow nextLink.",
                    "$skipToken")
    return int(text) if text else 2 ** 62


def _fits(row: Activity, wanted: Mapping[str, str]) -> bool:
    own = {"resourceprovider": row.resource.type.partition("/")[0], "status": row.outcome, "caller": row.caller}
    return all(value.lower() == wanted[name].lower() for name, value in own.items() if name in wanted)


def _show(number: int, row: Activity) -> Json:
    moment, kind = row.at.isoformat(), row.resource.type
    shown = {name: json.dumps(row.more[name]) for name in ("before", "after", "secretsChanged") if name in row.more}
    failed = row.outcome == "Failed"
    return {
        "id": f"{row.resource}/events/{number}", "eventDataId": str(number), "resourceId": str(row.resource),
        "resourceGroupName": row.resource.group, "caller": row.caller, "claims": row.more.get("claims", {}),
        "correlationId": row.correlation_id, "operationId": row.operation or row.correlation_id,
        "eventTimestamp": moment, "submissionTimestamp": moment, "description": row.detail,
        "level": "Error" if failed else "Informational", "eventName": _named("EndRequest"),
        "operationName": _named(row.action), "resourceType": _named(kind),
        "resourceProviderName": _named(kind.partition("/")[0]), "status": _named(row.outcome),
        "subStatus": _named(row.detail if failed else ""), "category": _named("Administrative"),
        "authorization": {"action": row.action, "scope": str(row.resource)},
        "subscriptionId": row.resource.subscription, "tenantId": row.more.get("claims", {}).get("tid", ""),
        "properties": {"entity": str(row.resource), "message": row.action, **shown},
    }


def _named(text: str) -> Json:
    return {"value": text, "localizedValue": text}
