from __future__ import annotations

import stat
from dataclasses import replace

import pytest

from trunkline.api.accounts import AccountsUnreadable, load_accounts
from trunkline.settings import Places


def test_first_start_creates_three_accounts_in_two_subscriptions(places: Places) -> None:
    accounts = load_accounts(places)
    customer, provider, operator = accounts.accounts
    assert [a.name for a in accounts.accounts] == ["customer", "provider", "operator"]
    assert customer.subscriptions == (accounts.customer_subscription,)
    assert provider.subscriptions == (accounts.provider_subscription,)
    assert operator.operator
    assert set(operator.subscriptions) == {s.id for s in accounts.subscriptions}
    assert len({a.secret for a in accounts.accounts}) == 3


def test_only_the_owner_reads_the_file(places: Places) -> None:
    load_accounts(places)
    assert stat.S_IMODE(places.accounts.stat().st_mode) == 0o600


def test_a_second_start_finds_the_same_accounts(places: Places) -> None:
    assert load_accounts(places) == load_accounts(places)


def test_a_damaged_file_is_never_replaced(places: Places) -> None:
    load_accounts(places)
    places.accounts.write_text('{"tenant": 1}')
    with pytest.raises(AccountsUnreadable, match="restore it"):
        load_accounts(places)
    assert places.accounts.read_text() == '{"tenant": 1}'


def test_login_takes_only_the_right_secret(places: Places) -> None:
    accounts = load_accounts(places)
    one, other = accounts.accounts[:2]
    assert accounts.login(one.client_id.upper(), one.secret) == one
    assert accounts.login(one.client_id, other.secret) is None
    assert accounts.login("nobody", "") is None
    assert accounts.login(one.client_id, "") is None


def test_secrets_do_not_show_in_representations(places: Places) -> None:
    account = replace(load_accounts(places).accounts[0], secret="visible-secret")
    assert "visible-secret" not in repr(account)
