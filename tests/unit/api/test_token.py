from __future__ import annotations

from collections.abc import Iterator

import jwt
import pytest

from trunkline.api.access.directory import Directory
from trunkline.api.access.issuers import Issuers
from trunkline.api.access.principals import Principals
from trunkline.api.accounts import Accounts
from trunkline.api.token import Tokens, load_key
from trunkline.errors import Fault
from trunkline.settings import Places
from trunkline.store import Store

URL = "https://127.0.0.1:8443"


@pytest.fixture
def directory(places: Places) -> Directory:
    return Directory(places)


@pytest.fixture
def accounts(directory: Directory) -> Accounts:
    return directory.accounts


@pytest.fixture
def principals(places: Places, directory: Directory) -> Iterator[Principals]:
    store = Store(places.database_url)
    yield Principals(directory, store, Issuers(()))
    store.close()


@pytest.fixture
def tokens(places: Places, principals: Principals) -> Tokens:
    return Tokens(load_key(places.ca.parent), principals, URL, ())


def _code(tokens: Tokens, token: str) -> str:
    with pytest.raises(Fault) as refused:
        tokens.verify(token)
    assert refused.value.status == 401
    return refused.value.code


def test_a_token_names_its_account(tokens: Tokens, accounts: Accounts) -> None:
    for account in accounts.accounts:
        assert tokens.verify(tokens.issue(account, URL)) == account


def test_clients_find_the_claims_they_read(tokens: Tokens, accounts: Accounts) -> None:
    account = accounts.accounts[0]
    claims = jwt.decode(tokens.issue(account, URL), options={"verify_signature": False})
    assert (claims["tid"], claims["oid"], claims["appid"]) == (accounts.tenant, account.object_id, account.client_id)


def test_an_expired_token_says_so(tokens: Tokens, accounts: Accounts) -> None:
    assert _code(tokens, tokens.issue(accounts.accounts[0], URL, life_s=-60)) == "ExpiredAuthenticationToken"


def test_a_remembered_token_still_expires(tokens: Tokens, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.issue(accounts.accounts[0], URL, life_s=-2)
    assert tokens.verify(token) == accounts.accounts[0]
    monkeypatch.setattr("trunkline.api.token._LEEWAY_S", 0)
    assert _code(tokens, token) == "ExpiredAuthenticationToken"


def test_a_token_for_somebody_else_is_refused(tokens: Tokens, accounts: Accounts) -> None:
    assert _code(tokens, tokens.issue(accounts.accounts[0], "https://graph")) == "InvalidAuthenticationTokenAudience"


def test_a_foreign_signature_is_refused(places: Places, tokens: Tokens, principals: Principals,
                                        accounts: Accounts) -> None:
    forger = Tokens(load_key(places.home / "elsewhere"), principals, URL, ())
    assert _code(tokens, forger.issue(accounts.accounts[0], URL)) == "InvalidAuthenticationToken"


def test_an_unsigned_token_is_refused(tokens: Tokens, accounts: Accounts) -> None:
    claims = jwt.decode(tokens.issue(accounts.accounts[0], URL), options={"verify_signature": False})
    assert _code(tokens, jwt.encode(claims, "", algorithm="none")) == "InvalidAuthenticationToken"


def test_the_token_of_a_removed_account_is_refused_at_once(tokens: Tokens, directory: Directory) -> None:
    token = tokens.issue(directory.accounts.accounts[0], URL)
    assert tokens.verify(token).name == "customer"
    directory.delete("customer")
    assert _code(tokens, token) == "InvalidAuthenticationToken"


def test_a_refresh_token_is_no_access_token(tokens: Tokens, accounts: Accounts) -> None:
    refresh = tokens.issue_refresh(accounts.accounts[0], "client", "mark", 600)
    assert tokens.read_refresh(refresh)["oid"] == accounts.accounts[0].object_id
    assert tokens.read_refresh(tokens.issue(accounts.accounts[0], URL)) == {}
    assert _code(tokens, refresh) == "InvalidAuthenticationTokenAudience"


@pytest.mark.parametrize("junk", ["", "a.b.c", "Ünïcode", "." * 50])
def test_junk_is_refused(tokens: Tokens, junk: str) -> None:
    assert _code(tokens, junk) == "InvalidAuthenticationToken"


def test_anyone_can_verify_with_the_published_key(tokens: Tokens, accounts: Accounts) -> None:
    token = tokens.issue(accounts.accounts[0], URL)
    key = jwt.PyJWKSet.from_dict(tokens.keys())[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience=URL)["aud"] == URL
