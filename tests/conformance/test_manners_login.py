"""How clients find the service and log in, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from arm import Arm, lab


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", lab)
    yield service
    service.close()


def test_from_the_address_alone_to_the_first_answer(arm: Arm) -> None:
    cloud = arm.send("GET", "/metadata/endpoints?api-version=2022-09-01").body
    login, audience = cloud["authentication"]["loginEndpoint"], cloud["authentication"]["audiences"][0]
    tenant = cloud["authentication"]["tenant"]
    found = arm.send("GET", f"{login}/{tenant}/v2.0/.well-known/openid-configuration".removeprefix(arm.url)).body
    account = arm.accounts.accounts[0]
    form = urlencode({"grant_type": "client_credentials", "client_id": account.client_id,
                      "client_secret": arm.secret(), "scope": f"{audience}/.default"})
    got = arm.send("POST", found["token_endpoint"].removeprefix(arm.url), form)
    assert (got.status, got.headers["cache-control"]) == (200, "no-store, no-cache")
    reply = arm.send("GET", "/subscriptions?api-version=2022-12-01",
                     headers={"authorization": f"Bearer {got.body['access_token']}"})
    assert [one["subscriptionId"] for one in reply.body["value"]] == [arm.accounts.customer_subscription]


@pytest.mark.parametrize("path", [
    "/common/discovery/instance?api-version=1.1", "/{tenant}/.well-known/openid-configuration",
    "/{tenant}/discovery/v2.0/keys", "/{tenant}/discovery/keys"])
def test_what_clients_ask_before_they_log_in(arm: Arm, path: str) -> None:
    assert arm.send("GET", path.replace("{tenant}", arm.accounts.tenant)).status == 200


def test_a_wrong_secret_gets_no_token(arm: Arm) -> None:
    form = urlencode({"grant_type": "client_credentials", "client_id": arm.accounts.accounts[0].client_id,
                      "client_secret": "guess", "scope": f"{arm.url}/.default"})
    reply = arm.send("POST", f"/{arm.accounts.tenant}/oauth2/v2.0/token", form)
    assert (reply.status, reply.body["error"]) == (401, "invalid_client")


def test_a_login_form_has_its_own_small_limit(arm: Arm) -> None:
    assert arm.send("POST", f"/{arm.accounts.tenant}/oauth2/v2.0/token", b"x" * 100_000).status == 413


def test_tenants_locations_and_providers(arm: Arm) -> None:
    assert arm.ask("GET", "/tenants").body["value"][0]["tenantId"] == arm.accounts.tenant
    places = {one["name"]: one["displayName"] for one in arm.ask("GET", f"{arm.subscription}/locations").body["value"]}
    assert places["westus"] == "West US"
    assert {one["namespace"] for one in arm.ask("GET", f"{arm.subscription}/providers").body["value"]} == {
        "Microsoft.Features", "Microsoft.Resources", "Test.Lab", "Trunkline.Security"}
    one = arm.ask("POST", f"{arm.subscription}/providers/test.lab/register").body
    assert (one["namespace"], one["registrationState"]) == ("Test.Lab", "Registered")
    assert "boxes/lids" in [kind["resourceType"] for kind in one["resourceTypes"]]
    assert arm.ask("GET", f"{arm.subscription}/providers/Test.Nowhere").code == "InvalidResourceNamespace"
