"""What an estate uses of the plant, and what it would lose by another plant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import estates
from plants import using, written
from trunkline.intent.compile import compile
from trunkline.intent.dependency import awaited
from trunkline.intent.estate import Snapshot
from trunkline.intent.plant_use import ALONE, PLACED, ROOTS, lost, plant_use
from trunkline.intent.scope import Scope
from trunkline.intent.view import CIRCUIT, GATEWAY, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import ProvisioningState, Resource

BOTH = frozenset(Leg)


def of(*resources: Resource) -> dict[str, list[Resource]]:
    return {kind: [one for one in resources if one.id.type == kind] for kind in {*ROOTS, *PLACED}}


def test_a_linked_circuit_uses_its_location_the_region_and_the_ways_between() -> None:
    estate = estates.whole()
    use = plant_use([one for found in of(*estate).values() for one in found], Snapshot(estate))
    assert use.legs["amsterdam"] == use.legs["westeurope"] == BOTH
    assert use.legs["amsterdam~westeurope"] == {Leg.PRIMARY}
    assert use.legs["amsterdam2~westeurope"] == {Leg.SECONDARY}
    er1, gw1 = str(estates.rid(CIRCUIT, "er1")), str(estates.rid(GATEWAY, "gw1"))
    assert (use.by["amsterdam2"], use.by["westeurope"]) == ({er1}, {er1, gw1})
    assert "london" not in use.legs


def test_nothing_uses_what_is_being_deleted() -> None:
    going = [replace(one, state=ProvisioningState.DELETING) for one in estates.whole()]
    use = plant_use([one for one in going if one.id.type == CIRCUIT], Snapshot(going))
    assert not use.legs


def test_nothing_is_lost_with_the_plant_that_ships() -> None:
    assert not list(lost(of(*estates.whole())))


def test_what_another_plant_lacks_is_told_with_who_uses_it(tmp_path: Path) -> None:
    estate = [*estates.whole(), estates.port()]
    with using(written(tmp_path)):
        said = list(lost(of(*estate)))
    assert any(f"location 'Amsterdam' is used by {estates.rid(CIRCUIT, 'er1')} and is not" in one for one in said)
    assert any(f"region 'westeurope' is used by {estates.rid(VNET, 'hub')}" in one for one in said)
    assert any("port location 'Equinix-Amsterdam-AM5' is used by" in one for one in said)


def test_what_is_not_looked_into_requires_nothing() -> None:
    """Else a part of the plant would be missing from what an estate uses."""
    estate = [*estates.whole(), estates.microsoft()]
    snapshot = Snapshot(estate)
    todo, seen = [scope for one in estate for scope in awaited(one, snapshot)], set[Scope]()
    while todo:
        scope = todo.pop()
        if scope not in seen:
            seen.add(scope)
            todo += compile(scope, snapshot, AZURE).requires
    alone = {scope for scope in seen if scope.kind in ALONE}
    assert {scope.kind for scope in alone} == set(ALONE)
    assert not [scope for scope in alone if compile(scope, snapshot, AZURE).requires]
