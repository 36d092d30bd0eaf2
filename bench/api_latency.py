"""Latency of the API under 50 parallel clients.

    python bench/api_latency.py [SECONDS]       per part, default 15

Budgets: p99 at most 50 ms for reads and 200 ms for writes, no 5xx.

A whole service with simulated drivers, so that the two cores are the API's, the reconciler's and the clients'. Each
client keeps one HTTPS connection, open before the clock runs, and a resource group of its own with a virtual network
and a circuit in it. Of twenty requests four write (a virtual network with a new tag), one lists all circuits of the
subscription (as many as there are clients), three those of the group, the others read a circuit or a virtual network,
as one does that waits for its operation. ``paced``: each client asks twice a second. ``closed``: each asks again as
soon as it has been answered, so latency is the number of clients divided by what the service can do; it tells the
throughput, and no budget is meant for it. Once with SQLite, once with a PostgreSQL server that is started for it, whose
fsync is off. A write's latency ends with its answer (200 or 201), not with the operation.
"""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from stand import Clients, postgres, report, service, spread
from trunkline.cli.client import unwatched

_CLIENTS = 50
_PACE_S = 0.5
_VERSION = "api-version=2024-05-01"


@dataclass
class Tally:
    """One client's: milliseconds by kind of request, and answers by status."""

    latency_ms: dict[str, list[float]] = field(default_factory=lambda: {"read": [], "write": []})
    statuses: Counter[int] = field(default_factory=Counter)


class Caller:
    """One of the parallel clients."""

    def __init__(self, url: str, trust: ssl.SSLContext, token: str, group: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=trust, timeout=60)
        self._connection.connect()
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        network = f"{group}/providers/Microsoft.Network"
        subscription = group.rpartition("/resourceGroups/")[0]
        self._vnet = f"{network}/virtualNetworks/hub"
        circuit, every = f"{network}/expressRouteCircuits/er1", f"{network}/expressRouteCircuits"
        one = (circuit, self._vnet)
        self._turns = (*one, every, *one, "", *one, every, *one, "", *one, every, "", *one, "",
                       f"{subscription}/providers/Microsoft.Network/expressRouteCircuits")
        self.tally = Tally()

    def run(self, end: float, pace_s: float, first: int) -> None:
        """``first``: where in the sequence it begins, so that the clients do not all do the same."""
        turn, due = first, time.monotonic() + pace_s * first / _CLIENTS
        while (now := time.monotonic()) < end:
            if now < due:
                time.sleep(due - now)
                continue
            due += pace_s
            turn += 1
            if path := self._turns[turn % len(self._turns)]:
                self._ask("read", "GET", path)
            else:
                self._ask("write", "PUT", self._vnet, vnet(str(turn)))

    def _ask(self, kind: str, method: str, path: str, body: dict[str, object] | None = None) -> None:
        began = time.perf_counter()
        self._connection.request(method, f"{path}?{_VERSION}", json.dumps(body) if body else None, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        self.tally.latency_ms[kind].append((time.perf_counter() - began) * 1000)
        self.tally.statuses[answer.status] += 1


def vnet(tag: str) -> dict[str, object]:
    return {"location": "westeurope", "tags": {"turn": tag},
            "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}


def build(clients: Clients) -> list[str]:
    """A group for each client; their paths."""
    customer = clients.named("customer")
    groups = [f"/subscriptions/{customer.account.subscription}/resourceGroups/rg{n}" for n in range(_CLIENTS)]
    for group in groups:
        customer.put(group, {"location": "westeurope"})
        customer.put(f"{group}/providers/Microsoft.Network/virtualNetworks/hub", vnet("0"), unwatched)
        customer.put(f"{group}/providers/Microsoft.Network/expressRouteCircuits/er1", {
            "location": "westeurope", "sku": {"name": "Standard_MeteredData", "tier": "Standard",
                                              "family": "MeteredData"},
            "properties": {"serviceProviderProperties": {
                "serviceProviderName": "Equinix", "peeringLocation": "Amsterdam", "bandwidthInMbps": 1000}}})
    return groups


def load(callers: list[Caller], seconds: float, pace_s: float) -> dict[str, object]:
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=caller.run, args=(end, pace_s, index))
               for index, caller in enumerate(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses: Counter[int] = sum((caller.tally.statuses for caller in callers), Counter())
    every = {kind: [one for caller in callers for one in caller.tally.latency_ms[kind]] for kind in ("read", "write")}
    return {"requests_per_s": round(statuses.total() / seconds), "read_ms": spread(every["read"], 1),
            "write_ms": spread(every["write"], 1), "statuses": {str(one): n for one, n in sorted(statuses.items())},
            "5xx": sum(n for status, n in statuses.items() if status >= 500)}


def measure(seconds: float, database: str, database_url: str = "") -> None:
    with service("--simulation", database_url=database_url) as (running, clients):
        groups = build(clients)
        customer = clients.named("customer")
        trust = ssl.create_default_context(cafile=running.instance.settings.places.ca)
        url, token = running.instance.url(), customer.access_token()
        for name, pace_s in (("paced", _PACE_S), ("closed", 0.0)):
            callers = [Caller(url, trust, token, group) for group in groups]
            report("api_latency", {"part": name, "database": database, "clients": _CLIENTS,
                                   **load(callers, seconds, pace_s)})


if __name__ == "__main__":
    wanted_s = float(sys.argv[1]) if sys.argv[1:] else 15.0
    measure(wanted_s, "sqlite")
    with postgres.server() as found:
        measure(wanted_s, "postgresql", found)
