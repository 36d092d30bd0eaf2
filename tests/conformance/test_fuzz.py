"""Requests that a generator makes of Microsoft's description: never a 5xx, never silence, nothing half made.

Bodies fit the schema's types and nothing else: names that are none, prefixes that are words, links into nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from conformance import swagger
from conformance.bundle import bundle
from conformance.cloud import Cloud, running
from conformance.world import VERSION
from trunkline.api.declaration import Registry
from trunkline.api.resources import registry
from waiting import until

_FILES = ("expressRouteCircuit", "expressRouteCrossConnection", "expressRoutePort", "expressRouteProviderPort",
          "networkInterface", "networkSecurityGroup", "publicIpAddress", "routeFilter", "routeTable",
          "serviceCommunity", "serviceTags", "usage", "virtualNetwork", "virtualNetworkGateway", "virtualWan",
          "ddosProtectionPlan")

#: Requests for each operation.
_TRIES = 6


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    swagger.reference()
    with running(tmp_path_factory.mktemp("fuzz")) as found:
        found.send("PUT", f"/subscriptions/{found.subscription}/resourceGroups/storm", {"location": "westus"}, VERSION)
        yield found


@cache
def _registry() -> Registry:
    return registry("provider")


def _declared(kind: str) -> bool:
    """Whether the type is ours, or what the type stands before (an action's path ends with its name)."""
    names = [f"Microsoft.Network/{one}" for one in (kind, kind.rpartition("/")[0])]
    return any(_registry().find(one) for one in names)


@pytest.mark.parametrize("file", _FILES)
def test_no_request_is_answered_with_a_5xx_or_not_at_all(cloud: Cloud, file: str) -> None:
    places = {"subscriptionId": cloud.subscription, "resourceGroupName": "storm"}
    spec = bundle(f"{file}.json", _declared, places)
    schema = schemathesis.openapi.from_dict(spec)
    seen: Counter[int] = Counter()
    for found in schema.get_all_operations():
        _storm(cloud, found.ok(), seen)
    assert seen
    assert max(seen) < 500


def _storm(cloud: Cloud, operation: Any, seen: Counter[int]) -> None:
    @settings(max_examples=_TRIES, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        told = case.as_transport_kwargs(base_url=cloud.url)
        got = cloud.client.request(told["method"], told["url"], params=told.get("params"), json=told.get("json"))
        seen[got.status_code] += 1
        assert got.status_code < 500, f"{told['method']} {told['url']} {told.get('json')}: {got.text}"
        assert got.status_code < 400 or got.status_code == 404 or got.json()["error"]["code"]
    ask()


def test_after_the_storm_everything_is_whole_and_can_be_deleted(cloud: Cloud) -> None:
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/storm"

    def rows() -> list[Any]:
        return list(cloud.send("GET", f"{group}/resources", None, VERSION).body["value"])

    def ended() -> bool:
        shown = [cloud.send("GET", row["id"], None, VERSION) for row in rows()]
        return all(one.status == 200 and one.body["properties"]["provisioningState"] in ("Succeeded", "Failed")
                   for one in shown)
    until(ended, 60, "every resource to be Succeeded or Failed")
    cloud.send("DELETE", group, None, VERSION)
    until(lambda: cloud.send("GET", group, None, VERSION).status == 404, 60, "the group to be gone")
