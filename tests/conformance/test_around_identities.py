"""Managed identities, and resources that say they have one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arm import Arm
from trunkline.api.declaration import Registry, ResourceType
from trunkline.api.resources import registry
from trunkline.model.resource import Properties

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


class Thing(Properties):
    size: int = 1


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    def types(provider: str) -> Registry:
        known = registry(provider, tenant=TENANT).types.values()
        return Registry.of(*known, ResourceType("Test.Lab/things", model=Thing, envelope=("identity",)))

    service = Arm(tmp_path / "home", types)
    service.create_group()
    yield service
    service.close()


def make(arm: Arm) -> Any:
    made = arm.ask("PUT", f"{arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1",
                   {"location": "westus", "tags": {"a": "b"}})
    assert made.status == 201, made.body
    return made.body


def thing(arm: Arm, identity: Any) -> Any:
    return arm.ask("PUT", arm.at("things/t"), {"location": "westus", "identity": identity, "properties": {}})


def test_an_identity_is_a_principal_for_life(arm: Arm) -> None:
    made = make(arm)
    assert made["properties"]["tenantId"] == TENANT
    again = arm.ask("PUT", made["id"], {"location": "westus"})
    assert (again.status, again.body["properties"]) == (200, made["properties"])
    assert len({made["properties"][name] for name in ("principalId", "clientId")}) == 2
    assert arm.ask("DELETE", made["id"]).status == 200
    assert arm.ask("DELETE", made["id"]).status == 204


def test_a_resource_shows_who_its_identity_is(arm: Arm) -> None:
    made = make(arm)
    got = thing(arm, {"type": "UserAssigned", "userAssignedIdentities": {made["id"]: {}}})
    assert got.body["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {made["id"]: {
        "principalId": made["properties"]["principalId"], "clientId": made["properties"]["clientId"]}}}
    back = arm.ask("PUT", arm.at("things/t"), got.body)
    assert (back.status, back.body["identity"]) == (200, got.body["identity"])


def test_an_identity_that_is_named_without_a_type_is_user_assigned_as_az_means_it(arm: Arm) -> None:
    got = thing(arm, {"userAssignedIdentities": {make(arm)["id"]: {}}})
    assert (got.status, got.body["identity"]["type"]) == (201, "UserAssigned")


@pytest.mark.parametrize(("identity", "code"), [
    ({"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/s/nonsense": {}}}, "FailedIdentityOperation"),
    ({"type": "UserAssigned"}, "InvalidIdentityValues"),
    ({"type": "SystemAssigned"}, "SystemAssignedIdentityNotSupported"),
    ({"type": "Mine"}, "InvalidIdentityType"),
    ("text", "InvalidIdentityType"),
])
def test_an_identity_that_nobody_has_is_refused(arm: Arm, identity: Any, code: str) -> None:
    refused = thing(arm, identity)
    assert (refused.status, refused.code) == (400, code)


def test_no_identity_is_an_identity_too(arm: Arm) -> None:
    assert thing(arm, {"type": "None"}).status == 201


def test_federated_credentials_are_refused_and_listed_as_none(arm: Arm) -> None:
    path = make(arm)["id"] + "/federatedIdentityCredentials"
    assert arm.ask("GET", path).body == {"value": []}
    refused = arm.ask("PUT", f"{path}/f", {"properties": {"issuer": "https://x", "subject": "y", "audiences": ["z"]}})
    assert refused.code == "FederatedIdentityCredentialsNotSupported"
