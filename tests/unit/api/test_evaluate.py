"""The decision itself, as a table: what assignments of roles permit."""

from __future__ import annotations

import pytest

from trunkline.api.access.evaluate import Assignment, above, allowed, covers
from trunkline.api.access.roles import BUILT_IN, CONTRIBUTOR, KEY_VAULT_ADMINISTRATOR, OWNER, PROVIDER, READER, Role

SUB, OTHER = "/subscriptions/s", "/subscriptions/t"
GROUP = f"{SUB}/resourcegroups/g"
VNET = f"{GROUP}/providers/microsoft.network/virtualnetworks/v"
CIRCUIT = f"{GROUP}/providers/microsoft.network/expressroutecircuits/c"
NETWORK, USER_ACCESS = "4d97b98b-1d4f-4787-a291-c67834d212e7", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
NARROW = Role("narrow", "Narrow", "", ("Microsoft.Network/*",), ("Microsoft.Network/*/delete",), custom=True)
ROLES = {**BUILT_IN, NARROW.id: NARROW}

WRITE, READ, DELETE = (f"Microsoft.Network/virtualNetworks/{verb}" for verb in ("write", "read", "delete"))
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"
LIST_KEYS = "Microsoft.Network/expressRouteCircuits/authorizations/listKeys/action"
TWIN = "Microsoft.Network/expressRouteCrossConnections/write"


@pytest.mark.parametrize(("role", "at", "action", "scope", "permitted"), [
    # scope: there and below, nowhere else
    (OWNER, SUB, WRITE, VNET, True),
    (OWNER, GROUP, WRITE, VNET, True),
    (OWNER, VNET, WRITE, VNET, True),
    (OWNER, VNET, WRITE, f"{VNET}/subnets/a", True),
    (OWNER, "/", WRITE, VNET, True),
    (OWNER, VNET, WRITE, GROUP, False),
    (OWNER, GROUP, WRITE, SUB, False),
    (OWNER, OTHER, WRITE, VNET, False),
    (OWNER, GROUP, WRITE, f"{SUB}/resourcegroups/g2", False),
    (OWNER, VNET, WRITE, f"{VNET}2", False),
    (OWNER, GROUP, WRITE, VNET.upper(), True),
    # actions of the built-in roles
    (OWNER, SUB, ASSIGN, SUB, True),
    (CONTRIBUTOR, SUB, WRITE, VNET, True),
    (CONTRIBUTOR, SUB, DELETE, VNET, True),
    (CONTRIBUTOR, SUB, ASSIGN, SUB, False),
    (CONTRIBUTOR, SUB, ASSIGN.upper(), SUB, False),
    (CONTRIBUTOR, SUB, "Microsoft.Authorization/locks/delete", GROUP, False),
    (CONTRIBUTOR, SUB, "Microsoft.Authorization/roleDefinitions/write", GROUP, False),
    (CONTRIBUTOR, SUB, LIST_KEYS, CIRCUIT, True),
    (READER, SUB, READ, VNET, True),
    (READER, SUB, READ.upper(), VNET, True),
    (READER, SUB, WRITE, VNET, False),
    (READER, SUB, DELETE, VNET, False),
    (READER, SUB, LIST_KEYS, CIRCUIT, False),
    (READER, SUB, "Microsoft.Network/virtualNetworks/readme", VNET, False),
    (NETWORK, SUB, WRITE, VNET, True),
    (NETWORK, SUB, "Microsoft.KeyVault/vaults/write", GROUP, False),
    (NETWORK, SUB, "Microsoft.Resources/subscriptions/resourceGroups/write", GROUP, False),
    (NETWORK, SUB, ASSIGN, SUB, False),
    (USER_ACCESS, SUB, ASSIGN, SUB, True),
    (USER_ACCESS, SUB, WRITE, VNET, False),
    (PROVIDER, SUB, TWIN, GROUP, True),
    (PROVIDER, SUB, WRITE, VNET, False),
    (PROVIDER, SUB, "Microsoft.Network/expressRouteCircuits/write", CIRCUIT, False),
    # exceptions of a role
    (NARROW.id, SUB, WRITE, VNET, True),
    (NARROW.id, SUB, DELETE, VNET, False),
    ("gone", SUB, READ, VNET, False),
])
def test_what_one_assignment_permits(role: str, at: str, action: str, scope: str, permitted: bool) -> None:
    assert allowed([Assignment("me", role, at)], ROLES, "me", action, scope) is permitted
    assert not allowed([Assignment("you", role, at)], ROLES, "me", action, scope)


@pytest.mark.parametrize(("role", "permitted"), [
    (OWNER, False), (CONTRIBUTOR, False), (READER, False), (KEY_VAULT_ADMINISTRATOR, True), (SECRETS_USER, True)])
def test_data_takes_a_role_for_data(role: str, permitted: bool) -> None:
    assert allowed([Assignment("me", role, SUB)], ROLES, "me", GET_SECRET, GROUP, data=True) is permitted


def test_without_an_assignment_everything_is_denied() -> None:
    assert not allowed([], ROLES, "me", READ, VNET)


def test_assignments_add_up_and_an_exception_limits_its_own_role_alone() -> None:
    both = [Assignment("me", NARROW.id, SUB), Assignment("me", CONTRIBUTOR, GROUP)]
    assert allowed(both, ROLES, "me", DELETE, VNET)
    assert not allowed(both, ROLES, "me", DELETE, f"{SUB}/resourcegroups/other")
    either = [Assignment("me", CONTRIBUTOR, SUB), Assignment("me", USER_ACCESS, GROUP)]
    assert allowed(either, ROLES, "me", ASSIGN, GROUP)


@pytest.mark.parametrize(("pattern", "action", "taken"), [
    ("*", "anything/at/all", True), ("*/read", "a/b/c/read", True), ("*/read", "read", False),
    ("Microsoft.Network/*/action", "Microsoft.Network/a/b/action", True), ("a.b/c", "axb/c", False),
    ("a/(b|c)", "a/b", False), ("a/*", "b/a/x", False), ("", "a", False)])
def test_only_a_star_is_special_in_a_pattern(pattern: str, action: str, taken: bool) -> None:
    roles = {"r": Role("r", "R", "", (pattern,))}
    assert allowed([Assignment("me", "r", "/")], roles, "me", action, SUB) is taken


def test_a_scope_covers_itself_and_what_is_below() -> None:
    assert [covers(GROUP, one) for one in (GROUP, VNET, f"{GROUP}x", SUB, "/")] == [True, True, False, False, False]


@pytest.mark.parametrize("scope", ["/", SUB, GROUP, VNET, f"{VNET}/subnets/a"])
def test_what_is_above_a_scope_is_what_covers_it(scope: str) -> None:
    every = {"/", SUB, OTHER, GROUP, VNET, CIRCUIT, f"{VNET}/subnets/a", f"{VNET}2", f"{GROUP}2"}
    assert every & set(above(scope)) == {one for one in every if covers(one, scope)}
