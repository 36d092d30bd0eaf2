"""Values to rows and back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from trunkline.model.operation import Activity, Operation, OperationKind, OperationStatus
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.store.sealed import Hidden, answered

#: Column values by name.
Values = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_parsed = lru_cache(maxsize=65_536)(ResourceId.parse)


def render_time(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def parse_time(moment_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment_us)


def render_resource(resource: Resource) -> Values:
    """The whole row, without what its id says (see render_identity)."""
    alias = resource.system.get("alias")
    return {
        "key": resource.id.key, "alias": str(alias).lower() if alias else None,
        "location": resource.location, "tags": dict(resource.tags), "envelope": resource.envelope,
        "properties": resource.properties, "system": resource.system, "status": resource.status,
        "secrets": Hidden(resource.secrets), "state": resource.state.value, "etag": resource.etag,
        "generation": resource.generation, "created_us": render_time(resource.created),
        "changed_us": render_time(resource.changed),
    }


def render_identity(resource: ResourceId) -> Values:
    """The columns that follow from the id and never change."""
    parent = resource.parent
    return {
        "id": str(resource), "type": resource.type.lower(), "name": resource.name.lower(),
        "subscription": resource.subscription.lower(), "grp": resource.group.lower(),
        "parent": parent.key if parent else "",
    }


def parse_resource(row: Sequence[Any]) -> Resource:
    """From the columns of ``RESOURCE_COLUMNS``, in that order."""
    (id_text, location, tags, envelope, properties, system, status, secrets, state, etag, generation,
     created_us, changed_us) = row
    return Resource(
        _parsed(id_text), location, tags, envelope, properties, system, status, secrets, ProvisioningState(state),
        etag, generation, parse_time(created_us), parse_time(changed_us))


RESOURCE_COLUMNS = ("id", "location", "tags", "envelope", "properties", "system", "status", "secrets", "state", "etag",
                    "generation", "created_us", "changed_us")


def render_operation(operation: Operation) -> Values:
    return {
        "id": operation.id, "key": operation.resource.key, "resource": str(operation.resource),
        "kind": operation.kind.value, "status": operation.status.value, "action": operation.action,
        "parameters": operation.parameters, "error": operation.error, "result": answered(operation.result),
        "waits_for": list(operation.waits_for), "waiting_for": operation.waiting_for,
        "location": operation.location, "api_version": operation.api_version, "generation": operation.generation,
        "created_us": render_time(operation.created),
        "finished_us": render_time(operation.finished) if operation.finished else None,
    }


OPERATION_COLUMNS = ("id", "resource", "kind", "status", "action", "parameters", "error", "result", "waits_for",
                     "waiting_for", "location", "api_version", "generation", "created_us", "finished_us")


def parse_operation(row: Sequence[Any]) -> Operation:
    """From the columns of ``OPERATION_COLUMNS``, in that order."""
    (operation, resource, kind, status, action, parameters, error, result, waits_for, waiting_for, location,
     api_version, generation, created_us, finished_us) = row
    return Operation(
        operation, _parsed(resource), OperationKind(kind), OperationStatus(status), action, parameters, error, result,
        tuple(waits_for), waiting_for, location, api_version, generation, parse_time(created_us),
        None if finished_us is None else parse_time(finished_us))


def render_activity(activity: Activity) -> Values:
    return {
        "key": activity.resource.key, "resource": str(activity.resource), "action": activity.action,
        "caller": activity.caller, "correlation_id": activity.correlation_id, "outcome": activity.outcome,
        "at_us": render_time(activity.at), "detail": activity.detail, "operation": activity.operation,
        "more": activity.more,
    }


ACTIVITY_COLUMNS = ("resource", "action", "caller", "correlation_id", "outcome", "at_us", "detail",
                    "operation", "more")


def parse_activity(row: Sequence[Any]) -> Activity:
    """From the columns of ``ACTIVITY_COLUMNS``, in that order."""
    resource, action, caller, correlation_id, outcome, at_us, detail, operation, more = row
    return Activity(_parsed(resource), action, caller, correlation_id, outcome, parse_time(at_us), detail, operation,
                    more)
