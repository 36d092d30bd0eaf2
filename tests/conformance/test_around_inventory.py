"""Lists over all types with their filters, tags by themselves, features, and groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from arm import VERSION, Arm
from trunkline.api.resources import registry

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
TABLE = "Microsoft.Network/virtualNetworks"
SPACE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    service.create_group("rg2")
    for group, kind, name, tags in (("rg1", IDENTITY, "one", {"env": "test", "team": "net"}),
                                    ("rg1", TABLE, "two", {"env": "prod"}), ("rg2", TABLE, "three", {"team": "test"})):
        path = f"{service.subscription}/resourceGroups/{group}/providers/{kind}/{name}"
        service.make(path, {"location": "westus", "tags": tags, "properties": SPACE})
    yield service
    service.close()


def names(arm: Arm, text: str, at: str = "", more: str = "") -> list[str]:
    got = arm.ask("GET", f"{at or arm.subscription}/resources?api-version={VERSION}&$filter={quote(text)}{more}")
    assert got.status == 200, got.body
    return sorted(one["name"] for one in got.body["value"])


@pytest.mark.parametrize(("text", "expected"), [
    ("", ["one", "three", "two"]),
    (f"resourceType eq '{TABLE}'", ["three", "two"]),
    (f"resourceType eq '{TABLE.lower()}' and resourceGroup eq 'RG1'", ["two"]),
    (f"resourceType ne '{TABLE}'", ["one"]),
    ("name eq 'one' or name eq 'two'", ["one", "two"]),
    ("substringof('o', name) and (name ne 'one')", ["two"]),
    ("location eq 'westus'", ["one", "three", "two"]),
    ("location eq 'eastus'", []),
    ("tagName eq 'env' and tagValue eq 'test'", ["one"]),
    ("tagname eq 'team'", ["one", "three"]),
    ("startswith(tagName, 'e')", ["one", "two"]),
    ("name eq 'it''s'", []),
    (f"resourceType eq '{TABLE}' or resourceType eq '{IDENTITY}'", ["one", "three", "two"]),
])
def test_a_filter_narrows(arm: Arm, text: str, expected: list[str]) -> None:
    assert names(arm, text) == expected


@pytest.mark.parametrize("text", ["name", "name eq one", "size eq '1'", "name gt 'x'", "(" * 40, "name eq 'x' and",
                                  "(name eq 'x'", "substringof(name, 'x')", "eq 'x'", "name eq 'x"])
def test_a_filter_that_says_nothing_is_refused(arm: Arm, text: str) -> None:
    refused = arm.ask("GET", f"{arm.subscription}/resources?api-version={VERSION}&$filter={quote(text)}")
    assert (refused.status, refused.code) == (400, "InvalidFilterInQueryString")


def test_a_group_lists_its_own(arm: Arm) -> None:
    assert names(arm, "", arm.group) == ["one", "two"]


def test_more_is_told_when_asked_for(arm: Arm) -> None:
    at = f"{arm.group}/resources?api-version={VERSION}"
    plain = arm.ask("GET", at).body["value"][0]
    assert "provisioningState" not in plain
    full = arm.ask("GET", f"{at}&$expand=createdTime,changedTime,provisioningState").body["value"][0]
    assert full["provisioningState"] == "Succeeded"
    assert full["createdTime"] <= full["changedTime"]
    assert arm.ask("GET", f"{at}&$expand=everything").code == "InvalidExpandInQueryString"


def test_pages_over_all_types_lose_nobody(arm: Arm) -> None:
    found, at = [], f"{arm.subscription}/resources?api-version={VERSION}&$top=1"
    while at:
        page = arm.ask("GET", at.removeprefix(arm.url)).body
        found += [one["name"] for one in page["value"]]
        at = page.get("nextLink", "")
    assert sorted(found) == ["one", "three", "two"]


def test_groups_are_found_by_tag(arm: Arm) -> None:
    arm.ask("PATCH", arm.group, {"tags": {"env": "x"}})
    at = f"{arm.subscription}/resourcegroups?api-version={VERSION}&$filter="
    found = arm.ask("GET", at + quote("tagName eq 'env' and tagValue eq 'x'")).body["value"]
    assert [one["name"] for one in found] == ["rg1"]
    assert arm.ask("GET", at + quote("tagName eq 'nope'")).body["value"] == []


def test_whether_a_resource_exists_is_told_without_a_body(arm: Arm) -> None:
    for name, status in (("two", 204), ("nope", 404)):
        reply = arm.ask("HEAD", f"{arm.group}/providers/{TABLE}/{name}")
        assert (reply.status, reply.body) == (status, None)


def test_two_slashes_are_one(arm: Arm) -> None:
    assert arm.ask("GET", f"{arm.group}/providers//{TABLE}/two").status == 200


@pytest.mark.parametrize("verb", ["exportTemplate", "moveResources", "validateMoveResources"])
def test_what_groups_do_not_offer_is_refused_with_the_reason(arm: Arm, verb: str) -> None:
    refused = arm.ask("POST", f"{arm.group}/{verb}", {})
    assert (refused.status, refused.code.endswith("NotSupported")) == (400, True)


def tags(arm: Arm, scope: str, method: str = "GET", body: Any = None) -> Any:
    got = arm.ask(method, f"{scope}/providers/Microsoft.Resources/tags/default", body)
    assert got.status == 200, got.body
    return got.body["properties"]["tags"] if got.body else None


@pytest.mark.parametrize("where", ["subscription", "group", "resource"])
def test_tags_are_written_by_themselves(arm: Arm, where: str) -> None:
    scope = {"subscription": arm.subscription, "group": arm.group, "resource": f"{arm.group}/providers/{TABLE}/two"}
    at = scope[where]
    assert tags(arm, at, "PUT", {"properties": {"tags": {"a": "1", "b": "2"}}}) == {"a": "1", "b": "2"}
    merge = {"operation": "Merge", "properties": {"tags": {"A": "3", "c": "4"}}}
    assert tags(arm, at, "PATCH", merge) == {"a": "3", "b": "2", "c": "4"}
    drop = {"operation": "Delete", "properties": {"tags": {"a": "3", "b": "other"}}}
    assert tags(arm, at, "PATCH", drop) == {"b": "2", "c": "4"}
    replaced = {"operation": "Replace", "properties": {"tags": {"z": "0"}}}
    assert tags(arm, at, "PATCH", replaced) == {"z": "0"}
    tags(arm, at, "DELETE")
    assert tags(arm, at) == {}


def test_tags_of_nothing_are_not_there(arm: Arm) -> None:
    for path, code in ((f"{arm.group}/providers/{TABLE}/nope", "ResourceNotFound"),
                       (f"{arm.subscription}/resourceGroups/nope", "ResourceGroupNotFound")):
        assert arm.ask("GET", f"{path}/providers/Microsoft.Resources/tags/default").code == code


def test_a_patch_of_tags_says_how(arm: Arm) -> None:
    path = f"{arm.group}/providers/Microsoft.Resources/tags/default"
    assert arm.ask("PATCH", path, {"operation": "Mix"}).code == "InvalidTagPatchOperation"


def test_the_names_of_tags_are_counted(arm: Arm) -> None:
    rows = {row["tagName"]: row for row in arm.ask("GET", f"{arm.subscription}/tagNames").body["value"]}
    assert {name: row["count"]["value"] for name, row in rows.items()} == {"env": 2, "team": 2}
    assert [one["tagValue"] for one in rows["env"]["values"]] == ["prod", "test"]


def test_a_tag_is_declared_before_anything_bears_it(arm: Arm) -> None:
    at = f"{arm.subscription}/tagNames/cost"
    assert arm.ask("PUT", at).body["count"]["value"] == 0
    assert arm.ask("PUT", f"{at}/tagValues/low").body["tagValue"] == "low"
    assert arm.ask("DELETE", at).code == "TagNameInUse"
    assert arm.ask("DELETE", f"{at}/tagValues/low").status == 200
    assert arm.ask("DELETE", at).status == 200
    assert arm.ask("DELETE", at).code == "TagNotFound"


def test_a_feature_is_registered_for_and_given_up(arm: Arm) -> None:
    base = f"{arm.subscription}/providers/Microsoft.Features"
    at = f"{base}/providers/Microsoft.Network/features/AllowExpressRoutePorts"
    assert arm.ask("GET", at).body["properties"]["state"] == "NotRegistered"
    made = arm.ask("POST", f"{at.lower()}/register")
    assert made.status == 200, made.body
    assert (made.body["id"], made.body["name"]) == (at, "Microsoft.Network/AllowExpressRoutePorts")
    for listed in (f"{base}/features", f"{base}/providers/Microsoft.Network/features"):
        states = {one["name"]: one["properties"]["state"] for one in arm.ask("GET", listed).body["value"]}
        assert states["Microsoft.Network/AllowExpressRoutePorts"] == "Registered"
    assert arm.ask("POST", f"{at}/unregister").body["properties"]["state"] == "NotRegistered"
    assert arm.ask("GET", f"{base}/providers/Microsoft.Network/features/Nope").code == "FeatureNotFound"


def test_providers_tell_their_types_and_versions(arm: Arm) -> None:
    at = f"{arm.subscription}/providers/Microsoft.KeyVault"
    shown = {one["resourceType"]: one for one in arm.ask("GET", at).body["resourceTypes"]}
    assert "2023-07-01" in shown["vaults"]["apiVersions"]
    assert arm.ask("GET", f"{at}/resourceTypes").body["value"] == list(shown.values())
    assert arm.ask("GET", f"{at}/managedHSMs").body == {"value": []}
    assert arm.ask("POST", f"{at}/register").body["registrationState"] == "Registered"
    assert arm.ask("POST", f"{at}/unregister").code == "UnregisterNotSupported"
    assert arm.ask("GET", f"{arm.subscription}/providers/Microsoft.Features").status == 200
