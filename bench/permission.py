"""What asking for a permission costs.

    python bench/permission.py

One principal with 1,000 role assignments, each over a resource group. Asked is for resources of one group: the first
question reads the assignments, a new one is decided, one asked before is remembered.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

from trunkline.api.access.directory import Directory
from trunkline.api.access.permissions import ASSIGNMENT, Permissions, definition_id
from trunkline.api.access.roles import READER
from trunkline.api.accounts import Account, PrincipalType
from trunkline.model.resource import ProvisioningState, Resource, ResourceId
from trunkline.settings import load
from trunkline.store import Store

_ASSIGNMENTS, _QUESTIONS = 1_000, 5_000
_READ, _WRITE = (f"Microsoft.Network/virtualNetworks/{verb}" for verb in ("read", "write"))


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        settings = load({}, home)
        directory, store = Directory(settings.places), Store(settings.database_url)
        account, _ = directory.create("builder", PrincipalType.SERVICE_PRINCIPAL)
        group = _fill(store, directory.accounts.customer_subscription, account)
        asked = Permissions(store, lambda: directory.accounts)
        scopes = [f"{group}/providers/Microsoft.Network/virtualNetworks/v{number}" for number in range(_QUESTIONS)]
        print(f"the first: {_each_us(lambda: [asked.permits(account, _READ, group)], 1) / 1000:.1f} ms")
        for name, action in (("new, permitted", _READ), ("new, denied", _WRITE), ("asked before", _READ)):
            cost_us = _each_us(lambda action=action: [asked.permits(account, action, one) for one in scopes],
                               _QUESTIONS)
            print(f"{name}: {cost_us:.1f} µs")
        store.close()


def _fill(store: Store, subscription: str, account: Account) -> str:
    """The last of the groups."""
    kind = ASSIGNMENT.rpartition("/")[2]
    with store.writing() as writer:
        for number in range(_ASSIGNMENTS):
            group = ResourceId(subscription, f"g{number}")
            writer.put(Resource(
                group.extension(f"Microsoft.Authorization/{kind}", f"{number}"), state=ProvisioningState.SUCCEEDED,
                properties={"roleDefinitionId": definition_id(subscription, READER), "scope": str(group),
                            "principalId": account.object_id, "principalType": account.kind.value}))
    return str(group)


def _each_us(work: Callable[[], object], count: int) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) / count * 1e6


if __name__ == "__main__":
    main()
