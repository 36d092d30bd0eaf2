"""A whole Trunkline with a network in memory: its own processes, port and home, spoken to over HTTPS."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from e2e_support import ROOT, free_port


@dataclass(frozen=True)
class Heard:
    """An answer: ``body`` parsed if it is JSON, else empty."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Cloud:
    """Requests as the operator. ``subscription``: the customer's."""

    client: httpx.Client
    subscription: str
    provider_subscription: str
    url: str

    def send(self, method: str, url: str, body: Any = None, query: Mapping[str, str] | None = None) -> Heard:
        """``url``: a path, or whole as our own headers give it."""
        content = None if body is None else json.dumps(body)
        got = self.client.request(method, url, params=query, content=content)
        kind = got.headers.get("content-type", "")
        return Heard(got.status_code, got.headers, got.json() if got.content and "json" in kind else None)


@contextmanager
def running(home: Path, database_url: str = "") -> Iterator[Cloud]:
    """``database_url``: instead of a file in ``home``."""
    port = free_port()
    environment = {
        **os.environ, "TRUNKLINE_HOME": str(home), "TRUNKLINE_RUN": str(home / "run"), "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_SIMULATION": "1", "TRUNKLINE_CIRCUIT_QUOTA": "20000",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])}
    if database_url:
        environment["TRUNKLINE_DATABASE_URL"] = database_url
    _trunkline(environment, "up", "-d")
    try:
        with _client(home, port) as client:
            accounts = json.loads((home / "accounts.json").read_text())
            yield Cloud(client, accounts["customer_subscription"], accounts["provider_subscription"],
                        str(client.base_url))
    finally:
        _trunkline(environment, "down", "--purge")


def _trunkline(environment: Mapping[str, str], *words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "trunkline", *words], env=environment, capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"


def _client(home: Path, port: int) -> httpx.Client:
    url = f"https://127.0.0.1:{port}"
    trusted = ssl.create_default_context(cafile=str(home / "pki" / "ca.pem"))
    accounts = json.loads((home / "accounts.json").read_text())
    operator = next(one for one in accounts["accounts"] if one["name"] == "operator")
    form = {"grant_type": "client_credentials", "client_id": operator["client_id"],
            "client_secret": json.loads((home / "secrets.json").read_text())["operator"], "scope": f"{url}/.default"}
    token = httpx.post(f"{url}/{operator['tenant']}/oauth2/v2.0/token", data=form, verify=trusted).json()
    headers = {"authorization": f"Bearer {token['access_token']}", "content-type": "application/json"}
    return httpx.Client(base_url=url, headers=headers, verify=trusted, timeout=30)
