from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from trunkline.api import login, metadata
from trunkline.api.access.directory import Directory
from trunkline.api.access.grants import Desk
from trunkline.api.access.issuers import Issuers
from trunkline.api.access.principals import Principals
from trunkline.api.accounts import kept_secrets
from trunkline.api.exchange import Answer
from trunkline.api.login import Asker
from trunkline.api.token import Tokens, load_key
from trunkline.settings import Places
from trunkline.store import Store

URL = "https://127.0.0.1:8443"


class Window:
    """The token endpoint, asked as the customer."""

    def __init__(self, places: Places, store: Store) -> None:
        directory = Directory(places)
        self.tokens = Tokens(load_key(places.ca.parent), Principals(directory, store, Issuers(())), URL, ())
        self.desk, self.accounts = Desk(directory, self.tokens), directory.accounts
        self.account, self.secret = self.accounts.accounts[0], kept_secrets(places)["customer"]

    def ask(self, tenant: str = "", headers: Mapping[str, str] | None = None, **change: str) -> Answer:
        form = {"grant_type": "client_credentials", "client_id": self.account.client_id,
                "client_secret": self.secret, "scope": f"{URL}/.default", **change}
        return login.token(self.desk, Asker(URL, tenant or self.accounts.tenant), headers or {},
                           urlencode({name: value for name, value in form.items() if value}).encode())


@pytest.fixture
def desk(places: Places) -> Iterator[Window]:
    store = Store(places.database_url)
    yield Window(places, store)
    store.close()


def _body(answer: Answer) -> Any:
    return json.loads(answer.content)


def test_the_right_secret_gets_a_token_of_the_account(desk: Window) -> None:
    answer = desk.ask()
    assert answer.status == 200
    assert _body(answer)["token_type"] == "Bearer"
    assert desk.tokens.verify(_body(answer)["access_token"]) == desk.account


def test_the_secret_may_come_by_http_basic(desk: Window) -> None:
    basic = b64encode(f"{desk.account.client_id}:{desk.secret}".encode()).decode()
    assert desk.ask(headers={"authorization": f"Basic {basic}"}, client_id="", client_secret="").status == 200


def test_version_1_names_the_resource(desk: Window) -> None:
    assert desk.ask(scope="", resource=f"{URL}/").status == 200


@pytest.mark.parametrize(("change", "error", "number", "status"), [
    ({"client_secret": "wrong"}, "invalid_client", 7000215, 401),
    ({"client_id": "nobody"}, "unauthorized_client", 700016, 400),
    ({"scope": "https://graph/.default"}, "invalid_resource", 500011, 400),
    ({"grant_type": "implicit"}, "unsupported_grant_type", 70003, 400),
    ({"tenant": "elsewhere"}, "invalid_request", 90002, 400),
])
def test_refusals_have_the_identity_platforms_shape(desk: Window, change: dict[str, str], error: str, number: int,
                                                    status: int) -> None:
    answer = desk.ask(**change)
    body = _body(answer)
    assert (answer.status, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert desk.secret not in answer.content.decode()


@pytest.mark.parametrize("form", [b"\xff\xfe", b"&" * 1000, b"a=" + b"&a=" * 200])
def test_a_junk_form_is_no_login(desk: Window, form: bytes) -> None:
    assert login.token(desk.desk, Asker(URL, desk.accounts.tenant), {}, form).status == 400


@pytest.mark.parametrize("header", ["Basic ???", "Basic " + b64encode(b"\xff").decode(), "Basic"])
def test_a_junk_basic_header_is_no_login(desk: Window, header: str) -> None:
    assert desk.ask(headers={"authorization": header}).status == 400


@pytest.mark.parametrize(("version", "shape"), [("2022-09-01", dict), ("2019-05-01", list), ("2015-01-01", dict)])
def test_metadata_comes_in_the_shape_of_its_version(version: str, shape: type) -> None:
    found = metadata.endpoints(URL, URL, "tenant", version)
    assert isinstance(found, shape)
    one = found[0] if isinstance(found, list) else found
    assert one["authentication"]["audiences"] == [URL]
    assert ("resourceManager" in one) is (version > "2015-01-01")
