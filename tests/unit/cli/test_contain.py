"""Containment policies on the command line: listed, and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from trunkline.cli.commands import contain
from trunkline.cli.instance import Instance

ER1 = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/expressRouteCircuits/er1"
POLICY = "/subscriptions/s/resourceGroups/g/providers/Trunkline.Security/containmentPolicies/er1"


class Service:
    def __init__(self) -> None:
        self.policies = [{"id": POLICY, "name": "er1", "properties": {
            "circuit": {"id": ER1}, "reactions": [{"kind": "bogon", "action": "dropPrefix"}]}}]

    def named(self, _name: str) -> Service:
        return self

    @property
    def accounts(self) -> Any:
        return type("Accounts", (), {"customer_subscription": "s", "provider_subscription": "p"})

    def list(self, path: str) -> Iterator[Any]:
        if path.startswith("/subscriptions/s/") and path.endswith("/containmentPolicies"):
            yield from self.policies

    def delete(self, path: str, _watch: object = None) -> bool:
        self.policies = [one for one in self.policies if one["id"] != path]
        return True


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service()

    @contextmanager
    def connected(_instance: object) -> Iterator[Service]:
        yield service

    monkeypatch.setattr(contain, "connected", connected)
    monkeypatch.setattr(contain, "find_circuit", lambda _clients, name: {"id": ER1.replace("er1", name)})
    return service


def called(*words: str) -> Any:
    return CliRunner().invoke(contain.contain, words, obj=Instance.__new__(Instance))


def test_policies_are_listed_and_can_be_taken_away(service: Service) -> None:
    assert "bogon=dropPrefix" in called("list").output
    assert called("policy", "er2", "--remove").exit_code != 0
    assert called("policy", "--remove").exit_code != 0
    assert len(service.policies) == 1
    assert called("policy", "er1", "--remove").exit_code == 0
    assert service.policies == []


def test_who_contains_and_where_is_told() -> None:
    told = {"circuit": {"id": ER1}, "leg": "primary", "action": "shutLeg", "expiresAt": "2026-01-01T00:00:00.1"}
    rows = [dict(zip(contain.COLUMNS, contain.row({"name": "c", "properties": {**told, **more}}), strict=True))
            for more in ({}, {"policy": "er1", "peering": "MicrosoftPeering"})]
    assert [(row["by"], row["peering"]) for row in rows] == [("hand", "all"), ("policy er1", "MicrosoftPeering")]


def test_a_policy_needs_a_reaction_or_is_removed(service: Service) -> None:
    for words in (("er1",), ("er1", "--remove", "--on", "bogon=dropPrefix")):
        assert "--remove" in called("policy", *words).output
    assert len(service.policies) == 1
