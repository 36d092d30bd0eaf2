"""One writing transaction on behalf of somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from trunkline.api.access.changes import changes, claims
from trunkline.api.access.permissions import forbidden
from trunkline.api.accounts import Account
from trunkline.api.declaration import Registry
from trunkline.api.exchange import Call
from trunkline.api.service import Service
from trunkline.api.throttle import Busy
from trunkline.errors import Fault
from trunkline.model.operation import Activity, Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, Resource, now
from trunkline.store import Writer


@dataclass(frozen=True, slots=True)
class Author:
    """``subscription``: the one in the request's path, under which its operations are asked for; a mirrored resource is
    stored in another."""

    account: Account
    subscription: str
    permits: Callable[[str, str], bool]  #: whether the author may do an action in a scope
    correlation_id: str = ""
    api_version: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The action that an operation is for, and its result if that is known already."""

    action: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    result: Json | str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    registry: Registry
    writer: Writer
    author: Author
    touched: list[str] = field(default_factory=list)  #: words for the reconciler once the transaction has ended well
    query: Mapping[str, str] = field(default_factory=dict)  #: of the request, names in lower case
    begun: dict[str, Operation] = field(default_factory=dict)  #: by the key of the resource

    def begin(self, kind: OperationKind, resource: Resource, location: str, at_once: bool = False,
              asked: Asked = Asked(), obstacle: Fault | None = None) -> Operation:
        """A write's operation for the reconciler; with ``at_once`` there is nothing for it to do, with an ``obstacle``
        it has failed."""
        ended = OperationStatus.FAILED if obstacle else OperationStatus.SUCCEEDED
        operation = Operation(
            id=str(uuid4()), resource=resource.id, kind=kind, location=location, api_version=self.author.api_version,
            generation=resource.generation, action=asked.action, result=asked.result,
            parameters={**asked.parameters, "subscription": self.author.subscription.lower(),
                        "caller": self.author.account.object_id},
            status=ended if at_once else OperationStatus.IN_PROGRESS,
            error={"code": obstacle.code, "message": str(obstacle), "details": []} if obstacle else None,
            finished=now() if at_once else None)
        self.writer.begin(operation)
        self.begun[resource.id.key] = operation
        self.touched.append(resource.id.key)
        return operation

    def unpermitted(self, resource: Resource) -> Iterator[Fault]:
        """What its type needs beside the write or deletion itself, and the author may not do."""
        kind = self.registry.find(resource.id.type)
        for action in kind.needs(resource) if kind else ():
            if not self.author.permits(action, resource.id.key):
                yield forbidden(self.author.account, action, str(resource.id))

    def busy(self, resource: Resource) -> Busy:
        """For a resource that is being deleted, with where to see how far that is."""
        running = next(iter(self.writer.running(resource.id)), None)
        uri = (f" To retrieve status of the operation use uri: {self.author.origin}/subscriptions/"
               f"{self.author.subscription}/providers/{resource.id.namespace}/locations/{running.location}/operations/"
               f"{running.id}?api-version={running.api_version or self.author.api_version}.") if running else ""
        return Busy(f"Another operation on this or dependent resource is in progress: {resource.id} is being deleted. "
                    f"Wait until it is gone, then create it again.{uri}")

    def log(self, resource: Resource, verb: str, outcome: str = "", before: Resource | None = None,
            kept: bool = True) -> None:
        """``outcome``: as its operation stands, unless told. ``before``: what a write replaced; ``kept``: whether the
        resource is there afterwards."""
        operation = self.begun.get(resource.id.key)
        running = operation is not None and not operation.status.final
        told = outcome or ("Accepted" if running or operation is None else operation.status.value)
        self.writer.log(Activity(
            resource.id, f"{resource.id.type}/{verb}", self.author.account.client_id, self.author.correlation_id, told,
            operation=operation.id if operation and running else "",
            more={"claims": claims(self.author.account), **changes(before, resource if kept else None)}))


@contextmanager
def writing(service: Service, call: Call) -> Iterator[Turn]:
    """One transaction for the caller; the reconciler hears of it when it is kept."""
    author = Author(call.account, call.names["subscription"], partial(service.permissions.permits, call.account),
                    call.correlation_id, call.api_version,
                    call.origin)
    with service.store.writing() as writer:
        turn = Turn(service.registry, writer, author, query=call.query)
        yield turn
    if turn.touched:
        service.wake(turn.touched)
