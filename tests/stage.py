"""A running reconciler over a real store and given drivers, without the API: for tests below the front door."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from threading import Thread

from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.view import CIRCUIT, CONNECTION, CROSS_CONNECTION, EXCHANGE_ORDER, FAULT, GATEWAY, NIC, SITE, VNET
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.reconcile.loop import Reconciler
from trunkline.settings import Places, Timing
from trunkline.store import Store
from waiting import until

TOP_LEVEL = (CONNECTION, FAULT, EXCHANGE_ORDER, GATEWAY, NIC, VNET, SITE, CIRCUIT, CROSS_CONNECTION)
_count = itertools.count()


class Stage:
    """``close`` stops the reconciler only; the network stays, as after a kill."""

    def __init__(self, places: Places, plane: Plane, speaker: Speaker, timing: Timing | None = None) -> None:
        self.places, self.plane, self.speaker = places, plane, speaker
        for directory in (places.home, places.run):
            directory.mkdir(parents=True, exist_ok=True)
        self.store = Store(places.database_url)
        self.reconciler = Reconciler(self.store, plane, speaker, AZURE, timing or Timing())
        self._thread = Thread(target=self.reconciler.run, args=(places.wake_socket, 4), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.reconciler.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def put(self, *resources: Resource, within_s: float = 30) -> None:
        """Write all, wake, and wait until every operation has succeeded."""
        self.settle(self.begin(resources), within_s)

    def begin(self, resources: Iterable[Resource]) -> list[str]:
        operations = []
        with self.store.writing() as writer:
            for resource in resources:
                stored = writer.put(replace(resource, state=ProvisioningState.UPDATING))
                operations.append(f"put-{next(_count)}")
                writer.begin(Operation(operations[-1], stored.id, OperationKind.PUT, generation=stored.generation))
        self.reconciler.wake([str(resource.id) for resource in resources])
        return operations

    def delete(self, *resources: ResourceId, within_s: float = 30) -> None:
        operations = []
        with self.store.writing() as writer:
            for resource in resources:
                writer.set_status(resource, state=ProvisioningState.DELETING)
                operations.append(f"delete-{next(_count)}")
                writer.begin(Operation(operations[-1], resource, OperationKind.DELETE))
        self.reconciler.wake([str(resource) for resource in resources])
        self.settle(operations, within_s)

    def delete_all(self) -> None:
        with self.store.reading() as reader:
            everything = [r.id for kind in TOP_LEVEL for r in reader.list(kind)]
        self.delete(*everything)

    def settle(self, operations: list[str], within_s: float = 30) -> None:
        for operation in operations:
            found = until(partial(self._final, operation), within_s, f"operation {operation} to end")
            assert found.status is OperationStatus.SUCCEEDED, found.error

    def _final(self, operation: str) -> Operation | None:
        with self.store.reading() as reader:
            found = reader.operation(operation)
        return found if found and found.status.final else None

    def ask(self, resource: ResourceId, action: str, **parameters: str) -> object:
        """The JSON body of a live question."""
        operation = f"ask-{next(_count)}"
        with self.store.writing() as writer:
            writer.begin(Operation(operation, resource, OperationKind.ACTION, action=action, parameters=parameters))
        self.reconciler.wake([f"op:{operation}"])
        found = until(lambda: self._final(operation), 10, f"answer to {action}")
        assert found.status is OperationStatus.SUCCEEDED, found.error
        return found.result

    def namespace(self, node: str) -> str:
        return self.places.namespace_prefix + node

    def command(self, node: str, *words: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.namespace(node)}", "--", *words]

    def run(self, node: str, *words: str, timeout_s: float = 20) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(node, *words), capture_output=True, text=True, timeout=timeout_s,
                              check=False)

    def pings(self, node: str, address: str) -> bool:
        return self.run(node, "ping", "-c", "1", "-W", "1", address).returncode == 0
