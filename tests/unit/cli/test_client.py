"""The HTTPS client: tokens, errors, operations."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from little_arm import ACCOUNTS, Arm
from trunkline.cli.client import Client, Clients, RequestFailed, _trusting, api_version
from trunkline.cli.failure import Failed, NotRunning

PATH = "/subscriptions/sub-c/resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks/hub"


def test_an_operation_is_polled_to_its_end_and_says_what_it_waits_for() -> None:
    arm, heard = Arm(polls=2), []
    made = arm.clients().named("customer").put(PATH, {"properties": {"x": 1}}, heard.append)
    assert made["properties"] == {"x": 1}
    assert heard == ["a daemon", "a daemon"]


def test_each_account_has_its_own_token() -> None:
    arm = Arm()
    clients = arm.clients()
    for name in ("customer", "operator"):
        clients.named(name).put(f"{PATH}-{name}", {})
    assert [account for account, _, _ in arm.sent] == ["customer", "operator"]


def test_a_missing_resource_is_found_to_be_nothing() -> None:
    assert Arm().clients().named("customer").find(PATH) is None


def test_all_faults_of_a_refusal_are_told() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        return httpx.Response(400, json={"error": {"code": "InvalidVlan", "message": "one. two.", "details": [
            {"code": "InvalidVlan", "message": "one."}, {"code": "InvalidAsn", "message": "two."}]}})

    with pytest.raises(RequestFailed, match=r"InvalidVlan: one.; two."):
        _client(refuse).put(PATH, {})


def test_an_answer_that_is_not_arms_is_told_by_its_status() -> None:
    with pytest.raises(RequestFailed, match="HTTP 502: bad gateway"):
        _client(lambda request: httpx.Response(200, json={"access_token": "t", "expires_in": 9})
                if request.url.path.endswith("token") else httpx.Response(502, text="bad gateway")).get(PATH)


def test_a_refused_login_does_not_tell_the_secret() -> None:
    with pytest.raises(Failed) as caught:
        _client(lambda _request: httpx.Response(401)).get(PATH)
    assert "secret-customer" not in str(caught.value)


def test_nobody_listening_means_not_running() -> None:
    def vanish(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(NotRunning):
        _client(vanish).get(PATH)


@pytest.mark.parametrize(("cause", "says"), [
    (ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)"),
     "shows a certificate that the CA of this home did not sign"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"),
     "another program listens there"),
    (ConnectionRefusedError(111, "Connection refused"), "no answer at .*: Connection refused")])
def test_openssls_words_and_numbers_reach_nobody(cause: OSError, says: str) -> None:
    def vanish(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(str(cause), request=request) from cause

    with pytest.raises(Failed, match=says) as caught:
        _client(vanish).get(PATH)
    assert not any(word in str(caught.value) for word in ("_ssl.c", "Errno", "SSL:"))


def test_a_damaged_ca_is_told_with_its_way_out(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("damaged")
    with pytest.raises(Failed, match=r"ca.crt is no certificate in PEM; .* makes another"):
        _trusting(tmp_path / "ca.crt")


def test_a_ca_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").mkdir()
    with pytest.raises(Failed, match=r"ca.crt cannot be read: Is a directory"):
        _trusting(tmp_path / "ca.crt")


def test_a_list_follows_its_pages() -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        if request.url.params.get("page") == "2":
            return httpx.Response(200, json={"value": [{"name": "b"}]})
        return httpx.Response(200, json={"value": [{"name": "a"}], "nextLink": f"https://arm{PATH}?api-version=1&page=2"})

    assert [row["name"] for row in _client(pages).list(PATH)] == ["a", "b"]


@pytest.mark.parametrize(("path", "version"), [
    (PATH, "2024-05-01"), ("/subscriptions/s/providers/Trunkline.Plant/status", "2026-01-01"),
    ("/subscriptions/s/resourceGroups/rg", "2022-09-01")])
def test_each_namespace_is_asked_in_its_version(path: str, version: str) -> None:
    assert api_version(path) == version


def _client(answer: httpx.MockTransport | object) -> Client:
    transport = httpx.MockTransport(answer)  # type: ignore[arg-type]
    return Clients(httpx.Client(base_url="https://arm", transport=transport), ACCOUNTS).named("customer")
