"""FastPath on real packets: past the gateway, under its control plane, on and off while packets flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

import estates
import flows
import scenes
from probing import both_legs_carry, probing, unharmed
from scenes import HOST, IN_CLOUD, ON_PREMISES, VM, all_up, connected
from stage import Stage
from trunkline.intent.compile.draft import instance_node, vnet_node, vrf_node
from trunkline.intent.view import CIRCUIT, FAULT, GATEWAY, NIC, SECURITY_GROUP, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.model.resource import Json
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

INSTANCES = [instance_node(estates.rid(GATEWAY, "gw1"), instance) for instance in (0, 1)]
ROUTER = vnet_node(estates.rid(VNET, "hub"))


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as found:
        yield found


@pytest.fixture
def bypassed(stage: Stage) -> Stage:
    return with_fast_path(stage)


def with_fast_path(stage: Stage) -> Stage:
    stage.put(*estates.large(expressRouteGatewayBypass=True))
    connected(stage)
    all_up(stage)
    until(lambda: direct(stage, "10.10.0.0/16") == {"f1p", "f1s"}, 10, "the VNet router to lead past the gateway")
    return stage


def direct(stage: Stage, prefix: str, node: str = ROUTER) -> set[str]:
    """The interfaces over which a node reaches a prefix."""
    return {interface for route in stage.plane.routes(node) if route.prefix == prefix
            for _, interface in route.next_hops}


def forwarded(stage: Stage) -> int:
    """Packets that both instances have forwarded, as their kernels count them."""
    tables = [stage.run(node, "cat", "/proc/net/snmp").stdout.splitlines() for node in INSTANCES]
    rows = [[line.split() for line in table if line.startswith("Ip: ")] for table in tables]
    return sum(int(values[names.index("ForwDatagrams")]) for names, values in rows)


def burst(stage: Stage, count: int = 200) -> None:
    """Echo requests of one flow in each direction, all answered."""
    for source, target in ((HOST, IN_CLOUD), (VM, ON_PREMISES)):
        assert stage.run(source, "ping", "-q", "-c", str(count), "-i", "0.002", target).returncode == 0


def switch(stage: Stage, on: bool) -> None:
    stage.put(estates.connection(expressRouteGatewayBypass=on))
    wanted = {"f1p", "f1s"} if on else {"g1i0", "g1i1"}
    until(lambda: direct(stage, "10.10.0.0/16") == wanted, 10, f"FastPath {'on' if on else 'off'} in the VNet router")
    for leg in Leg:
        vrf = vrf_node(estates.rid(CIRCUIT, "er1"), leg)
        until(partial(leads, stage, vrf, {"f1"} if on else {"g1i0", "g1i1"}), 10, f"the same in {vrf}")


def leads(stage: Stage, vrf: str, ends: set[str]) -> bool:
    return direct(stage, "10.1.0.0/16", vrf) == ends


def isolate(stage: Stage, node: str) -> None:
    """A gateway instance of which nothing is heard any more."""
    for row in stage.run(node, "ip", "-o", "link", "show", "up").stdout.splitlines():
        name = row.split(": ")[1].partition("@")[0]
        if name != "lo":
            stage.run(node, "ip", "link", "set", name, "down")


def test_packets_go_past_the_gateway_whose_sessions_stay(bypassed: Stage) -> None:
    before = forwarded(bypassed)
    burst(bypassed)
    assert forwarded(bypassed) == before
    switch(bypassed, on=False)
    burst(bypassed)
    assert forwarded(bypassed) >= before + 800


def test_switching_on_and_off_costs_no_packet(bypassed: Stage) -> None:
    with unharmed(bypassed):
        for on in (False, True, False, True):
            switch(bypassed, on)


def test_a_silent_leg_moves_everything_to_the_other(bypassed: Stage) -> None:
    bypassed.put(estates.fault())
    until(lambda: direct(bypassed, "10.10.0.0/16") == {"f1s"}, 10, "the primary to be left")
    burst(bypassed)
    bypassed.delete(estates.rid(FAULT, "cut"))
    until(lambda: direct(bypassed, "10.10.0.0/16") == {"f1p", "f1s"}, 15, "both legs again")


def test_a_dead_instance_costs_no_packet_and_two_cost_the_routes(bypassed: Stage) -> None:
    with probing(bypassed) as probe:
        both_legs_carry(bypassed)
        isolate(bypassed, INSTANCES[0])
        until(lambda: len(up_towards_gateways(bypassed)) == 2, 10, "BFD to notice")
        both_legs_carry(bypassed)
        assert direct(bypassed, "10.10.0.0/16") == {"f1p", "f1s"}
    assert probe.lost == 0, probe
    isolate(bypassed, INSTANCES[1])
    until(lambda: not direct(bypassed, "10.10.0.0/16"), 10, "the routes to go")
    assert not bypassed.pings(HOST, IN_CLOUD)
    bypassed.look_at_everything()
    until(lambda: bypassed.pings(HOST, IN_CLOUD), 20, "the instances to be mended")


def up_towards_gateways(stage: Stage) -> list[str]:
    """Established sessions of the VNet router and of one VRF with gateway instances."""
    router = scenes.router_of(stage, ROUTER)
    vrf = scenes.router_of(stage, vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY))
    return [status.name for one in (router, vrf) for status in stage.speaker.sessions(one)
            if scenes.is_up(status) and status.name.startswith("gateway")]


def test_security_groups_hold_also_past_the_gateway(bypassed: Stage) -> None:
    with flows.receiving(bypassed, VM, 7000) as server:
        assert flows.says(bypassed, HOST, IN_CLOUD, 7000, server)
        bypassed.put(estates.security_group(), estates.security_rule("no", 200, "Deny", destinationPortRange="7000"),
                     estates.subnet(networkSecurityGroup=estates.link(SECURITY_GROUP, "web")))
        assert not flows.says(bypassed, HOST, IN_CLOUD, 7000, server)
    with flows.receiving(bypassed, VM, 7001) as server:  # VirtualNetwork means on-premises too
        assert flows.says(bypassed, HOST, IN_CLOUD, 7001, server)


def test_effective_routes_and_the_status_tell_of_it(bypassed: Stage) -> None:
    def told() -> tuple[set[str], str]:
        rows: Json = bypassed.ask(estates.rid(NIC, "vm1"), "effectiveRouteTable")
        hops = next(row["nextHopIpAddress"] for row in rows["value"] if row["addressPrefix"] == ["10.10.0.0/16"])
        status: Json = bypassed.ask(estates.rid(CIRCUIT, "er1"), "status")
        return set(hops), status["connections"][0]["fastPath"]

    assert told() == ({"10.1.255.4", "10.1.255.5"}, "On")
    switch(bypassed, on=False)
    assert told() == ({"10.1.255.12", "10.1.255.13"}, "Off")


def test_beyond_the_limit_of_addresses_packets_take_the_gateway(places: Places) -> None:
    with scenes.real_stage(places, profile=replace(AZURE, fast_path_addresses=((0, 0),))) as stage:
        stage.put(*estates.large(expressRouteGatewayBypass=True))
        connected(stage)
        until(lambda: direct(stage, "10.10.0.0/16") == {"g1i0", "g1i1"}, 10, "routes over both instances")
        status: Json = stage.ask(estates.rid(CIRCUIT, "er1"), "status")
        assert status["connections"][0]["fastPath"] == "OverAddressLimit"
