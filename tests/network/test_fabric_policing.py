"""Policers on real frames: the bandwidth and no more, each its own, and every frame either passed or dropped."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

import wires
from chains import HERE, THERE, Chain, shared
from trunkline.errors import DriverFailure
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Counter, CrossConnect, Direction, Piece, Policer
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

CHAIN, OTHER = Chain(), Chain(number=2, stag=101)
WHOLE = (*shared(), *CHAIN.pieces())
IN, OUT = (CHAIN.attachment, Direction.IN), (CHAIN.attachment, Direction.OUT)
ETHERNET = 14
MEGABIT = 10**6


def policed(chain: Chain, bandwidth_bps: int, burst_ms: int = 300, tolerance_percent: int = 0,
            directions: tuple[Direction, ...] = (Direction.IN,), node: str = "edge") -> tuple[Piece, ...]:
    """The chain with policers at a node, which its entries there name."""
    names = {direction: f"{chain.attachment}.{direction}" for direction in directions}
    buckets = [Policer(node, name, bandwidth_bps, burst_ms, tolerance_percent) for name in names.values()]
    entries = [replace(entry, policer=names.get(entry.direction, "")) if entry.node == node else entry
               for entry in chain.cross_connects()]
    return (*buckets, *entries)


@contextmanager
def flooded(places: Places, chain: Chain, size: int = 1472) -> Iterator[None]:
    """Datagrams as fast as one thread can, from the one host to the other."""
    stop = threading.Event()

    def send() -> None:
        with closing(wires.socket_in(places, chain.node("here"), socket.AF_INET, socket.SOCK_DGRAM)) as wire:
            wire.connect((THERE, 9))
            data = bytes(size)
            while not stop.is_set():
                try:
                    wire.send(data)
                except ConnectionRefusedError:
                    continue

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def drops(plane: LinuxPlane, where: tuple[str, Direction], reason: str = "policed", node: str = "edge") -> int:
    return plane.counters(node).drops.get(where, {}).get(reason, Counter()).packets


#: How far apart two looks may be that say what is true in between.
_MOMENT_S = 0.004


def look(plane: LinuxPlane, where: tuple[str, Direction], node: str) -> tuple[int, int, float]:
    """Bits of the network layer that have passed, frames dropped, and when that was."""
    now = plane.counters(node)
    counter, dropped = now.attachments[where], now.drops.get(where, {}).get("policed", Counter())
    return (counter.byte_count - counter.packets * ETHERNET) * 8, dropped.packets, time.monotonic()


def emptied(plane: LinuxPlane, where: tuple[str, Direction], node: str) -> tuple[int, float]:
    """Bits passed so far, and when, at a moment when the bucket is empty: something is being dropped."""
    seen = [look(plane, where, node)]

    def told() -> bool:
        seen.append(look(plane, where, node))
        (_, dropped, then), (_, more, now) = seen[-2:]
        return more > dropped and now - then < _MOMENT_S

    until(told, 20, "the bucket to be empty", 0.001)
    return seen[-1][0], seen[-1][2]


def rate(plane: LinuxPlane, where: tuple[str, Direction], bits: int, node: str = "edge") -> float:
    """Bits a second, while at least so many pass, from empty bucket to empty bucket: a sender that pauses for less than
    the burst does not matter."""
    first, start = emptied(plane, where, node)
    until(lambda: look(plane, where, node)[0] - first >= bits, 20, "traffic")
    last, end = emptied(plane, where, node)
    return (last - first) / (end - start)


def test_what_exceeds_the_bandwidth_is_cut_to_it(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 20 * MEGABIT))))
    wires.reach(places, "here1", THERE)
    with flooded(places, CHAIN):
        assert rate(plane, IN, 30 * MEGABIT) == pytest.approx(20 * MEGABIT, rel=0.01)


def test_every_frame_sent_is_passed_or_dropped(plane: LinuxPlane, places: Places) -> None:
    """Sent into the edge's port, past the other programs; received at the VRF."""
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, MEGABIT))))
    wires.reach(places, "here1", THERE)
    before, got_before = plane.counters("edge"), received(places)
    frame = wires.frame_with([(0x88A8, 100), (0x8100, 20)], bytes(986))
    with closing(wires.port_socket(places, "switch", "e")) as wire:
        for _ in range(2_000):
            wire.send(frame)
    after = plane.counters("edge")
    passed = after.attachments[IN].packets - before.attachments[IN].packets
    dropped = after.drops[IN]["policed"]
    assert dropped.packets > 0
    assert dropped.byte_count == 1000 * dropped.packets
    assert passed + dropped.packets == 2_000
    assert received(places) - got_before == passed


def received(places: Places) -> int:
    """Frames at the VRF, as the kernel counts them."""
    listed = json.loads(wires.run(places, "vrf1", "ip", "-s", "-j", "link", "show", "customer"))
    return int(listed[0]["stats64"]["rx"]["packets"])


def test_a_gso_frame_is_passed_or_dropped_as_the_frames_that_it_is(plane: LinuxPlane, places: Places) -> None:
    """What the sender's TCP sent, retransmissions included, is what was passed and dropped."""
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 50 * MEGABIT, burst_ms=300))))
    wires.reach(places, "here1", THERE)
    before = plane.counters("edge").attachments[IN]
    with wires.sink(places, "there1", THERE) as (port, total):
        segments, data = wires.stream(places, "here1", THERE, port, 4_000_000)
        assert total() == 4_000_000
    after = plane.counters("edge")
    lost = after.drops[IN]["policed"]
    packets = after.attachments[IN].packets - before.packets + lost.packets
    octets = after.attachments[IN].byte_count - before.byte_count + lost.byte_count
    assert lost.packets > 0
    assert packets - segments in (0, 1)
    assert octets == data + packets * 66 + 8  # the SYN has 8 more


def test_two_circuits_on_one_port_take_nothing_from_each_other(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*WHOLE, *OTHER.pieces(), *policed(CHAIN, 10 * MEGABIT), *policed(OTHER, 20 * MEGABIT))))
    for host in ("here1", "here2"):
        wires.reach(places, host, THERE)
    with flooded(places, CHAIN), flooded(places, OTHER):
        both = [rate(plane, (chain.attachment, Direction.IN), bits * MEGABIT) for chain, bits in
                ((CHAIN, 10), (OTHER, 20))]
    assert both == pytest.approx([10 * MEGABIT, 20 * MEGABIT], rel=0.01)


def test_both_directions_have_the_whole_bandwidth(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 20 * MEGABIT, directions=tuple(Direction)))))
    wires.reach(places, "here1", THERE)
    with flooded(places, CHAIN):
        until(lambda: drops(plane, IN), 10, "a drop inwards")
        assert wires.echoes(places, "there1", HERE, 5, deadline_s=0.5) <= 5
    assert drops(plane, OUT) == 0


def test_another_bandwidth_loses_nothing(plane: LinuxPlane, places: Places) -> None:
    """Far below it all the time: not one datagram is missing."""
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 50 * MEGABIT))))
    wires.reach(places, "here1", THERE)
    sent = 3_000
    with closing(wires.socket_in(places, "there1", socket.AF_INET, socket.SOCK_DGRAM)) as server, \
            closing(wires.socket_in(places, "here1", socket.AF_INET, socket.SOCK_DGRAM)) as client:
        server.bind((THERE, 5000))
        server.settimeout(1)
        client.connect((THERE, 5000))
        for number in range(sent):
            if number % 500 == 0:
                plane.apply(Change(ensure=policed(CHAIN, (50, 200, 1000)[number // 500 % 3] * MEGABIT)[:1]))
            client.send(number.to_bytes(4, "big"))
            assert server.recv(16) == number.to_bytes(4, "big")
    assert drops(plane, IN) == 0


def test_a_new_bandwidth_applies_at_once(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 10 * MEGABIT))))
    wires.reach(places, "here1", THERE)
    with flooded(places, CHAIN):
        assert rate(plane, IN, 5 * MEGABIT) == pytest.approx(10 * MEGABIT, rel=0.01)
        plane.apply(Change(ensure=policed(CHAIN, 40 * MEGABIT)[:1]))
        assert rate(plane, IN, 40 * MEGABIT) == pytest.approx(40 * MEGABIT, rel=0.01)


def test_a_tolerant_policer_lets_a_little_more_pass_and_cuts_much_more(plane: LinuxPlane, places: Places) -> None:
    """20 % above: free. Beyond that: down to the bandwidth itself."""
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 20 * MEGABIT, tolerance_percent=20))))
    wires.reach(places, "here1", THERE)
    steady(places, 22 * MEGABIT, 1.0)
    assert drops(plane, IN) == 0
    with flooded(places, CHAIN):
        assert rate(plane, IN, 30 * MEGABIT) == pytest.approx(20 * MEGABIT, rel=0.01)
    steady(places, 5 * MEGABIT, 0.5)
    seen = drops(plane, IN)
    steady(places, 22 * MEGABIT, 0.5)
    assert drops(plane, IN) == seen, "the limit is forgotten once its bucket is full"


def steady(places: Places, rate_bps: int, duration_s: float) -> None:
    """Datagrams at a rate."""
    with closing(wires.socket_in(places, "here1", socket.AF_INET, socket.SOCK_DGRAM)) as wire:
        gap_s, start = 1500 * 8 / rate_bps, time.monotonic()
        for number in range(int(duration_s / gap_s)):
            time.sleep(max(0.0, start + number * gap_s - time.monotonic()))
            wire.sendto(bytes(1472), (THERE, 9))


def test_which_of_both_drops_is_seen_when_the_provider_throttles_lower(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, 40 * MEGABIT), *policed(CHAIN, 10 * MEGABIT, node="switch"))))
    wires.reach(places, "here1", THERE)
    with flooded(places, CHAIN):
        assert rate(plane, IN, 10 * MEGABIT, "switch") == pytest.approx(10 * MEGABIT, rel=0.01)
    assert drops(plane, IN, node="switch") > 0
    assert drops(plane, IN, node="edge") == 0


def test_a_flood_of_data_leaves_control_traffic_its_own(plane: LinuxPlane, places: Places) -> None:
    """BFD's port: a few datagrams pass although the bucket is empty, as long as they are few."""
    plane.apply(Change(ensure=(*WHOLE, *policed(CHAIN, MEGABIT))))
    wires.reach(places, "here1", THERE)
    with closing(wires.socket_in(places, "there1", socket.AF_INET, socket.SOCK_DGRAM)) as server, \
            closing(wires.socket_in(places, "here1", socket.AF_INET, socket.SOCK_DGRAM)) as client:
        server.bind((THERE, 3784))
        server.settimeout(2)
        with flooded(places, CHAIN, size=100):
            until(lambda: drops(plane, IN) > 1000, 10, "the bucket to be empty")
            for number in range(50):
                client.sendto(bytes([number]), (THERE, 3784))
                assert server.recv(10) == bytes([number])


def test_a_packet_longer_than_the_mtu_is_dropped_as_that(plane: LinuxPlane, places: Places) -> None:
    short = [replace(entry, mtu=1_000) for entry in CHAIN.cross_connects() if entry.node == "edge"]
    plane.apply(Change(ensure=(*WHOLE, *short)))
    before = plane.counters("edge").attachments[IN]
    with closing(wires.port_socket(places, "switch", "e")) as wire:
        for size in (1_000, 1_001):
            wire.send(wires.frame_with([(0x88A8, 100), (0x8100, 20)], bytes(size)))
    until(lambda: plane.counters("edge").drops, 2, "a drop")
    assert plane.counters("edge").drops == {IN: {"mtu": Counter(1, ETHERNET + 1_001)}}
    assert plane.counters("edge").attachments[IN] == before + Counter(1, ETHERNET + 1_000)


def test_a_gso_frame_is_as_long_as_its_segments(plane: LinuxPlane, places: Places) -> None:
    """Frames of 64 KB, made of packets of 1,500 bytes, are no longer than 1,500."""
    plane.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)
    with wires.sink(places, "there1", THERE) as (port, total):
        wires.stream(places, "here1", THERE, port, 4_000_000)
        assert total() == 4_000_000
    assert plane.counters("edge").drops == {}


def test_an_entry_without_its_policer_is_refused(plane: LinuxPlane) -> None:
    with pytest.raises(DriverFailure, match="edge has no policer nobody"):
        plane.apply(Change(ensure=(*shared(), *CHAIN.nodes(), *CHAIN.links(),
                                   CrossConnect("edge", "p", "a1", "one", Direction.IN, policer="nobody"))))


def test_a_policer_is_as_described_or_it_is_not(plane: LinuxPlane) -> None:
    pieces = policed(CHAIN, 10 * MEGABIT)
    plane.apply(Change(ensure=(*WHOLE, *pieces)))
    assert plane.observe(pieces) == {piece.key for piece in pieces}
    assert plane.observe(policed(CHAIN, 20 * MEGABIT)[:1]) == frozenset()
    plane.apply(Change(remove=pieces))
    assert plane.observe(pieces) == frozenset()
