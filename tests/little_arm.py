"""A small ARM in memory behind an httpx transport: enough to see what the command line sends, and in which order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from trunkline.cli.accounts import Account, Accounts
from trunkline.cli.client import Clients

ACCOUNTS = Accounts("tenant", "sub-c", "sub-p", (
    Account("customer", "id-customer", "sub-c", "tenant", "ServicePrincipal", "secret-customer"),
    Account("provider", "id-provider", "sub-p", "tenant", "ServicePrincipal", "secret-provider"),
    Account("operator", "id-operator", "sub-c", "tenant", "ServicePrincipal", "secret-operator"),
))


@dataclass
class Arm:
    """``polls``: answers InProgress so often before an operation ends. ``failing``: path → (code, message)."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[tuple[str, str, str]] = field(default_factory=list)  #: account, method, path of every change
    answers: dict[str, Any] = field(default_factory=dict)  #: of a POST, by the last piece of its path
    posted: list[Any] = field(default_factory=list)
    polls: int = 0
    failing: dict[str, tuple[str, str]] = field(default_factory=dict)
    _running: dict[str, int] = field(default_factory=dict)

    def clients(self) -> Clients:
        return Clients(httpx.Client(base_url="https://arm", transport=httpx.MockTransport(self.answer)), ACCOUNTS)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/oauth2/v2.0/token"):
            return self._token(request)
        if "/operations/" in path:
            return self._operation(path)
        account = request.headers["Authorization"].removeprefix("Bearer ")
        if request.method != "GET":
            self.sent.append((account, request.method, path))
        return getattr(self, f"_{request.method.lower()}")(path, request)

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = dict(pair.split("=") for pair in request.content.decode().split("&"))
        account = next(a for a in ACCOUNTS.accounts if a.client_id == form["client_id"])
        if form["client_secret"] != account.secret:
            return httpx.Response(401)
        return httpx.Response(200, json={"access_token": account.name, "expires_in": 3600})

    def _operation(self, path: str) -> httpx.Response:
        name = path.rpartition("/")[2]
        self._running[name] -= 1
        if self._running[name] >= 0:
            return httpx.Response(200, json={"status": "InProgress"}, headers={"x-trunkline-waiting-for": "a daemon"})
        if name in self.failing:
            code, message = self.failing[name]
            return httpx.Response(200, json={"status": "Failed", "error": {"code": code, "message": message}})
        return httpx.Response(200, json={"status": "Succeeded"})

    def _get(self, path: str, _request: httpx.Request) -> httpx.Response:
        found = self.resources.get(path.lower())
        if found:
            return httpx.Response(200, json=found)
        below = [r for key, r in self.resources.items() if _listed(path.lower(), key)]
        if below or path.endswith(("Circuits", "CrossConnections", "faults", "sites", "maintenances", "notices")):
            return httpx.Response(200, json={"value": below})
        return httpx.Response(404, json={"error": {"code": "ResourceNotFound", "message": f"no {path}"}})

    def _put(self, path: str, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        visible = {name: value for name, value in body.get("properties", {}).items() if name != "sharedKey"}
        new = path.lower() not in self.resources
        self.resources[path.lower()] = {**body, "id": path, "name": path.rpartition("/")[2], "properties": {
            **self.resources.get(path.lower(), {}).get("properties", {}), **visible,
            **({"serviceKey": "key-1"} if "/expressroutecircuits/" in path.lower() else {})}}
        name = path.rpartition("/")[2]
        self._running[name] = self.polls
        return httpx.Response(201 if new else 200, json=self.resources[path.lower()],
                              headers={"Azure-AsyncOperation": f"https://arm/operations/{name}?api-version=1"})

    def _post(self, path: str, request: httpx.Request) -> httpx.Response:
        self.posted.append(json.loads(request.content or b"null"))
        return httpx.Response(200, json=self.answers[path.rpartition("/")[2]])

    def _delete(self, path: str, _request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if self.resources.pop(path.lower(), None) else 204)


def _listed(path: str, key: str) -> bool:
    """Whether ``key`` is of the type that a subscription-wide list asks for."""
    subscription, _, kind = path.partition("/providers/")
    return bool(kind) and key.startswith(f"{subscription}/") and key.rpartition("/")[0].endswith(f"/providers/{kind}")
