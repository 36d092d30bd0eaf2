"""Ways to log in: passwords, device codes, refresh tokens, managed identities."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from arm import Arm, Reply
from trunkline.api.accounts import PrincipalType
from trunkline.api.resources import registry

CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
PASSWORD = "correct horse battery"


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.directory.create("alice", PrincipalType.USER, password=PASSWORD)
    yield service
    service.close()


def post(arm: Arm, path: str, **form: str) -> Reply:
    given = {"client_id": CLIENT, "scope": f"{arm.url}/.default openid profile offline_access", **form}
    return arm.send("POST", path, urlencode(given))


def token(arm: Arm, tenant: str = "adfs", **form: str) -> Reply:
    return post(arm, f"/{tenant}/oauth2/v2.0/token", **form)


def who(arm: Arm, got: Reply) -> Any:
    return arm.tokens.verify(got.body["access_token"]).client_id


def test_a_password_gets_tokens_of_the_user(arm: Arm) -> None:
    got = token(arm, grant_type="password", username="alice@trunkline.localhost", password=PASSWORD)
    assert who(arm, got) == "alice@trunkline.localhost"
    assert {"refresh_token", "id_token", "client_info"} <= set(got.body)


def test_a_wrong_password_and_an_unknown_user_are_told_alike(arm: Arm) -> None:
    for user in ("alice@trunkline.localhost", "nobody@trunkline.localhost"):
        got = token(arm, grant_type="password", username=user, password="guess")
        assert (got.status, got.body["error"], got.body["error_codes"]) == (400, "invalid_grant", [50126])


def test_a_refresh_token_ends_with_the_password(arm: Arm) -> None:
    first = token(arm, grant_type="password", username="alice@trunkline.localhost", password=PASSWORD)
    again = token(arm, grant_type="refresh_token", refresh_token=first.body["refresh_token"])
    assert who(arm, again) == "alice@trunkline.localhost"
    arm.directory.reset("alice")
    ended = token(arm, grant_type="refresh_token", refresh_token=again.body["refresh_token"])
    assert ended.body["error_codes"] == [70043]


def test_a_device_code_waits_for_a_person(arm: Arm) -> None:
    code = post(arm, "/common/oauth2/v2.0/devicecode").body
    assert (code["expires_in"], code["verification_uri"]) == (900, f"{arm.url}/devicelogin")
    asked = {"grant_type": DEVICE, "device_code": code["device_code"]}
    assert token(arm, "common", **asked).body["error"] == "authorization_pending"
    assert token(arm, "common", **asked).body["error"] == "slow_down"
    page = {"user_code": code["user_code"], "username": "alice@trunkline.localhost", "answer": "approve"}
    assert arm.send("POST", "/devicelogin", urlencode({**page, "password": "guess"})).status == 400
    assert arm.send("POST", "/devicelogin", urlencode({**page, "password": PASSWORD})).status == 200
    assert who(arm, token(arm, "common", **asked)) == "alice@trunkline.localhost"
    assert token(arm, "common", **asked).body["error"] == "bad_verification_code"


def test_a_page_shows_a_code_but_runs_none(arm: Arm) -> None:
    page = arm.send("GET", "/devicelogin?user_code=%22%3E%3Cscript%3E")
    assert "<script>" not in page.body
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_managed_identity_gets_a_token_by_its_header(arm: Arm) -> None:
    arm.create_group()
    made = arm.ask("PUT", f"{arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1",
                   {"location": "westus"}).body
    told = arm.ask("POST", "/providers/Trunkline.Access/identityHeader", {"resourceId": made["id"]}).body
    path = f"{told['endpoint'].removeprefix(arm.url)}?api-version=2019-08-01&resource={arm.url}"
    got = arm.send("GET", path, headers={"x-identity-header": told["header"]})
    assert who(arm, got) == made["properties"]["clientId"]
    assert arm.send("GET", path, headers={"x-identity-header": told["header"][:-1] + "x"}).status == 401
    assert arm.send("GET", path).status == 401
    arm.account = "provider"
    assert arm.ask("POST", "/providers/Trunkline.Access/identityHeader", {"resourceId": made["id"]}).status == 403
