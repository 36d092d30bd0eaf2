"""The front door with nobody behind it: the real app over a real store, and operations that succeed when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from trunkline.api.access.directory import Directory
from trunkline.api.access.issuers import Issuers
from trunkline.api.access.principals import Principals
from trunkline.api.accounts import Accounts
from trunkline.api.app import create_app
from trunkline.api.resources import registry
from trunkline.api.token import Tokens, load_key
from trunkline.reconcile import finish
from trunkline.reconcile.registrar import Registrar
from trunkline.settings import Places, load
from trunkline.store import Store

GROUP = "rg1"


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> str:
        return str(self.body["error"]["code"])


class Window:
    """Requests as the operator, who may use both subscriptions. A tail is what follows the group's providers."""

    def __init__(self, home: Path) -> None:
        settings = load({"TRUNKLINE_RUN": str(home / "run")}, str(home))
        places: Places = settings.places
        places.ca.parent.mkdir(parents=True)
        directory = Directory(places)
        self.accounts: Accounts = directory.accounts
        self.store = Store(settings.database_url)
        self._registrar = Registrar(self.store, places)
        app = create_app(settings, self.store, registry(self.accounts.provider_subscription), directory,
                         lambda _keys: None)
        self._transport, self._url = httpx.ASGITransport(app), settings.endpoint.url
        operator = next(account for account in self.accounts.accounts if account.operator)
        principals = Principals(directory, self.store, Issuers(()))
        tokens = Tokens(load_key(places.ca.parent), principals, settings.endpoint.url, ())
        self._headers = {"authorization": f"Bearer {tokens.issue(operator, settings.endpoint.url)}"}
        self.request("PUT", f"{self.subscription}/resourceGroups/{GROUP}", {"location": "westus"})

    @property
    def subscription(self) -> str:
        return f"/subscriptions/{self.accounts.customer_subscription}"

    def path(self, tail: str, namespace: str = "Microsoft.Network") -> str:
        return f"{self.subscription}/resourceGroups/{GROUP}/providers/{namespace}/{tail}"

    def request(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Reply:
        content = None if body is None else json.dumps(body)
        got = asyncio.run(self._send(method, path, content, {"api-version": "2023-09-01", **(query or {})}))
        return Reply(got.status_code, got.json() if got.content else None, dict(got.headers))

    async def _send(self, method: str, path: str, content: str | None, query: Mapping[str, str]) -> httpx.Response:
        headers = {**self._headers, "content-type": "application/json"}
        async with httpx.AsyncClient(transport=self._transport, base_url=self._url, headers=headers) as client:
            return await client.request(method, path, params=query, content=content)

    def put(self, tail: str, properties: Any, namespace: str = "Microsoft.Network", **top: Any) -> Reply:
        """Written and realised."""
        body = {"location": "westus", "properties": properties, **top}
        reply = self.request("PUT", self.path(tail, namespace), body)
        assert reply.status in (200, 201), reply.body
        self.settle()
        return reply

    def get(self, tail: str, namespace: str = "Microsoft.Network") -> Any:
        reply = self.request("GET", self.path(tail, namespace))
        assert reply.status == 200, reply.body
        return reply.body

    def settle(self) -> None:
        """Everything that was asked for is realised, as the reconciler would say."""
        with self.store.reading() as reader:
            pending = reader.pending()
        for operation in pending:
            self._registrar.judge(operation.resource)
            finish.succeed(self.store, [operation.id])

    def answer_with(self, result: Any) -> None:
        """The network's answer to the action that waits."""
        with self.store.reading() as reader:
            operation, = reader.pending()
        finish.answer(self.store, operation.id, result)


def provision(window: Window, circuit: str = "er1", state: str = "Provisioned", location: str = "Amsterdam") -> str:
    """As the provider; answers the path of the cross connection."""
    key = window.get(f"expressRouteCircuits/{circuit}")["properties"]["serviceKey"]
    path = (f"/subscriptions/{window.accounts.provider_subscription}/resourceGroups/CrossConnection-{location}"
            f"/providers/Microsoft.Network/expressRouteCrossConnections/{key}")
    twin = window.request("GET", path).body
    twin["properties"]["serviceProviderProvisioningState"] = state
    assert window.request("PUT", path, twin).status == 200
    window.settle()
    return path


#: Of the subnet that most tests need.
PREFIX = {"addressPrefix": "10.0.0.0/24"}


def refused(window: Window, tail: str, properties: Any, **top: Any) -> Reply:
    reply = window.request("PUT", window.path(tail), {"location": "westus", "properties": properties, **top})
    assert 400 <= reply.status < 500, reply.body
    return reply


def link(window: Window, tail: str) -> Any:
    return {"id": window.path(tail)}


def in_a_subnet(window: Window, **members: Any) -> None:
    """A virtual network whose subnet uses something."""
    window.put("virtualNetworks/v1", {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [
        {"name": "s1", "properties": {**PREFIX, **members}}]})
