"""Change without harm: nobody who is not concerned loses a packet at 1,000 packets a second, a session or a daemon.

One stage serves all tests; each adds something that the others do not mind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import estates
from probing import probing, unharmed
from scenes import (
    HOST,
    IN_CLOUD,
    ON_PREMISES,
    VM,
    all_gone,
    all_up,
    both_up,
    connected,
    customer,
    disturbed,
    footprint,
    is_up,
    kernel_routes,
    real_stage,
)
from stage import Stage
from trunkline import settings
from trunkline.intent.bgp import Router
from trunkline.intent.compile.draft import host_node, vnet_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.drivers import Change
from trunkline.intent.view import NIC, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.failover import LinkTest, TestStatus, with_link_tests
from trunkline.model.resource import now
from waiting import until

pytestmark = pytest.mark.root


Routers = tuple[str, str]


@pytest.fixture(scope="module", params=["bird", "frr"])
def routers(request: pytest.FixtureRequest) -> Routers:
    """What runs on both of the site's routers."""
    return request.param, request.param


@pytest.fixture(scope="module")
def stage(routers: Routers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("harm") / "home")).places
    with real_stage(places) as stage:
        stage.put(*estates.whole(routers=routers))
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


def test_tags_and_bandwidth_change_nothing_in_the_network(stage: Stage) -> None:
    circuit, _ = estates.circuit()
    provider = {**circuit.properties["serviceProviderProperties"], "bandwidthInMbps": 2000}
    before = footprint(stage)
    with unharmed(stage):
        stage.put(replace(circuit, tags={"cost": "1"}))
        stage.put(replace(circuit, properties={"serviceProviderProperties": provider}))
    assert footprint(stage).keys() == before.keys()


def test_a_new_nic(stage: Stage) -> None:
    with unharmed(stage):
        stage.put(estates.nic("vm9", 9, address="10.1.0.9"))
        connected(stage, HOST, "10.1.0.9")
    assert stage.pings(vm_node(estates.rid(NIC, "vm9")), IN_CLOUD)


def test_a_site_announces_and_withdraws_a_prefix(stage: Stage, routers: Routers) -> None:
    router = vnet_node(estates.rid(VNET, "hub"))
    with unharmed(stage):
        stage.put(estates.site(routers=routers, prefixes=["10.10.0.0/16", "10.99.0.0/16"]))
        until(lambda: kernel_routes(stage, router).get("10.99.0.0/16") == 2, 10, "the new route over both instances")
        stage.put(estates.site(routers=routers))
        until(lambda: "10.99.0.0/16" not in kernel_routes(stage, router), 10, "the route to go")


def test_a_second_connection_comes_and_goes(stage: Stage) -> None:
    """Of the same circuit, to the gateway of another virtual network."""
    second = estates.cloud(2, space="10.2", names=("hub2", "vm2", "gw2"))
    connection = estates.connection(2, name="con2", gateway="gw2")
    with unharmed(stage):
        stage.put(*second, connection)
        connected(stage, HOST, "10.2.0.4")
        stage.delete(connection.id)
        until(lambda: not stage.pings(HOST, "10.2.0.4"), 10, "the second network to be out of reach")


def test_a_second_customer_with_equal_addresses_at_the_same_location_comes_and_goes(stage: Stage) -> None:
    theirs = estates.whole(number=3, group="rg3")
    with unharmed(stage):
        stage.put(*theirs)
        connected(stage, host_node(estates.rid(SITE, "paris", group="rg3"), "h1"))
        stage.delete(*[r.id for r in theirs if not r.id.parent])
    assert not [node for node in stage.plane.nodes() if estates.rid(SITE, "paris", group="rg3").key in node]


def test_a_circuit_order_deleted_and_renewed_concerns_its_own_legs_only(stage: Stage) -> None:
    """A second circuit of the same site, on the same routers."""
    more = [*estates.circuit("er2", 4), estates.peering("er2", primaryPeerAddressPrefix="172.16.1.0/30",
                                                        secondaryPeerAddressPrefix="172.16.1.4/30"),
            estates.order("er2", number=4)]
    with unharmed(stage):
        stage.put(*more)
        both_up(stage, "er2")
        stage.delete(more[-1].id)
        stage.put(more[-1])
        both_up(stage, "er2")
        stage.delete(*[r.id for r in more if not r.id.parent])


def test_a_leg_given_up_and_taken_again_leaves_the_other_alone(stage: Stage) -> None:
    others = {what: was for what, was in footprint(stage).items() if what[1].endswith(("-s", "-ce2"))}
    assert {what[0] for what in others} >= {"session", "daemon", "interface"}
    stage.put(estates.order(primary=None))
    until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 10, "the primary to be down")
    connected(stage)
    assert is_up(customer(stage, Leg.SECONDARY))
    stage.put(estates.order())
    all_up(stage)
    assert not disturbed(others, footprint(stage))


def test_a_failover_test_of_a_leg_costs_milliseconds_and_its_end_brings_the_leg_back(stage: Stage) -> None:
    def leave(**ended: object) -> None:
        test = LinkTest(test_guid="one", leg=Leg.PRIMARY, start_time=now().isoformat())
        circuit, _ = estates.circuit()
        stage.put(replace(circuit, system=with_link_tests(circuit, (test.model_copy(update=ended),))))

    with probing(stage) as probe:
        leave()
        until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 10, "the tested leg to be down")
        assert is_up(customer(stage, Leg.SECONDARY))
        connected(stage)
        leave(status=TestStatus.COMPLETED, end_time=now().isoformat())
        both_up(stage)
    assert probe.sent > 0
    assert probe.lost <= 20, "at 1,000 packets a second, what is under way when BGP closes"
    all_up(stage)


def test_the_same_put_twice_touches_nothing(
        stage: Stage, routers: Routers, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    plane_apply, speaker_apply = stage.plane.apply, stage.speaker.apply

    def change(wish: Change) -> None:
        seen.append(wish)
        plane_apply(wish)

    def router(wish: Router) -> None:
        seen.append(wish)
        speaker_apply(wish)

    stage.put(*estates.whole(routers=routers))
    before = footprint(stage)
    monkeypatch.setattr(stage.plane, "apply", change)
    monkeypatch.setattr(stage.speaker, "apply", router)
    stage.put(*estates.whole(routers=routers))
    assert seen == []
    after = footprint(stage)
    assert after.keys() == before.keys()
    assert not disturbed(before, after)
    assert stage.pings(VM, ON_PREMISES)
