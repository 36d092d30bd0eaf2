"""Fifty clients at once, on both databases: no lost update, no deadlock, nothing half made, no 5xx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import postgres
from conformance.cloud import Cloud, Heard, running
from conformance.world import VERSION
from waiting import until

CLIENTS, INCREMENTS = 50, 1


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    home = tmp_path_factory.mktemp(f"parallel-{request.param}")
    if request.param == "sqlite":
        with running(home) as found:
            yield found
        return
    with postgres.server() as url, running(home, url) as found:
        yield found


class Client:
    """One of many. ``statuses``: of all its answers."""

    def __init__(self, cloud: Cloud, number: int) -> None:
        self._cloud, self._number = cloud, number
        self._group = f"/subscriptions/{cloud.subscription}/resourceGroups/parallel"
        self._network = f"{self._group}/providers/Microsoft.Network"
        self.statuses: Counter[int] = Counter()

    def ask(self, method: str, tail: str, body: Any = None, match: str = "") -> Heard:
        headers = {"If-Match": match} if match else {}
        got = self._cloud.client.request(method, f"{self._network}/{tail}", params=VERSION, json=body, headers=headers)
        self.statuses[got.status_code] += 1
        return Heard(got.status_code, got.headers, got.json() if got.content else None)

    def live(self) -> None:
        """A life of its own, and a share in what all write."""
        mine, key = f"virtualNetworks/vnet{self._number}", f"expressRouteCircuits/er1/authorizations/a{self._number}"
        prefix = f"10.{self._number}.0.0/16"
        self._ended(self.ask("PUT", mine, {"location": "westus", "properties": {
            "addressSpace": {"addressPrefixes": [prefix]},
            "subnets": [{"name": "default", "properties": {"addressPrefix": prefix}}]}}))
        self._ended(self.ask("PUT", key, {"properties": {}}))
        for _ in range(INCREMENTS):
            self._increment()
        self._ended(self.ask("DELETE", f"{mine}/subnets/default"))
        assert self.ask("GET", mine).body["properties"]["subnets"] == []
        self._ended(self.ask("DELETE", mine))
        self._ended(self.ask("DELETE", key))

    def _increment(self) -> None:
        """Read, add one, write if nobody else has."""
        def kept() -> bool:
            found = self.ask("GET", "virtualNetworks/counter").body
            wanted = {"tags": {"n": str(int(found["tags"]["n"]) + 1)}}
            return self.ask("PATCH", "virtualNetworks/counter", wanted, found["etag"]).status == 200
        until(kept, 60, "a turn at the counter")

    def _ended(self, heard: Heard) -> None:
        assert heard.status in (200, 201, 202), heard.body
        pointer = heard.headers["azure-asyncoperation"]
        until(lambda: self._cloud.send("GET", pointer).body["status"] == "Succeeded", 60, pointer)


def test_fifty_clients_lose_no_update_and_leave_nothing_behind(cloud: Cloud) -> None:
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/parallel"
    cloud.send("PUT", group, {"location": "westus"}, VERSION)
    first = Client(cloud, 0)
    first.ask("PUT", "virtualNetworks/counter", {"location": "westus", "tags": {"n": "0"}, "properties": {
        "addressSpace": {"addressPrefixes": ["192.168.0.0/16"]}}})
    first.ask("PUT", "expressRouteCircuits/er1", {
        "location": "westus", "sku": {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"},
        "properties": {"serviceProviderProperties": {"serviceProviderName": "Equinix", "bandwidthInMbps": 50,
                                                     "peeringLocation": "Silicon Valley"}}})
    clients = [Client(cloud, number) for number in range(1, CLIENTS + 1)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for life in [pool.submit(client.live) for client in clients]:
            life.result()

    statuses = sum((client.statuses for client in clients), Counter[int]())
    assert set(statuses) <= {200, 201, 202, 412}, statuses
    assert first.ask("GET", "virtualNetworks/counter").body["tags"]["n"] == str(CLIENTS * INCREMENTS)
    assert [one["name"] for one in first.ask("GET", "virtualNetworks").body["value"]] == ["counter"]
    assert first.ask("GET", "expressRouteCircuits/er1/authorizations").body["value"] == []


def test_the_same_name_is_created_once(cloud: Cloud) -> None:
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/race"
    cloud.send("PUT", group, {"location": "westus"}, VERSION)
    path = f"{group}/providers/Microsoft.Network/publicIPAddresses/one"
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda n: cloud.send("PUT", path, {"location": "westus", "tags": {"n": str(n)},
                                                                  "properties": {}},
                                                     VERSION), range(CLIENTS)))
    assert Counter(one.status for one in answers) == {201: 1, 200: CLIENTS - 1}
