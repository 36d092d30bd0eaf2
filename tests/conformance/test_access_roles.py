"""Who may do what where: role assignments over HTTP, as az and the SDKs use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from arm import Arm
from trunkline.api.access.roles import CONTRIBUTOR, OWNER, PROVIDER, READER
from trunkline.api.accounts import Account, PrincipalType
from trunkline.api.resources import registry

VNET = {"location": "westus", "properties": {
    "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
    "subnets": [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}
NETWORK = "4d97b98b-1d4f-4787-a291-c67834d212e7"


@pytest.fixture
def arm(tmp_path: Path) -> Iterator[Arm]:
    service = Arm(tmp_path / "home", registry)
    service.create_group()
    service.create_group("rg2")
    yield service
    service.close()


@pytest.fixture
def builder(arm: Arm) -> Account:
    return arm.directory.create("builder", PrincipalType.SERVICE_PRINCIPAL)[0]


def grant(arm: Arm, scope: str, role: str, principal: Account, name: str = "") -> Any:
    """As the customer, who owns the subscription; answers the reply."""
    before, arm.account = arm.account, "customer"
    given = {"properties": {"roleDefinitionId": f"{arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/"
                            f"{role}", "principalId": principal.object_id, "principalType": principal.kind.value}}
    reply = arm.ask("PUT", f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name or uuid4()}", given)
    arm.account = before
    return reply


def vnet(arm: Arm, name: str = "v", group: str = "rg1") -> str:
    return f"{arm.subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"


def test_without_a_role_everything_is_denied(arm: Arm, builder: Account) -> None:
    arm.account = "builder"
    refused = arm.ask("PUT", vnet(arm), VNET)
    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert refused.message == (
        f"The client '{builder.client_id}' with object id '{builder.object_id}' does not have authorization to perform "
        f"action 'Microsoft.Network/virtualNetworks/write' over scope '{vnet(arm)}' or the scope is invalid. If access "
        "was recently granted, please refresh your credentials.")
    for path in (arm.subscription, f"{arm.subscription}/resourceGroups", arm.group):
        assert arm.ask("GET", path).code == "AuthorizationFailed"
    assert arm.ask("GET", "/subscriptions").body["value"] == []


def test_a_reader_of_a_group_reads_there_and_nowhere_else(arm: Arm, builder: Account) -> None:
    for group in ("rg1", "rg2"):
        arm.make(vnet(arm, group=group), VNET)
    assert grant(arm, arm.group, READER, builder).status == 201
    arm.account = "builder"
    assert arm.ask("GET", vnet(arm)).status == 200
    assert arm.ask("GET", vnet(arm, group="rg2")).code == "AuthorizationFailed"
    assert arm.ask("DELETE", vnet(arm)).code == "AuthorizationFailed"
    everywhere = arm.ask("GET", f"{arm.subscription}/providers/Microsoft.Network/virtualNetworks").body["value"]
    assert [one["id"] for one in everywhere] == [vnet(arm)]
    assert [one["name"] for one in arm.ask("GET", f"{arm.subscription}/resourceGroups").body["value"]] == ["rg1"]
    assert [one["id"] for one in arm.ask("GET", f"{arm.subscription}/resources").body["value"]] == [vnet(arm)]
    assert [one["subscriptionId"] for one in arm.ask("GET", "/subscriptions").body["value"]] == [
        arm.accounts.customer_subscription]


def test_a_role_on_one_resource_reaches_its_children(arm: Arm, builder: Account) -> None:
    for name in ("v", "w"):
        arm.make(vnet(arm, name), VNET)
    assert grant(arm, vnet(arm), CONTRIBUTOR, builder).status == 201
    arm.account = "builder"
    assert arm.ask("PUT", f"{vnet(arm)}/subnets/b", {"properties": {"addressPrefix": "10.0.1.0/24"}}).status == 201
    assert arm.ask("GET", f"{vnet(arm, 'w')}/subnets").code == "AuthorizationFailed"


def test_a_contributor_gives_no_roles(arm: Arm, builder: Account) -> None:
    grant(arm, arm.subscription, CONTRIBUTOR, builder)
    arm.account = "builder"
    assert arm.ask("PUT", vnet(arm), VNET).status == 201
    path = f"{arm.group}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}"
    refused = arm.ask("PUT", path, {"properties": {"roleDefinitionId": OWNER, "principalId": builder.object_id}})
    assert refused.code == "AuthorizationFailed"
    assert "'Microsoft.Authorization/roleAssignments/write'" in refused.message


def test_a_role_taken_back_ends_at_once(arm: Arm, builder: Account) -> None:
    given = grant(arm, arm.group, READER, builder)
    arm.account = "builder"
    assert arm.ask("GET", arm.group).status == 200
    arm.account = "customer"
    assert arm.ask("DELETE", given.body["id"]).status == 200
    assert arm.ask("DELETE", given.body["id"]).status == 204
    arm.account = "builder"
    assert arm.ask("GET", arm.group).code == "AuthorizationFailed"


def test_linking_needs_the_right_to_join(arm: Arm, builder: Account) -> None:
    arm.make(vnet(arm), VNET)
    grant(arm, f"{arm.subscription}/resourceGroups/rg2", NETWORK, builder)
    nic = f"{arm.subscription}/resourceGroups/rg2/providers/Microsoft.Network/networkInterfaces/n"
    body = {"location": "westus", "properties": {"ipConfigurations": [
        {"name": "one", "properties": {"subnet": {"id": f"{vnet(arm)}/subnets/a"}}}]}}
    arm.account = "builder"
    refused = arm.ask("PUT", nic, body)
    assert (refused.status, refused.code) == (403, "LinkedAuthorizationFailed")
    assert "'Microsoft.Network/virtualNetworks/subnets/join/action'" in refused.message
    grant(arm, f"{vnet(arm)}/subnets/a", NETWORK, builder)
    assert arm.ask("PUT", nic, body).status == 201


def test_an_assignment_has_azures_shape_and_is_never_doubled(arm: Arm, builder: Account) -> None:
    made = grant(arm, arm.group, READER, builder)
    shown = arm.ask("GET", made.body["id"]).body
    assert shown == made.body
    assert shown["properties"]["scope"] == arm.group
    assert shown["properties"]["principalType"] == "ServicePrincipal"
    assert grant(arm, arm.group, READER, builder).code == "RoleAssignmentExists"
    assert grant(arm, arm.group, CONTRIBUTOR, builder, shown["name"]).code == "RoleAssignmentUpdateNotPermitted"
    assert grant(arm, arm.group, str(uuid4()), builder).code == "RoleDefinitionDoesNotExist"
    assert grant(arm, f"{arm.subscription}/resourceGroups/none", READER, builder).code == "ResourceGroupNotFound"
    assert grant(arm, vnet(arm, "none"), READER, builder).code == "ResourceNotFound"


def test_lists_hold_what_is_inherited_and_what_is_below(arm: Arm, builder: Account) -> None:
    grant(arm, arm.group, READER, builder)
    base = f"{arm.subscription}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"
    customer = arm.accounts.accounts[0].object_id

    def principals(path: str) -> set[str]:
        return {one["properties"]["principalId"] for one in arm.ask("GET", path).body["value"]}

    assert principals(base) == {customer, builder.object_id}
    assert principals(f"{base}&$filter=atScope()") == {customer}
    assert principals(f"{base}&$filter=principalId%20eq%20'{builder.object_id}'") == {builder.object_id}
    assert principals(base.replace("/providers", "/resourceGroups/rg1/providers", 1)) == {customer, builder.object_id}
    assert principals(base.replace("/providers", "/resourceGroups/rg2/providers", 1)) == {customer}
    assert arm.ask("GET", f"{base}&$filter=nonsense").code == "InvalidFilter"


def test_roles_are_listed_with_azures_ids(arm: Arm) -> None:
    base = f"{arm.subscription}/providers/Microsoft.Authorization/roleDefinitions"
    found = arm.ask("GET", f"{base}?api-version=2022-04-01&$filter=roleName%20eq%20'Reader'").body["value"]
    assert [one["name"] for one in found] == [READER]
    assert found[0]["properties"]["permissions"][0]["actions"] == ["*/read"]
    assert arm.ask("GET", f"{base}/{OWNER}").body["properties"]["roleName"] == "Owner"
    assert arm.ask("GET", f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}").status == 200


def test_a_custom_role_permits_what_it_says(arm: Arm, builder: Account) -> None:
    name = str(uuid4())
    path = f"{arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    given = {"properties": {"roleName": "Vnet reader", "permissions": [{
        "actions": ["Microsoft.Network/virtualNetworks/read"], "notActions": []}],
        "assignableScopes": [arm.subscription]}}
    assert arm.ask("PUT", path, given).status == 201
    arm.make(vnet(arm), VNET)
    assignment = grant(arm, arm.subscription, name, builder).body["id"]
    arm.account = "builder"
    assert arm.ask("GET", vnet(arm)).status == 200
    assert arm.ask("GET", f"{vnet(arm)}/subnets/a").code == "AuthorizationFailed"
    arm.account = "customer"
    assert arm.ask("DELETE", path).code == "RoleDefinitionHasAssignments"
    arm.ask("DELETE", assignment)
    assert arm.ask("DELETE", path).status == 200
    assert arm.ask("DELETE", f"{arm.subscription}/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
                   ).code == "CannotUpdateOrDeleteBuiltInRoles"


def test_an_assignment_goes_with_what_it_was_for(arm: Arm, builder: Account) -> None:
    arm.make(vnet(arm), VNET)
    made = grant(arm, vnet(arm), READER, builder).body["id"]
    arm.ask("DELETE", vnet(arm))
    arm.network.settle()
    assert arm.ask("GET", made).status == 404


def test_tenants_do_not_see_each_other(arm: Arm) -> None:
    arm.directory.add_tenant("Contoso", "contoso.localhost")
    other = arm.directory.add_subscription("Contoso One", "contoso")
    alien, _ = arm.directory.create("alien", PrincipalType.SERVICE_PRINCIPAL, "contoso")
    arm.account = "alien"
    refused = arm.ask("GET", arm.group)
    assert (refused.status, refused.code) == (401, "InvalidAuthenticationTokenTenant")
    assert [one["tenantId"] for one in arm.ask("GET", "/tenants").body["value"]] == [alien.tenant]
    assert arm.ask("GET", f"/subscriptions/{other.id}").code == "AuthorizationFailed"
    arm.account = "operator"
    assert arm.ask("PUT", f"/subscriptions/{other.id}/resourceGroups/x", {"location": "westus"}).status == 201


def test_accounts_are_the_operators(arm: Arm) -> None:
    path = "/providers/Trunkline.Access/accounts/carol"
    assert arm.ask("PUT", path, {"kind": "User"}).code == "AuthorizationFailed"
    arm.account = "operator"
    made = arm.ask("PUT", path, {"kind": "User"})
    assert (made.status, made.body["clientId"]) == (201, "carol@trunkline.localhost")
    assert made.body["secret"]
    assert made.body["secret"] not in str(arm.ask("GET", "/providers/Trunkline.Access/accounts").body)
    assert arm.ask("PUT", path, {}).code == "AccountExists"
    fresh = arm.ask("POST", f"{path}/resetSecret", {}).body["secret"]
    assert fresh != made.body["secret"]
    assert arm.ask("DELETE", path).status == 200
    assert arm.ask("DELETE", path).code == "AccountNotFound"


def test_a_client_asks_what_it_may_do(arm: Arm, builder: Account) -> None:
    grant(arm, arm.group, READER, builder)
    arm.make(vnet(arm), VNET)
    grant(arm, vnet(arm), NETWORK, builder)
    arm.account = "builder"

    def actions(scope: str) -> list[str]:
        shown = arm.ask("GET", f"{scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01")
        return [one["actions"][-2] if len(one["actions"]) > 1 else one["actions"][0] for one in shown.body["value"]]

    assert actions(arm.group) == ["*/read"]
    assert sorted(actions(vnet(arm))) == ["*/read", "Microsoft.Network/*"]
    assert arm.ask("GET", f"{arm.subscription}/resourceGroups/rg2/providers/Microsoft.Authorization/permissions"
                   ).code == "AuthorizationFailed"


def test_nothing_is_denied_by_assignment(arm: Arm) -> None:
    base = f"{arm.group}/providers/Microsoft.Authorization/denyAssignments"
    assert arm.ask("GET", base).body == {"value": []}
    assert arm.ask("GET", f"{base}/{uuid4()}").code == "DenyAssignmentNotFound"
    assert arm.ask("PUT", f"{base}/{uuid4()}", {}).status == 405


def test_a_call_of_graph_is_refused_with_the_way_out(arm: Arm) -> None:
    refused = arm.ask("GET", "/v1.0/servicePrincipals?$filter=x")
    assert (refused.status, refused.code) == (501, "GraphNotSupported")
    assert "--assignee-object-id" in refused.message


def order(arm: Arm, name: str, provider: str) -> str:
    """A circuit; answers the name of its cross connection."""
    arm.account = "customer"
    made = arm.make(f"{arm.group}/providers/Microsoft.Network/expressRouteCircuits/{name}", {
        "location": "westus", "sku": {"tier": "Standard", "family": "MeteredData"}, "properties": {
            "serviceProviderProperties": {"serviceProviderName": provider, "peeringLocation": "Amsterdam",
                                          "bandwidthInMbps": 50}}})
    return str(made["properties"]["serviceKey"])


def test_a_provider_with_its_own_subscription_has_its_own_cross_connections(tmp_path: Path) -> None:
    asked: list[Arm] = []

    def subscription_of(provider: str) -> str:
        return asked[0].directory.subscription_of(provider)

    arm = Arm(tmp_path / "own", lambda shared: registry(shared, subscription_of=subscription_of))
    asked.append(arm)
    arm.create_group()
    before = order(arm, "before", "Equinix")
    arm.directory.add_tenant("Carrier", "carrier.localhost")
    arm.directory.add_subscription("Carrier", "Carrier")
    arm.account = "operator"
    given = arm.ask("PUT", "/providers/Trunkline.Access/connectivityProviders/equinix", {"subscription": "Carrier"})
    own = given.body["subscriptionId"]
    assert (given.status, given.body["name"]) == (200, "Equinix")
    alone, shared = order(arm, "own", "Equinix"), order(arm, "shared", "Colt")
    carrier, _ = arm.directory.create("carrier", PrincipalType.SERVICE_PRINCIPAL, "Carrier")
    arm.account = "operator"
    arm.ask("PUT", f"/subscriptions/{own}/providers/Microsoft.Authorization/roleAssignments/{uuid4()}", {"properties": {
        "roleDefinitionId": PROVIDER, "principalId": carrier.object_id}})

    def seen(account: str, subscription: str, kind: str = "expressRouteCrossConnections") -> Any:
        arm.account = account
        found = arm.ask("GET", f"/subscriptions/{subscription}/providers/Microsoft.Network/{kind}")
        return {one["name"] for one in found.body["value"]} if found.status == 200 else found.code

    common = arm.accounts.provider_subscription
    assert seen("carrier", own) == {alone}
    assert seen("provider", common) == {before, shared}
    assert seen("carrier", common) == "InvalidAuthenticationTokenTenant"
    assert seen("provider", own) == "InvalidAuthenticationTokenTenant"
    ports = seen("carrier", own, "expressRouteProviderPorts")
    assert ports
    assert not ports & seen("provider", common, "expressRouteProviderPorts")
    arm.account = "carrier"
    twin = next(one["id"] for one in arm.ask(
        "GET", f"/subscriptions/{own}/providers/Microsoft.Network/expressRouteCrossConnections").body["value"])
    shown = arm.ask("GET", twin).body
    shown["properties"]["serviceProviderProvisioningState"] = "Provisioned"
    assert arm.ask("PUT", twin, shown).status == 200
    arm.network.settle()
    arm.account = "customer"
    circuit = arm.ask("GET", f"{arm.group}/providers/Microsoft.Network/expressRouteCircuits/own").body["properties"]
    assert circuit["serviceProviderProvisioningState"] == "Provisioned"
    arm.close()


def test_a_provider_gets_no_subscription_that_is_not_there(arm: Arm) -> None:
    path = "/providers/Trunkline.Access/connectivityProviders"
    assert arm.ask("PUT", f"{path}/Equinix", {"subscription": "Trunkline"}).code == "AuthorizationFailed"
    arm.account = "operator"
    assert arm.ask("PUT", f"{path}/Nobody", {"subscription": "Trunkline"}).code == "ProviderNotFound"
    assert arm.ask("PUT", f"{path}/Equinix", {"subscription": "nowhere"}).code == "SubscriptionNotFound"
