"""PUT, PATCH and GET as ARM does them, for any declared type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from arm import Arm, lab
from trunkline.model.resource import now
from trunkline.reconcile import finish

BOX = {"location": "West US", "properties": {"size": 5}}


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    service.create_group()
    yield service
    service.close()


def test_a_create_is_answered_before_it_is_realised(arm: Arm) -> None:
    made = arm.ask("PUT", arm.at("boxes/b"), BOX)
    assert (made.status, made.state) == (201, "Updating")
    assert made.headers["azure-asyncnotification"] == "Enabled"
    url = made.headers["azure-asyncoperation"]
    assert url.startswith(f"{arm.url}{arm.subscription}/providers/Test.Lab/locations/westus/operations/")
    assert url.endswith("?api-version=2025-01-01")
    running = arm.follow(url)
    assert (running.status, running.body) == (200, {"status": "InProgress"})
    assert running.headers["x-ms-retry-after-ms"] == "50"
    assert "retry-after" not in running.headers
    arm.network.settle()
    ended = arm.follow(url)
    assert ended.body == {"status": "Succeeded"}
    assert "x-ms-retry-after-ms" not in ended.headers
    assert arm.ask("GET", arm.at("boxes/b")).state == "Succeeded"


def test_an_answer_has_arms_members(arm: Arm) -> None:
    found = arm.make(arm.at("boxes/b"), {**BOX, "tags": {"a": "b"}, "sku": {"name": "big"}})
    etag = found.pop("etag")
    UUID(etag.removeprefix('W/"').removesuffix('"'))
    assert found == {
        "name": "b", "id": arm.at("boxes/b"), "type": "Test.Lab/boxes", "location": "westus", "tags": {"a": "b"},
        "properties": {"provisioningState": "Succeeded", "size": 5, "serial": 1, "lids": []}, "sku": {"name": "big"}}
    assert arm.ask("GET", arm.at("boxes/b")).headers["etag"] == etag


def test_an_update_is_200_and_keeps_what_was_generated(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    changed = arm.ask("PUT", arm.at("boxes/b"), {**BOX, "properties": {"size": 6}})
    assert (changed.status, changed.state) == (200, "Updating")
    assert (changed.body["properties"]["size"], changed.body["properties"]["serial"]) == (6, 1)


def test_what_was_read_may_be_written_back(arm: Arm) -> None:
    before = arm.make(arm.at("boxes/b"), {"location": "westus", "properties": {
        "size": 5, "password": "hush", "lids": [{"name": "top", "properties": {"pin": "7"}}]}})
    after = arm.make(arm.at("boxes/b"), before)
    assert {**after, "etag": ""} == {**before, "etag": ""}
    with arm.store.reading() as reader:
        boxes = reader.list("Test.Lab/boxes")
        lids = reader.list("Test.Lab/boxes/lids")
    assert (boxes[0].secrets, lids[0].secrets) == ({"password": "hush"}, {"pin": "7"})


def test_secrets_are_in_no_answer(arm: Arm) -> None:
    body = {"location": "westus", "properties": {"password": "s3cr3t", "lock": {"code": "c0de"}}}
    made = arm.ask("PUT", arm.at("boxes/b"), body)
    for reply in (made, arm.ask("GET", arm.at("boxes/b")), arm.ask("GET", arm.at("boxes"))):
        assert "s3cr3t" not in str(reply.body)
        assert "c0de" not in str(reply.body)


def test_paths_are_read_in_any_case_and_answered_as_created(arm: Arm) -> None:
    arm.make(arm.at("boxes/MyBox"), BOX)
    path = arm.at("boxes/MyBox").replace("resourceGroups/rg1", "RESOURCEgroups/RG1").replace("Test.Lab", "test.LAB")
    found = arm.ask("GET", path.replace("MyBox", "mybox"))
    assert found.body["id"] == arm.at("boxes/MyBox")
    child = arm.ask("PUT", path.replace("MyBox", "MYBOX") + "/LIDS/Top", {})
    assert child.body["id"] == arm.at("boxes/MyBox/lids/Top")


@pytest.mark.parametrize("version", ["2018-04-01", "2026-03-01", "2023-07-01-preview"])
def test_any_api_version_will_do_and_stays_in_the_links(arm: Arm, version: str) -> None:
    made = arm.ask("PUT", f"{arm.at('boxes/b')}?api-version={version}", BOX)
    assert made.headers["azure-asyncoperation"].endswith(f"?api-version={version}")


def test_what_has_no_network_behind_it_is_done_when_stored(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    made = arm.ask("PUT", arm.at("straps/s"), {"location": "westus", "properties": {"box": {"id": arm.at("boxes/b")}}})
    assert made.state == "Updating"
    assert arm.follow(made.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}
    assert arm.ask("GET", arm.at("straps/s")).state == "Succeeded"


def test_a_failure_is_told_inside_a_200_and_a_put_repairs(arm: Arm) -> None:
    made = arm.ask("PUT", arm.at("boxes/b"), BOX)
    arm.network.settle(failing="b")
    told = arm.follow(made.headers["azure-asyncoperation"])
    assert (told.status, told.body["status"], told.body["error"]["code"]) == (200, "Failed", "LinkDown")
    assert told.body["error"]["details"] == []
    blocked = arm.ask("PUT", arm.at("boxes/b/lids/top"), {})
    assert (blocked.status, blocked.code) == (400, "ParentResourceIsInFailedState")
    failed = urlsplit(made.headers["azure-asyncoperation"]).path.rpartition("/")[2]
    assert f"blocked because last operation ({failed}) on parent resource failed leaving it" in blocked.message
    arm.make(arm.at("boxes/b"), BOX)
    assert arm.ask("PUT", arm.at("boxes/b/lids/top"), {}).status == 201


def test_a_put_may_come_without_a_body(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    made = arm.send("PUT", f"{arm.at('boxes/b/lids/top')}?api-version=2025-01-01",
                    headers={"authorization": f"Bearer {arm.token()}"})
    assert made.status == 201


def test_the_companion_comes_with_its_group(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    arm.account = "provider"
    view = f"/subscriptions/{arm.accounts.provider_subscription}/resourceGroups/Views/providers/Test.Lab/views/b"
    assert arm.ask("GET", view).state == "Succeeded"
    assert arm.ask("PUT", f"{view}2", {"location": "westus"}).code == "ResourceNotFound"


def test_patch_of_tags_needs_no_operation(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), {**BOX, "tags": {"a": "1", "b": "2"}})
    changed = arm.ask("PATCH", arm.at("boxes/b"), {"tags": {"c": "3"}})
    assert (changed.status, changed.state, changed.body["tags"]) == (200, "Succeeded", {"c": "3"})
    assert "azure-asyncoperation" not in changed.headers
    assert arm.network.settle() == []
    assert arm.ask("PATCH", arm.at("boxes/b"), {}).body["tags"] == {"c": "3"}
    assert "tags" not in arm.ask("PATCH", arm.at("boxes/b"), {"tags": {}}).body


def test_patch_of_properties_is_merged_and_realised(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), {**BOX, "properties": {"size": 5, "note": "n", "lock": {"code": "9"}}})
    changed = arm.ask("PATCH", arm.at("boxes/b"), {"properties": {"size": 7}})
    assert (changed.status, changed.state) == (200, "Updating")
    assert arm.follow(changed.headers["azure-asyncoperation"]).body == {"status": "InProgress"}
    with arm.store.reading() as reader:
        box = reader.list("Test.Lab/boxes")[0]
    assert box.properties == {"size": 7, "note": "n", "lock": {}}
    assert box.secrets == {"lock.code": "9"}


def test_patch_of_nothing_is_not_found(arm: Arm) -> None:
    assert arm.ask("PATCH", arm.at("boxes/b"), {"tags": {}}).code == "ResourceNotFound"


@pytest.mark.parametrize(("headers", "status"), [
    ({"if-match": "etag"}, 200), ({"if-match": "*"}, 200), ({"if-match": 'W/"other"'}, 412),
    ({"if-none-match": "*"}, 412), ({"if-none-match": 'W/"other"'}, 200)])
def test_preconditions_of_an_update(arm: Arm, headers: dict[str, str], status: int) -> None:
    etag = arm.make(arm.at("boxes/b"), BOX)["etag"]
    asked = {name: value.replace("etag", etag) for name, value in headers.items()}
    reply = arm.ask("PUT", arm.at("boxes/b"), BOX, asked)
    assert reply.status == status
    if status == 412:
        assert reply.code == "PreconditionFailed"


@pytest.mark.parametrize(("headers", "status"), [({"if-match": "*"}, 412), ({"if-none-match": "*"}, 201)])
def test_preconditions_of_a_create(arm: Arm, headers: dict[str, str], status: int) -> None:
    assert arm.ask("PUT", arm.at("boxes/b"), BOX, headers).status == status


# ── inline children ────────────────────────────────────────────────────────────────────────────────────────────────

def lids(*names: str, **properties: Any) -> dict[str, Any]:
    return {"location": "westus", "properties": {"lids": [{"name": n, "properties": properties} for n in names]}}


def names(arm: Arm) -> list[str]:
    return [one["name"] for one in arm.ask("GET", arm.at("boxes/b")).body["properties"]["lids"]]


def test_a_list_of_children_replaces_them_and_no_list_keeps_them(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), lids("one", "two"))
    assert names(arm) == ["one", "two"]
    arm.make(arm.at("boxes/b"), BOX)
    assert names(arm) == ["one", "two"]
    arm.make(arm.at("boxes/b"), lids("two", "three"))
    assert names(arm) == ["three", "two"]
    arm.make(arm.at("boxes/b"), lids())
    assert names(arm) == []


def test_children_are_shown_whole_inside_their_parent(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), lids("one", colour="red"))
    inside = arm.ask("GET", arm.at("boxes/b")).body["properties"]["lids"]
    assert inside == [arm.ask("GET", arm.at("boxes/b/lids/one")).body]
    assert inside == arm.ask("GET", arm.at("boxes/b/lids")).body["value"]


def test_inline_children_are_realised_with_their_parent(arm: Arm) -> None:
    made = arm.ask("PUT", arm.at("boxes/b"), lids("one"))
    assert made.body["properties"]["lids"][0]["properties"]["provisioningState"] == "Updating"
    arm.network.settle()
    assert arm.ask("GET", arm.at("boxes/b/lids/one")).state == "Succeeded"


def test_an_unchanged_child_is_left_alone(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), lids("one", colour="red"))
    before = arm.ask("GET", arm.at("boxes/b/lids/one")).body
    arm.ask("PUT", arm.at("boxes/b"), lids("one", "two", colour="red"))
    assert arm.ask("GET", arm.at("boxes/b/lids/one")).body == before


def test_faults_of_all_children_are_told_with_their_places(arm: Arm) -> None:
    body = {"location": "westus", "properties": {"lids": [
        {"name": "a", "properties": {"colour": 1}}, {"name": "b"}, {"name": "!", "properties": {}}]}}
    refused = arm.ask("PUT", arm.at("boxes/b"), body)
    assert refused.status == 400
    assert refused.targets == ["properties.lids[0].properties.colour", "properties.lids[2].name"]
    assert arm.ask("GET", arm.at("boxes/b")).status == 404


def test_a_child_that_may_not_go_keeps_everything_as_it_was(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), lids("one", colour="rivet"))
    refused = arm.ask("PUT", arm.at("boxes/b"), {"location": "westus", "properties": {"size": 9, "lids": []}})
    assert (refused.status, refused.code) == (409, "LidIsRiveted")
    assert names(arm) == ["one"]
    assert arm.ask("GET", arm.at("boxes/b")).body["properties"]["size"] == 1


# ── mirrors ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_mirror_shows_and_writes_the_other_sides_children(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), lids("one", colour="red"))
    arm.account = "provider"
    view = f"/subscriptions/{arm.accounts.provider_subscription}/resourceGroups/Views/providers/Test.Lab/views/b"
    seen = arm.ask("GET", f"{view}/lids/ONE").body
    assert (seen["id"], seen["type"]) == (f"{view}/lids/one", "Test.Lab/views/lids")
    assert seen["properties"]["colour"] == "red"
    assert arm.ask("GET", view).body["properties"]["lids"] == [seen]
    assert arm.ask("GET", f"{view}/lids").body["value"] == [seen]
    written = arm.ask("PUT", f"{view}/lids/two", {"properties": {"colour": "blue"}})
    assert written.body["id"] == f"{view}/lids/two"
    assert f"/subscriptions/{arm.accounts.provider_subscription}/" in written.headers["azure-asyncoperation"]
    assert arm.follow(written.headers["azure-asyncoperation"]).body == {"status": "InProgress"}
    arm.network.settle()
    assert arm.ask("DELETE", f"{view}/lids/one").status == 202
    arm.network.settle()
    arm.account = "customer"
    assert names(arm) == ["two"]


def test_a_write_that_a_delete_overtook_was_canceled(arm: Arm) -> None:
    """The reconciler finds the resource gone."""
    url = arm.ask("PUT", arm.at("boxes/b"), {"location": "westus", "properties": {}}).headers["azure-asyncoperation"]
    with arm.store.reading() as reader:
        put, = reader.pending()
    arm.ask("DELETE", arm.at("boxes/b"))
    with arm.store.writing() as writer:
        writer.delete(put.resource)
    finish.succeed(arm.store, [put.id])
    told = arm.follow(url).body
    assert (told["status"], told["error"]["code"]) == ("Canceled", "Canceled")
    assert told["error"]["details"][0]["code"] == "CanceledAndSupersededDueToAnotherOperation"


def test_an_operation_that_is_past_its_retention_is_not_found(arm: Arm) -> None:
    url = arm.ask("PUT", arm.at("boxes/b"), {"location": "westus", "properties": {}}).headers["azure-asyncoperation"]
    arm.network.settle()
    assert arm.follow(url).body == {"status": "Succeeded"}
    with arm.store.writing() as writer:
        writer.prune(*[now() + timedelta(seconds=1)] * 2)
    told = arm.follow(url)
    assert (told.status, told.body["error"]["code"]) == (404, "NotFound")


def test_a_child_of_a_failed_parent_is_refused_until_a_put_repairs_it(arm: Arm) -> None:
    box = {"location": "westus", "properties": {}}
    arm.ask("PUT", arm.at("boxes/b"), box)
    arm.network.settle(failing="b")
    told = arm.ask("PUT", arm.at("boxes/b/lids/top"), {"properties": {}})
    assert (told.status, told.body["error"]["code"]) == (400, "ParentResourceIsInFailedState")
    arm.make(arm.at("boxes/b"), box)
    assert arm.ask("PUT", arm.at("boxes/b/lids/top"), {"properties": {}}).status == 201
