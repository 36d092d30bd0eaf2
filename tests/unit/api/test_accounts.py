from __future__ import annotations

import stat
from dataclasses import replace

import pytest

from trunkline.api.access import hashing
from trunkline.api.access.directory import Directory
from trunkline.api.access.hashing import Attempts
from trunkline.api.accounts import AccountsUnreadable, PrincipalType, kept_secrets, load_accounts
from trunkline.errors import Conflict, Fault
from trunkline.settings import Places


def test_first_start_creates_three_accounts_in_two_subscriptions(places: Places) -> None:
    accounts = load_accounts(places)
    assert [(a.name, a.operator) for a in accounts.accounts] == [
        ("customer", False), ("provider", False), ("operator", True)]
    assert [s.id for s in accounts.subscriptions] == [accounts.customer_subscription, accounts.provider_subscription]
    assert len({a.secret for a in accounts.accounts}) == 3


def test_only_the_owner_reads_the_files(places: Places) -> None:
    load_accounts(places)
    for path in (places.accounts, places.secrets):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_service_keeps_no_secret_that_it_could_tell(places: Places) -> None:
    load_accounts(places)
    told = places.accounts.read_text()
    assert all(secret not in told for secret in kept_secrets(places).values())


def test_a_second_start_finds_the_same_accounts(places: Places) -> None:
    assert load_accounts(places) == load_accounts(places)


def test_a_damaged_file_is_never_replaced(places: Places) -> None:
    load_accounts(places)
    places.accounts.write_text('{"tenant": 1}')
    with pytest.raises(AccountsUnreadable, match="restore it"):
        load_accounts(places)
    assert places.accounts.read_text() == '{"tenant": 1}'


def test_login_takes_only_the_right_secret(places: Places) -> None:
    directory, secrets = Directory(places), kept_secrets(places)
    one = directory.accounts.accounts[0]
    assert directory.login(one.client_id.upper(), secrets["customer"]) == one
    assert directory.login(one.client_id, secrets["provider"]) is None
    assert directory.login("nobody", "") is None
    assert directory.login(one.client_id, "") is None


def test_a_secret_is_proved_again_without_its_hash(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    directory, secret = Directory(places), kept_secrets(places)["customer"]
    client = directory.accounts.accounts[0].client_id
    assert directory.login(client, secret)
    monkeypatch.setattr(hashing, "matches", lambda _stored, _secret: False)
    assert directory.login(client, secret)
    assert not directory.login(client, "other")


def test_who_guesses_a_password_must_wait_and_nobody_else(places: Places) -> None:
    directory = Directory(places)
    alice, _ = directory.create("alice", PrincipalType.USER, password="correct horse")
    for _ in range(10):
        assert directory.login(alice.client_id, "guess", "192.0.2.1") is None
    with pytest.raises(Fault, match="locked"):
        directory.login(alice.client_id, "correct horse", "192.0.2.1")
    assert directory.login(alice.client_id, "correct horse", "192.0.2.2") == alice


def test_a_program_is_not_locked_out_by_who_knows_its_client_id(places: Places) -> None:
    directory, secret = Directory(places), kept_secrets(places)["customer"]
    customer = directory.accounts.accounts[0]
    for _ in range(50):
        assert directory.login(customer.client_id, "guess", "192.0.2.1") is None
    assert directory.login(customer.client_id, secret, "192.0.2.1") == customer


def test_spraying_is_stopped_by_where_it_comes_from_and_by_the_account() -> None:
    attempts = Attempts()
    for number in range(100):
        attempts.wrong("", "192.0.2.1")
        attempts.wrong("alice", f"198.51.100.{number}")
    assert attempts.locked("bob", "192.0.2.1")
    assert not attempts.locked("bob", "192.0.2.2")
    assert attempts.locked("alice", "192.0.2.2")


def test_many_addresses_do_not_make_a_lock_forgotten() -> None:
    attempts = Attempts()
    for number in range(5000):
        attempts.wrong("", f"2001:db8::{number:x}")
    for _ in range(10):
        attempts.wrong("alice", "192.0.2.1")
    for number in range(2000):
        attempts.wrong("", f"2001:db8:1::{number:x}")
    assert attempts.locked("alice", "192.0.2.1")


def test_a_change_is_seen_by_who_reads_the_same_file(places: Places) -> None:
    one, other = Directory(places), Directory(places)
    made, secret = one.create("builder", PrincipalType.SERVICE_PRINCIPAL)
    assert other.login(made.client_id, secret) == made
    changed, fresh = one.reset("builder")
    assert (other.login(made.client_id, secret), other.login(made.client_id, fresh)) == (None, changed)
    one.delete("builder")
    assert other.login(made.client_id, fresh) is None


def test_names_are_taken_once_and_an_operator_stays(places: Places) -> None:
    directory = Directory(places)
    tenant = directory.add_tenant("Contoso", "contoso.localhost")
    user, made = directory.create("alice", PrincipalType.USER, "contoso", "correct horse")
    assert (user.client_id, user.tenant, made) == ("alice@contoso.localhost", tenant.id, "")
    assert directory.login("ALICE@contoso.localhost", "correct horse") == user
    for again in (lambda: directory.create("alice", PrincipalType.USER), lambda: directory.delete("operator"),
                  lambda: directory.add_tenant("Contoso", "x"), lambda: directory.add_subscription("Trunkline")):
        with pytest.raises(Conflict):
            again()


def test_secrets_do_not_show_in_representations(places: Places) -> None:
    account = replace(load_accounts(places).accounts[0], secret="visible-secret")
    assert "visible-secret" not in repr(account)
