"""The spread of 1,000 flows over two legs of four circuits, from a site to a machine in the cloud and back.

    python bench/ecmp.py

No budget: each of eight paths should have 125 flows, give or take 10.5 (a standard deviation of an ideal hash). Also
in the same run: the same flows while every node has the same hash seed, as on a kernel without seeds.
"""

from __future__ import annotations

import socket
from contextlib import closing

from stand import Leg, Resource, Stage, estates, report, scenes, stage, until
from trunkline.intent.network import Direction

import flows  # isort: skip  # stand knows where the tests are

_FLOWS, _PACKETS, _PORT = 1_000, 10, 9
_SEED = "net.ipv4.fib_multipath_hash_seed"


def four_circuits() -> list[Resource]:
    found = [r for r in estates.whole() if r.id.name not in ("AzurePrivatePeering", "con1")]
    for n in range(1, 5):
        links = {f"{leg}PeerAddressPrefix": f"172.16.{n}.{4 * i}/30" for i, leg in enumerate(Leg)}
        found += [] if n == 1 else [*estates.circuit(f"er{n}", n), estates.order(f"er{n}", number=n)]
        found += [estates.peering(f"er{n}", **links),
                  estates.connection(n, circuit_name=f"er{n}", name=f"con{n}", slot=n)]
    return found


def spread(found: Stage, source: str, target: str, address: str, direction: Direction) -> list[int]:
    """Flows on each leg of each circuit."""
    def carried() -> list[int]:
        return [packets for n in range(1, 5) for packets in scenes.carried(found, n, direction).values()]

    before = carried()
    with flows.receiving(found, target, _PORT):
        for number in range(_FLOWS):
            with closing(flows.socket_in(found, source, socket.SOCK_DGRAM)) as sender:
                sender.bind(("", 20_000 + number))
                for _ in range(_PACKETS):
                    sender.sendto(b"flow", (address, _PORT))
    return [round((now - then) / _PACKETS) for then, now in zip(before, carried(), strict=True)]


def both_ways(found: Stage) -> dict[str, list[int]]:
    return {"to_cloud": spread(found, scenes.HOST, scenes.VM, scenes.IN_CLOUD, Direction.IN),
            "to_site": spread(found, scenes.VM, scenes.HOST, scenes.ON_PREMISES, Direction.OUT)}


def measure() -> None:
    with stage() as found:
        found.put(*four_circuits())
        scenes.connected(found)
        scenes.all_up(found)
        until(lambda: all(scenes.kernel_routes(found, node).get("10.10.0.0/16") == 8 for node in found.plane.nodes()
                          if node.startswith("gateway")), 20, "eight equal paths")
        own = both_ways(found)
        for node in found.plane.nodes():
            ran = found.run(node, "sysctl", "-qw", f"{_SEED}=1")
            assert ran.returncode == 0, ran.stderr
        report("ecmp", {**own, **{f"{name}_one_seed": value for name, value in both_ways(found).items()}})


if __name__ == "__main__":
    measure()
