"""What a gateway's SKU bounds, on real packets. The bounds are divided by the profile, since this machine cannot reach
the documented ones; counters and proportions are looked at, never a clock."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

import estates
import flows
import scenes
from probing import unharmed
from scenes import HOST, IN_CLOUD, VM, all_up, connected
from stage import Stage
from trunkline.intent.compile.draft import instance_node
from trunkline.intent.network import CapacityCounters, Direction
from trunkline.intent.view import GATEWAY
from trunkline.model.profile import AZURE, Profile
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

GATEWAY_NODE = instance_node(estates.rid(GATEWAY, "gw1"), 0)
PORT = 9
#: Standard: 2 Mbit/s, 200 packets/s, 400 flows, 8 routes.
SMALL = replace(AZURE, gateway_divisor=500, gateway_flow_idle_s=2)


@pytest.fixture
def profile() -> Profile:
    return SMALL


@pytest.fixture
def stage(places: Places, profile: Profile) -> Iterator[Stage]:
    with scenes.real_stage(places, profile=profile) as found:
        found.put(*estates.whole())
        connected(found)
        all_up(found)
        yield found


def counted(stage: Stage) -> CapacityCounters:
    return stage.plane.capacity(GATEWAY_NODE)


def packets(stage: Stage, verdict: str, direction: Direction = Direction.IN) -> int:
    return counted(stage).verdicts[direction, verdict].packets


def send(stage: Stage, count: int, size: int = 10, ports: int = 1, first: int = 20_000) -> None:
    """Datagrams from the site to the machine, as fast as they go, of as many flows as ``ports``."""
    for number in range(ports):
        with closing(flows.socket_in(stage, HOST, socket.SOCK_DGRAM)) as sender:
            sender.bind(("", first + number))
            for _ in range(count):
                sender.sendto(bytes(size), (IN_CLOUD, PORT))


def arrived(stage: Stage) -> int:
    return packets(stage, "passed") + sum(packets(stage, why) for why in ("bandwidth", "packets", "flows"))


def test_packets_and_bytes_beyond_the_size_are_dropped_and_counted_by_their_bound(stage: Stage) -> None:
    sessions = scenes.sessions(stage)
    before, dropped = arrived(stage), packets(stage, "packets")
    with flows.receiving(stage, VM, PORT):
        send(stage, 5_000)
        until(lambda: arrived(stage) - before >= 4_500, 5, "the flood to have arrived")
        assert packets(stage, "packets") - dropped > 2_500
        assert packets(stage, "bandwidth") == 0
        send(stage, 500, size=1_400)
        until(lambda: packets(stage, "bandwidth") + packets(stage, "packets") - dropped > 3_000, 5, "more drops")
    assert not scenes.disturbed(sessions, scenes.sessions(stage))
    assert packets(stage, "control") > 0


@pytest.mark.parametrize("profile", [replace(AZURE, gateway_divisor=100, gateway_burst_ms=10)], ids=["bytes"])
def test_large_packets_meet_the_bandwidth_before_the_packets_are_used_up(stage: Stage) -> None:
    """10 Mbit/s and 1,000 packets/s: from 1,250 bytes on the bandwidth is less. Both let 128 KiB, 128 packets pass."""
    with flows.receiving(stage, VM, PORT):
        send(stage, 80, size=1_400)
        until(lambda: packets(stage, "passed") >= 80, 5, "one burst to pass")
        send(stage, 125, size=1_400)
        until(lambda: packets(stage, "bandwidth") >= 10, 5, "drops beyond the bandwidth")


@pytest.mark.parametrize("profile", [replace(AZURE, gateway_divisor=2_000, gateway_flow_idle_s=1,
                                             gateway_burst_ms=60_000)], ids=["flows"])
def test_new_flows_beyond_the_size_are_dropped_known_ones_go_on_and_idle_ones_make_room(stage: Stage) -> None:
    with flows.receiving(stage, VM, PORT):
        send(stage, 1, ports=300)  # 100 flows are allowed
        until(lambda: packets(stage, "flows") >= 190, 5, "new flows to be refused")
        assert counted(stage).flows <= 100
        refused = packets(stage, "flows")

        def admitted() -> bool:
            before = packets(stage, "passed")
            send(stage, 1, first=30_000)
            return packets(stage, "passed") > before

        until(admitted, 10, "room for a new flow", every_s=0.2)
        assert packets(stage, "flows") >= refused


@pytest.mark.parametrize("profile", [AZURE], ids=["whole"])
def test_another_size_costs_no_packet_and_keeps_the_counters(stage: Stage) -> None:
    with unharmed(stage):
        before = packets(stage, "passed")
        stage.put(estates.sized_gateway("HighPerformance"))
    assert packets(stage, "passed") > before > 0
    assert scenes.missing(stage) == set()


@pytest.mark.parametrize("profile", [AZURE], ids=["whole"])
def test_the_status_tells_bounds_and_counts(stage: Stage) -> None:
    send(stage, 50)
    told = stage.ask(estates.rid(GATEWAY, "gw1"), "status")["gateways"][0]  # type: ignore[index,call-overload]
    assert told["limits"] == {"mbps": 1000, "packetsPerSecond": 100_000, "flows": 200_000, "routes": 4_000}
    assert told["traffic"]["in"]["passed"]["packets"] >= 50
    assert told["traffic"]["in"]["flows"]["packets"] == 0
    assert told["flows"] >= 1


@pytest.mark.parametrize("profile", [replace(AZURE, gateway_divisor=2_000)], ids=["routes"])
def test_more_routes_than_the_size_learns_close_the_circuits_sessions_until_they_are_fewer(stage: Stage) -> None:
    """Two of them: 4,000 divided."""
    many = [f"10.10.{n}.0/24" for n in range(4)]
    stage.begin([estates.site(prefixes=["10.10.0.0/16", *many])])
    until(lambda: not stage.pings(HOST, IN_CLOUD), 20, "the gateway to refuse")
    stage.begin([estates.site()])
    until(lambda: stage.pings(HOST, IN_CLOUD), 30, "the sessions to be back")
