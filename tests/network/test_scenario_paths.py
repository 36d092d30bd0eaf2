"""Which way packets take where there are several: circuits at two locations, networks in two regions, one tenant's
network on another's circuit. Longest prefix, then weight, then AS path, then equal shares (azure-facts 2.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import estates
import scenes
from scenes import HOST, IN_CLOUD, ON_PREMISES, VM, all_gone, all_up, connected, real_stage
from stage import Stage
from trunkline import settings
from trunkline.intent.compile.draft import instance_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.network import Direction
from trunkline.intent.view import GATEWAY, NIC
from trunkline.model.circuit import Leg
from trunkline.model.resource import Resource, ResourceId
from waiting import until

pytestmark = pytest.mark.root

INSTANCE = instance_node(estates.rid(GATEWAY, "gw1"), 0)
SITE, PART = "10.10.0.0/16", "10.10.1.0/24"
OTHER_TENANT = "22222222-2222-2222-2222-222222222222"


def in_london(**policies: Any) -> list[Resource]:
    """A second circuit for the same site and network."""
    circuit, twin = estates.circuit("er2", 2)
    service = {**circuit.properties["serviceProviderProperties"], "peeringLocation": "London"}
    return [replace(circuit, properties={"serviceProviderProperties": service}), twin,
            estates.peering("er2", primaryPeerAddressPrefix="172.16.1.0/30",
                            secondaryPeerAddressPrefix="172.16.1.4/30"),
            ordered("er2", 2, **policies), estates.connection(2, circuit_name="er2", name="con2", slot=2)]


def ordered(circuit: str, number: int, **policy: Any) -> Resource:
    """With what its routers tell over it."""
    own = {"policy": policy} if policy else {}
    return estates.order(circuit, number=number, primary={"router": "ce1", **own},
                         secondary={"router": "ce2", **own})


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("paths") / "home")).places
    with real_stage(places) as stage:
        site = estates.site(prefixes=[SITE, PART])
        stage.put(*estates.with_changes(estates.whole(), [site]), *in_london())
        all_up(stage)
        connected(stage)
        yield stage
    all_gone(places)


def hops(stage: Stage, prefix: str) -> set[str]:
    """The tunnels over which an instance of the gateway sends to a prefix: c<connection><leg>."""
    routes = json.loads(stage.run(INSTANCE, "ip", "-j", "route", "show", prefix).stdout or "[]")
    return {hop["dev"] for route in routes for hop in route.get("nexthops", [route])}


def only(stage: Stage, *circuits: int) -> bool:
    """Whether packets from the machine to the site go out over these circuits alone, at their edges' counters."""
    def out() -> dict[int, int]:
        return {number: sum(scenes.carried(stage, number, Direction.OUT, location).values())
                for number, location in ((1, "Amsterdam"), (2, "London"))}

    before = out()
    for source in range(40):
        stage.run(VM, "ping", "-c", "3", "-i", "0.002", "-W", "1", "-I", IN_CLOUD, "-p", f"{source:02x}", ON_PREMISES)
    grown = {number: now - before[number] for number, now in out().items()}
    quiet = [number for number in grown if number not in circuits]
    return all(grown[number] < 40 for number in quiet) and sum(grown[number] for number in circuits) >= 120


BOTH = {"c1p", "c1s", "c2p", "c2s"}


def test_circuits_at_two_locations_share_the_load_and_one_takes_it_all_when_the_other_is_gone(stage: Stage) -> None:
    until(lambda: hops(stage, SITE) == BOTH, 10, "four equal paths")
    stage.put(estates.session_policy(circuit_name="er1", enabled=False))
    until(lambda: hops(stage, SITE) == {"c2p", "c2s"}, 10, "London alone")
    connected(stage)
    assert only(stage, 2)
    stage.delete(estates.session_policy(circuit_name="er1").id)
    all_up(stage)
    until(lambda: hops(stage, SITE) == BOTH, 10, "both again")


def test_a_longer_as_path_loses(stage: Stage) -> None:
    stage.put(ordered("er1", 1, advertise={"prepend": 2}))
    until(lambda: hops(stage, SITE) == {"c2p", "c2s"}, 10, "the shorter path")
    assert only(stage, 2)
    stage.put(ordered("er1", 1))
    until(lambda: hops(stage, SITE) == BOTH, 10, "both again")


def test_a_connections_weight_beats_the_as_path_and_a_longer_prefix_beats_that(stage: Stage) -> None:
    """Both rules at once, on one site: what only London tells goes over London, all else over Amsterdam."""
    stage.put(ordered("er1", 1, advertise={"prepend": 2, "deny": [{"prefix": PART}]}),
              estates.connection(routingWeight=100))
    until(lambda: hops(stage, SITE) == {"c1p", "c1s"}, 10, "the heavier connection in spite of its longer path")
    until(lambda: hops(stage, PART) == {"c2p", "c2s"}, 10, "the longer prefix in spite of weight")
    assert only(stage, 2)
    stage.put(ordered("er1", 1), estates.connection())
    until(lambda: hops(stage, SITE) == hops(stage, PART) == BOTH, 10, "both again")


@pytest.mark.slow
def test_one_circuit_serves_networks_of_several_regions(stage: Stage) -> None:
    far = [replace(one, location="northeurope") for one in estates.cloud(2, space="10.2", names=("far", "vm2", "gw2"))]
    stage.put(*far, estates.connection(3, gateway="gw2", name="con3"))
    all_up(stage)
    connected(stage, HOST, "10.2.0.4")
    connected(stage, HOST, IN_CLOUD)
    for leg in Leg:
        assert {"10.1.0.0/16", "10.2.0.0/16"} <= scenes.networks(stage, leg)
    stage.delete(*(one.id for one in (estates.connection(3, gateway="gw2", name="con3"), *reversed(far))
                   if one.id.parent is None))


@pytest.mark.slow
def test_another_tenants_network_uses_a_circuit_that_it_was_authorized_for(stage: Stage) -> None:
    """Its network, machine, gateway and connection are in its own subscription; the circuit is not."""
    mine = [of_tenant(one) for one in estates.cloud(3, space="10.3", names=("theirs", "vm3", "gw3"))]
    link = of_tenant(estates.connection(4, gateway="gw3", name="con4"))
    link = replace(link, properties={**link.properties, "peer": estates.connection().properties["peer"]})
    stage.put(*mine, link)
    all_up(stage)
    connected(stage, HOST, "10.3.0.4")
    machine = vm_node(tenants(estates.rid(NIC, "vm3")))
    assert stage.pings(machine, ON_PREMISES)
    assert not stage.pings(machine, IN_CLOUD), "a gateway is no transit to another tenant's network"
    stage.delete(link.id, *(one.id for one in reversed(mine) if one.id.parent is None))
    connected(stage)


def tenants(identity: ResourceId) -> ResourceId:
    return replace(identity, subscription=OTHER_TENANT)


def of_tenant(one: Resource) -> Resource:
    text = json.dumps(one.properties).replace(estates.SUBSCRIPTION, OTHER_TENANT)
    return replace(one, id=tenants(one.id), properties=json.loads(text))
