from __future__ import annotations

import jwt
import pytest

from trunkline.api.accounts import Accounts, load_accounts
from trunkline.api.token import Tokens, load_key
from trunkline.errors import Fault
from trunkline.settings import Places

URL = "https://127.0.0.1:8443"


@pytest.fixture
def accounts(places: Places) -> Accounts:
    return load_accounts(places)


@pytest.fixture
def tokens(places: Places, accounts: Accounts) -> Tokens:
    return Tokens(load_key(places.ca.parent), accounts, URL, ())


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


def test_a_foreign_signature_is_refused(places: Places, tokens: Tokens, accounts: Accounts) -> None:
    forger = Tokens(load_key(places.home / "elsewhere"), accounts, URL, ())
    assert _code(tokens, forger.issue(accounts.accounts[0], URL)) == "InvalidAuthenticationToken"


def test_an_unsigned_token_is_refused(tokens: Tokens, accounts: Accounts) -> None:
    claims = jwt.decode(tokens.issue(accounts.accounts[0], URL), options={"verify_signature": False})
    assert _code(tokens, jwt.encode(claims, "", algorithm="none")) == "InvalidAuthenticationToken"


def test_the_token_of_a_removed_account_is_refused(places: Places, tokens: Tokens, accounts: Accounts) -> None:
    left = Accounts(accounts.tenant, accounts.customer, accounts.provider, accounts.accounts[1:])
    later = Tokens(load_key(places.ca.parent), left, URL, ())
    assert _code(later, tokens.issue(accounts.accounts[0], URL)) == "InvalidAuthenticationToken"


@pytest.mark.parametrize("junk", ["", "a.b.c", "Ünïcode", "." * 50])
def test_junk_is_refused(tokens: Tokens, junk: str) -> None:
    assert _code(tokens, junk) == "InvalidAuthenticationToken"


def test_anyone_can_verify_with_the_published_key(tokens: Tokens, accounts: Accounts) -> None:
    token = tokens.issue(accounts.accounts[0], URL)
    key = jwt.PyJWKSet.from_dict(tokens.keys())[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience=URL)["aud"] == URL
