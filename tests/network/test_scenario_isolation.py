"""No way from one customer to another: two with the same addresses, VLANs and link subnets, and a third with others, on
the same ports of the same edges."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

import estates
from scenes import HOST, IN_CLOUD, ON_PREMISES, VM, all_gone, all_up, blueprints, connected, real_stage
from stage import Stage
from trunkline import settings
from trunkline.drill import frames
from trunkline.intent.allocation import edge_loopback, instance_addresses, region_loopback, vni
from trunkline.intent.compile.draft import attachment_name, ce_node, host_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.compile.vnet import vm_node
from trunkline.intent.network import Counter, Direction, Node
from trunkline.intent.view import CIRCUIT, NIC, SITE
from trunkline.model.circuit import Leg
from waiting import until
from wires import ETH_P_ALL, mac_of, port_socket, received, socket_in

pytestmark = pytest.mark.root

#: Customers by resource group: host and virtual machine, with their addresses.
CUSTOMERS = {
    "rg1": (HOST, ON_PREMISES, VM, IN_CLOUD),
    "rg2": (host_node(estates.rid(SITE, "paris", group="rg2"), "h1"), ON_PREMISES,
            vm_node(estates.rid(NIC, "vm1", group="rg2")), IN_CLOUD),
    "rg3": (host_node(estates.rid(SITE, "rome", group="rg3"), "h1"), "10.20.1.10",
            vm_node(estates.rid(NIC, "vm1", group="rg3")), "10.2.0.4")}
CE, VRF = ce_node(estates.rid(SITE, "paris"), "ce1"), vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
TWIN_VRF = vrf_node(estates.rid(CIRCUIT, "er1", group="rg2"), Leg.PRIMARY)
MARK, COUNT, VXLAN = b"where no one may go", 3, 4789
S, C = 0x88A8, 0x8100
OWN_TAG = ((C, 100),)
PEER, EDGE, EDGE_OF_OTHER_LEG = "172.16.0.1", "172.16.0.2", "172.16.0.6"
ON_PREMISES6, IN_CLOUD6 = "fd00:10:0:1::10", "fd00:1::4"
BACKBONE = (edge_loopback("Amsterdam", Leg.PRIMARY), edge_loopback("Amsterdam", Leg.SECONDARY),
            region_loopback("westeurope", Leg.PRIMARY), "100.64.0.1")


def third() -> list[estates.Resource]:
    return [*estates.circuit(number=3, group="rg3"), estates.peering(group="rg3", peerASN=65020),
            estates.site("rome", 3, "rg3", asn=65020, prefixes=["10.20.0.0/16"], lan="10.20.1.0/24",
                         hosts=[{"name": "h1", "address": "10.20.1.10"}]),
            estates.order("er1", "rome", 3, "rg3"), *estates.cloud(3, "rg3", "10.2"), estates.connection(3, "rg3")]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("isolation") / "home")).places
    with real_stage(places) as ready:
        ready.put(*estates.dual(), *estates.whole(2, "rg2"), *third(), within_s=60)
        all_up(ready)
        for host, _, _, address in CUSTOMERS.values():
            connected(ready, host, address)
        connected(ready, HOST, IN_CLOUD6)
        yield ready
    all_gone(places)


class Watch:
    """Every frame in these nodes, on all of their interfaces."""

    def __init__(self, stage: Stage, nodes: set[str]) -> None:
        self._nodes, self._stage, self._stack = nodes, stage, ExitStack()

    def __enter__(self) -> Watch:
        kind = (socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._sockets = {node: self._stack.enter_context(closing(socket_in(self._stage.places, node, *kind)))
                         for node in self._nodes}
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def saw(self, mark: bytes = MARK) -> set[str]:
        return {node for node, wire in self._sockets.items()
                if any(mark in frame and not in_own_tunnel(frame) for frame in received(wire, 0.05))}


def in_own_tunnel(frame: bytes) -> bool:
    """Between the first customer's VRFs and gateway (RFC 7348: the VNI is in bytes 5 to 7)."""
    outer, number = frame[14:34], frame[46:49]
    is_vxlan = frame[12:14] == b"\x08\0" and outer[9] == frames.UDP and frame[36:38] == VXLAN.to_bytes(2, "big")
    own = {vni(1, instance, leg) for instance in (0, 1) for leg in Leg}
    return is_vxlan and outer[12] == 100 and int.from_bytes(number, "big") in own


def owned(stage: Stage, group: str) -> set[str]:
    """Nodes that stand for this customer's resources alone."""
    return {piece.name for blueprint in blueprints(stage) if f"/resourcegroups/{group}/" in blueprint.scope.key
            for piece in blueprint.pieces if isinstance(piece, Node)}


def foreign(stage: Stage) -> set[str]:
    """What the first customer's frames must not reach: others' nodes, and the backbone but for what is tunnelled."""
    cores = {node for node in stage.plane.nodes() if node.startswith("core-")}
    return owned(stage, "rg2") | owned(stage, "rg3") | cores


def test_whoever_may_not_talk_does_not(stage: Stage) -> None:
    """Each of the hosts and machines to the address of each other, all at once."""
    wanted = {(node, address): address in (on_premises, in_cloud)
              for host, on_premises, machine, in_cloud in CUSTOMERS.values() for node in (host, machine)
              for one in CUSTOMERS.values() for address in (one[1], one[3])}
    with ThreadPoolExecutor(4) as pool:
        found = dict(zip(wanted, pool.map(lambda pair: stage.pings(*pair), wanted), strict=True))
    assert found == wanted


@pytest.mark.parametrize("group", CUSTOMERS)
def test_a_customers_packets_are_seen_in_its_own_nodes_alone(stage: Stage, group: str) -> None:
    host, _, machine, address = CUSTOMERS[group]
    mark = f"{MARK.decode()}, {group}".encode()
    strangers = {node for other in CUSTOMERS if other != group for node in owned(stage, other)}
    with Watch(stage, strangers) as watch, Watch(stage, {machine}) as target, \
            closing(socket_in(stage.places, host, socket.AF_INET, socket.SOCK_DGRAM)) as sender:
        for _ in range(COUNT):
            sender.sendto(mark, (address, frames.DISCARD))
        until(lambda: target.saw(mark), 5, "the packets to arrive where they belong")
        assert watch.saw(mark) == set()


def inner_frame() -> bytes:
    """What a customer would have delivered in another's tunnel."""
    return frames.ip(frames.BROADCAST, frames.udp(PEER, IN_CLOUD, data=MARK))


def vxlan(source: str, target: str, number: int) -> bytes:
    """RFC 7348."""
    return frames.udp(source, target, VXLAN, b"\x08\0\0\0" + (number << 8).to_bytes(4, "big") + inner_frame())


def forged_packets() -> Iterator[bytes]:
    """Behind the customer's own tag: to places that are not the customer's, and from such."""
    gateways = instance_addresses("10.1.255.0/26")
    targets = (*BACKBONE, EDGE, EDGE_OF_OTHER_LEG, *gateways, "10.1.255.4", "10.2.0.4", "10.20.1.10", "127.0.0.1",
               "224.0.0.5", "255.255.255.255")
    for target in targets:
        yield frames.udp(ON_PREMISES, target, data=MARK)
    for source in (*BACKBONE, EDGE, EDGE_OF_OTHER_LEG, "10.20.1.10", "10.2.0.4", IN_CLOUD, *gateways):
        yield frames.udp(source, IN_CLOUD, data=MARK)
    for source in ("2001:db8::1", IN_CLOUD6, "fd00:ac::2", "fd00:ac::5", "fd00:20::1", "fe80::1", "::", "::1",
                   "ff02::1"):
        yield frames.udp(source, IN_CLOUD6, data=MARK)
    for target in ("fd00:ac::2", "fd00:ac::6", "fd00:1:0:ff::c", "fd00:20::1", "ff02::1", "::1"):
        yield frames.udp(ON_PREMISES6, target, data=MARK)
    for number in {vni(connection, instance, Leg.PRIMARY) for connection in (2, 3) for instance in (0, 1)}:
        for target in (*BACKBONE, EDGE, *gateways):
            yield vxlan(ON_PREMISES, target, number)
            yield vxlan(PEER, target, number)


def forged_frames(own: bytes, twin: bytes) -> Iterator[bytes]:
    """With tags, and to MACs, that are not the customer's."""
    packet = frames.udp(ON_PREMISES, IN_CLOUD, data=MARK)
    others = [((S, number), (C, 100)) for number in (1, 2, 3)]
    for tags in ((), ((C, 0),), ((C, 101),), ((C, 4095),), ((S, 100),), ((S, 2),), ((C, 2), (C, 100)), *others,
                 ((C, 100), (C, 100)), *(((C, 100), *both) for both in others)):
        for target in (own, twin, frames.BROADCAST):
            yield frames.ethernet(target, frames.IPV4, packet, tags=tags)
    yield frames.ethernet(twin, frames.IPV4, packet, tags=OWN_TAG)


def test_forged_frames_get_nowhere(stage: Stage) -> None:
    """Nor does one arrive in the customer's own cloud: what is wrong is dropped, not straightened."""
    own, twin = mac_of(stage.places, VRF, "customer"), mac_of(stage.places, TWIN_VRF, "customer")
    with Watch(stage, foreign(stage)) as watch, Watch(stage, {VM}) as cloud, \
            closing(port_socket(stage.places, CE, "w1p")) as trunk:
        for packet in forged_packets():
            trunk.send(frames.tagged(frames.ip(own, packet), OWN_TAG))
        for frame in forged_frames(own, twin):
            trunk.send(frame)
        assert (watch.saw(), cloud.saw()) == (set(), set())
        for ends in ((ON_PREMISES, IN_CLOUD), (ON_PREMISES6, IN_CLOUD6)):
            trunk.send(frames.tagged(frames.ip(own, frames.udp(*ends, data=MARK)), OWN_TAG))
            until(cloud.saw, 5, f"the one true frame to {ends[1]} to arrive")


def test_what_the_customer_announces_may_come_in_as_long_as_it_is_announced(stage: Stage) -> None:
    """By BGP alone: nothing of ours is told of a prefix."""
    own, source = mac_of(stage.places, VRF, "customer"), "10.77.0.1"
    frame = frames.tagged(frames.ip(own, frames.udp(source, IN_CLOUD, data=MARK)), OWN_TAG)
    with Watch(stage, {VM}) as cloud, closing(port_socket(stage.places, CE, "w1p")) as trunk:

        def arrives() -> bool:
            trunk.send(frame)
            return bool(cloud.saw())

        before = refused(stage)
        assert not arrives()
        assert refused(stage) == before + 1
        stage.put(estates.site(**{**estates.SITE6, "prefixes": [*estates.SITE6["prefixes"], "10.77.0.0/16"]}))
        until(arrives, 10, "what is announced to arrive")
        stage.put(estates.site(**estates.SITE6))
        until(lambda: not arrives(), 10, "what is withdrawn to be refused")


def refused(stage: Stage) -> int:
    """Frames from where they do not belong, of the first customer, by the edge's count."""
    counters = stage.plane.counters(edge_node("Amsterdam", Leg.PRIMARY))
    return counters.drops.get((attachment_name(1, Leg.PRIMARY), Direction.IN), {}).get("spoofed", Counter()).packets


def test_a_virtual_machine_gets_nowhere_either(stage: Stage) -> None:
    """To the backbone, the tunnels of others, others' addresses; from addresses that are not its own."""
    others = owned(stage, "rg2") | owned(stage, "rg3")
    cores = foreign(stage) - others
    gate = mac_of(stage.places, VM, "eth0")
    with Watch(stage, others | cores) as watch, closing(port_socket(stage.places, VM, "eth0")) as wire:
        router = router_mac(stage)
        for target in (*BACKBONE, EDGE, "10.2.0.4", "10.20.1.10"):
            wire.send(frames.ip(router, frames.udp(IN_CLOUD, target, data=MARK), gate))
            wire.send(frames.ip(router, vxlan(IN_CLOUD, target, vni(2, 0, Leg.PRIMARY)), gate))
        for source in ("10.1.0.5", "10.2.0.4", ON_PREMISES, BACKBONE[0]):
            wire.send(frames.ip(router, frames.udp(source, ON_PREMISES, data=MARK), gate))
        assert watch.saw() == set()


def router_mac(stage: Stage) -> bytes:
    assert stage.pings(VM, "10.1.0.1")
    told = stage.run(VM, "ip", "neighbor", "show", "10.1.0.1").stdout.split()
    return frames.mac(told[told.index("lladdr") + 1])
