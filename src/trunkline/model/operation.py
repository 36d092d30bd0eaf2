"""An ARM long-running operation: a durable row, written by the API and resolved by the reconciler."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trunkline.model.resource import Json, ResourceId, now


class OperationKind(StrEnum):
    PUT = "put"
    DELETE = "delete"
    ACTION = "action"  #: a question to the live network; ``action`` names it, ``parameters`` are its input
    DEPLOYMENT = "deployment"  #: succeeds when all of ``waits_for`` have


class OperationStatus(StrEnum):
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def final(self) -> bool:
        return self is not OperationStatus.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class Operation:
    """``generation``: the resource's when the operation began. ``error``: ``{"code", "message", "details"}``.
    ``result``: the JSON body that an action answers with. ``waiting_for``: progress in a user's words."""

    id: str
    resource: ResourceId
    kind: OperationKind
    status: OperationStatus = OperationStatus.IN_PROGRESS
    action: str = ""
    parameters: Json = field(default_factory=dict)
    error: Json | None = None
    result: Json | list[Json] | str | None = None
    waits_for: tuple[str, ...] = ()
    waiting_for: str = ""
    location: str = ""
    api_version: str = ""
    generation: int = 0
    created: datetime = field(default_factory=now)
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """One row of the activity log: who wanted what of which resource, and how it went. ``operation``: whose end is told
    by a row of its own. ``more``: claims of the caller, and what changed, without secrets."""

    resource: ResourceId
    action: str
    caller: str
    correlation_id: str
    outcome: str
    at: datetime = field(default_factory=now)
    detail: str = ""
    operation: str = ""
    more: Json = field(default_factory=dict)
