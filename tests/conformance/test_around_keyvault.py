"""Key Vault: vaults by ARM, secrets at the vault's own address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arm import Arm, Reply
from trunkline.api.keyvault.lookup import secret_by_identifier
from trunkline.api.resources import registry

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
HIDDEN = "0123456789abcdef"


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    yield service
    service.close()


def at(arm: Arm, name: str = "kv1") -> str:
    return f"{arm.group}/providers/Microsoft.KeyVault/vaults/{name}"


def make(arm: Arm, name: str = "kv1", **properties: Any) -> Reply:
    return arm.ask("PUT", at(arm, name), {"location": "westus", "properties": {
        "tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True, **properties}})


def plane(arm: Arm, method: str, path: str, body: Any = None, vault: str = "kv1") -> Reply:
    mark = "&" if "?" in path else "?"
    return arm.ask(method, f"/{path}{mark}api-version=7.4", body, headers={"host": f"{vault}.vault.localhost:8443"})


def keep(arm: Arm, name: str = "cak", value: str = HIDDEN, **more: Any) -> Any:
    kept = plane(arm, "PUT", f"secrets/{name}", {"value": value, **more})
    assert kept.status == 200, kept.body
    return kept.body


def test_a_vault_is_there_at_once_and_says_its_address(arm: Arm) -> None:
    made = make(arm)
    assert (made.status, made.state) == (201, "Succeeded")
    assert "azure-asyncoperation" not in made.headers
    told = arm.ask("GET", at(arm)).body["properties"]
    assert told["vaultUri"] == "https://kv1.vault.localhost:8443/"
    assert (told["enableSoftDelete"], told["softDeleteRetentionInDays"]) == (True, 90)


@pytest.mark.parametrize(("name", "properties", "code"), [
    ("1kv", {}, "VaultNameNotValid"),
    ("a--b", {}, "VaultNameNotValid"),
    ("kv1", {"enablePurgeProtection": False}, "BadRequest"),
    ("kv1", {"enableSoftDelete": False}, "BadRequest"),
    ("kv1", {"networkAcls": {"defaultAction": "Deny"}}, "NetworkAclsNotSupported"),
    ("kv1", {"publicNetworkAccess": "Disabled"}, "PublicNetworkAccessNotSupported"),
    ("kv1", {"softDeleteRetentionInDays": 3}, "InvalidPropertyValue"),
])
def test_what_is_no_vault_is_refused(arm: Arm, name: str, properties: Any, code: str) -> None:
    refused = make(arm, name, **properties)
    assert (refused.status, refused.code) == (400, code)


def test_who_brings_no_token_is_told_where_to_get_one(arm: Arm) -> None:
    make(arm)
    reply = arm.send("GET", "/secrets/x/?api-version=7.4", None, {"host": "kv1.vault.localhost:8443"})
    assert (reply.status, reply.code) == (401, "Unauthorized")
    challenge = reply.headers["www-authenticate"]
    assert f'/{arm.accounts.tenant}"' in challenge
    assert 'resource="https://vault.localhost:8443"' in challenge


def test_a_secret_is_set_and_told_to_whoever_gets_it_and_nobody_else(arm: Arm) -> None:
    make(arm)
    first = keep(arm, contentType="hex", tags={"for": "macsec"}, attributes={"exp": 2000000000})
    second = keep(arm, value="other")
    assert first["id"].startswith("https://kv1.vault.localhost:8443/secrets/cak/")
    assert plane(arm, "GET", "secrets/cak/").body["value"] == "other"
    old = plane(arm, "GET", "secrets/cak/" + first["id"].rpartition("/")[2]).body
    assert (old["value"], old["contentType"], old["tags"]) == (HIDDEN, "hex", {"for": "macsec"})
    assert old["attributes"]["exp"] == 2000000000
    assert old["attributes"]["recoveryLevel"] == "Recoverable+Purgeable"
    listed = plane(arm, "GET", "secrets").body["value"]
    assert [one["id"] for one in listed] == ["https://kv1.vault.localhost:8443/secrets/cak"]
    versions = plane(arm, "GET", "secrets/cak/versions").body["value"]
    assert {one["id"] for one in versions} == {first["id"], second["id"]}
    for page in (listed, versions, arm.ask("GET", at(arm)).body, arm.ask("GET", at(arm) + "/secrets/cak").body):
        assert HIDDEN not in str(page)
        assert "other" not in str(page)


def test_lists_are_paged(arm: Arm) -> None:
    make(arm)
    for name in ("a", "b", "c"):
        keep(arm, name)
    page = plane(arm, "GET", "secrets?maxresults=2").body
    assert len(page["value"]) == 2
    rest = plane(arm, "GET", page["nextLink"].partition(":8443/")[2].replace("api-version=7.4", "x=1")).body
    assert [one["id"][-1] for one in rest["value"]] == ["c"]
    assert plane(arm, "GET", "secrets?maxresults=26").code == "BadParameter"


def test_a_disabled_secret_is_not_told(arm: Arm) -> None:
    make(arm)
    version = keep(arm)["id"].rpartition("/")[2]
    changed = plane(arm, "PATCH", f"secrets/cak/{version}", {"attributes": {"enabled": False}, "tags": {"a": "b"}})
    assert (changed.body["attributes"]["enabled"], changed.body["tags"]) == (False, {"a": "b"})
    refused = plane(arm, "GET", "secrets/cak")
    assert (refused.status, refused.code) == (403, "Forbidden")
    with arm.store.reading() as reader:
        assert secret_by_identifier(reader, "https://kv1.vault.localhost:8443/secrets/cak") is None


def test_a_deleted_secret_is_recovered_with_its_versions_or_purged(arm: Arm) -> None:
    make(arm)
    keep(arm)
    keep(arm, value="newer")
    gone = plane(arm, "DELETE", "secrets/cak").body
    assert gone["recoveryId"] == "https://kv1.vault.localhost:8443/deletedsecrets/cak"
    assert gone["scheduledPurgeDate"] - gone["deletedDate"] == 90 * 86400
    assert plane(arm, "GET", "secrets/cak").code == "SecretNotFound"
    assert plane(arm, "PUT", "secrets/cak", {"value": "x"}).code == "Conflict"
    assert len(plane(arm, "GET", "deletedsecrets").body["value"]) == 1
    assert plane(arm, "POST", "deletedsecrets/cak/recover").status == 200
    assert plane(arm, "GET", "secrets/cak").body["value"] == "newer"
    assert len(plane(arm, "GET", "secrets/cak/versions").body["value"]) == 2
    plane(arm, "DELETE", "secrets/cak")
    assert plane(arm, "DELETE", "deletedsecrets/cak").status == 204
    assert plane(arm, "GET", "deletedsecrets/cak").code == "SecretNotFound"
    with arm.store.reading() as reader:
        assert not reader.list("Microsoft.KeyVault/vaults/deletedSecrets/versions")


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), [
    ("GET", "secrets/nope", None, 404, "SecretNotFound"),
    ("PUT", "secrets/a_b", {"value": "x"}, 400, "BadParameter"),
    ("PUT", "secrets/ab", {}, 400, "BadParameter"),
    ("PUT", "secrets/ab", {"value": "x" * 25601}, 400, "BadParameter"),
    ("GET", "keys", None, 404, "NotSupported"),
    ("POST", "secrets/ab/backup", None, 400, "NotSupported"),
    ("POST", "secrets", None, 405, "MethodNotAllowed"),
])
def test_what_the_data_plane_refuses(arm: Arm, method: str, path: str, body: Any, status: int, code: str) -> None:
    make(arm)
    refused = plane(arm, method, path, body)
    assert (refused.status, refused.code) == (status, code)
    assert "x" * 30 not in str(refused.body)


def test_access_policies_say_who_may_do_what(arm: Arm) -> None:
    make(arm, enableRbacAuthorization=False, accessPolicies=[])
    assert plane(arm, "PUT", "secrets/cak", {"value": "x"}).code == "Forbidden"
    mine = next(one.object_id for one in arm.accounts.accounts if one.name == "customer")
    policy = {"tenantId": TENANT, "objectId": mine, "permissions": {"secrets": ["Get", "Set"]}}
    added = arm.ask("PUT", at(arm) + "/accessPolicies/add", {"properties": {"accessPolicies": [policy]}})
    assert added.status == 200, added.body
    keep(arm)
    assert plane(arm, "GET", "secrets/cak").body["value"] == HIDDEN
    assert plane(arm, "GET", "secrets").code == "Forbidden"
    assert arm.ask("PUT", at(arm) + "/accessPolicies/remove",
                   {"properties": {"accessPolicies": [policy]}}).status == 200
    assert plane(arm, "GET", "secrets/cak").code == "Forbidden"


def deleted(arm: Arm, tail: str = "") -> str:
    return f"{arm.subscription}/providers/Microsoft.KeyVault/locations/westus/deletedVaults/kv1{tail}"


def test_a_deleted_vault_keeps_its_name_and_comes_back_with_its_secrets(arm: Arm) -> None:
    make(arm)
    keep(arm)
    assert arm.ask("DELETE", at(arm)).status == 200
    assert plane(arm, "GET", "secrets/cak").code == "VaultNotFound"
    listed = arm.ask("GET", f"{arm.subscription}/providers/Microsoft.KeyVault/deletedVaults").body["value"]
    assert [one["name"] for one in listed] == ["kv1"]
    assert arm.ask("GET", deleted(arm)).body["properties"]["vaultId"] == at(arm)
    assert make(arm).code == "ConflictError"
    taken = arm.ask("POST", f"{arm.subscription}/providers/Microsoft.KeyVault/checkNameAvailability", {"name": "kv1"})
    assert taken.body["nameAvailable"] is False
    back = make(arm, createMode="recover")
    assert (back.status, back.state) == (201, "Succeeded")
    assert plane(arm, "GET", "secrets/cak").body["value"] == HIDDEN
    assert arm.ask("GET", deleted(arm)).status == 404


def test_a_purged_vault_leaves_nothing(arm: Arm) -> None:
    make(arm)
    keep(arm)
    arm.ask("DELETE", at(arm))
    assert arm.ask("POST", deleted(arm, "/purge")).status == 200
    with arm.store.reading() as reader:
        assert not [one for kind in ("", "/secrets", "/secrets/versions")
                    for one in reader.list(f"Microsoft.KeyVault/locations/deletedVaults{kind}")]
    assert make(arm).status == 201


def test_a_vault_with_purge_protection_is_not_purged(arm: Arm) -> None:
    make(arm, enablePurgeProtection=True)
    arm.ask("DELETE", at(arm))
    assert arm.ask("POST", deleted(arm, "/purge")).code == "MethodNotAllowed"


def test_a_groups_deletion_leaves_its_vaults_recoverable(arm: Arm) -> None:
    make(arm)
    gone = arm.ask("DELETE", arm.group)
    assert arm.follow(gone.headers["location"]).status == 200
    assert arm.ask("GET", deleted(arm)).status == 200


def test_a_secret_written_by_a_template_is_a_secret(arm: Arm) -> None:
    make(arm)
    made = arm.ask("PUT", at(arm) + "/secrets/cak", {"properties": {"value": HIDDEN}})
    assert (made.status, made.body["properties"]["secretUri"]) == (201, "https://kv1.vault.localhost:8443/secrets/cak")
    assert HIDDEN not in str(made.body)
    assert plane(arm, "GET", "secrets/cak").body["value"] == HIDDEN
    assert arm.ask("DELETE", at(arm) + "/secrets/cak").status == 405


def test_others_find_a_secret_by_its_identifier(arm: Arm) -> None:
    make(arm)
    identifier = keep(arm)["id"]
    keep(arm, value="newest")
    with arm.store.reading() as reader:
        found = secret_by_identifier(reader, identifier)
        newest = secret_by_identifier(reader, identifier.rpartition("/")[0])
        assert secret_by_identifier(reader, "https://other.vault.localhost:8443/secrets/cak") is None
        assert secret_by_identifier(reader, "nonsense") is None
    assert found is not None
    assert newest is not None
    assert (found.get_secret_value(), newest.get_secret_value()) == (HIDDEN, "newest")
    assert HIDDEN not in repr(found)


def test_the_data_plane_is_reached_by_a_path_too(arm: Arm) -> None:
    make(arm)
    keep(arm)
    assert arm.ask("GET", "/vaults/kv1/secrets/cak?api-version=7.4").body["value"] == HIDDEN
