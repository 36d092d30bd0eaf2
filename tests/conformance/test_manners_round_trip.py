"""Whatever a client has read it may write back: for every type that can be written, made from the declarations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from conformance.cloud import Heard
from conformance.window import GROUP, Window
from conformance.world import World
from trunkline.api.declaration import ResourceType
from trunkline.api.resources import registry

#: Names that are not free; of types that the network provider has, the rest are called "one".
_NAMES = {"peerings": "AzurePrivatePeering"}

#: Parents of another kind than most of their type: a Route Server, a VPN gateway.
_PARENTS = {"virtualHubs/ipConfigurations": "route-server", "virtualNetworkGateways/natRules": "vpn"}


def written_by_clients(kind: ResourceType) -> bool:
    return not (kind.catalogue or kind.view or kind.read_only or kind.mirror or kind.updated_only or kind.extension
                or "PUT" in kind.refused)


#: Types of other providers have their own tests of this.
_TYPES = sorted(kind.name for kind in registry("provider").types.values()
                if kind.name.startswith("Microsoft.Network/") and written_by_clients(kind))


class Indoors:
    """What a world asks of a cloud, from the window: everything is realised as soon as it is asked for."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.subscription = window.accounts.customer_subscription
        self.provider_subscription = window.accounts.provider_subscription

    def send(self, method: str, url: str, body: Any = None, query: Mapping[str, str] | None = None) -> Heard:
        reply = self._window.request(method, urlsplit(url).path, body, query)
        self._window.settle()
        return Heard(reply.status, reply.headers, reply.body)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    return World(cast(Any, Indoors(Window(tmp_path_factory.mktemp("round") / "home"))), GROUP)


def far_circuit(world: World, path: str) -> None:
    """Global Reach wants two circuits at different locations."""
    far = world.path("expressRouteCircuits/another-circuit")
    world.put(far, {"location": "westus", "sku": {"tier": "Premium", "family": "MeteredData"}, "properties": {
        "serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Amsterdam",
                                      "bandwidthInMbps": 200}}})
    world.provision(far)
    world.ensure(path)


def linked(world: World, path: str) -> None:
    gateway, circuit = (world.path(tail) for tail in ("virtualNetworkGateways/one", "expressRouteCircuits/linked"))
    for one in (gateway, circuit, f"{circuit}/peerings/AzurePrivatePeering"):
        world.ensure(one)
    made = world.put(path, {"location": "westus", "properties": {
        "connectionType": "ExpressRoute", "virtualNetworkGateway1": {"id": gateway}, "peer": {"id": circuit}}})
    assert made.status == 201, made.body


def made(world: World, path: str) -> None:
    if path.endswith("peerings/AzurePrivatePeering/connections/one"):
        far_circuit(world, path)
    else:
        linked(world, path)


#: Where a sample alone does not do.
_PREPARED = {"connections": made}


def without_etags(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_etags(one) for name, one in value.items() if name != "etag"}
    return [without_etags(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", _TYPES)
def test_what_was_read_is_written_back_without_a_change(world: World, name: str) -> None:
    types = name.split("/")[1:]
    first = _PARENTS.get("/".join(types), "one")
    path = world.path("/".join(f"{one}/{_NAMES.get(one, 'one')}" for one in types).replace("one", first, 1))
    _PREPARED.get(name.rpartition("/")[2], World.ensure)(world, path)
    read = world.cloud.send("GET", path)
    assert read.status == 200, read.body
    again = world.cloud.send("PUT", path, read.body)
    assert again.status == 200, again.body
    assert without_etags(world.cloud.send("GET", path).body) == without_etags(read.body)
