"""Whether a principal may do something somewhere, fast: the assignments are read together and decisions remembered.

Whoever writes an assignment or a role in this process says so (``forget``); what another process did, such as removing
assignments together with a resource, is seen seconds later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from trunkline.api.access.evaluate import Assignment, above, allowed, covers, permits
from trunkline.api.access.roles import BUILT_IN, KEY_VAULT_ADMINISTRATOR, OWNER, PROVIDER, Role
from trunkline.api.accounts import Account, Accounts
from trunkline.errors import Fault
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.store import Store, Writer

ASSIGNMENT, DEFINITION = "Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions"

#: How old what is remembered may be, and how many decisions are.
_FRESH_S, _REMEMBERED = 5.0, 65_536

#: They name circuits of all whom they concern: a notice tells each its own.
_OPERATORS_OWN = ("maintenances",)
#: Writable by whoever may write where they are; everything else in the plant is the operator's.
_CUSTOMERS_PLANT = ("status", "plan", "whatif", "resiliency", "path", "nearest")

#: In the journal: whose assignments of the first start were written.
_SEEDED = "access.seeded"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    read_at: float
    roles: Mapping[str, Role]
    assignments: Mapping[str, Mapping[str, list[Assignment]]]  #: by principal and scope
    decisions: dict[tuple[str, str, str, bool], bool] = field(default_factory=dict)

    def over(self, principal: str, scope: str) -> list[Assignment]:
        """Those of a principal that count at a scope, found without looking at all the others."""
        mine = self.assignments.get(principal, {})
        return [one for at in above(scope) for one in mine.get(at, ())]


class Permissions:
    """``accounts``: those of now. An operator is Owner of everything, without any assignment."""

    def __init__(self, store: Store, accounts: Callable[[], Accounts]) -> None:
        self._store, self._accounts = store, accounts
        self._snapshot: _Snapshot | None = None
        self._guard = threading.Lock()

    def permits(self, account: Account, action: str, scope: str, data: bool = False) -> bool:
        """``scope``: an id in any case."""
        if not _plant_allowed(account, action):
            return False
        if account.operator:
            return permits(_OPERATOR, action, data)
        snapshot = self._now()
        asked = (account.object_id, action, scope.lower(), data)
        known = snapshot.decisions.get(asked)
        if known is None:
            if len(snapshot.decisions) >= _REMEMBERED:
                snapshot.decisions.clear()
            known = snapshot.decisions[asked] = allowed(
                snapshot.over(account.object_id, asked[2]), snapshot.roles, *asked)
        return known

    def knows(self, account: Account, scope: str) -> bool:
        """Whether the account has any role at the scope, above it, or below it."""
        wanted = scope.lower()
        return account.operator or any(
            covers(scope, wanted) or covers(wanted, scope)
            for scope in self._now().assignments.get(account.object_id, ()))

    def sees(self, account: Account, resource: ResourceId) -> bool:
        return self.permits(account, f"{resource.type}/read", resource.key)

    def check(self, account: Account, action: str, scope: str) -> None:
        if not self.permits(account, action, scope):
            raise forbidden(account, action, scope)

    def role(self, guid: str) -> Role | None:
        return self._now().roles.get(guid.lower())

    def held(self, account: Account, scope: str) -> tuple[Role, ...]:
        """The account's roles at a scope, its own and those from above."""
        if account.operator:
            return (_OPERATOR,)
        snapshot = self._now()
        found = {one.role: snapshot.roles[one.role] for one in snapshot.over(account.object_id, scope.lower())
                 if one.role in snapshot.roles}
        return tuple(found.values())

    def roles(self, scope: str) -> tuple[Role, ...]:
        """Those that may be assigned at a scope, above it or below it; the built-in ones for an empty scope."""
        wanted = scope.lower()
        return tuple(one for one in self._now().roles.values() if not one.custom or (wanted and any(
            covers(text.lower(), wanted) or covers(wanted, text.lower()) for text in one.assignable)))

    def forget(self) -> None:
        """What was read is old."""
        self._snapshot = None

    def _now(self) -> _Snapshot:
        found = self._snapshot
        if found and time.monotonic() - found.read_at < _FRESH_S:
            return found
        with self._guard:
            if self._snapshot is not found and self._snapshot:
                return self._snapshot
            fresh = self._snapshot = _read(self._store)
            return fresh


#: What an operator may do with data too.
_OPERATOR = Role("", "Operator", "", ("*",), data_actions=("*",))


def _read(store: Store) -> _Snapshot:
    moment = time.monotonic()
    with store.reading() as reader:
        rows, custom = reader.list(ASSIGNMENT), reader.list(DEFINITION)
    by_principal: dict[str, dict[str, list[Assignment]]] = {}
    for row in rows:
        one = assignment(row)
        by_principal.setdefault(one.principal, {}).setdefault(one.scope, []).append(one)
    roles = {**BUILT_IN, **{one.id: one for one in map(role, custom)}}
    return _Snapshot(moment, roles, by_principal)


def assignment(row: Resource) -> Assignment:
    given = row.properties
    return Assignment(given["principalId"].lower(), given["roleDefinitionId"].rpartition("/")[2].lower(),
                      given["scope"].lower())


def role(row: Resource) -> Role:
    """A custom one."""
    given = row.properties
    granted = given["permissions"][0]
    return Role(
        row.id.name.lower(), given["roleName"], given.get("description", ""), tuple(granted["actions"]),
        tuple(granted["notActions"]), tuple(granted["dataActions"]), tuple(granted["notDataActions"]), True,
        tuple(given["assignableScopes"]))


def definition_id(subscription: str, guid: str) -> str:
    return f"/subscriptions/{subscription}/providers/{DEFINITION}/{guid}"


def seed(writer: Writer, accounts: Accounts) -> None:
    """What the accounts of the first start may do, once: they may be deleted like any other assignment."""
    seeded = (writer.journal(_SEEDED) or {}).get("principals", [])
    for name, subscription, guids in (("customer", accounts.customer_subscription, (OWNER, KEY_VAULT_ADMINISTRATOR)),
                                      ("provider", accounts.provider_subscription, (PROVIDER,))):
        account = accounts.named(name)
        if account is None or account.object_id in seeded:
            continue
        for guid in guids:
            writer.put(granted(account, guid, subscription))
        seeded = [*seeded, account.object_id]
        writer.save_journal(_SEEDED, {"principals": seeded})


def granted(account: Account, guid: str, subscription: str) -> Resource:
    """An assignment over a whole subscription, with a name that follows from the account and the role."""
    return Resource(
        ResourceId(subscription, "", "Microsoft.Authorization", ("roleAssignments",),
                   (str(uuid5(UUID(account.object_id), guid)),)),
        properties={"roleDefinitionId": definition_id(subscription, guid), "principalId": account.object_id,
                    "principalType": account.kind.value, "scope": f"/subscriptions/{subscription}"},
        state=ProvisioningState.SUCCEEDED)


def forbidden(account: Account, action: str, scope: str) -> Fault:
    return Fault(
        "AuthorizationFailed",
        f"The client '{account.client_id}' with object id '{account.object_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials.", status=403)


def _plant_allowed(account: Account, action: str) -> bool:
    """No role of a subscription's owner reaches the plant itself, nor who may announce what at an exchange."""
    namespace, *kinds, verb = action.lower().split("/") if action.count("/") > 1 else ("", "")
    if account.operator or (verb == "read" and not (namespace == "trunkline.plant" and kinds[0] in _OPERATORS_OWN)):
        return True
    return kinds != ["exchanges"] if namespace == "trunkline.exchange" else (
        namespace != "trunkline.plant" or kinds[0] in _CUSTOMERS_PLANT)
