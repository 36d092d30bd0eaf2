"""What a change costs, counted in resources read and pieces compiled, not in seconds: as much in a large estate as in a
small one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

import estates
from trunkline.intent.compile import compile
from trunkline.intent.dependency import touched
from trunkline.intent.estate import Estate, Snapshot
from trunkline.intent.view import CIRCUIT, CONNECTION, GATEWAY, PEERING, SITE, VNET
from trunkline.model.profile import AZURE
from trunkline.model.resource import Resource, ResourceId

#: In the middle of the estate.
GROUP = "rg5"
CHANGED = {
    "circuit": estates.rid(CIRCUIT, "er1", group=GROUP),
    "peering": estates.rid(PEERING, "er1", "AzurePrivatePeering", group=GROUP),
    "site": estates.rid(SITE, "paris", group=GROUP),
    "virtual network": estates.rid(VNET, "hub", group=GROUP),
    "gateway": estates.rid(GATEWAY, "gw1", group=GROUP),
    "connection": estates.rid(CONNECTION, "con1", group=GROUP),
}


@dataclass
class Counting:
    """An estate that counts what it is asked and what it answers."""

    estate: Estate
    questions: int = 0
    read: list[str] = field(default_factory=list)

    def get(self, resource: ResourceId) -> Resource | None:
        found = self.estate.get(resource)
        self._count((found,) if found else ())
        return found

    def children(self, parent: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return self._count(self.estate.children(parent, kind))

    def referrers(self, target: ResourceId, kind: str = "") -> tuple[Resource, ...]:
        return self._count(self.estate.referrers(target, kind))

    def list(self, kind: str) -> tuple[Resource, ...]:
        return self._count(self.estate.list(kind))

    def _count(self, found: tuple[Resource, ...]) -> tuple[Resource, ...]:
        self.questions += 1
        self.read += [resource.id.key for resource in found]
        return found


def estate_of(customers: int) -> Snapshot:
    """All of them at one location and behind one port."""
    return Snapshot(r for number in range(1, customers + 1) for r in estates.whole(number, f"rg{number}"))


def cost(estate: Snapshot, changed: ResourceId) -> dict[str, int]:
    counting = Counting(estate)
    resource = counting.get(changed)
    assert resource
    blueprints = [compile(scope, counting, AZURE) for scope in sorted(touched(resource, counting))]
    plant = [compile(required, counting, AZURE) for one in blueprints for required in one.requires]
    return {"scopes": len(blueprints), "questions": counting.questions, "read": len(counting.read),
            "different": len(set(counting.read)), "pieces": sum(len(one.pieces) for one in (*blueprints, *plant)),
            "sessions": sum(len(router.sessions) for one in blueprints for router in one.routers)}


@pytest.fixture(scope="module")
def large() -> Snapshot:
    return estate_of(300)


@pytest.mark.parametrize("what", CHANGED)
def test_a_change_costs_what_changed_however_large_the_estate(what: str, large: Snapshot) -> None:
    found = cost(large, CHANGED[what])
    assert found == cost(estate_of(10), CHANGED[what])
    assert found["scopes"] > 0
    assert found["pieces"] > 0


def test_a_change_reads_its_own_customer_only(large: Snapshot) -> None:
    counting = Counting(large)
    resource = counting.get(CHANGED["circuit"])
    assert resource
    for scope in touched(resource, counting):
        compile(scope, counting, AZURE)
    twin = resource.system["twin"]["id"].lower()
    assert [key for key in counting.read if f"/{GROUP}/" not in key and key != twin] == []
