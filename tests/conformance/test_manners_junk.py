"""Whatever a client sends, to whatever type we really have: ARM's envelope or a proper answer, never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arm import Arm
from trunkline.api.resources import registry

#: What well-formed requests look like, to be spoilt in one place or another.
BODIES: dict[str, Any] = {
    "Microsoft.Network/expressRouteCircuits/er1": {
        "location": "westus", "sku": {"name": "Premium_MeteredData", "tier": "Premium", "family": "MeteredData"},
        "properties": {"serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Amsterdam",
                                                     "bandwidthInMbps": 50}, "peerings": [], "authorizations": []}},
    "Microsoft.Network/expressRouteCircuits/base/peerings/AzurePrivatePeering": {"properties": {
        "peeringType": "AzurePrivatePeering", "peerASN": 65001, "vlanId": 10, "sharedKey": "abc",
        "primaryPeerAddressPrefix": "10.0.0.0/30", "secondaryPeerAddressPrefix": "10.0.0.4/30"}},
    "Microsoft.Network/expressRouteCircuits/base/authorizations/a": {"properties": {}},
    "Microsoft.Network/virtualNetworks/v1": {"location": "westus", "properties": {
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "subnets": [{"name": "s", "properties": {"addressPrefix": "10.1.0.0/24"}}]}},
    "Microsoft.Network/networkInterfaces/n1": {"location": "westus", "properties": {"ipConfigurations": [
        {"name": "c", "properties": {"subnet": {"id": "/subscriptions/s"}, "privateIPAddress": "10.1.0.4"}}]}},
    "Microsoft.Network/publicIPAddresses/p1": {"location": "westus", "sku": {"name": "Standard"}, "properties": {
        "publicIPAllocationMethod": "Static"}},
    "Microsoft.Network/publicIPPrefixes/pp1": {"location": "westus", "sku": {"name": "Standard"}, "zones": ["1"],
                                               "properties": {"prefixLength": 28}},
    "Microsoft.Network/natGateways/ng1": {"location": "westus", "sku": {"name": "Standard"}, "properties": {}},
    "Microsoft.Network/virtualNetworkGateways/g1": {"location": "westus", "properties": {
        "gatewayType": "ExpressRoute", "sku": {"name": "Standard", "tier": "Standard"}, "ipConfigurations": [
            {"name": "c", "properties": {"subnet": {"id": "/subscriptions/s"}}}]}},
    "Microsoft.Network/connections/c1": {"location": "westus", "properties": {
        "connectionType": "ExpressRoute", "virtualNetworkGateway1": {"id": "/subscriptions/s"},
        "peer": {"id": "/subscriptions/s"}, "routingWeight": 10, "authorizationKey": "k"}},
    "Trunkline.Site/sites/s1": {"location": "westus", "properties": {
        "asn": 65001, "prefixes": ["10.9.0.0/16"], "lan": "10.9.0.0/24", "routers": [{"name": "ce1"}],
        "hosts": [{"name": "h1", "address": "10.9.0.9"}]}},
    "Trunkline.Exchange/virtualCrossConnects/x1": {"location": "westus", "properties": {
        "serviceKey": "k", "site": {"id": "/subscriptions/s"}, "primary": {"router": "ce1", "sharedKey": "k"}}},
    "Trunkline.Plant/faults/f1": {"location": "westus", "properties": {
        "circuit": {"id": "/subscriptions/s"}, "leg": "primary", "expiresInSeconds": 9}},
    "Microsoft.Resources/deployments/d1": {"properties": {"mode": "Incremental", "parameters": {}, "template": {
        "parameters": {}, "variables": {}, "outputs": {"o": {"type": "string", "value": "[concat('a')]"}},
        "resources": [{"type": "Microsoft.Network/publicIPAddresses", "name": "p", "apiVersion": "2025-01-01",
                       "location": "westus", "properties": {}}]}}},
}

JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-5, 70000), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12), st.just([]), st.just({}), st.just([[]]), st.just({"id": "/subscriptions/x"}),
    st.just({"id": 5}), st.just("10.0.0.0/33"), st.just("::/0"), st.just("0.0.0.0/0"), st.just("[concat("),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2))


@st.composite
def spoilt(draw: st.DrawFn, body: Any) -> Any:
    """The body with one member, anywhere, replaced by junk or left out."""
    if isinstance(body, dict) and body and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(body)))
        if not draw(st.integers(0, 9)):
            return {key: value for key, value in body.items() if key != name}
        return {**body, name: draw(spoilt(body[name]))}
    if isinstance(body, list) and body and draw(st.integers(0, 9)):
        return [draw(spoilt(body[0])), *body[1:]]
    return draw(JUNK)


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    home: Path = tmp_path_factory.mktemp("junk")
    service = Arm(home, registry)
    service.account = "operator"
    service.create_group()
    base = BODIES["Microsoft.Network/expressRouteCircuits/er1"]
    service.make(f"{service.group}/providers/Microsoft.Network/expressRouteCircuits/base", base)
    yield service
    service.close()


def proper(arm: Arm, method: str, path: str, content: str | bytes) -> None:
    reply = arm.send(method, path, content, {"authorization": f"Bearer {TOKENS[id(arm)]}",
                                             "content-type": "application/json"})
    assert reply.status < 500, f"{method} {path} {content!r}: {reply.body}"
    if reply.status >= 400 and method != "HEAD":
        assert set(reply.body["error"]) >= {"code", "message", "details"}


TOKENS: dict[int, str] = {}


@pytest.fixture(autouse=True, scope="module")
def token(arm: Arm) -> None:
    TOKENS[id(arm)] = arm.token()


@pytest.mark.parametrize("path", sorted(BODIES))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spoilt_body_is_answered(arm: Arm, path: str, data: st.DataObject) -> None:
    body = data.draw(spoilt(BODIES[path]))
    method = data.draw(st.sampled_from(["PUT", "PUT", "PUT", "PATCH"]))
    proper(arm, method, f"{arm.group}/providers/{path}?api-version=2025-01-01", json.dumps(body))
    arm.network.settle()
    proper(arm, "GET", f"{arm.group}/providers/{path}?api-version=2025-01-01", b"")


WORDS = st.sampled_from([
    "subscriptions", "resourceGroups", "rg1", "providers", "Microsoft.Network", "expressRouteCircuits", "base",
    "peerings", "arpTables", "primary", "stats", "locations", "operations", "operationResults", "Microsoft.Resources",
    "deployments", "validate", "Trunkline.Plant", "expressRouteServiceProviders", "..", "%2F", "", "x"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(WORDS | st.text(max_size=5), max_size=9), mine=st.booleans(),
       query=st.dictionaries(st.sampled_from(["api-version", "$top", "$skipToken", "$filter", "peer"]),
                             st.text(max_size=8) | st.just("2025-01-01"), max_size=3),
       method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]),
       content=st.binary(max_size=20) | st.just(b"{}"))
def test_any_path_is_answered(arm: Arm, pieces: list[str], mine: bool, query: dict[str, str], method: str,
                              content: bytes) -> None:
    words = [*(arm.group.strip("/").split("/") if mine else []), *(quote(p, safe="%") for p in pieces)]
    if method == "DELETE" and len(pieces) < 2:
        return
    asked = "&".join(f"{quote(name)}={quote(value)}" for name, value in query.items())
    proper(arm, method, f"/{'/'.join(words)}?{asked}", content)
