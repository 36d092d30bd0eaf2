"""What ends by itself: rehearsed faults, impairments and containments, at their time or with their network, and link
failover tests that nobody stops."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from trunkline.intent.view import CIRCUIT, FAULT, IMPAIRMENT
from trunkline.model.containment import CONTAINMENT
from trunkline.model.failover import LinkTest, TestStatus, link_tests, with_link_tests
from trunkline.model.operation import Operation, OperationKind
from trunkline.model.resource import ProvisioningState, ResourceId, now
from trunkline.store import Reader, Store

_REHEARSED = (FAULT, IMPAIRMENT)
_ENDING = (*_REHEARSED, CONTAINMENT)
_AT_REST = (ProvisioningState.SUCCEEDED, ProvisioningState.FAILED, ProvisioningState.CANCELED)


def end_expired(store: Store) -> tuple[ResourceId, ...]:
    """Begins the deletion of those whose time is over."""
    with store.reading() as reader:
        over = tuple(found for kind in _ENDING for found, until in _running(reader, kind) if until <= now())
    return _end(store, over)


def end_rehearsals(store: Store) -> tuple[ResourceId, ...]:
    """All of them: the network in which they stood was taken down, or went with the machine."""
    with store.reading() as reader:
        found = tuple(found for kind in _REHEARSED for found, _ in _running(reader, kind))
    return _end(store, found)


def end_tests(store: Store) -> tuple[ResourceId, ...]:
    """A circuit that is being written is looked at again later; one that failed has a leg to give back all the same."""
    with store.reading() as reader:
        over = tuple(circuit for circuit in reader.list(CIRCUIT) if circuit.state in _AT_REST
                     and any(map(_overdue, link_tests(circuit))))
    for circuit in over:
        tests = tuple(test.model_copy(update={"status": TestStatus.EXPIRED, "end_time": now().isoformat()})
                      if _overdue(test) else test for test in link_tests(circuit))
        with store.writing() as writer:
            stored = writer.put(replace(circuit, system=with_link_tests(circuit, tests),
                                        state=ProvisioningState.UPDATING), circuit.etag)
            writer.begin(Operation(f"expired-{time.time_ns():x}", circuit.id, OperationKind.PUT,
                                   generation=stored.generation))
    return tuple(circuit.id for circuit in over)


def _overdue(test: LinkTest) -> bool:
    return test.running and test.ends <= now()


def _running(reader: Reader, kind: str) -> Iterator[tuple[ResourceId, datetime]]:
    return ((found.id, datetime.fromisoformat(found.system["expiresAt"]))
            for found in reader.list(kind) if not found.deleting)


def _end(store: Store, resources: tuple[ResourceId, ...]) -> tuple[ResourceId, ...]:
    for resource in resources:
        with store.writing() as writer:
            writer.set_status(resource, state=ProvisioningState.DELETING)
            writer.begin(Operation(f"expired-{time.time_ns():x}", resource, OperationKind.DELETE))
    return resources
