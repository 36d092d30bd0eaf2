"""Every way to be refused: ARM's envelope, ARM's code, and nothing left behind."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from arm import Arm, Reply, lab
from trunkline.errors import StoreFailure
from trunkline.model.resource import Json, Resource, ResourceId
from trunkline.settings import Limits

BOX: dict[str, Any] = {"location": "westus", "properties": {}}


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    service.create_group()
    yield service
    service.close()


def in_envelope(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, set(reply.body)) == (status, {"error"})
    assert set(reply.body["error"]) <= {"code", "message", "target", "details"}
    assert reply.code == code
    assert reply.message


@pytest.mark.parametrize(("method", "tail", "status", "code"), [
    ("GET", "/providers/Test.Lab/boxes/nope", 404, "ResourceNotFound"),
    ("GET", "/providers/Test.Lab/boxes/b/lids/nope", 404, "NotFound"),
    ("GET", "/providers/Test.Lab/boxes/nope/lids/x", 404, "ParentResourceNotFound"),
    ("PUT", "/providers/Test.Lab/boxes/nope/lids/x", 404, "ParentResourceNotFound"),
    ("GET", "/providers/Test.Lab/boxes/nope/lids", 404, "ParentResourceNotFound"),
    ("GET", "/providers/Test.Lab/boxes/nope/weigh", 404, "ResourceNotFound"),
    ("GET", "/providers/Test.Lab/crates", 404, "InvalidResourceType"),
    ("GET", "/providers/Test.Nowhere/boxes/b", 404, "InvalidResourceNamespace"),
    ("POST", "/providers/Test.Lab/boxes/b", 405, "MethodNotAllowed"),
    ("GET", "/providers/Test.Lab/boxes/b/shake/x", 405, "MethodNotAllowed"),
    ("DELETE", "/providers/Test.Lab/boxes", 405, "MethodNotAllowed"),
    ("POST", "", 405, "MethodNotAllowed"),
    ("GET", "/nonsense", 404, "NotFound"),
    ("GET", "%0A", 404, "ResourceGroupNotFound"),
])
def test_paths_and_methods(arm: Arm, method: str, tail: str, status: int, code: str) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    in_envelope(arm.ask(method, arm.group + tail, {} if method == "PUT" else None), status, code)


def test_a_missing_group_is_told_for_every_verb(arm: Arm) -> None:
    path = arm.at("boxes/b").replace("rg1", "nope")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        in_envelope(arm.ask(method, path, BOX), 404, "ResourceGroupNotFound")


def test_a_405_names_what_is_allowed(arm: Arm) -> None:
    assert arm.ask("POST", arm.group).headers["allow"] == "GET, HEAD, PUT, PATCH, DELETE"


@pytest.mark.parametrize(("query", "code"), [
    ("", "MissingApiVersionParameter"), ("?api-version=", "MissingApiVersionParameter"),
    ("?api-version=latest", "InvalidApiVersionParameter"), ("?api-version=2025-13-01", "InvalidApiVersionParameter"),
    ("?api-version=2025-01-01-final", "InvalidApiVersionParameter"),
])
def test_api_versions(arm: Arm, query: str, code: str) -> None:
    in_envelope(arm.ask("GET", f"{arm.at('boxes')}{query or '?'}"), 400, code)


@pytest.mark.parametrize(("name", "body", "status", "code", "target"), [
    ("b", {}, 400, "LocationRequired", "location"),
    ("b", {"location": "moon"}, 400, "LocationNotAvailableForResourceType", "location"),
    ("b", {**BOX, "properties": []}, 400, "InvalidRequestFormat", "properties"),
    ("b", {**BOX, "properties": {"size": 0}}, 400, "InvalidPropertyValue", "properties.size"),
    ("b", {**BOX, "properties": {"size": 13}}, 400, "UnluckySize", "properties.size"),
    ("b", {**BOX, "tags": {"t": "x" * 257}}, 400, "InvalidTagValueLength", "tags.t"),
    ("b", {**BOX, "tags": []}, None, "", ""),
    ("b", {**BOX, "tags": [1]}, 400, "InvalidTagsFormat", "tags"),
    ("x" * 81, BOX, 400, "InvalidResourceName", "name"),
    ("-b", BOX, 400, "InvalidResourceName", "name"),
    ("b%20b", BOX, 400, "InvalidResourceName", "name"),
])
def test_bad_wishes_leave_nothing_behind(arm: Arm, name: str, body: Any, status: int | None, code: str,
                                         target: str) -> None:
    reply = arm.ask("PUT", arm.at(f"boxes/{name}"), body)
    if status is None:
        assert reply.status == 201
        return
    in_envelope(reply, status, code)
    assert reply.body["error"]["target"] == target
    with arm.store.writing() as writer:
        assert writer.list("Test.Lab/boxes") == ()
        assert writer.pending() == ()
        assert writer.allocate("box", "next") == 1


def test_a_resource_does_not_move(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    in_envelope(arm.ask("PUT", arm.at("boxes/b"), {**BOX, "location": "eastus"}), 409, "InvalidResourceLocation")


@pytest.mark.parametrize(("content", "kind", "status", "code"), [
    ("{", "application/json", 400, "InvalidRequestContent"), ("[]", "application/json", 400, "InvalidRequestContent"),
    ('{"a":1,"a":2}', "application/json", 400, "InvalidRequestContent"),
    ("{}", "text/plain", 415, "UnsupportedMediaType"), ("{}", "", 415, "UnsupportedMediaType"),
])
def test_bodies(arm: Arm, content: str, kind: str, status: int, code: str) -> None:
    reply = arm.send("PUT", f"{arm.at('boxes/b')}?api-version=2025-01-01", content,
                     {"authorization": f"Bearer {arm.token()}", "content-type": kind})
    in_envelope(reply, status, code)


def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    arm = Arm(tmp_path / "home", lab, Limits(body_bytes=100))
    arm.create_group()
    reply = arm.ask("PUT", arm.at("boxes/b"), {**BOX, "tags": {"a": "x" * 200}})
    in_envelope(reply, 413, "RequestEntityTooLarge")
    assert reply.headers["connection"] == "close"
    arm.close()


def test_a_body_that_is_too_large_is_heard_out_before_the_answer(tmp_path: Path) -> None:
    """A client that still speaks when the connection closes would never read the answer."""
    arm, given = Arm(tmp_path / "home", lab, Limits(body_bytes=100)), []

    async def speech() -> AsyncIterator[bytes]:
        for chunk in [b"x" * 60] * 10:
            given.append(chunk)
            yield chunk

    reply = arm.send("PUT", f"{arm.at('boxes/b')}?api-version=2025-01-01", speech(), {
        "authorization": f"Bearer {arm.token()}", "content-type": "application/json"})
    in_envelope(reply, 413, "RequestEntityTooLarge")
    assert len(given) == 10
    arm.close()


def test_all_that_is_wrong_with_a_body_is_told_together(arm: Arm) -> None:
    told = arm.ask("PUT", arm.at("boxes/b"), {
        "location": "nowhere", "tags": {"a<": "b"}, "properties": {"size": -1, "lids": [{"name": "!"}]}})
    assert [one["target"] for one in told.body["error"]["details"]] == ["location", "tags", "properties.size"]


def test_reads_writes_and_deletes_are_counted_apart(arm: Arm) -> None:
    box = arm.at("boxes/b")
    left = [name for method in ("GET", "PUT", "DELETE") for name in arm.ask(method, box, BOX).headers
            if name.startswith("x-ms-ratelimit-remaining-subscription-")]
    assert [name.rpartition("-")[2] for name in left] == ["reads", "writes", "deletes"]


def test_too_many_requests_are_told_to_wait(tmp_path: Path) -> None:
    arm = Arm(tmp_path / "home", lab, Limits(requests_per_second=2))
    replies = [arm.ask("GET", arm.subscription) for _ in range(5)]
    refused = [one for one in replies if one.status == 429]
    assert refused
    in_envelope(refused[0], 429, "TooManyRequests")
    assert int(refused[0].headers["retry-after"]) >= 1
    assert replies[0].headers["x-ms-ratelimit-remaining-subscription-reads"] == "1"
    arm.close()


# ── who ────────────────────────────────────────────────────────────────────────────────────────────────────────────

@pytest.mark.parametrize(("header", "code"), [
    (None, "AuthenticationFailed"), ("Basic abc", "AuthenticationFailed"), ("Bearer", "AuthenticationFailed"),
    ("Bearer junk", "InvalidAuthenticationToken")])
def test_without_a_token_nobody_is_served(arm: Arm, header: str | None, code: str) -> None:
    headers = {"authorization": header} if header else {}
    reply = arm.send("GET", f"{arm.subscription}?api-version=2025-01-01", headers=headers)
    in_envelope(reply, 401, code)
    assert reply.headers["www-authenticate"].startswith(
        f'Bearer authorization_uri="{arm.url}/{arm.accounts.tenant}", error="invalid_token"')


def test_an_expired_token_is_told_apart(arm: Arm) -> None:
    reply = arm.ask("GET", arm.subscription, headers={"authorization": f"Bearer {arm.token(life_s=-60)}"})
    in_envelope(reply, 401, "ExpiredAuthenticationToken")


def test_somebody_elses_subscription_is_forbidden_in_azures_words(arm: Arm) -> None:
    arm.account = "provider"
    account = arm.accounts.accounts[1]
    reply = arm.ask("PUT", arm.at("boxes/b"), BOX)
    in_envelope(reply, 403, "AuthorizationFailed")
    assert reply.message.startswith(
        f"The client '{account.client_id}' with object id '{account.object_id}' does not have authorization to perform "
        f"action 'Test.Lab/boxes/write' over scope '{arm.at('boxes/b')}'")


def test_an_unknown_subscription_is_not_found(arm: Arm) -> None:
    in_envelope(arm.ask("GET", "/subscriptions/00000000-0000-0000-0000-000000000000"), 404, "SubscriptionNotFound")


def test_everyone_sees_only_their_subscriptions(arm: Arm) -> None:
    seen = {}
    for account in ("customer", "provider", "operator"):
        arm.account = account
        seen[account] = [one["displayName"] for one in arm.ask("GET", "/subscriptions").body["value"]]
    assert seen == {"customer": ["Trunkline"], "provider": ["Trunkline Providers"],
                    "operator": ["Trunkline", "Trunkline Providers"]}


def test_a_link_into_another_subscription_needs_its_owners_key(arm: Arm) -> None:
    foreign = arm.at("boxes/b").replace(arm.accounts.customer_subscription, arm.accounts.provider_subscription)
    body: Json = {"location": "westus", "properties": {"box": {"id": foreign}}}
    in_envelope(arm.ask("PUT", arm.at("straps/s"), body), 403, "LinkedAuthorizationFailed")
    body["properties"] |= {"authorizationKey": "given", "spare": {"id": foreign.replace("boxes/b", "boxes/c")}}
    in_envelope(arm.ask("PUT", arm.at("straps/s"), body), 403, "LinkedAuthorizationFailed")
    del body["properties"]["spare"]
    in_envelope(arm.ask("PUT", arm.at("straps/s"), body), 403, "LinkedAuthorizationFailed")
    box = ResourceId.parse(foreign)
    with arm.store.writing() as writer:
        writer.put(Resource(box, "westus"))
        writer.put(Resource(box.child("lids", "a"), system={"authorizationKey": "another"}))
    in_envelope(arm.ask("PUT", arm.at("straps/s"), body), 400, "AuthorizationKeyInvalid")
    with arm.store.writing() as writer:
        writer.put(Resource(box.child("lids", "b"), system={"authorizationKey": "given"}))
    assert arm.ask("PUT", arm.at("straps/s"), body).status == 201


def test_only_operators_write_the_plant(arm: Arm) -> None:
    path = arm.group + "/providers/Trunkline.Plant/edges/e"
    in_envelope(arm.ask("PUT", path, BOX), 403, "AuthorizationFailed")
    in_envelope(arm.ask("PUT", arm.group + "/providers/Trunkline.Plant/faults/f", BOX), 403, "AuthorizationFailed")
    arm.account = "operator"
    in_envelope(arm.ask("PUT", path, BOX), 404, "InvalidResourceNamespace")


# ── headers, bugs, health ──────────────────────────────────────────────────────────────────────────────────────────

def test_every_answer_can_be_traced(arm: Arm) -> None:
    mine = "11111111-2222-3333-4444-555555555555"
    for path in (arm.subscription, arm.at("boxes/nope"), "/nonsense"):
        reply = arm.ask("GET", path, headers={"x-ms-correlation-request-id": mine})
        assert reply.headers["x-ms-correlation-request-id"] == mine
        UUID(reply.headers["x-ms-request-id"])
        assert reply.headers["cache-control"] == "no-cache"
        assert reply.headers["x-ms-routing-request-id"].startswith("TRUNKLINE:")
    forged = arm.ask("GET", arm.subscription, headers={"x-ms-correlation-request-id": "not a guid"})
    UUID(forged.headers["x-ms-correlation-request-id"])


def test_the_network_provider_traces_its_answers_itself(arm: Arm) -> None:
    ours = arm.ask("GET", f"{arm.group}/providers/Microsoft.Network/virtualNetworks")
    UUID(ours.headers["x-ms-arm-service-request-id"])
    assert "x-ms-arm-service-request-id" not in arm.ask("GET", arm.subscription).headers


def test_links_follow_the_name_by_which_the_client_came(arm: Arm) -> None:
    made = arm.ask("PUT", arm.at("boxes/b"), BOX, {"host": "localhost:9000"})
    assert made.headers["azure-asyncoperation"].startswith("https://localhost:9000/subscriptions/")
    made = arm.ask("PUT", arm.at("boxes/b"), BOX, {"host": "evil/../host?"})
    assert made.headers["azure-asyncoperation"].startswith(f"{arm.url}/subscriptions/")


def test_a_bug_is_a_500_without_a_trace_in_answer_or_value_in_log(
        arm: Arm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise KeyError("s3cr3t")

    monkeypatch.setattr("trunkline.api.engine.shape.body", broken)
    with caplog.at_level(logging.INFO):
        reply = arm.ask("PUT", arm.at("boxes/b"), {**BOX, "properties": {"password": "s3cr3t"}})
    in_envelope(reply, 500, "InternalServerError")
    assert reply.headers["x-ms-correlation-request-id"] in reply.message
    assert "s3cr3t" not in json.dumps(reply.body)
    logged = [vars(one) for one in caplog.records]
    assert any(one.get("exception_type") == "KeyError" for one in logged)
    assert "s3cr3t" not in str(logged)
    with arm.store.reading() as reader:
        assert reader.list("Test.Lab/boxes") == ()


def test_a_store_that_refuses_is_told_with_the_way_out(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreFailure("Nothing was written: free space.", 507)

    monkeypatch.setattr("trunkline.api.engine.write.put", full)
    in_envelope(arm.ask("PUT", arm.at("boxes/b"), BOX), 507, "ServiceUnavailable")


def test_health_needs_no_token(arm: Arm) -> None:
    assert (arm.send("GET", "/healthz").status, arm.send("GET", "/healthz").body) == (200, {"status": "healthy"})


def test_a_request_is_logged_without_body_or_token(arm: Arm, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        arm.ask("PUT", arm.at("boxes/b"), {**BOX, "properties": {"password": "s3cr3t"}})
    told = [vars(one) for one in caplog.records if one.getMessage() == "request"]
    assert (told[0]["method"], told[0]["status"]) == ("PUT", 201)
    assert "s3cr3t" not in str(told)
    assert "Bearer" not in str(told)


def test_writes_are_in_the_activity_log(arm: Arm) -> None:
    arm.make(arm.at("boxes/b"), BOX)
    path = f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    newest = arm.ask("GET", path).body["value"][0]
    assert (newest["operationName"]["value"], newest["caller"]) == (
        "Test.Lab/boxes/write", arm.accounts.accounts[0].client_id)
    assert newest["resourceId"] == arm.at("boxes/b")
