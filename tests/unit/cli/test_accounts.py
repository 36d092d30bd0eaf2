"""``trunkline accounts`` and ``trunkline rekey`` against the real front door: what they change, print, and refuse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from click.testing import CliRunner, Result

from arm import Arm
from trunkline.api.accounts import kept_secrets
from trunkline.api.resources import registry
from trunkline.cli.accounts import read_accounts
from trunkline.cli.client import Clients
from trunkline.cli.commands import accounts as command
from trunkline.cli.instance import Instance
from trunkline.cli.root import trunkline
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Resource, ResourceId
from trunkline.store import Store

IDENTITY = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)

    def answer(request: httpx.Request) -> httpx.Response:
        got = service.send(request.method, request.url.raw_path.decode(), request.content, dict(request.headers))
        return httpx.Response(got.status, json=got.body) if got.body is not None else httpx.Response(got.status)

    @contextmanager
    def connected(instance: Instance) -> Iterator[Clients]:
        with httpx.Client(base_url=service.url, transport=httpx.MockTransport(answer)) as http:
            yield Clients(http, read_accounts(instance.settings.places))

    monkeypatch.setattr(command, "connected", connected)
    yield service
    service.close()


def run(arm: Arm, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(trunkline, ["--home", str(arm.settings.places.home), *words], input=typed)


def made(arm: Arm, *words: str, typed: str = "") -> Any:
    """What a command prints as JSON, after what it asks."""
    ran = run(arm, *words, "-o", "json", typed=typed)
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout[ran.stdout.index("{"):])


def logs_in(arm: Arm, account: Any, secret: str) -> bool:
    form = {"grant_type": "client_credentials", "client_id": account["clientId"], "client_secret": secret,
            "scope": f"{arm.url}/.default"}
    if account["kind"] == "User":
        form |= {"grant_type": "password", "username": account["clientId"], "password": secret,
                 "client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"}
    got = arm.send("POST", f"/{account['tenantId']}/oauth2/v2.0/token", urlencode(form))
    return "access_token" in got.body


def test_an_account_is_made_with_a_secret_that_is_told_once(arm: Arm) -> None:
    account = made(arm, "accounts", "create", "builder")
    assert account["kind"] == "ServicePrincipal"
    assert logs_in(arm, account, account["secret"])
    assert "builder" not in kept_secrets(arm.settings.places)
    listed = run(arm, "accounts", "--show-secrets")
    assert "builder" in listed.stdout
    assert account["secret"] not in listed.stdout


def test_a_kept_secret_is_shown_when_it_is_asked_for(arm: Arm) -> None:
    account = made(arm, "accounts", "create", "builder", "--keep")
    assert kept_secrets(arm.settings.places)["builder"] == account["secret"]
    assert account["secret"] not in run(arm, "accounts").stdout
    assert account["secret"] in str(made(arm, "accounts", "--show-secrets"))


def test_a_user_has_the_password_that_was_typed_and_nobody_prints_it(arm: Arm) -> None:
    ran = run(arm, "accounts", "create", "alice", "--user", "--prompt", typed="correct horse\ncorrect horse\n")
    assert ran.exit_code == 0
    assert "alice@trunkline.localhost" in ran.stdout
    assert "correct horse" not in ran.output
    account = {"kind": "User", "clientId": "alice@trunkline.localhost", "tenantId": arm.accounts.tenant}
    assert logs_in(arm, account, "correct horse")


def test_a_role_is_given_by_its_name(arm: Arm) -> None:
    made(arm, "accounts", "create", "builder", "--role", "reader")
    arm.account = "builder"
    assert arm.ask("GET", arm.subscription).status == 200
    assert arm.ask("PUT", f"{arm.subscription}/resourceGroups/x", {"location": "westus"}).code == "AuthorizationFailed"


def test_a_reset_ends_the_old_secret(arm: Arm) -> None:
    account = made(arm, "accounts", "create", "builder")
    fresh = made(arm, "accounts", "reset", "builder")["secret"]
    assert (logs_in(arm, account, account["secret"]), logs_in(arm, account, fresh)) == (False, True)


def test_a_deleted_account_logs_in_no_more(arm: Arm) -> None:
    account = made(arm, "accounts", "create", "builder")
    assert "is gone" in run(arm, "accounts", "delete", "builder").stdout
    assert not logs_in(arm, account, account["secret"])


def test_a_tenant_gets_a_subscription_and_accounts_of_its_own(arm: Arm) -> None:
    tenant = made(arm, "accounts", "tenant", "Contoso")
    assert tenant["defaultDomain"] == "contoso.localhost"
    own = made(arm, "accounts", "subscription", "Contoso One", "--tenant", "contoso.localhost")
    assert own["tenantId"] == tenant["tenantId"]
    made(arm, "accounts", "create", "carol", "--user", "--tenant", "Contoso", "--role", "Owner")
    arm.account = "carol"
    assert [one["subscriptionId"] for one in arm.ask("GET", "/subscriptions").body["value"]] == [own["subscriptionId"]]


def test_a_connectivity_provider_gets_its_own_subscription(arm: Arm) -> None:
    own = made(arm, "accounts", "subscription", "Carrier")
    ran = run(arm, "accounts", "provider", "equinix", "Carrier")
    assert ran.exit_code == 0
    assert f"Circuits from Equinix are connected in subscription {own['subscriptionId']}" in ran.stdout
    assert arm.accounts.subscription_of("Equinix") == own["subscriptionId"]
    assert arm.accounts.subscription_of("Colt") == arm.accounts.provider_subscription


def test_an_identity_is_printed_for_a_shell(arm: Arm) -> None:
    arm.create_group()
    arm.make(f"{arm.group}/{IDENTITY}", {"location": "westus"})
    words = run(arm, "accounts", "identity", f"{arm.group}/{IDENTITY}").stdout.split()
    assert [word.partition("=")[0] for word in words] == ["export", "IDENTITY_ENDPOINT", "export", "IDENTITY_HEADER"]
    header = words[3].partition("=")[2]
    assert arm.send("GET", f"/msi/token?api-version=2019-08-01&resource={arm.url}", headers={
        "x-identity-header": header}).status == 200


@pytest.mark.parametrize(("words", "told"), [
    (("create", "customer"), "There is an account 'customer' already; delete it, or choose another name."),
    (("create", "no spaces"), "must have 1 to 64 letters"),
    (("create", "a", "--tenant", "nowhere"), "There is no tenant 'nowhere'; name one by id, name or domain."),
    (("create", "a", "--role", "Emperor"), "there is no role 'Emperor'; 'trunkline az role definition list'"),
    (("reset", "nobody"), "There is no account 'nobody'; 'trunkline accounts' lists them."),
    (("delete", "nobody"), "there is no account 'nobody'; 'trunkline accounts' lists them."),
    (("delete", "operator"), "'operator' is the last operator"),
    (("tenant", "Trunkline"), "choose others."),
    (("subscription", "Trunkline"), "There is a subscription 'Trunkline' already; choose another name."),
    (("subscription", "New", "--tenant", "nowhere"), "There is no tenant 'nowhere'"),
    (("provider", "Nobody", "Trunkline"), "There is no connectivity provider 'Nobody'"),
    (("provider", "Equinix", "nowhere"), "There is no subscription 'nowhere'"),
    (("identity", "nonsense"), "is not a valid resource id; write /subscriptions/"),
    (("identity", f"/subscriptions/s/resourceGroups/rg1/{IDENTITY}"), "create it first.")])
def test_bad_input_is_refused_with_the_way_out(arm: Arm, words: tuple[str, ...], told: str) -> None:
    ran = run(arm, "accounts", *words)
    assert ran.exit_code == 1
    assert told in " ".join(ran.stderr.split())
    assert "Traceback" not in ran.output


def test_a_short_password_is_refused_without_telling_it(arm: Arm) -> None:
    ran = run(arm, "accounts", "reset", "customer", "--prompt", typed="short\nshort\n")
    assert ran.exit_code == 1
    assert "8 characters or more" in " ".join(ran.stderr.split())
    assert "short" not in ran.stderr


# ── rekey ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CIRCUIT = ResourceId("s", "g", "Microsoft.Network", ("expressRouteCircuits",), ("er1",))


def _rekey(home: Path, *words: str) -> Result:
    return CliRunner().invoke(trunkline, ["--home", str(home), "rekey", *words])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_RUN", str(tmp_path / "run"))
    return tmp_path / "home"


def test_rekey_encrypts_everything_anew_and_the_old_key_is_of_no_use(home: Path) -> None:
    home.mkdir()
    url = f"sqlite:///{home}/trunkline.db"
    store = Store(url)
    with store.writing() as writer:
        writer.put(Resource(CIRCUIT, secrets={"sharedKey": "md5-of-the-customer"}))
        writer.begin(Operation("op", CIRCUIT, OperationKind.ACTION))
        writer.finish("op", OperationStatus.SUCCEEDED, result={"value": "an-answered-key"})
    store.close()
    before = (home / "store.key").read_text()
    ran = _rekey(home, "-o", "json")
    assert (ran.exit_code, ran.stdout) == (0, '{\n  "resealed": 2\n}\n')
    after = (home / "store.key").read_text()
    assert len(after.split()) == 1
    assert after != before
    store = Store(url)
    with store.reading() as reader:
        circuit, operation = reader.get(CIRCUIT), reader.operation("op")
    store.close()
    assert circuit
    assert operation
    assert (circuit.secrets["sharedKey"], operation.result) == ("md5-of-the-customer", {"value": "an-answered-key"})
    assert b"an-answered-key" not in (home / "trunkline.db").read_bytes()


def test_rekey_needs_a_store(home: Path) -> None:
    ran = _rekey(home)
    assert ran.exit_code == 1
    assert "there is no store yet" in " ".join(ran.stderr.split())


def test_rekey_is_refused_while_the_service_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Instance, "running", lambda _self: object())
    ran = _rekey(home)
    assert ran.exit_code == 1
    assert "'trunkline down' stops it" in " ".join(ran.stderr.split())
