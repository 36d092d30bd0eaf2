"""A running reconciler over a real store and given drivers, without the API: for tests below the front door."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Thread

from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.drivers import Plane, Speaker
from trunkline.intent.exchange import EXCHANGE, MEMBER
from trunkline.intent.reach import CIRCUIT_CONNECTION
from trunkline.intent.scope import Scope
from trunkline.intent.session_policy import SESSION_POLICY
from trunkline.intent.view import (
    CIRCUIT,
    CONNECTION,
    CROSS_CONNECTION,
    EXCHANGE_ORDER,
    FAULT,
    GATEWAY,
    IMPAIRMENT,
    NIC,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SITE,
    VNET,
)
from trunkline.intent.wan import VIRTUAL_HUB, WAN_GATEWAY
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.profile import AZURE, Profile
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.reconcile.authorities import Authorities
from trunkline.reconcile.loop import Reconciler
from trunkline.reconcile.monitor.watch import Monitor
from trunkline.reconcile.origins import Origins
from trunkline.reconcile.registrar import Registrar
from trunkline.reconcile.validators import validators
from trunkline.settings import Places, Timing
from trunkline.store import Store
from waiting import until

TOP_LEVEL = (CIRCUIT_CONNECTION, MEMBER, EXCHANGE, SESSION_POLICY, WAN_GATEWAY, VIRTUAL_HUB, CONNECTION, FAULT,
             IMPAIRMENT, EXCHANGE_ORDER, GATEWAY, NIC, VNET, SECURITY_GROUP, ROUTE_TABLE, CABLE, SITE, CIRCUIT,
             CROSS_CONNECTION, PORT)
_count = itertools.count()


class InThread:
    """The reconciler in a thread of this process. ``close`` leaves the network as it is, as after a kill."""

    def __init__(self, reconciler: Reconciler, places: Places) -> None:
        self._reconciler = reconciler
        self._thread = Thread(target=reconciler.run, args=(places.wake_socket, 4), daemon=True)
        self._thread.start()

    def wake(self, words: list[str]) -> None:
        self._reconciler.wake(words)

    @property
    def busy(self) -> bool:
        return self._reconciler.busy

    @property
    def monitor(self) -> Monitor:
        return self._reconciler.monitor

    def look_at(self, scopes: Iterable[str]) -> None:
        """Full passes now, as the timer would make them by and by."""
        for scope in scopes:
            self._reconciler.due(Scope.parse(scope))

    def close(self) -> None:
        self._reconciler.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


class Apart:
    """The reconciler as a process of its own, as ``trunkline up`` starts it, to be killed at any moment."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def command(self) -> list[str]:
        return [sys.executable, "-m", "trunkline.assembly", "reconcile"]

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command(), env={**os.environ, "TRUNKLINE_HOME": str(self._places.home)}, stdin=subprocess.DEVNULL)

    def wake(self, words: list[str]) -> None:
        """Nobody may be listening; what is missed is found by looking."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto("\n".join(words).encode(), str(self._places.wake_socket))
            except OSError:
                return

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """What a killed one left goes too: the next may not have come as far as to take its socket over."""
        self._end(signal.SIGTERM)
        self._places.wake_socket.unlink(missing_ok=True)

    def _end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait(20)


class Stage:
    """``close`` stops the reconciler and leaves the network. ``apart``: it runs as a process of its own, with the
    product's settings, or as this one says."""

    def __init__(self, places: Places, plane: Plane, speaker: Speaker, timing: Timing | None = None,
                 profile: Profile = AZURE, apart: bool | type[Apart] = False) -> None:
        self.places, self.plane, self.speaker, self.profile = places, plane, speaker, profile
        for directory in (places.home, places.run):
            directory.mkdir(parents=True, exist_ok=True)
        self.store = Store(places.database_url)
        self.reconciler: Apart | InThread
        if apart:
            self.reconciler = Apart(places) if apart is True else apart(places)
        else:
            self.reconciler = InThread(Reconciler(
                self.store, plane, speaker, profile, timing or Timing(), Authorities(
                    Origins(places, partial(validators, self.store)), Registrar(self.store, places))), places)

    def close(self) -> None:
        self.reconciler.close()
        self.store.close()
        with suppress(OSError):  # a network on the machine has its files there
            self.places.run.rmdir()

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
        self.settle(self.begin_delete(resources), within_s)

    def begin_delete(self, resources: Iterable[ResourceId]) -> list[str]:
        operations = []
        with self.store.writing() as writer:
            for resource in resources:
                writer.set_status(resource, state=ProvisioningState.DELETING)
                operations.append(f"delete-{next(_count)}")
                writer.begin(Operation(operations[-1], resource, OperationKind.DELETE))
        self.reconciler.wake([str(resource) for resource in resources])
        return operations

    def everything(self) -> list[ResourceId]:
        with self.store.reading() as reader:
            return [r.id for kind in TOP_LEVEL for r in reader.list(kind)]

    def delete_all(self) -> None:
        self.delete(*self.everything())

    def look_at_everything(self) -> None:
        with self.store.reading() as reader:
            self.reconciler.look_at(reader.applied_scopes())

    def settle(self, operations: list[str], within_s: float = 30) -> None:
        for operation in operations:
            found = self.ended(operation, within_s)
            assert found.status is OperationStatus.SUCCEEDED, found.error

    def ended(self, operation: str, within_s: float = 30) -> Operation:
        found = until(lambda: self._final(operation), within_s, f"operation {operation} to end")
        assert found
        return found

    def _final(self, operation: str) -> Operation | None:
        with self.store.reading() as reader:
            found = reader.operation(operation)
        return found if found and found.status.final else None

    def ask(self, resource: ResourceId, action: str, **parameters: str) -> object:
        """The JSON body of a live question."""
        found = self.ended(self.begin_question(resource, action, **parameters), 10)
        assert found.status is OperationStatus.SUCCEEDED, found.error
        return found.result

    def begin_question(self, resource: ResourceId, action: str, **parameters: str) -> str:
        operation = f"ask-{next(_count)}"
        with self.store.writing() as writer:
            writer.begin(Operation(operation, resource, OperationKind.ACTION, action=action, parameters=parameters))
        self.reconciler.wake([f"op:{operation}"])
        return operation

    def namespace(self, node: str) -> str:
        return self.places.namespace_prefix + node

    def command(self, node: str, *words: str) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.namespace(node)}", "--", *words]

    def run(self, node: str, *words: str, timeout_s: float = 20) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(node, *words), capture_output=True, text=True, timeout=timeout_s,
                              check=False)

    def pings(self, node: str, address: str) -> bool:
        return self.run(node, "ping", "-c", "1", "-W", "0.5", address).returncode == 0
