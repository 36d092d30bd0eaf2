"""What somebody with a little tries in order to have more, and does not get."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from arm import VAULTS, Arm, Reply
from trunkline.api.access.device import Codes
from trunkline.api.access.roles import CONTRIBUTOR, OWNER, READER
from trunkline.api.accounts import Account, PrincipalType
from trunkline.api.resources import registry
from trunkline.api.token import load_key
from trunkline.settings import Limits

VNET = {"location": "westus", "properties": {
    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}
NETWORK = "4d97b98b-1d4f-4787-a291-c67834d212e7"
ROLES = "providers/Microsoft.Authorization"


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    service.create_group("rg2")
    yield service
    service.close()


@pytest.fixture
def mallory(arm: Arm) -> Account:
    return arm.directory.create("mallory", PrincipalType.SERVICE_PRINCIPAL)[0]


def grant(arm: Arm, scope: str, role: str, principal: Account) -> Reply:
    """By the subscription's owner; mallory asks from then on."""
    arm.account = "customer"
    reply = arm.ask("PUT", f"{scope}/{ROLES}/roleAssignments/{uuid4()}", {"properties": {
        "roleDefinitionId": role, "principalId": principal.object_id}})
    arm.account = "mallory"
    return reply


def custom(*actions: str, **members: Any) -> dict[str, Any]:
    return {"properties": {"roleName": "Narrow", "permissions": [{"actions": list(actions)}], **members}}


def network(arm: Arm, tail: str, group: str = "rg1") -> str:
    return f"{arm.subscription}/resourceGroups/{group}/providers/Microsoft.Network/{tail}"


def narrow(arm: Arm) -> str:
    """A custom role of the subscription; its GUID."""
    name = str(uuid4())
    arm.account = "customer"
    made = arm.ask("PUT", f"{arm.subscription}/{ROLES}/roleDefinitions/{name}", custom("Microsoft.Network/*/read"))
    assert made.status == 201
    return name


def test_an_owner_of_a_group_does_not_widen_a_role_of_the_subscription(arm: Arm, mallory: Account) -> None:
    role = narrow(arm)
    assert grant(arm, arm.subscription, role, mallory).status == 201
    assert grant(arm, arm.group, OWNER, mallory).status == 201
    for scope in (arm.group, arm.subscription):
        path = f"{scope}/{ROLES}/roleDefinitions/{role}"
        for body in (custom("*"), custom("*", assignableScopes=[arm.group])):
            assert arm.ask("PUT", path, body).code == "AuthorizationFailed"
        assert arm.ask("DELETE", path).code == "AuthorizationFailed"
    assert arm.ask("PUT", network(arm, "virtualNetworks/v", "rg2"), VNET).code == "AuthorizationFailed"


def test_a_role_of_a_group_is_its_owners_and_assigned_there_only(arm: Arm, mallory: Account) -> None:
    grant(arm, arm.group, OWNER, mallory)
    name = str(uuid4())
    given = custom("*/read", assignableScopes=[arm.group])
    assert arm.ask("PUT", f"{arm.group}/{ROLES}/roleDefinitions/{name}", given).status == 201
    refused = grant(arm, arm.subscription, name, mallory)
    assert refused.code == "RoleAssignmentScopeNotAssignableToRoleDefinition"
    assert grant(arm, arm.group, name, mallory).status == 201


@pytest.mark.parametrize("scope", [
    "resourceGroups", "resourceGroups/rg1/providers/Microsoft.Network/virtualNetworks",
    "resourceGroups/rg1/providers", "providers/Microsoft.Network/x"])
@pytest.mark.parametrize("kind", ["roleDefinitions", "roleAssignments"])
def test_a_contributor_does_not_reach_roles_by_a_crooked_path(
        arm: Arm, mallory: Account, scope: str, kind: str) -> None:
    role = narrow(arm)
    grant(arm, arm.subscription, CONTRIBUTOR, mallory)
    body = custom("*") if kind == "roleDefinitions" else {"properties": {
        "roleDefinitionId": OWNER, "principalId": mallory.object_id}}
    for method in ("PUT", "DELETE"):
        assert arm.ask(method, f"{arm.subscription}/{scope}/{ROLES}/{kind}/{role}", body).status in (403, 404)
    arm.account = "customer"
    shown = arm.ask("GET", f"{arm.subscription}/{ROLES}/roleDefinitions/{role}").body["properties"]
    assert shown["permissions"][0]["actions"] == ["Microsoft.Network/*/read"]


def test_roles_of_the_whole_cloud_are_read_only(arm: Arm) -> None:
    role = narrow(arm)
    path = f"/{ROLES}/roleDefinitions/{role}"
    assert [arm.ask(method, path, custom("*")).status for method in ("GET", "PUT", "DELETE")] == [404, 405, 405]


def test_another_subscription_neither_takes_over_nor_sees_a_custom_role(arm: Arm, mallory: Account) -> None:
    role = narrow(arm)
    arm.account = "operator"
    other = arm.directory.add_subscription("Other").id
    arm.ask("PUT", f"/subscriptions/{other}/{ROLES}/roleAssignments/{uuid4()}", {"properties": {
        "roleDefinitionId": OWNER, "principalId": mallory.object_id}})
    arm.account = "mallory"
    path = f"/subscriptions/{other}/{ROLES}/roleDefinitions/{role}"
    assert arm.ask("PUT", path, custom("*")).code == "RoleDefinitionAlreadyExists"
    assert arm.ask("GET", path).code == "RoleDefinitionDoesNotExist"
    reaching = custom("*", assignableScopes=[arm.subscription])
    assert arm.ask("PUT", f"/subscriptions/{other}/{ROLES}/roleDefinitions/{uuid4()}", reaching
                   ).code == "AuthorizationFailed"


def test_principals_of_other_tenants_get_no_roles(arm: Arm) -> None:
    arm.directory.add_tenant("Contoso", "contoso.localhost")
    alien, _ = arm.directory.create("mallory", PrincipalType.SERVICE_PRINCIPAL, "contoso")
    assert grant(arm, arm.group, READER, alien).code == "PrincipalNotFound"


def test_expanding_a_link_shows_nothing_that_the_client_may_not_read(arm: Arm, mallory: Account) -> None:
    group = network(arm, "networkSecurityGroups/g")
    arm.make(group, {"location": "westus"})
    given: Any = {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": group}}
    arm.make(network(arm, "virtualNetworks/v"), {**VNET, "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [{"name": "a", "properties": given}]}})
    path = f"{network(arm, 'virtualNetworks/v/subnets/a')}?api-version=2024-01-01&$expand=networkSecurityGroup"
    assert "name" in arm.ask("GET", path).body["properties"]["networkSecurityGroup"]
    grant(arm, network(arm, "virtualNetworks/v"), READER, mallory)
    assert list(arm.ask("GET", path).body["properties"]["networkSecurityGroup"]) == ["id"]


def test_what_a_deployment_would_change_is_shown_to_who_may_read_it(arm: Arm, mallory: Account) -> None:
    arm.make(network(arm, "virtualNetworks/v"), VNET)
    grant(arm, arm.group, "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", mallory)  # Managed Identity Contributor may deploy
    given = {"properties": {"mode": "Incremental", "template": {
        "$schema": "x", "contentVersion": "1.0.0.0", "resources": []}}}
    path = f"{arm.group}/providers/Microsoft.Resources/deployments/d/whatIf"
    assert arm.ask("POST", path, given).body["properties"]["changes"] == []
    arm.account = "customer"
    changes = arm.ask("POST", path, given).body["properties"]["changes"]
    assert network(arm, "virtualNetworks/v") in [one["resourceId"] for one in changes]


def test_an_identity_is_used_by_who_may_assign_it(arm: Arm, mallory: Account) -> None:
    identity = f"{arm.subscription}/resourceGroups/rg2/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    arm.make(identity, {"location": "westus"})
    grant(arm, arm.group, CONTRIBUTOR, mallory)
    port = {"location": "westus", "properties": {"peeringLocation": "Amsterdam", "bandwidthInGbps": 10,
                                                 "encapsulation": "Dot1Q"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}}
    refused = arm.ask("PUT", network(arm, "expressRoutePorts/p"), port)
    assert refused.code == "LinkedAuthorizationFailed"
    assert "'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'" in refused.message


def test_a_result_is_told_to_who_asked_or_could_have(arm: Arm, mallory: Account) -> None:
    gateway = network(arm, "virtualNetworks/v")
    arm.make(gateway, VNET)
    made = arm.ask("PUT", network(arm, "virtualNetworks/w"), VNET)
    status = made.headers["azure-asyncoperation"]
    grant(arm, gateway, READER, mallory)
    assert arm.follow(status).status == 404
    grant(arm, arm.group, READER, mallory)
    assert arm.follow(status).status == 200


def test_a_locked_group_takes_no_roles(arm: Arm, mallory: Account) -> None:
    lock = f"{arm.group}/{ROLES}/locks/l"
    assert arm.ask("PUT", lock, {"properties": {"level": "ReadOnly"}}).status == 201
    assert grant(arm, arm.group, READER, mallory).code == "ScopeLocked"


def test_a_token_opens_what_it_is_for_and_nothing_else(arm: Arm) -> None:
    vault = f"{arm.group}/providers/Microsoft.KeyVault/vaults/kv1"
    arm.make(vault, {"location": "westus", "properties": {
        "tenantId": arm.accounts.tenant, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}})

    def asked(path: str, audience: str) -> Reply:
        return arm.send("GET", f"{path}?api-version=2025-01-01", headers={
            "authorization": f"Bearer {arm.token(audience=audience)}"})

    for audience in (VAULTS, "https://vault.azure.net"):
        assert asked("/vaults/kv1/secrets", audience).status == 200
        refused = asked(arm.group, audience)
        assert (refused.status, refused.code) == (401, "InvalidAuthenticationTokenAudience")
    for audience in (arm.url, "https://management.azure.com"):
        assert asked(arm.group, audience).status == 200
        refused = asked("/vaults/kv1/secrets", audience)
        assert (refused.status, refused.code) == (401, "Unauthorized")
        assert 'resource="https://vault.localhost:8443"' in refused.headers["www-authenticate"]


def test_a_vault_is_its_own_tenants(arm: Arm) -> None:
    arm.directory.add_tenant("Contoso", "contoso.localhost")
    alien, _ = arm.directory.create("alien", PrincipalType.SERVICE_PRINCIPAL, "contoso")
    arm.make(f"{arm.group}/providers/Microsoft.KeyVault/vaults/kv1", {"location": "westus", "properties": {
        "tenantId": arm.accounts.tenant, "sku": {"family": "A", "name": "standard"}, "accessPolicies": [{
            "tenantId": arm.accounts.tenant, "objectId": alien.object_id, "permissions": {"secrets": ["list"]}}]}})
    arm.account = "alien"
    refused = arm.ask("GET", "/vaults/kv1/secrets")
    assert refused.status == 401
    assert "AKV10032" in refused.message


@pytest.mark.parametrize("forged", ["none", "HS256", "kid", "issuer", "unsigned"])
def test_a_forged_token_is_nobodys(arm: Arm, forged: str) -> None:
    real = arm.token()
    claims = jwt.decode(real, options={"verify_signature": False})
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = load_key(arm.settings.places.ca.parent).public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    token = {
        "none": jwt.encode(claims, "", algorithm="none"),
        "HS256": _signed_with(public, claims),
        "kid": jwt.encode(claims, own, algorithm="RS256", headers={
            "kid": "../../../../dev/null", "jku": "https://127.0.0.1:1/keys"}),
        "issuer": arm.tokens.sign({name: claims[name] for name in ("aud", "oid", "tid")}, "", 600, "https://evil"),
        "unsigned": real.rpartition(".")[0] + "."}[forged]
    got = arm.send("GET", f"{arm.group}?api-version=2025-01-01", headers={"authorization": f"Bearer {token}"})
    assert got.status == 401
    assert got.code.startswith("InvalidAuthenticationToken")


def _signed_with(public: bytes, claims: dict[str, Any]) -> str:
    """HS256 with the public key as its secret, which libraries refuse to make."""
    head, body = (urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (
        {"alg": "HS256", "typ": "JWT"}, claims))
    proof = hmac.digest(public, head + b"." + body, "sha256")
    return b".".join((head, body, urlsafe_b64encode(proof).rstrip(b"="))).decode()


def test_a_clients_tokens_for_other_purposes_do_not_drive_arm(arm: Arm) -> None:
    account = arm.accounts.accounts[0]
    for token in (arm.tokens.issue_refresh(account, str(uuid4()), "x", 600),
                  arm.tokens.issue_identity(account, f"{arm.url}/{account.tenant}/v2.0", str(uuid4()), "")):
        assert arm.send("GET", f"{arm.group}?api-version=2025-01-01", headers={
            "authorization": f"Bearer {token}"}).status == 401


def test_one_clients_haste_does_not_slow_another(tmp_path: Path) -> None:
    arm = Arm(tmp_path / "throttled", registry, Limits(requests_per_second=1))
    arm.directory.create("mallory", PrincipalType.SERVICE_PRINCIPAL)
    arm.account = "mallory"
    assert {arm.ask("GET", arm.subscription).status for _ in range(20)} == {403, 429}
    arm.account = "customer"
    assert arm.ask("GET", arm.subscription).status == 200
    arm.close()


def test_a_header_is_of_one_identity_and_not_of_the_next_of_that_name(arm: Arm) -> None:
    path = f"{arm.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    arm.make(path, {"location": "westus"})
    header = arm.ask("POST", "/providers/Trunkline.Access/identityHeader", {"resourceId": path}).body["header"]
    ask = f"/msi/token?api-version=2019-08-01&resource={arm.url}"
    assert arm.send("GET", ask, headers={"x-identity-header": header}).status == 200
    arm.ask("DELETE", path)
    arm.network.settle()
    arm.make(path, {"location": "westus"})
    assert arm.send("GET", ask, headers={"x-identity-header": header}).status == 400


def test_nobody_ends_the_device_codes_of_others() -> None:
    codes = Codes()
    first = codes.begin("client", "", "192.0.2.1")
    for _ in range(1500):
        codes.begin("client", "", "192.0.2.2")
    assert codes.waiting(first.user_code) == first
    assert codes.ask(first.device_code, "another client") == "bad_verification_code"


def test_a_customer_does_not_lift_the_providers_throttle(arm: Arm) -> None:
    """An owner of the subscription may read it; it goes with the circuit alone."""
    circuit = network(arm, "expressRouteCircuits/er1")
    arm.make(circuit, {"location": "westus", "sku": {"tier": "Standard", "family": "MeteredData"}, "properties": {
        "serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Amsterdam",
                                      "bandwidthInMbps": 50}}})
    throttle = f"{arm.group}/providers/Trunkline.Plant/throttles/er1"
    wide, narrow = ({"properties": {"circuit": {"id": circuit}, "bandwidthInMbps": mbps}} for mbps in (50, 10))
    assert arm.ask("PUT", throttle, wide).code == "AuthorizationFailed"
    arm.account = "operator"
    arm.make(throttle, narrow)
    arm.account = "customer"
    for method, body in (("PUT", wide), ("PATCH", wide), ("DELETE", None)):
        assert arm.ask(method, throttle, body).code == "AuthorizationFailed"
    assert arm.ask("GET", throttle).body["properties"]["bandwidthInMbps"] == 10


def test_only_operators_bring_the_clouds_own_edge_to_an_exchange(arm: Arm) -> None:
    """Members are customers' to write, but not this kind, nor may they change one or take it away."""
    ams = f"{arm.group}/providers/Trunkline.Exchange/exchanges/ams"
    edge, limited = {"properties": {"edge": "primary"}}, {"properties": {"edge": "primary", "prefixLimit": 1}}
    arm.account = "operator"
    arm.make(ams, {"properties": {"peeringLocation": "Amsterdam", "asn": 6777, "lan": "80.249.208.0/24"}})
    arm.account = "customer"
    assert arm.ask("PUT", f"{ams}/members/azure", edge).code == "AuthorizationFailed"
    arm.account = "operator"
    arm.make(f"{ams}/members/azure", edge)
    arm.account = "customer"
    for method, body in (("PUT", limited), ("PATCH", limited), ("DELETE", None)):
        assert arm.ask(method, f"{ams}/members/azure", body).code == "AuthorizationFailed"
    assert arm.ask("DELETE", arm.group).code == "AuthorizationFailed"
    assert arm.ask("GET", f"{ams}/members/azure").body["properties"]["asn"] == 12076
    arm.account = "operator"
    assert arm.ask("DELETE", f"{ams}/members/azure").status in (200, 202)


def test_a_customer_joins_an_exchange_and_does_not_admit_itself(arm: Arm) -> None:
    """Who may announce what is the operator's word; a provider's role does not bring customers' sites there."""
    ams = f"{arm.group}/providers/Trunkline.Exchange/exchanges/ams"
    lan = {"peeringLocation": "Amsterdam", "asn": 6777, "lan": "80.249.208.0/24"}
    site = f"{arm.group}/providers/Trunkline.Site/sites/paris"
    arm.make(site, {"properties": {"asn": 3333, "prefixes": ["193.0.0.0/21"], "lan": "193.0.1.0/24",
                                   "routers": [{"name": "ce1"}]}})
    joins = {"properties": {"site": {"id": site}, "router": "ce1"}}
    assert arm.ask("PUT", ams, {"properties": lan}).code == "AuthorizationFailed"
    arm.account = "operator"
    arm.make(ams, {"properties": lan})
    arm.account = "customer"
    assert arm.ask("PUT", f"{ams}/members/paris", joins).code == "AsnNotAdmitted"
    for method in ("PUT", "PATCH", "DELETE"):
        admitted = {"properties": {**lan, "admissions": [{"asn": 3333, "prefixes": ["193.0.0.0/21"]}]}}
        assert arm.ask(method, ams, admitted).code == "AuthorizationFailed"
    arm.account = "operator"
    arm.make(ams, {"properties": {**lan, "admissions": [{"asn": 3333}]}})
    arm.account = "provider"
    assert arm.ask("PUT", f"{ams}/members/paris", joins).code == "AuthorizationFailed"
    arm.account = "customer"
    arm.make(f"{ams}/members/paris", joins)
    shown = arm.ask("GET", f"{ams}/members/paris").body["properties"]
    assert (shown["asn"], shown["addresses"]) == (3333, ["80.249.208.4"])


def test_a_made_up_key_links_to_nothing_of_a_stranger(arm: Arm) -> None:
    """A link would keep the circuit from being deleted, even from a connection that never uses it."""
    victim = network(arm, "expressRouteCircuits/er1")
    arm.make(victim, {"location": "westus", "sku": {"tier": "Standard", "family": "MeteredData"}, "properties": {
        "serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Amsterdam",
                                      "bandwidthInMbps": 50}}})
    arm.directory.add_tenant("Contoso", "contoso.localhost")
    other = f"/subscriptions/{arm.directory.add_subscription('Contoso One', 'Contoso').id}"
    alien, _ = arm.directory.create("alien", PrincipalType.SERVICE_PRINCIPAL, "contoso")
    arm.account = "operator"
    arm.ask("PUT", f"{other}/{ROLES}/roleAssignments/{uuid4()}", {"properties": {
        "roleDefinitionId": OWNER, "principalId": alien.object_id}})
    arm.account = "alien"
    assert arm.ask("PUT", f"{other}/resourceGroups/rg1", {"location": "westus"}).status == 201
    own = f"{other}/resourceGroups/rg1/providers/Microsoft.Network"
    for kind in ("IPsec", "Vnet2Vnet", "ExpressRoute"):
        given = {"location": "westus", "properties": {
            "connectionType": kind, "virtualNetworkGateway1": {"id": f"{own}/virtualNetworkGateways/g"},
            "peer": {"id": victim}, "authorizationKey": str(uuid4()), "sharedKey": "abc"}}
        assert arm.ask("PUT", f"{own}/connections/c", given).code == "AuthorizationKeyInvalid"
        given["properties"] = {**given["properties"], "peer": {"id": f"{victim}x"}}  # type: ignore[dict-item]
        assert arm.ask("PUT", f"{own}/connections/c", given).code == "LinkedAuthorizationFailed"
    arm.account = "customer"
    assert arm.ask("DELETE", victim).status == 202


def test_only_who_may_write_a_peering_controls_its_sessions(arm: Arm, mallory: Account) -> None:
    """All of Trunkline.Routing is not enough: the first policy of a peering takes the right to write the peering."""
    circuit = network(arm, "expressRouteCircuits/er1")
    peering = f"{circuit}/peerings/AzurePrivatePeering"
    arm.make(circuit, {"location": "westus", "sku": {"tier": "Standard", "family": "MeteredData"}, "properties": {
        "serviceProviderProperties": {"serviceProviderName": "Equinix", "peeringLocation": "Amsterdam",
                                      "bandwidthInMbps": 50}}})
    arm.make(peering, {"properties": {"peeringType": "AzurePrivatePeering", "peerASN": 65010, "vlanId": 100,
                                      "primaryPeerAddressPrefix": "172.16.0.0/30",
                                      "secondaryPeerAddressPrefix": "172.16.0.4/30"}})
    wish = {"properties": {"peering": {"id": peering}, "leg": "primary", "enabled": False}}
    policy, name = f"{arm.group}/providers/Trunkline.Routing/sessionPolicies/mine", str(uuid4())
    able = custom("Trunkline.Routing/*", "Microsoft.Network/*/read")
    assert arm.ask("PUT", f"{arm.subscription}/{ROLES}/roleDefinitions/{name}", able).status == 201
    grant(arm, arm.group, name, mallory)
    refused = arm.ask("PUT", policy, wish)
    assert refused.code == "LinkedAuthorizationFailed"
    assert "'Microsoft.Network/expressRouteCircuits/peerings/write'" in refused.message
    assert arm.ask("POST", f"{peering}/refreshSessions/primary", {}).code == "AuthorizationFailed"
    arm.account = "customer"
    assert arm.ask("PUT", policy, wish).status == 201


def test_a_tenant_does_not_say_whose_an_as_number_or_a_prefix_is(arm: Arm) -> None:
    for kind, wish in (("asnBindings", {"asn": 3333}), ("prefixApprovals", {"prefix": "104.1.0.0/24"})):
        path = f"{arm.group}/providers/Trunkline.Plant/{kind}/mine"
        for method in ("PUT", "DELETE"):
            assert arm.ask(method, path, {"properties": wish}).code == "AuthorizationFailed"
