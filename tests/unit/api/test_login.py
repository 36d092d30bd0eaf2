from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from trunkline.api import login, metadata
from trunkline.api.accounts import Accounts, load_accounts
from trunkline.api.exchange import Answer
from trunkline.api.token import Tokens, load_key
from trunkline.settings import Places

URL = "https://127.0.0.1:8443"


@pytest.fixture
def accounts(places: Places) -> Accounts:
    return load_accounts(places)


@pytest.fixture
def tokens(places: Places, accounts: Accounts) -> Tokens:
    return Tokens(load_key(places.ca.parent), accounts, URL, ())


class Desk:
    def __init__(self, accounts: Accounts, tokens: Tokens) -> None:
        self.accounts, self.tokens, self.account = accounts, tokens, accounts.accounts[0]

    def ask(self, tenant: str = "", headers: Mapping[str, str] | None = None, **change: str) -> Answer:
        form = {"grant_type": "client_credentials", "client_id": self.account.client_id,
                "client_secret": self.account.secret, "scope": f"{URL}/.default", **change}
        return login.token(self.accounts, self.tokens, tenant or self.accounts.tenant, headers or {},
                           urlencode({name: value for name, value in form.items() if value}).encode())


@pytest.fixture
def desk(accounts: Accounts, tokens: Tokens) -> Desk:
    return Desk(accounts, tokens)


def _body(answer: Answer) -> Any:
    return json.loads(answer.content)


def test_the_right_secret_gets_a_token_of_the_account(desk: Desk) -> None:
    answer = desk.ask()
    assert answer.status == 200
    assert _body(answer)["token_type"] == "Bearer"
    assert desk.tokens.verify(_body(answer)["access_token"]) == desk.account


def test_the_secret_may_come_by_http_basic(desk: Desk) -> None:
    basic = b64encode(f"{desk.account.client_id}:{desk.account.secret}".encode()).decode()
    assert desk.ask(headers={"authorization": f"Basic {basic}"}, client_id="", client_secret="").status == 200


def test_version_1_names_the_resource(desk: Desk) -> None:
    assert desk.ask(scope="", resource=f"{URL}/").status == 200


@pytest.mark.parametrize(("change", "error", "number", "status"), [
    ({"client_secret": "wrong"}, "invalid_client", 7000215, 401),
    ({"client_id": "nobody"}, "unauthorized_client", 700016, 400),
    ({"scope": "https://graph/.default"}, "invalid_resource", 500011, 400),
    ({"grant_type": "password"}, "unsupported_grant_type", 70003, 400),
    ({"tenant": "elsewhere"}, "invalid_request", 90002, 400),
])
def test_refusals_have_the_identity_platforms_shape(desk: Desk, change: dict[str, str], error: str, number: int,
                                                    status: int) -> None:
    answer = desk.ask(**change)
    body = _body(answer)
    assert (answer.status, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert desk.account.secret not in answer.content.decode()


@pytest.mark.parametrize("form", [b"\xff\xfe", b"&" * 1000, b"a=" + b"&a=" * 200])
def test_a_junk_form_is_no_login(desk: Desk, form: bytes) -> None:
    assert login.token(desk.accounts, desk.tokens, desk.accounts.tenant, {}, form).status == 400


@pytest.mark.parametrize("header", ["Basic ???", "Basic " + b64encode(b"\xff").decode(), "Basic"])
def test_a_junk_basic_header_is_no_login(desk: Desk, header: str) -> None:
    assert desk.ask(headers={"authorization": header}).status == 400


@pytest.mark.parametrize(("version", "shape"), [("2022-09-01", dict), ("2019-05-01", list), ("2015-01-01", dict)])
def test_metadata_comes_in_the_shape_of_its_version(version: str, shape: type) -> None:
    found = metadata.endpoints(URL, URL, "tenant", version)
    assert isinstance(found, shape)
    one = found[0] if isinstance(found, list) else found
    assert one["authentication"]["audiences"] == [URL]
    assert ("resourceManager" in one) is (version > "2015-01-01")
