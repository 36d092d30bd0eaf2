"""The impair programs and the relay on real frames: what is asked for happens, is counted, and ends."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

import wires
from chains import THERE, Chain, shared
from conditions import Datagrams, datagrams, ends_in, impaired, relays, without_relays
from trunkline.errors import DriverFailure
from trunkline.fabric import impair, pins
from trunkline.fabric.bpf import impair_records as records
from trunkline.fabric.bpf import libbpf
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Harm, Impairment, Interface, Link, Node, Role
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

WEST, EAST = "10.5.0.1", "10.5.0.2"
LINE = (Node("west", Role.HOST), Node("east", Role.HOST),
        Link(Interface("west", "eth0", (Address(f"{WEST}/30"),)), Interface("east", "eth0", (Address(f"{EAST}/30"),))))
S, C = 0x88A8, 0x8100
FROM_WEST, TO_WEST = False, True


@pytest.fixture
def line(plane: LinuxPlane, places: Places) -> LinuxPlane:
    """West and east on one wire; it is impaired at the eastern end."""
    plane.apply(Change(ensure=LINE))
    wires.reach(places, "west", EAST)
    return plane


@pytest.fixture
def eastwards(line: LinuxPlane, places: Places) -> Iterator[Datagrams]:
    with datagrams(places, "west", "east", EAST) as found:
        yield found


@pytest.fixture
def westwards(line: LinuxPlane, places: Places) -> Iterator[Datagrams]:
    with datagrams(places, "east", "west", WEST) as found:
        yield found


def conditions(leaving: bool = FROM_WEST, **harm: int) -> Impairment:
    return Impairment("east", "eth0", leaving, ends_in(60), **harm)


def harm(plane: LinuxPlane, piece: Impairment) -> Harm:
    return plane.impaired((piece,))[piece.key]


def within_chance(found: int, of: int, ppm: int) -> bool:
    """Five standard deviations: one good run in three million would be called bad."""
    rate = ppm / 1e6
    return abs(found - of * rate) <= 5 * math.sqrt(of * rate * (1 - rate)) + 1


def round_trips_ms(places: Places, count: int) -> list[float]:
    found = []
    for _ in range(count):
        started = time.monotonic()
        assert wires.echoes(places, "west", EAST) == 1
        found.append((time.monotonic() - started) * 1000)
    return found


# ── what the program does alone ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("leaving", [FROM_WEST, TO_WEST])
def test_frames_are_lost_at_the_rate_asked_for_and_counted_exactly(
        line: LinuxPlane, eastwards: Datagrams, westwards: Datagrams, leaving: bool) -> None:
    piece, flow = conditions(leaving, loss_ppm=100_000), westwards if leaving else eastwards
    with impaired(line, piece):
        flow.send(5000)
        assert flow.take() == sorted(flow.arrived)
        counted = harm(line, piece)
    assert counted.lost == 5000 - len(flow.arrived)
    assert counted.seen == 5000
    assert within_chance(counted.lost, 5000, 100_000), counted


def test_a_one_way_failure_is_one_way(line: LinuxPlane, eastwards: Datagrams, westwards: Datagrams) -> None:
    with impaired(line, conditions(FROM_WEST, loss_ppm=1_000_000)):
        eastwards.send(100)
        westwards.send(100)
        assert (len(eastwards.take()), len(westwards.take())) == (0, 100)
    eastwards.send(100)
    assert len(eastwards.take()) == 100


@pytest.mark.parametrize("leaving", [FROM_WEST, TO_WEST])
def test_duplicates_arrive_and_are_counted(
        line: LinuxPlane, eastwards: Datagrams, westwards: Datagrams, leaving: bool) -> None:
    piece, flow = conditions(leaving, duplication_ppm=200_000), westwards if leaving else eastwards
    with impaired(line, piece):
        flow.send(2000)
        flow.take()
        counted = harm(line, piece)
    assert set(flow.arrived) == set(range(2000))
    assert len(flow.arrived) == 2000 + counted.duplicated
    assert within_chance(counted.duplicated, 2000, 200_000), counted


def test_conditions_change_in_place_and_their_counters_go_on(line: LinuxPlane, eastwards: Datagrams) -> None:
    whole, broken = conditions(), conditions(loss_ppm=1_000_000)
    with impaired(line, broken):
        eastwards.send(10)
        line.apply(Change(ensure=(whole,)))
        assert line.observe((whole, broken)) == {whole.key}
        assert line.observe((broken,)) == set()
        eastwards.send(10)
        assert len(eastwards.take()) == 10
        assert harm(line, whole) == Harm(seen=20, lost=10)


# ── what the relay does ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("leaving", [FROM_WEST, TO_WEST])
def test_delay_adds_what_was_asked_for_to_the_round_trip(line: LinuxPlane, places: Places, leaving: bool) -> None:
    piece = conditions(leaving, delay_us=30_000)
    with impaired(line, piece):
        delayed = round_trips_ms(places, 10)
        assert harm(line, piece).delayed == 10
    assert min(delayed) >= 30
    assert min(round_trips_ms(places, 10)) < 30


def test_jitter_spreads_delay_and_keeps_order(line: LinuxPlane, places: Places, eastwards: Datagrams) -> None:
    with impaired(line, conditions(delay_us=20_000, jitter_us=20_000)):
        found = round_trips_ms(places, 30)
        assert max(found) - min(found) > 5
        eastwards.send(500, per_second=2000)
        assert eastwards.take() == list(range(500))


def test_delay_and_loss_and_duplicates_together(line: LinuxPlane, eastwards: Datagrams) -> None:
    piece = conditions(delay_us=10_000, loss_ppm=200_000, duplication_ppm=200_000)
    with impaired(line, piece):
        eastwards.send(1000)
        eastwards.take()
        counted = harm(line, piece)
    assert len(eastwards.arrived) == 1000 - counted.lost + counted.duplicated
    assert counted.delayed == 1000 - counted.lost
    assert eastwards.arrived == sorted(eastwards.arrived)


@pytest.mark.parametrize("delay_us", [0, 10_000])
def test_reordered_frames_are_overtaken(line: LinuxPlane, eastwards: Datagrams, delay_us: int) -> None:
    piece = conditions(reordering_ppm=100_000, hold_us=20_000, delay_us=delay_us)
    with impaired(line, piece):
        eastwards.send(1000, per_second=2000)
        assert sorted(eastwards.take()) == list(range(1000))
        until(lambda: harm(line, piece).reordered, 2, "the relay to tell")
        assert within_chance(harm(line, piece).reordered, 1000, 100_000)
    late = [now for now, then in zip(eastwards.arrived[1:], eastwards.arrived, strict=False) if now < then]
    assert late


def checksum_errors(places: Places, node: str) -> int:
    lines = [row.split() for row in wires.run(places, node, "cat", "/proc/net/snmp").splitlines() if "Udp:" in row]
    return int(dict(zip(*lines[:2], strict=True))["InCsumErrors"])


def test_a_corrupted_frame_fails_its_checksum_at_the_receiver(
        line: LinuxPlane, places: Places, eastwards: Datagrams) -> None:
    """Its port may be what is changed: then too the checksum is what refuses it."""
    piece = conditions(corruption_ppm=100_000)
    with impaired(line, piece):
        eastwards.send(2000, per_second=5000)
        eastwards.take()
        until(lambda: harm(line, piece).corrupted == 2000 - len(eastwards.arrived), 2, "all corrupted frames missing")
        assert within_chance(harm(line, piece).corrupted, 2000, 100_000)
        assert 0 < checksum_errors(places, "east") <= harm(line, piece).corrupted


def test_tcp_outlives_corruption_and_gso_frames_are_cut_for_it(line: LinuxPlane, places: Places) -> None:
    piece = conditions(corruption_ppm=10_000)
    with impaired(line, piece), wires.sink(places, "east", EAST) as (port, total):
        wires.stream(places, "west", EAST, port, 3_000_000)
        assert total() == 3_000_000
        until(lambda: harm(line, piece).corrupted, 2, "the relay to tell")


# ── how it ends ────────────────────────────────────────────────────────────────────────────────────────────────────


def taps(places: Places, node: str) -> str:
    return wires.run(places, node, "ip", "-br", "link", "show", "type", "tun")


def test_it_ends_by_itself_when_nobody_is_there_to_end_it(
        line: LinuxPlane, places: Places, eastwards: Datagrams) -> None:
    lossy = replace(conditions(TO_WEST, loss_ppm=1_000_000), expires=ends_in(1.0))
    slow = replace(conditions(FROM_WEST, delay_us=50_000), expires=ends_in(1.0))
    line.apply(Change(ensure=(lossy, slow)))
    assert wires.echoes(places, "west", EAST, deadline_s=0.2) == 0
    assert taps(places, "east")
    wires.reach(places, "west", EAST)
    without_relays(places)
    until(lambda: not taps(places, "east"), 5, "the TAP to go with its relay")
    assert min(round_trips_ms(places, 10)) < 50
    assert line.observe((lossy, slow)) == {lossy.key, slow.key}


def test_what_is_held_goes_on_in_order_when_conditions_are_cleared(line: LinuxPlane, eastwards: Datagrams) -> None:
    piece = conditions(delay_us=9_000_000)
    line.apply(Change(ensure=(piece,)))
    eastwards.send(300)
    assert not eastwards.take()
    line.apply(Change(remove=(piece,)))
    eastwards.send(10)
    assert eastwards.take() == list(range(310))


def test_nothing_is_lost_while_conditions_come_change_and_go(line: LinuxPlane, eastwards: Datagrams) -> None:
    for delay_us in (5_000, 40_000, 1_000, 0):
        line.apply(Change(ensure=(conditions(delay_us=delay_us),)))
        eastwards.send(200, per_second=2000)
    line.apply(Change(remove=(conditions(),)))
    eastwards.send(200, per_second=2000)
    assert sorted(eastwards.take()) == list(range(1000))


def test_a_killed_relay_takes_its_delay_with_it_but_not_the_line(line: LinuxPlane, places: Places) -> None:
    piece = conditions(delay_us=50_000)
    with impaired(line, piece):
        for pid in relays(places):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not taps(places, "east"), 5, "the TAP to go with its relay")
        assert wires.echoes(places, "west", EAST, 5) == 5
        assert min(round_trips_ms(places, 5)) < 50
        assert harm(line, piece).missed >= 10
        assert line.observe((piece,)) == set()
        line.apply(Change(ensure=(piece,)))
        assert line.observe((piece,)) == {piece.key}
        assert min(round_trips_ms(places, 5)) >= 50


def test_a_plane_that_starts_anew_finds_it_and_clears_it(line: LinuxPlane, places: Places) -> None:
    piece = conditions(delay_us=50_000)
    line.apply(Change(ensure=(piece,)))
    before = relays(places)
    again = LinuxPlane(places)
    assert again.observe((piece,)) == {piece.key}
    again.apply(Change(ensure=(piece,)))
    assert relays(places) == before
    again.apply(Change(remove=(piece,)))
    assert not relays(places)
    assert not impair.directory(places, "east").exists()


def test_a_node_goes_with_its_relays(line: LinuxPlane, places: Places) -> None:
    piece = conditions(delay_us=50_000)
    line.apply(Change(ensure=(piece,)))
    line.apply(Change(remove=(piece, *LINE)))
    assert not relays(places)


def test_an_interface_that_does_not_exist_is_named(line: LinuxPlane) -> None:
    with pytest.raises(DriverFailure, match="east has no interface eth7 to impair"):
        line.apply(Change(ensure=(replace(conditions(), interface="eth7"),)))
    assert not impair.directory(line._places, "east").exists()


def kept(places: Places) -> dict[str, int]:
    """Rows of each map at the eastern end."""
    sizes = {"rules": records.RULE.size, "counters": records.COUNTER.size * libbpf.cpus(),
             "relayed": records.RELAYED.size}
    with pins.opened(impair.directory(places, "east"), *sizes, "returns") as (*keyed, returns):
        rows = {name: len(list(libbpf.rows(descriptor, records.KEY.size, size)))
                for descriptor, (name, size) in zip(keyed, sizes.items(), strict=True)}
        return rows | {"returns": len(list(libbpf.rows(returns, records.TAP.size, records.RETURN.size)))}


def test_an_impairment_that_ends_leaves_no_row(line: LinuxPlane, places: Places) -> None:
    lossy, slow = conditions(TO_WEST, loss_ppm=1), conditions(FROM_WEST, delay_us=1_000)
    line.apply(Change(ensure=(lossy,)))
    for _ in range(2):
        line.apply(Change(ensure=(slow,)))
        assert kept(places) == {"rules": 2, "counters": 2, "relayed": 2, "returns": 1}
        line.apply(Change(remove=(slow,)))
        assert kept(places) == {"rules": 1, "counters": 1, "relayed": 1, "returns": 0}


def test_an_interface_that_comes_back_under_another_number_is_slow_again(line: LinuxPlane, places: Places) -> None:
    """The relay of the first one would write to where that was."""
    slow = conditions(delay_us=50_000)
    line.apply(Change(ensure=(slow,)))
    first = relays(places)
    line.apply(Change(remove=LINE[2:]))
    line.apply(Change(ensure=LINE[2:]))
    assert line.observe((slow,)) == set()
    line.apply(Change(ensure=(slow,)))
    assert line.observe((slow,)) == {slow.key}
    wires.reach(places, "west", EAST)
    assert min(round_trips_ms(places, 5)) >= 50
    assert kept(places) == {"rules": 1, "counters": 1, "relayed": 1, "returns": 1}
    assert not set(first) & set(relays(places))


def test_a_node_that_can_hold_no_more_is_named_with_its_map(line: LinuxPlane, places: Places) -> None:
    line.apply(Change(ensure=(conditions(loss_ppm=1),)))
    with pins.opened(impair.directory(places, "east"), "counters") as (counters,):
        for vid in range(1, records.RULES):
            libbpf.insert(counters, records.KEY.pack(1, 0, vid), bytes(records.COUNTER.size * libbpf.cpus()))
    with pytest.raises(DriverFailure, match="node east can hold no more impairments: the map counters has room"):
        line.apply(Change(ensure=(conditions(TO_WEST, loss_ppm=1),)))


# ── tagged frames ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def chain(plane: LinuxPlane, places: Places) -> LinuxPlane:
    plane.apply(Change(ensure=(*shared(), *Chain().pieces(), *Chain(2, stag=101).pieces())))
    for here in ("here1", "here2"):
        wires.reach(places, here, THERE)
    return plane


def on_trunk(leaving: bool, **harm: int) -> Impairment:
    return Impairment("edge", "p", leaving, ends_in(60), vid=100, **harm)


def test_tags_survive_the_relay_in_both_directions(chain: LinuxPlane, places: Places) -> None:
    both = on_trunk(False, delay_us=5_000), on_trunk(True, delay_us=5_000)
    unknown = chain.counters("edge").drops
    with impaired(chain, *both), wires.port_socket(places, "switch", "e") as port:
        assert wires.echoes(places, "here1", THERE, 10) == 10
        assert {tuple(wires.tags_of(frame)) for frame in wires.received(port, 0.2)} == {((S, 100), (C, 20))}
        assert [chain.impaired(both)[piece.key].delayed for piece in both] == [10, 10]
    assert chain.counters("edge").drops == unknown


def test_one_circuits_conditions_on_a_trunk_are_not_anothers(chain: LinuxPlane, places: Places) -> None:
    with impaired(chain, on_trunk(False, loss_ppm=1_000_000)):
        assert wires.echoes(places, "here1", THERE, deadline_s=0.2) == 0
        assert wires.echoes(places, "here2", THERE, 10) == 10


def test_gso_frames_pass_the_relay_whole_and_are_counted_as_before(chain: LinuxPlane, places: Places) -> None:
    attachment = (Chain().attachment, next(way for name, way in chain.counters("edge").attachments if way == "in"))
    with impaired(chain, on_trunk(False, delay_us=1_000)), wires.sink(places, "there1", THERE) as (port, total):
        before = chain.counters("edge").attachments[attachment]
        segments, data = wires.stream(places, "here1", THERE, port, 4_000_000)
        assert total() == 4_000_000
    after = chain.counters("edge").attachments[attachment]
    assert after.packets - before.packets - segments in (0, 1)
    assert after.byte_count - before.byte_count == data + (after.packets - before.packets) * 66 + 8
