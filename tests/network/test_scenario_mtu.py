"""A full packet passes on every path, and what is too large is answered so that the sender learns it."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from threading import Thread

import pytest

import estates
from scenes import HOST, IN_CLOUD, ON_PREMISES, VM, all_gone, all_up, carried, connected, real_stage
from stage import Stage
from trunkline import settings
from trunkline.drill import frames
from trunkline.intent.compile.draft import attachment_name, ce_node, instance_node, vnet_node, vrf_node
from trunkline.intent.compile.plant import switch_node
from trunkline.intent.compile.vnet import gateway_interface
from trunkline.intent.network import Counter, Direction
from trunkline.intent.view import CIRCUIT, GATEWAY, SITE, VNET
from trunkline.model.circuit import Leg
from trunkline.model.profile import HANDOFF_MTU, PROFILES
from waiting import until
from wires import connected as tcp
from wires import family_of, mac_of, port_socket, received, sink, socket_in

pytestmark = pytest.mark.root

FLOWS, PORT = 32, 4000
HOST6, VM6 = "fd00:10:0:1::10", "fd00:1::4"
CE, VRF = ce_node(estates.rid(SITE, "paris"), "ce1"), vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
SWITCH = switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
TO_CLOUD, TO_SITE = (HOST, VM), (VM, HOST)
WAYS = {"site to cloud": (*TO_CLOUD, IN_CLOUD), "cloud to site": (*TO_SITE, ON_PREMISES),
        "site to cloud, IPv6": (*TO_CLOUD, VM6), "cloud to site, IPv6": (*TO_SITE, HOST6)}
every_way = pytest.mark.parametrize(("source", "target", "address"), WAYS.values(), ids=WAYS.keys())
_IP_MTU_DISCOVER, _IPV6_MTU_DISCOVER, _PROBE = 10, 23, 3
#: Who answers what is too large for the tunnel, by the way's end: the edges, or the gateway instances.
ANSWERING = {IN_CLOUD: {"172.16.0.2", "172.16.0.6"}, ON_PREMISES: {"10.1.255.12", "10.1.255.13"},
             VM6: {"fd00:ac::2", "fd00:ac::6"}, HOST6: {"fd00:1:0:ff::c", "fd00:1:0:ff::d"}}


@pytest.fixture(scope="module", params=PROFILES.values(), ids=PROFILES.keys())
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    places = settings.load({}, home=str(tmp_path_factory.mktemp("mtu") / "home")).places
    with real_stage(places, profile=request.param) as ready:
        ready.put(*estates.dual())
        all_up(ready)
        connected(ready)
        connected(ready, HOST, VM6)
        yield ready
    all_gone(places)


def datagrams(stage: Stage, node: str, address: str) -> socket.socket:
    """A socket for those that are not to be fragmented, whatever has been heard of the path."""
    family = family_of(address)
    made = socket_in(stage.places, node, family, socket.SOCK_DGRAM)
    if family is socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, _PROBE)
    else:
        made.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _PROBE)
    return made


def headers(address: str) -> int:
    """Bytes of IP and UDP, or of IP and ICMP."""
    return 48 if ":" in address else 28


@contextmanager
def echoing(stage: Stage, node: str, address: str) -> Iterator[None]:
    """Every datagram comes back as it is, in one piece."""
    with closing(datagrams(stage, node, address)) as server:
        server.bind((address, PORT))
        server.settimeout(0.1)
        ended: list[bool] = []
        thread = Thread(target=_echo, args=(server, ended))
        thread.start()
        try:
            yield
        finally:
            ended.append(True)
            thread.join()


def _echo(server: socket.socket, ended: list[bool]) -> None:
    while not ended:
        with suppress(TimeoutError):
            data, sender = server.recvfrom(2048)
            server.sendto(data, sender)


def echoed(stage: Stage, node: str, address: str, size: int) -> int:
    """How many of FLOWS packets of ``size`` bytes came back."""
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(datagrams(stage, node, address))) for _ in range(FLOWS)]
        for client in clients:
            client.settimeout(1)
            client.sendto(bytes(size - headers(address)), (address, PORT))
        return sum(_came_back(client, size - headers(address)) for client in clients)


def _came_back(client: socket.socket, size: int) -> bool:
    try:
        return len(client.recv(2048)) == size
    except TimeoutError:
        return False


@every_way
def test_a_full_packet_passes_on_every_path_in_one_piece(stage: Stage, source: str, target: str, address: str) -> None:
    before = {way: carried(stage, direction=way) for way in Direction}
    with echoing(stage, target, address):
        assert echoed(stage, source, address, stage.profile.mtu) == FLOWS
    for way, then in before.items():
        now = carried(stage, direction=way)
        assert all(now[leg] > then[leg] for leg in Leg), (way, then, now)


def forget_paths(stage: Stage, node: str) -> None:
    for family in ("-4", "-6"):
        stage.run(node, "ip", family, "route", "flush", "cache")


def answer(stage: Stage, node: str, address: str, size: int) -> tuple[str, str]:
    """Who answered a packet of ``size`` bytes that must not be fragmented, with what: its echo, or an MTU."""
    forget_paths(stage, node)
    size -= headers(address)
    told = stage.run(node, "ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", str(size), address).stdout
    small = re.search(r"From (\S+) .*(?:mtu = |mtu=)(\d+)", told)
    if small:
        return small[1], small[2]
    return (address, "echo") if f"bytes from {address}" in told else ("nobody", told)


@every_way
def test_what_is_too_large_for_the_service_is_told_by_an_address_that_the_sender_can_use(
        stage: Stage, source: str, target: str, address: str) -> None:
    """At 1,500 bytes there is nothing to tell: the sender's own link is no larger."""
    who, what = answer(stage, source, address, HANDOFF_MTU)
    if stage.profile.mtu == HANDOFF_MTU:
        assert (who, what) == (address, "echo")
    else:
        assert who in ANSWERING[address], what
        assert what == str(stage.profile.mtu)
        assert answer(stage, source, address, stage.profile.mtu) == (address, "echo")


def sent(stage: Stage, source: str, target: str, address: str, size: int = 2_000_000) -> tuple[int, int]:
    """Over TCP: bytes that arrived, and how large the sender's packets were in the end. It may have learned it by an
    answer, or from the other end, which had one before."""
    with sink(stage.places, target, address) as (port, total):
        with tcp(stage.places, source, address, port) as client:
            client.sendall(bytes(size))
            client.shutdown(socket.SHUT_WR)
            client.recv(1)
            found = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        return total(), found + headers(address) + 24  # TCP's own 32 with timestamps, where UDP has 8


@every_way
def test_tcp_finds_what_the_path_carries(stage: Stage, source: str, target: str, address: str) -> None:
    forget_paths(stage, source)
    assert sent(stage, source, target, address) == (2_000_000, stage.profile.mtu)


def too_long(stage: Stage) -> Counter:
    drops = stage.plane.counters(SWITCH).drops.get((attachment_name(1, Leg.PRIMARY), Direction.IN), {})
    return drops.get("mtu", Counter())


def test_a_frame_that_is_too_long_for_the_hand_off_is_dropped_and_counted(stage: Stage) -> None:
    """No router sends such; it cannot be answered where frames are switched."""
    target, own = mac_of(stage.places, VRF, "customer"), mac_of(stage.places, CE, "v1p")
    before, count = too_long(stage), 10
    with closing(port_socket(stage.places, VM, "eth0")) as cloud, \
            closing(port_socket(stage.places, CE, "w1p")) as trunk:
        for size in (HANDOFF_MTU + 1, min(HANDOFF_MTU, stage.profile.mtu)):
            packet = frames.udp(ON_PREMISES, IN_CLOUD, data=bytes([size % 251]) * (size - headers(IN_CLOUD)))
            for _ in range(count):
                trunk.send(frames.ethernet(target, frames.IPV4, packet, own, ((0x8100, 100),)))
        arrived = [len(frame) - 14 for frame in received(cloud, 0.5) if frame[12:14] == b"\x08\0" and len(frame) > 1000]
    assert arrived == [stage.profile.mtu] * count
    until(lambda: too_long(stage).packets == before.packets + count, 5, "all counted")
    assert too_long(stage).byte_count - before.byte_count == count * (14 + HANDOFF_MTU + 1)


@contextmanager
def narrowed(stage: Stage, ends: tuple[tuple[str, str], ...], mtu: int) -> Iterator[None]:
    """Links that are smaller than ordered, for a moment: the reconciler mends what it looks at."""
    for node, name in ends:
        assert stage.run(node, "ip", "link", "set", name, "mtu", str(mtu)).returncode == 0
    try:
        yield
    finally:
        for node, name in ends:
            stage.run(node, "ip", "link", "set", name, "mtu", str(HANDOFF_MTU))


def test_a_smaller_hop_on_the_way_is_found_in_both_directions(stage: Stage) -> None:
    """Between gateway instances and the virtual network: either end answers what comes to it."""
    instances = tuple((instance_node(estates.rid(GATEWAY, "gw1"), instance), "vnet") for instance in (0, 1))
    router = tuple((vnet_node(estates.rid(VNET, "hub")), gateway_interface(1, instance)) for instance in (0, 1))
    with narrowed(stage, (*instances, *router), 1300):
        for source, target, address in WAYS.values():
            assert sent(stage, source, target, address) == (2_000_000, 1300)
