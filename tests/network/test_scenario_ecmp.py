"""Equal paths on real packets: 1,000 flows over legs, gateway instances and four circuits, and where each one goes.

Seeds are made from names and ports are fixed, so a run is like every other; bounds are five standard deviations.
"""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest

import estates
import flows
import scenes
from scenes import HOST, IN_CLOUD, ON_PREMISES, VM, all_up, connected
from stage import Stage
from trunkline.fabric import node as fabric_node
from trunkline.intent.compile.draft import instance_node, vnet_node, vrf_node
from trunkline.intent.network import Direction
from trunkline.intent.view import CIRCUIT, FAULT, GATEWAY, VNET
from trunkline.model.circuit import Leg
from trunkline.model.resource import Resource
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

FLOWS, PACKETS, PORT = 1_000, 10, 9
INSTANCES = [instance_node(estates.rid(GATEWAY, "gw1"), instance) for instance in (0, 1)]
ROUTER = vnet_node(estates.rid(VNET, "hub"))
Cell = tuple[str, str]


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with scenes.real_stage(places) as found:
        yield found


def four_circuits() -> list[Resource]:
    """Of one site, at one location, linked to one gateway."""
    found = [r for r in estates.whole() if r.id.name not in ("AzurePrivatePeering", "con1")]
    for n in range(1, 5):
        links = {f"{leg}PeerAddressPrefix": f"172.16.{n}.{4 * i}/30" for i, leg in enumerate(("primary", "secondary"))}
        found += [] if n == 1 else [*estates.circuit(f"er{n}", n), estates.order(f"er{n}", number=n)]
        found += [estates.peering(f"er{n}", **links),
                  estates.connection(n, circuit_name=f"er{n}", name=f"con{n}", slot=n)]
    return found


def send(stage: Stage, source: str, target: str, address: str, count: int = FLOWS, packets: int = PACKETS) -> None:
    """UDP flows that differ in their source port."""
    with flows.receiving(stage, target, PORT):
        for number in range(count):
            with closing(flows.socket_in(stage, source, socket.SOCK_DGRAM)) as sender:
                sender.bind(("", 20_000 + number))
                for _ in range(packets):
                    sender.sendto(b"flow", (address, PORT))


def sent(stage: Stage, points: Iterable[Cell]) -> dict[Cell, int]:
    """Packets that have left interfaces of nodes."""
    found = {}
    for node, name in points:
        row = json.loads(stage.run(node, "ip", "-s", "-j", "link", "show", name).stdout)[0]
        found[node, name] = row["stats64"]["tx"]["packets"]
    return found


def carried(stage: Stage, direction: Direction) -> dict[tuple[int, Leg], int]:
    return {(number, leg): packets for number in range(1, 5)
            for leg, packets in scenes.carried(stage, number, direction).items()}


def balanced(before: dict, after: dict) -> bool:  # type: ignore[type-arg]
    """Each of the equal cells has its share of the flows; a second's worth of BGP and BFD is among the packets."""
    share = 1 / len(before)
    deviation = 5 * math.sqrt(FLOWS * share * (1 - share))
    grown = {cell: (after[cell] - before[cell]) / PACKETS for cell in before}
    assert all(abs(flows_ - FLOWS * share) <= deviation + 20 for flows_ in grown.values()), grown
    return True


def test_a_thousand_flows_spread_over_legs_and_instances_and_not_alike(stage: Stage) -> None:
    stage.put(*estates.whole())
    connected(stage)
    all_up(stage)
    vrfs = [(vrf_node(estates.rid(CIRCUIT, "er1"), leg), f"g1i{i}") for leg in Leg for i in (0, 1)]
    before = sent(stage, vrfs)
    send(stage, HOST, VM, IN_CLOUD)
    assert balanced(before, sent(stage, vrfs))  # leg and instance are chosen independently
    instances = [(node, f"c1{leg.value[0]}") for node in INSTANCES for leg in Leg]
    before = sent(stage, instances)
    send(stage, VM, HOST, ON_PREMISES)
    assert balanced(before, sent(stage, instances))


def test_a_flow_stays_on_its_path_and_only_a_dead_legs_flows_move(stage: Stage) -> None:
    stage.put(*estates.whole())
    connected(stage)
    all_up(stage)
    before = scenes.carried(stage)
    send(stage, HOST, VM, IN_CLOUD, count=1, packets=400)
    grown = sorted(now - before[leg] for leg, now in scenes.carried(stage).items())
    assert grown[0] < 100
    assert grown[1] >= 400
    chosen = choices(stage, INSTANCES[0])
    assert set(chosen) == {"c1p", "c1s"}
    stage.put(estates.fault())
    until(lambda: set(choices(stage, INSTANCES[0])) == {"c1s"}, 10, "the primary to be left")
    stage.delete(estates.rid(FAULT, "cut"))
    until(lambda: choices(stage, INSTANCES[0]) == chosen, 15, "each flow to be back where it was")


def choices(stage: Stage, node: str, count: int = 100) -> list[str]:
    """The interface that a node's kernel chooses for each of some flows from the machine to the site."""
    batch = "\n".join(f"route get {ON_PREMISES} from {IN_CLOUD} iif vnet ipproto udp sport {20_000 + n} dport {PORT}"
                      for n in range(count))
    answer = stage.run(node, "sh", "-c", f"echo '{batch}' | ip -force -batch -")
    lines = [line.split() for line in answer.stdout.splitlines() if " dev " in line]
    return [words[words.index("dev") + 1] for words in lines]


def test_a_thousand_flows_spread_over_four_circuits_both_ways(stage: Stage) -> None:
    stage.put(*four_circuits())
    connected(stage)
    all_up(stage)
    until(lambda: all(scenes.kernel_routes(stage, node).get("10.10.0.0/16") == 8 for node in INSTANCES), 10,
          "eight equal paths in each instance")
    before = carried(stage, Direction.IN)
    send(stage, HOST, VM, IN_CLOUD)
    assert balanced(before, carried(stage, Direction.IN))
    before = carried(stage, Direction.OUT)
    send(stage, VM, HOST, ON_PREMISES)
    assert balanced(before, carried(stage, Direction.OUT))


def test_every_node_has_a_seed_of_its_own_for_both_families(stage: Stage) -> None:
    stage.put(*estates.whole())
    seeds = {node: int(stage.run(node, "cat", "/proc/sys/net/ipv4/fib_multipath_hash_seed").stdout)
             for node in (ROUTER, *INSTANCES, HOST)}
    assert seeds == {node: fabric_node.hash_seed(node) for node in seeds}
    assert len(set(seeds.values())) == len(seeds)
    assert stage.run(ROUTER, "cat", "/proc/sys/net/ipv6/fib_multipath_hash_policy").stdout.strip() == "1"
