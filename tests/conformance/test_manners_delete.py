"""DELETE, actions, lists and resource groups as ARM does them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from arm import Arm, Reply, lab
from trunkline.api.declaration import Registry
from trunkline.errors import Fault
from trunkline.model.operation import Activity
from trunkline.model.resource import ResourceId, now

BOX: dict[str, Any] = {"location": "westus", "properties": {}}


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    service.create_group()
    yield service
    service.close()


@pytest.fixture
def box(arm: Arm) -> str:
    arm.make(arm.at("boxes/b"), {"location": "westus", "properties": {"lids": [{"name": "top"}]}})
    return arm.at("boxes/b")


def strap(arm: Arm, box: str) -> str:
    arm.make(arm.at("straps/s"), {"location": "westus", "properties": {"box": {"id": box}}})
    return arm.at("straps/s")


def test_a_delete_is_polled_to_204(arm: Arm, box: str) -> None:
    gone = arm.ask("DELETE", box)
    assert (gone.status, gone.body) == (202, None)
    assert "/operationResults/" in gone.headers["location"]
    assert arm.ask("GET", box).state == "Deleting"
    assert arm.ask("GET", f"{box}/lids/top").state == "Deleting"
    assert arm.follow(gone.headers["location"]).status == 202
    arm.network.settle()
    assert arm.follow(gone.headers["azure-asyncoperation"]).body == {"status": "Succeeded"}
    ended = arm.follow(gone.headers["location"])
    assert (ended.status, ended.body) == (204, None)
    for header in ("location", "azure-asyncoperation"):
        assert ended.headers[header] == gone.headers[header]
    assert arm.ask("GET", box).status == 404


def test_to_delete_what_is_absent_is_204(arm: Arm) -> None:
    for path in ("boxes/nope", "boxes/nope/lids/nope"):
        assert arm.ask("DELETE", arm.at(path)).status == 204


def test_a_second_delete_is_the_same_operation(arm: Arm, box: str) -> None:
    assert arm.ask("DELETE", box).headers["location"] == arm.ask("DELETE", box).headers["location"]


def test_what_is_used_stays_whole(arm: Arm, box: str) -> None:
    strap(arm, box)
    refused = arm.ask("DELETE", box)
    assert (refused.status, refused.code) == (409, "BoxIsStrapped")
    assert arm.ask("GET", box).state == "Succeeded"
    assert arm.network.settle() == []


def test_a_wrong_etag_deletes_nothing(arm: Arm, box: str) -> None:
    assert arm.ask("DELETE", box, headers={"if-match": 'W/"other"'}).status == 412
    assert arm.ask("GET", box).state == "Succeeded"


def test_what_has_no_network_behind_it_is_gone_at_once(arm: Arm, box: str) -> None:
    path = strap(arm, box)
    gone = arm.ask("DELETE", path)
    assert gone.status == 202
    assert arm.follow(gone.headers["location"]).status == 204
    assert arm.ask("GET", path).status == 404


def test_what_is_being_deleted_is_not_written(arm: Arm, box: str) -> None:
    arm.ask("DELETE", box)
    told = arm.ask("PUT", box, BOX)
    assert (told.status, told.code, told.headers["retry-after"]) == (429, "AnotherOperationInProgress", "1")
    uri = told.body["error"]["message"].rpartition("use uri: ")[2].removesuffix(".")
    assert arm.follow(uri).body == {"status": "InProgress"}
    assert arm.ask("PUT", f"{box}/lids/new", {}).code == "ParentResourceIsBeingDeleted"


# ── actions ────────────────────────────────────────────────────────────────────────────────────────────────────────

def test_an_action_is_polled_to_its_result(arm: Arm, box: str) -> None:
    arm.network.silent = True
    asked = arm.ask("POST", f"{box}/shake/X?api-version=2023-09-01&force=9")
    assert (asked.status, asked.body) == (202, None)
    assert "azure-asyncoperation" not in asked.headers
    assert arm.follow(asked.headers["location"]).status == 202
    with arm.store.reading() as reader:
        operation, = reader.pending()
    told = {name: operation.parameters[name] for name in ("axis", "force", "shape")}
    assert told == {"axis": "X", "force": "9", "shape": "cube"}
    assert arm.network.words[-1] == f"op:{operation.id}"
    arm.network.answers["shake"] = {"value": [{"sound": "rattle"}]}
    arm.network.answer(operation)
    found = arm.follow(asked.headers["location"])
    assert (found.status, found.body) == (200, {"value": [{"sound": "rattle"}]})


def test_a_quick_action_is_answered_on_the_spot(arm: Arm, box: str) -> None:
    arm.network.answers["weigh"] = {"grams": 7}
    found = arm.ask("GET", f"{box}/weigh")
    assert (found.status, found.body) == (200, {"grams": 7})
    with arm.store.reading() as reader:
        assert reader.pending() == ()


def test_a_refused_question_is_an_error_envelope(arm: Arm, box: str) -> None:
    arm.network.answers["weigh"] = Fault("ScaleNotFound", "There is no scale.")
    refused = arm.ask("GET", f"{box}/weigh")
    assert (refused.status, refused.code, refused.message) == (404, "ScaleNotFound", "There is no scale.")


def test_a_quick_action_that_nobody_answers_is_a_504(arm: Arm, box: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.api.front._PATIENCE_S", 0.05)
    arm.network.silent = True
    assert (arm.ask("GET", f"{box}/weigh").status, arm.ask("GET", f"{box}/weigh").code) == (504, "GatewayTimeout")


def test_an_action_known_from_the_store_asks_nobody(arm: Arm, box: str) -> None:
    arm.network.words.clear()
    assert arm.ask("POST", f"{box}/label").body == {"label": "b"}
    assert arm.network.words == []


def test_status_of_the_plant_is_a_quick_action_of_the_subscription(arm: Arm) -> None:
    arm.network.answers["status"] = {"circuits": []}
    found = arm.ask("POST", f"{arm.subscription}/providers/Trunkline.Plant/status")
    assert (found.status, found.body) == (200, {"circuits": []})


def test_nobody_reads_another_subscriptions_operation(arm: Arm, box: str) -> None:
    asked = arm.ask("POST", f"{box}/shake/x")
    arm.account = "operator"
    elsewhere = asked.headers["location"].replace(
        arm.accounts.customer_subscription, arm.accounts.provider_subscription)
    assert arm.follow(asked.headers["location"]).status == 200
    assert arm.follow(elsewhere).status == 404


# ── lists ──────────────────────────────────────────────────────────────────────────────────────────────────────────

def collect(arm: Arm, path: str) -> list[list[str]]:
    pages, reply = [], arm.ask("GET", path)
    while True:
        pages.append([one["name"] for one in reply.body["value"]])
        if "nextLink" not in reply.body:
            return pages
        reply = arm.follow(reply.body["nextLink"])


def test_lists_are_of_a_group_or_of_the_subscription(arm: Arm) -> None:
    arm.create_group("rg2")
    for name in ("b2", "b1"):
        arm.make(arm.at(f"boxes/{name}"), BOX)
    arm.make(arm.at("boxes/b3").replace("rg1", "rg2"), BOX)
    assert collect(arm, arm.at("boxes")) == [["b1", "b2"]]
    assert collect(arm, f"{arm.subscription}/providers/test.lab/Boxes") == [["b1", "b2", "b3"]]


def test_pages_follow_each_other_and_end(arm: Arm) -> None:
    for number in range(5):
        arm.make(arm.at(f"boxes/b{number}"), BOX)
    assert collect(arm, f"{arm.at('boxes')}?api-version=2025-01-01&$top=2") == [["b0", "b1"], ["b2", "b3"], ["b4"]]


def test_a_row_deleted_between_two_pages_hides_no_other(arm: Arm, box: str) -> None:
    for name in ("s1", "s2", "s3"):
        arm.make(arm.at(f"straps/{name}"), {"location": "westus", "properties": {"box": {"id": box}}})
    first = arm.ask("GET", f"{arm.at('straps')}?api-version=2025-01-01&$top=1")
    arm.ask("DELETE", arm.at("straps/s1"))
    assert [one["name"] for one in arm.follow(first.body["nextLink"]).body["value"]] == ["s2"]


@pytest.mark.parametrize(("query", "code"), [
    ("$top=0", "InvalidTopInQueryString"), ("$top=x", "InvalidTopInQueryString"), ("$skipToken=!", "InvalidSkipToken")])
def test_junk_in_a_lists_query_is_told(arm: Arm, query: str, code: str) -> None:
    assert arm.ask("GET", f"{arm.at('boxes')}?api-version=2025-01-01&{query}").code == code


def test_a_catalogue_is_read_only(arm: Arm) -> None:
    path = f"{arm.subscription}/providers/Test.Lab/papers"
    assert collect(arm, f"{path}?api-version=2025-01-01&$top=2") == [["paper0", "paper1"], ["paper2"]]
    assert arm.ask("GET", f"{path}/PAPER1").body["name"] == "paper1"
    assert arm.ask("PUT", f"{path}/paper1", {}).status == 405


def test_all_resources_of_a_type_without_their_properties(arm: Arm, box: str) -> None:
    strap(arm, box)
    path = f"{arm.subscription}/resources"
    assert collect(arm, path) == [["b", "s"]]
    filtered = arm.ask("GET", f"{path}?api-version=2025-01-01&$filter=resourceType eq 'test.lab/BOXES'")
    assert [one["type"] for one in filtered.body["value"]] == ["Test.Lab/boxes"]
    assert "properties" not in filtered.body["value"][0]
    wrong = arm.ask("GET", f"{path}?api-version=2025-01-01&$filter=size gt 3")
    assert wrong.code == "InvalidFilterInQueryString"


# ── resource groups ────────────────────────────────────────────────────────────────────────────────────────────────

def test_a_group_is_created_read_changed_and_listed(arm: Arm) -> None:
    group = f"{arm.subscription}/resourcegroups/New.Group"
    assert arm.ask("PUT", group, {"location": "West US", "tags": {"a": "b"}}).status == 201
    assert arm.ask("PUT", group, {"location": "westus"}).status == 200
    assert arm.ask("PATCH", group, {"tags": {"c": "d"}}).body["tags"] == {"c": "d"}
    found = arm.ask("GET", group).body
    assert (found["id"], found["type"]) == (group.replace("groups", "Groups"), "Microsoft.Resources/resourceGroups")
    assert (arm.ask("HEAD", group).status, arm.ask("HEAD", f"{group}2").status) == (204, 404)
    assert collect(arm, f"{arm.subscription}/resourcegroups") == [["New.Group", "rg1"]]


@pytest.mark.parametrize(("name", "body", "code"), [
    ("ends.", {"location": "westus"}, "InvalidResourceGroup"),
    ("x" * 91, {"location": "westus"}, "InvalidResourceGroup"),
    ("rg2", {}, "LocationRequired"), ("rg2", {"location": "moon"}, "LocationNotAvailableForResourceType"),
    ("rg1", {"location": "eastus"}, "InvalidResourceGroupLocation"),
    ("rg2", {"location": "westus", "tags": {"a<": "b"}}, "InvalidTagNameCharacters"),
])
def test_bad_groups_are_refused(arm: Arm, name: str, body: Any, code: str) -> None:
    assert arm.ask("PUT", f"{arm.subscription}/resourceGroups/{name}", body).code == code


def delete_group(arm: Arm) -> Reply:
    return arm.ask("DELETE", arm.group)


def test_deleting_a_group_deletes_all_that_is_in_it(arm: Arm, box: str) -> None:
    strap(arm, box)
    gone = delete_group(arm)
    assert gone.status == 202
    assert arm.follow(gone.headers["location"]).status == 202
    assert arm.ask("GET", arm.group).state == "Deleting"
    assert arm.ask("PUT", arm.at("boxes/late"), BOX).code == "ResourceGroupBeingDeleted"
    arm.network.settle()
    assert arm.follow(gone.headers["location"]).status == 200
    assert arm.ask("GET", arm.group).code == "ResourceGroupNotFound"


def test_a_group_is_gone_even_if_nobody_polled(arm: Arm, box: str) -> None:
    delete_group(arm)
    arm.network.settle()
    assert arm.ask("HEAD", arm.group).status == 404
    arm.create_group()
    assert arm.ask("GET", box).status == 404


def test_a_blocker_outside_the_group_keeps_all_of_it(arm: Arm, box: str) -> None:
    arm.create_group("rg2")
    outside = arm.at("straps/s").replace("rg1", "rg2")
    arm.make(outside, {"location": "westus", "properties": {"box": {"id": box}}})
    arm.make(arm.at("straps/inside"), {"location": "westus", "properties": {"box": {"id": box}}})
    refused = delete_group(arm)
    assert (refused.status, refused.code) == (409, "BoxIsStrapped")
    assert arm.ask("GET", arm.at("straps/inside")).state == "Succeeded"
    assert arm.ask("GET", arm.group).state == "Succeeded"


def test_a_group_of_which_something_failed_stays_usable(arm: Arm, box: str) -> None:
    gone = delete_group(arm)
    arm.network.settle(failing="b")
    failed = arm.follow(gone.headers["location"])
    assert (failed.status, failed.code) == (409, "ResourceGroupDeletionFailed")
    assert failed.body["error"]["details"][0]["code"] == "LinkDown"
    assert arm.ask("GET", arm.group).state == "Succeeded"
    assert arm.ask("GET", box).state == "Failed"


def forget(arm: Arm) -> None:
    """A day goes by in which nobody asks."""
    with arm.store.writing() as writer:
        writer.prune(*[now() + timedelta(seconds=1)] * 2)


def test_a_failed_deletion_that_was_forgotten_is_no_success(arm: Arm, box: str) -> None:
    gone = delete_group(arm)
    arm.network.settle(failing="b")
    forget(arm)
    failed = arm.follow(gone.headers["location"])
    assert (failed.status, failed.code) == (409, "ResourceGroupDeletionFailed")
    assert arm.ask("GET", box).state == "Failed"


def test_a_deletion_that_was_forgotten_has_still_succeeded(arm: Arm, box: str) -> None:
    gone = delete_group(arm)
    arm.network.settle()
    forget(arm)
    assert arm.follow(gone.headers["location"]).status == 200


def test_the_activity_log_of_a_quiet_subscription_is_not_crowded_out(arm: Arm) -> None:
    log = f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    mine = len(arm.ask("GET", log).body["value"])
    noise = Activity(ResourceId(arm.accounts.provider_subscription, "rg"), "write", "provider", "1", "Succeeded")
    with arm.store.writing() as writer:
        for _ in range(501):
            writer.log(noise)
    assert mine > 0
    assert len(arm.ask("GET", log).body["value"]) == mine


def test_a_resource_that_goes_with_another_is_deleted_once(tmp_path: Path) -> None:
    """Each box pulls its straps' deletion along; the group then meets the same straps again."""
    def following(provider: str) -> Registry:
        types = dict(lab(provider).types)
        boxes, straps = types["test.lab/boxes"], types["test.lab/straps"]
        types["test.lab/boxes"] = replace(
            boxes, dependents=lambda box, estate: estate.referrers(box.id, "Test.Lab/straps"))
        types["test.lab/straps"] = replace(straps, realised=True)
        return Registry.of(*types.values())

    with closing(Arm(tmp_path / "home", following)) as arm:
        arm.create_group()
        arm.make(arm.at("boxes/b"), BOX)
        strap(arm, arm.at("boxes/b"))
        delete_group(arm)
        assert sorted(one.resource.name for one in arm.network.settle()) == ["b", "s"]
