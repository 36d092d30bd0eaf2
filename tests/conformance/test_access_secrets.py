"""A whole life with every kind of secret, after which none of them stands in a log, the store, or an answer."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from arm import Arm
from trunkline.api.resources import registry

PASSWORD, OTHER_PASSWORD, GUESS = "correct horse battery", "another horse battery", "wrong horse battery"
MD5, IPSEC, NEXT_IPSEC = "Md5OfAPeering1", "IpsecOfAConnection1", "IpsecOfAConnection2"
IN_TEMPLATE = "IpsecOfATemplate1"
IN_VAULT, NEXT_IN_VAULT = "0123456789abcdef0123456789abcdef", "feedfacefeedfacefeedface"
CLIENT = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
#: What holds secrets on purpose, readable for its owner only.
VAULTS = ("secrets.json", "store.key", "token.key")


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    yield service
    service.close()


def path(arm: Arm, tail: str, namespace: str = "Microsoft.Network") -> str:
    return f"{arm.group}/providers/{namespace}/{tail}"


def _circuit(arm: Arm) -> list[str]:
    """A circuit whose peering has a key, and its authorization."""
    at = path(arm, "expressRouteCircuits/er1")
    arm.make(at, {"location": "westus", "sku": {"tier": "Standard", "family": "MeteredData"}, "properties": {
        "serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Amsterdam",
                                      "bandwidthInMbps": 50}}})
    twin = next(iter(_twins(arm)))
    arm.account = "provider"
    shown = arm.ask("GET", twin).body
    shown["properties"]["serviceProviderProvisioningState"] = "Provisioned"
    arm.make(twin, shown)
    arm.account = "customer"
    made = arm.ask("PUT", f"{at}/peerings/AzurePrivatePeering", {"properties": {
        "peeringType": "AzurePrivatePeering", "peerASN": 65001, "vlanId": 100, "sharedKey": MD5,
        "primaryPeerAddressPrefix": "10.1.0.0/30", "secondaryPeerAddressPrefix": "10.1.0.4/30"}})
    assert made.status == 201, made.body
    arm.network.settle()
    arm.make(f"{at}/authorizations/a1", {"properties": {}})
    key = arm.ask("GET", f"{at}/authorizations/a1").body["properties"]["authorizationKey"]
    assert arm.ask("POST", f"{at}/authorizations/a1/listKeys").status == 200
    return [MD5, key]


def _twins(arm: Arm) -> list[str]:
    with arm.store.reading() as reader:
        return [str(one.id) for one in reader.list("Microsoft.Network/expressRouteCrossConnections")]


def _vpn(arm: Arm) -> list[str]:
    """A connection with a key that is changed and reset, and one that a template makes."""
    arm.make(path(arm, "virtualNetworks/v"), {"location": "westus", "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "GatewaySubnet", "properties": {"addressPrefix": "10.0.0.0/24"}}]}})
    arm.make(path(arm, "publicIPAddresses/p"), {"location": "westus", "sku": {"name": "Standard"}, "properties": {
        "publicIPAllocationMethod": "Static"}})
    arm.make(path(arm, "virtualNetworkGateways/g"), {"location": "westus", "properties": {
        "gatewayType": "Vpn", "vpnType": "RouteBased", "sku": {"name": "VpnGw1AZ", "tier": "VpnGw1AZ"},
        "ipConfigurations": [{"name": "one", "properties": {
            "subnet": {"id": path(arm, "virtualNetworks/v/subnets/GatewaySubnet")},
            "publicIPAddress": {"id": path(arm, "publicIPAddresses/p")}}}]}})
    arm.make(path(arm, "localNetworkGateways/l"), {"location": "westus", "properties": {
        "gatewayIpAddress": "192.0.2.1", "localNetworkAddressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}})
    made: dict[str, Any] = {"location": "westus", "properties": {
        "connectionType": "IPsec", "virtualNetworkGateway1": {"id": path(arm, "virtualNetworkGateways/g")},
        "localNetworkGateway2": {"id": path(arm, "localNetworkGateways/l")}, "sharedKey": IPSEC}}
    at = path(arm, "connections/c")
    arm.make(at, made)
    assert arm.ask("GET", f"{at}/sharedkey").body["value"] == IPSEC
    assert arm.ask("PUT", f"{at}/sharedkey", {"value": NEXT_IPSEC}).status in (200, 201)
    arm.network.settle()
    assert arm.ask("POST", f"{at}/sharedkey/reset", {"keyLength": 32}).status in (200, 202)
    arm.network.settle()
    fresh = str(arm.ask("GET", f"{at}/sharedkey").body["value"])
    assert fresh not in (IPSEC, NEXT_IPSEC)
    _deployed(arm)
    return [IPSEC, NEXT_IPSEC, fresh, IN_TEMPLATE]


def _deployed(arm: Arm) -> None:
    resource = {"type": "Microsoft.Network/connections", "apiVersion": "2024-05-01", "name": "c", "location": "westus",
                "properties": {"connectionType": "IPsec", "sharedKey": "[parameters('key')]",
                               "virtualNetworkGateway1": {"id": path(arm, "virtualNetworkGateways/g")},
                               "localNetworkGateway2": {"id": path(arm, "localNetworkGateways/l")}}}
    given = {"properties": {"mode": "Incremental", "parameters": {"key": {"value": IN_TEMPLATE}}, "template": {
        "$schema": "x", "contentVersion": "1.0.0.0", "parameters": {"key": {"type": "securestring"}},
        "resources": [resource]}}}
    at = path(arm, "deployments/d", "Microsoft.Resources")
    assert IN_TEMPLATE not in str(arm.ask("POST", f"{at}/whatIf", given).body)
    made = arm.ask("PUT", at, given)
    assert made.status == 201, made.body
    arm.network.settle()
    assert IN_TEMPLATE not in str(arm.ask("GET", at).body)
    assert IN_TEMPLATE not in str(arm.ask("POST", f"{at}/exportTemplate").body)


def _vault(arm: Arm) -> list[str]:
    arm.make(path(arm, "vaults/kv1", "Microsoft.KeyVault"), {"location": "westus", "properties": {
        "tenantId": arm.accounts.tenant, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}})
    for value in (IN_VAULT, NEXT_IN_VAULT):
        assert arm.ask("PUT", "/vaults/kv1/secrets/cak", {"value": value}).status == 200
    assert arm.ask("GET", "/vaults/kv1/secrets/cak").body["value"] == NEXT_IN_VAULT
    assert arm.ask("PATCH", "/vaults/kv1/secrets/cak", {"tags": {"a": "b"}}).status == 200
    assert arm.ask("DELETE", "/vaults/kv1/secrets/cak").status == 200
    assert arm.ask("POST", "/vaults/kv1/deletedsecrets/cak/recover").status == 200
    return [IN_VAULT, NEXT_IN_VAULT]


def _accounts(arm: Arm) -> list[str]:
    """Made, reset, logged in with in every way, rightly and wrongly; the tokens are secrets too."""
    arm.account = "operator"
    at = "/providers/Trunkline.Access/accounts"
    assert arm.ask("PUT", f"{at}/alice", {"kind": "User", "password": PASSWORD}).status == 201
    robot = arm.ask("PUT", f"{at}/robot", {}).body
    fresh = arm.ask("POST", f"{at}/robot/resetSecret", {}).body["secret"]
    arm.account = "customer"
    user = {"grant_type": "password", "username": "alice@trunkline.localhost"}
    told = _login(arm, **user, password=PASSWORD)
    assert "error" in _login(arm, **user, password=GUESS)
    again = _login(arm, grant_type="refresh_token", refresh_token=told["refresh_token"])
    app = _login(arm, grant_type="client_credentials", client_id=robot["clientId"], client_secret=fresh)
    assert "error" in _login(arm, grant_type="client_credentials", client_id=robot["clientId"],
                             client_secret=robot["secret"])
    arm.account = "operator"
    assert arm.ask("POST", f"{at}/alice/resetSecret", {"password": OTHER_PASSWORD}).status == 200
    arm.account = "customer"
    codes = _device(arm)
    return [PASSWORD, OTHER_PASSWORD, GUESS, robot["secret"], fresh, told["refresh_token"], told["access_token"],
            again["refresh_token"], app["access_token"], *codes]


def _login(arm: Arm, **form: str) -> Any:
    return arm.send("POST", "/adfs/oauth2/v2.0/token", urlencode(
        {"client_id": CLIENT, "scope": f"{arm.url}/.default", **form})).body


def _device(arm: Arm) -> list[str]:
    code = arm.send("POST", "/common/oauth2/v2.0/devicecode", urlencode({
        "client_id": CLIENT, "scope": f"{arm.url}/.default"})).body
    assert arm.send("POST", "/devicelogin", urlencode({
        "user_code": code["user_code"], "username": "alice@trunkline.localhost", "password": OTHER_PASSWORD,
        "answer": "approve"})).status == 200
    return [code["device_code"]]


def _identity(arm: Arm) -> list[str]:
    at = path(arm, "userAssignedIdentities/i", "Microsoft.ManagedIdentity")
    arm.make(at, {"location": "westus"})
    header = arm.ask("POST", "/providers/Trunkline.Access/identityHeader", {"resourceId": at}).body["header"]
    got = arm.send("GET", f"/msi/token?api-version=2019-08-01&resource={arm.url}", headers={
        "x-identity-header": header})
    return [header, got.body["access_token"]]


def _errors(arm: Arm) -> None:
    """Refusals of bodies that hold secrets."""
    for tail, properties in (
            ("expressRouteCircuits/er1/peerings/AzurePrivatePeering", {"sharedKey": {"deep": MD5}, "vlanId": MD5}),
            ("connections/c", {"sharedKey": [IPSEC], "connectionType": "None"})):
        refused = arm.ask("PUT", path(arm, tail), {"location": "westus", "properties": properties})
        assert 400 <= refused.status < 500
        if "vlanId" not in properties:
            assert IPSEC not in str(refused.body)


def test_no_secret_is_left_anywhere(arm: Arm, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        secrets = [*_circuit(arm), *_vpn(arm), *_vault(arm), *_accounts(arm), *_identity(arm)]
        _errors(arm)
        log = arm.ask("GET", f"{arm.subscription}/providers/Microsoft.Insights/eventtypes/management/values").body
        arm.ask("DELETE", path(arm, "connections/c"))
        arm.network.settle()
    assert all(len(one) > 10 for one in secrets)
    told = {"log": "\n".join(str(vars(record)) for record in caplog.records), "activity log": str(log)}
    found = [(name, one) for name, text in told.items() for one in secrets if one in text]
    home = arm.settings.places.home
    files = [one for one in home.rglob("*") if one.is_file() and one.name not in VAULTS]
    assert {"trunkline.db", "trunkline.db-wal", "accounts.json"} <= {one.name for one in files}
    found += [(file.name, one) for file in files for content in [file.read_bytes()] for one in secrets
              if one.encode() in content]
    assert found == []


def test_files_that_hold_secrets_are_their_owners(arm: Arm) -> None:
    _vault(arm)
    home = arm.settings.places.home
    private = [one for one in home.rglob("*") if one.name in VAULTS or one.suffix == ".key"
               or one.name.startswith(("trunkline.db", "accounts.json"))]
    assert {"store.key", "token.key", "trunkline.db", "accounts.json", "secrets.json"} <= {one.name for one in private}
    assert [one for one in private if stat.S_IMODE(one.stat().st_mode) & 0o077] == []
