"""Azure's failover tests on real packets: what is tested carries nothing, the rest goes on, and the way back loses
nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import estates
import scenes
from probing import probing
from stage import Stage
from trunkline.intent.view import CIRCUIT, GATEWAY
from trunkline.model.circuit import Leg
from trunkline.model.failover import (
    LinkTest,
    SiteTest,
    TestCategory,
    TestStatus,
    with_link_tests,
    with_site_tests,
)
from trunkline.model.resource import Resource, ResourceId
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

BEGAN, ENDED = "2026-01-01T00:00:00+00:00", {"status": TestStatus.COMPLETED, "end_time": "2026-01-01T00:05:00+00:00"}
#: BFD and BGP alone stay far below within one look.
CARRIES = 200
PRIMARY, SECONDARY = (1, "Amsterdam", Leg.PRIMARY), (1, "Amsterdam", Leg.SECONDARY)
AMSTERDAM, FRANKFURT = (1, "Amsterdam", None), (2, "Frankfurt", None)


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as found:
        yield found


def second_circuit() -> list[Resource]:
    """Of the same site and gateway, at Frankfurt."""
    circuit, twin = estates.circuit("er2", 2)
    service = {**circuit.properties["serviceProviderProperties"], "peeringLocation": "Frankfurt"}
    links = {f"{leg}PeerAddressPrefix": f"172.16.2.{4 * i}/30" for i, leg in enumerate(("primary", "secondary"))}
    return [replace(circuit, properties={"serviceProviderProperties": service}), twin,
            estates.peering("er2", **links), estates.order("er2", number=2),
            estates.connection(2, circuit_name="er2", name="con2", slot=2)]


def stored(stage: Stage, identity: ResourceId) -> Resource:
    with stage.store.reading() as reader:
        found = reader.get(identity)
    assert found
    return found


def is_quiet(stage: Stage, quiet: tuple[int, str, Leg | None], busy: tuple[int, str, Leg | None]) -> bool:
    """Whether one place (circuit's number, location, leg or both) has carried next to nothing while the other has
    carried hundreds."""
    before = packets(stage, *quiet), packets(stage, *busy)
    until(lambda: packets(stage, *busy) > before[1] + CARRIES, 20, "traffic on the other way")
    return packets(stage, *quiet) - before[0] < CARRIES // 10


def packets(stage: Stage, number: int, location: str, leg: Leg | None) -> int:
    counted = scenes.carried(stage, number, location=location)
    return counted[leg] if leg else sum(counted.values())


def test_a_longer_path_moves_all_traffic_off_a_leg_and_back_without_loss(stage: Stage) -> None:
    stage.put(*estates.whole())
    scenes.connected(stage)
    scenes.both_up(stage)
    circuit = estates.rid(CIRCUIT, "er1")
    test = LinkTest(test_guid="one", leg=Leg.PRIMARY, start_time=BEGAN, category=TestCategory.AS_PATH_PREPEND)

    def put(one: LinkTest) -> None:
        found = stored(stage, circuit)
        stage.put(replace(found, system=with_link_tests(found, (one,))))

    with probing(stage) as seen:
        put(test)
        until(lambda: is_quiet(stage, PRIMARY, SECONDARY), 20, "primary to be quiet")
        assert scenes.is_up(scenes.customer(stage, Leg.PRIMARY))
        put(test.model_copy(update=ENDED))
        before = scenes.carried(stage)[Leg.PRIMARY]
        until(lambda: scenes.carried(stage)[Leg.PRIMARY] > before + CARRIES, 20, "primary to carry again")
    assert seen.lost == 0, seen


def test_a_gateway_kept_away_from_a_location_uses_the_other_and_comes_back_without_loss(stage: Stage) -> None:
    stage.put(*estates.whole(), *second_circuit())
    scenes.connected(stage)
    scenes.all_up(stage)
    gateway = estates.rid(GATEWAY, "gw1")
    test = SiteTest(test_guid="one", peering_location="Amsterdam", start_time=BEGAN)
    found = stored(stage, gateway)
    stage.put(replace(found, system=with_site_tests(found, (test,))))
    with probing(stage) as during:
        until(lambda: is_quiet(stage, AMSTERDAM, FRANKFURT), 20, "Amsterdam to be quiet")
    assert during.lost == 0, during
    with probing(stage) as back:
        stage.put(replace(found, system=with_site_tests(found, (test.model_copy(update=ENDED),))))
        scenes.all_up(stage)
        before = packets(stage, *AMSTERDAM)
        until(lambda: packets(stage, *AMSTERDAM) > before + CARRIES, 20, "Amsterdam to carry again")
    assert back.lost == 0, back
