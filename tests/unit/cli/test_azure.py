"""az and the SDKs: their environment, and a login that happens once and shows no secret."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from little_arm import ACCOUNTS
from trunkline.cli.azure import AzureClient, find_az
from trunkline.cli.failure import Failed


@pytest.fixture
def client(tmp_path: Path) -> AzureClient:
    ca = tmp_path / "ca.pem"
    ca.write_text("OUR CA\n")
    return AzureClient("https://127.0.0.1:8443", ca, tmp_path / "az" / "customer", ACCOUNTS, ACCOUNTS.named("customer"))


@pytest.fixture
def az(tmp_path: Path) -> Path:
    """An az that notes its arguments, and its standard input at login."""
    program = tmp_path / "az-double"
    program.write_text(f"""#!/bin/sh
echo "$@" >> {tmp_path}/arguments
if [ "$1" = login ]; then cat > {tmp_path}/stdin; fi
if [ "$1 $2" = "account set" ] && [ -e {tmp_path}/elsewhere ]; then
  echo "ERROR: The subscription of '$4' doesn't exist in cloud 'trunkline'." >&2; exit 1; fi
if [ -e {tmp_path}/broken ]; then echo "no: $(cat {tmp_path}/stdin)" >&2; exit 1; fi
""")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def calls(az: Path) -> list[str]:
    path = az.with_name("arguments")
    return path.read_text().splitlines() if path.exists() else []


def test_login_registers_the_cloud_and_hands_the_secret_over_standard_input(client: AzureClient, az: Path) -> None:
    client.log_in(str(az))
    assert [line.split()[:2] for line in calls(az)] == [
        ["cloud", "register"], ["cloud", "set"], ["login", "--service-principal"], ["account", "set"]]
    assert "secret-customer" not in "".join(calls(az))
    assert az.with_name("stdin").read_text() == "secret-customer"


def test_a_second_login_is_not_needed(client: AzureClient, az: Path) -> None:
    client.log_in(str(az))
    client.log_in(str(az))
    assert len(calls(az)) == 4


@pytest.mark.parametrize("change", ["port", "secret", "ca"])
def test_login_happens_again_after_a_change_of(change: str, client: AzureClient, az: Path) -> None:
    client.log_in(str(az))
    if change == "port":
        client = replace(client, url="https://127.0.0.1:9443")
    elif change == "secret":
        client = replace(client, account=replace(client.account, secret="new"))
    else:
        client.ca.write_text("ANOTHER CA\n")
    client.log_in(str(az))
    assert len(calls(az)) == 8


def test_a_failed_login_is_told_without_the_secret_and_tried_again(client: AzureClient, az: Path) -> None:
    az.with_name("stdin").touch()
    az.with_name("broken").touch()
    with pytest.raises(Failed) as caught:
        client.log_in(str(az))
    assert "secret-customer" not in str(caught.value)
    az.with_name("broken").unlink()
    client.log_in(str(az))
    assert client.mark.exists()


def test_an_account_with_roles_in_another_subscription_alone_logs_in_too(client: AzureClient, az: Path) -> None:
    az.with_name("elsewhere").touch()
    client.log_in(str(az))
    assert calls(az)[-1].startswith("account set")
    assert client.mark.exists()


def test_the_bundle_holds_the_systems_authorities_and_ours(client: AzureClient) -> None:
    client.prepare()
    assert client.bundle.read_text().endswith("OUR CA\n")
    assert client.az_environment()["REQUESTS_CA_BUNDLE"] == str(client.bundle)


def test_the_mark_of_a_login_is_for_its_owner_alone_and_holds_no_secret(client: AzureClient, az: Path) -> None:
    client.log_in(str(az))
    assert stat.S_IMODE(client.mark.stat().st_mode) == 0o600
    assert "secret-customer" not in client.mark.read_text()


def test_a_named_az_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_AZ", "/opt/az")
    assert find_az() == "/opt/az"


def test_an_az_whose_interpreter_is_gone_is_told_in_a_sentence(client: AzureClient, tmp_path: Path) -> None:
    program = tmp_path / "az-broken"
    program.write_text("#!/nowhere/python\n")
    program.chmod(0o755)
    with pytest.raises(Failed, match=r"cannot be run: the interpreter.*TRUNKLINE_AZ"):
        client.log_in(str(program))


def test_an_az_that_is_not_there_is_told_in_a_sentence(client: AzureClient) -> None:
    with pytest.raises(Failed, match="/nowhere/az cannot be run: No such file"):
        client.log_in("/nowhere/az")
