"""The API when ten thousand circuits are stored.

    python bench/many_stored.py [CIRCUITS] [REPETITIONS]        default 10000 50

Budgets: reads p99 at most 50 ms, writes 200 ms, start within 3 s; the memory of both processes is stated.

One circuit and its cross connection are ordered through the API, then copied in the store under other names, keys and
numbers, and the service is started anew. One client, one connection, requests one after the other; a list is one page.
Baseline in the same run: the same requests with one circuit stored.
"""

from __future__ import annotations

import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx

from stand import Service, connected, report, service, spread, timed_s
from trunkline.model.resource import Resource, ResourceId
from trunkline.store import Store, Writer

_CIRCUITS, _TWINS = "Microsoft.Network/expressRouteCircuits", "Microsoft.Network/expressRouteCrossConnections"
_BATCH = 500
_STARTS = 5
_VERSION = "api-version=2024-05-01"


def order(place: str = "Amsterdam") -> dict[str, object]:
    return {"location": "westeurope", "sku": {"name": "Standard_MeteredData", "tier": "Standard",
                                              "family": "MeteredData"},
            "properties": {"serviceProviderProperties": {
                "serviceProviderName": "Equinix", "peeringLocation": place, "bandwidthInMbps": 1000}}}


def copy(writer: Writer, circuit: Resource, twin: Resource, number: int) -> None:
    key = str(uuid4())
    names = replace(circuit.id, names=(f"er{number:05}",))
    other = replace(twin.id, names=(key,))
    system = {**circuit.system, "number": writer.allocate("circuit", names.key), "stag": number % 4094 + 1,
              "serviceKey": key, "alias": key, "resourceGuid": str(uuid4()), "twin": {"id": str(other)}}
    writer.put(replace(circuit, id=names, system=system, etag=""))
    pointer = {"id": str(names)}
    writer.put(replace(twin, id=other, system={**twin.system, "circuit": pointer}, etag="",
                       properties={**twin.properties, "expressRouteCircuit": pointer}))


def fill(url: str, circuit: ResourceId, count: int) -> None:
    store = Store(url, durable=False)
    with store.reading() as reader:
        first = reader.get(circuit)
        twin = reader.get(ResourceId.parse(first.system["twin"]["id"])) if first else None
    assert first
    assert twin
    for begin in range(2, count + 1, _BATCH):
        with store.writing() as writer:
            for number in range(begin, min(begin + _BATCH, count + 1)):
                copy(writer, first, twin, number)
    store.close()


def spread_ms(repetitions: int, act: Callable[[], object]) -> dict[str, float]:
    return spread([timed_s(act) * 1000 for _ in range(repetitions)], 1)


@contextmanager
def speaking(running: Service) -> Iterator[httpx.Client]:
    """One connection, as the customer."""
    trust = ssl.create_default_context(cafile=running.instance.settings.places.ca)
    with connected(running.instance) as clients:
        headers = {"Authorization": f"Bearer {clients.named('customer').access_token()}"}
        with httpx.Client(base_url=running.instance.url(), headers=headers, verify=trust, timeout=60) as client:
            yield client


def ask(client: httpx.Client, method: str, path: str, body: object = None) -> None:
    separator = "&" if "?" in path else "?"
    client.request(method, f"{path}{separator}{_VERSION}", json=body).raise_for_status()


def requests(client: httpx.Client, group: str, repetitions: int) -> dict[str, object]:
    subscription = group.rpartition("/resourceGroups/")[0]
    middle, numbers = f"{group}/providers/{_CIRCUITS}/er1", iter(range(1_000_000))
    named = "$filter=resourceType eq 'Microsoft.Network/expressRouteCircuits' and name eq 'er1'"

    def create() -> None:
        ask(client, "PUT", f"{group}/providers/{_CIRCUITS}/new{next(numbers)}-{time.monotonic_ns()}", order("Paris"))

    listed = f"{subscription}/providers/{_CIRCUITS}"
    return {
        "show_ms": spread_ms(repetitions, lambda: ask(client, "GET", middle)),
        "list_group_ms": spread_ms(repetitions, lambda: ask(client, "GET", f"{group}/providers/{_CIRCUITS}")),
        "list_subscription_ms": spread_ms(repetitions, lambda: ask(client, "GET", listed)),
        "filter_ms": spread_ms(repetitions, lambda: ask(client, "GET", f"{subscription}/resources?{named}")),
        "create_ms": spread_ms(repetitions, create),
    }


def start(running: Service) -> None:
    running.trunkline("up", "-d", "--simulation", "--port", str(running.port), "-o", "json")


def restart_s(running: Service) -> float:
    running.trunkline("down")
    return timed_s(lambda: start(running))


def resident_mb(running: Service) -> dict[str, float]:
    """Of the service's processes, by what they are."""
    found: dict[str, float] = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = path.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        if "trunkline.assembly" in words and str(running.home) in (path.parent / "environ").read_text(errors="replace"):
            status = (path.parent / "status").read_text()
            size = next(line for line in status.splitlines() if line.startswith("VmRSS"))
            found[words[-1]] = round(int(size.split()[1]) / 1024, 1)
    return found


def measure(count: int, repetitions: int) -> None:
    os.environ["TRUNKLINE_CIRCUIT_QUOTA"] = str(count + 10 * repetitions)
    with service("--simulation") as (running, clients):
        customer = clients.named("customer")
        group = f"/subscriptions/{customer.account.subscription}/resourceGroups/many"
        customer.put(group, {"location": "westeurope"})
        circuit = f"{group}/providers/{_CIRCUITS}/er1"
        customer.put(circuit, order())
        with speaking(running) as client:
            report("many_stored", {"circuits": 1, **requests(client, group, repetitions)})
        running.trunkline("down")
        filled_s = timed_s(lambda: fill(running.instance.settings.database_url, ResourceId.parse(circuit), count))
        start(running)  # which tidies up after the filling
        started_s = [restart_s(running) for _ in range(_STARTS)]
        report("many_stored", {"circuits": count, "filled_s": round(filled_s, 1), "start_s": spread(started_s)})
        with speaking(running) as client:
            report("many_stored", {"circuits": count, **requests(client, group, repetitions),
                                   "resident_mb": resident_mb(running)})


if __name__ == "__main__":
    measure(*(int(word) for word in (*sys.argv[1:], *("10000", "50")[len(sys.argv) - 1:])))
