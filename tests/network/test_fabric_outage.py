"""The outage programs on real frames: what fails is silent, one way or both, comes and goes, and ends by itself."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

import pytest

import wires
from chains import THERE, Chain, shared
from conditions import Datagrams, datagrams, ends_in
from trunkline.fabric import held, pins
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import ETH_P_8021AD, Address, Impairment, Interface, Link, Node, Outage, Role, Route, Wire
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

WEST, EAST, SECOND = "10.5.0.1", "10.5.0.2", "10.5.1.2"
LINE = (Node("west", Role.HOST), Node("east", Role.HOST),
        Link(Interface("west", "eth0", (Address(f"{WEST}/30"),)), Interface("east", "eth0", (Address(f"{EAST}/30"),))))
MORE = Link(Interface("west", "eth1", (Address("10.5.1.1/30"),)), Interface("east", "eth1", (Address(f"{SECOND}/30"),)))


#: When outages of a test begin, which is before it sends anything.
BEGUN = [0.0]


def outage(node: str = "east", interface: str = "", seconds: float = 60, **what: bool | int) -> Outage:
    BEGUN[0] = time.time()
    return Outage(node, datetime.fromtimestamp(BEGUN[0], UTC).isoformat(), ends_in(seconds), interface, **what)


def carries(places: Places, address: str = EAST) -> bool:
    return wires.echoes(places, "west", address, deadline_s=0.2) == 1


@pytest.fixture
def line(plane: LinuxPlane, places: Places) -> LinuxPlane:
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


@pytest.mark.parametrize(("ways", "arrived"), [
    ({}, (0, 0)), ({"leaving": False}, (0, 50)), ({"coming": False}, (50, 0))])
def test_all_that_goes_a_failed_way_vanishes_and_nothing_that_goes_the_other(
        line: LinuxPlane, eastwards: Datagrams, westwards: Datagrams, ways: dict[str, bool],
        arrived: tuple[int, int]) -> None:
    piece = outage(interface="eth0", **ways)
    line.apply(Change(ensure=(piece,)))
    eastwards.send(50)
    westwards.send(50)
    assert (len(eastwards.take()), len(westwards.take())) == arrived
    assert line.vanished((piece,))[piece.key] >= 100 - sum(arrived)
    line.apply(Change(remove=(piece,)))
    assert carries(line._places)


def test_a_node_fails_with_what_it_gets_meanwhile_and_is_whole_at_once_when_it_heals(
        line: LinuxPlane, places: Places) -> None:
    piece = outage()
    line.apply(Change(ensure=(piece,)))
    assert not carries(places)
    line.apply(Change(ensure=(MORE,)))
    assert line.observe((piece,)) == frozenset()
    line.apply(Change(ensure=(piece,)))
    assert line.observe((piece,)) == {piece.key}
    assert not carries(places, SECOND)
    line.apply(Change(remove=(piece,)))
    assert wires.echoes(places, "west", EAST) == wires.echoes(places, "west", SECOND) == 1
    assert not pins.directory(places, "east", "outage").exists()


def test_an_outage_ends_by_itself_and_a_later_end_takes_its_place(line: LinuxPlane, places: Places) -> None:
    line.apply(Change(ensure=(outage(seconds=0.5),)))
    later = outage(seconds=1.5)
    line.apply(Change(ensure=(later,)))
    assert line.observe((later,)) == {later.key}
    until(lambda: carries(places), 10, "the line to heal by itself")
    assert datetime.now(UTC) >= datetime.fromisoformat(later.expires)


def test_an_outage_that_comes_and_goes_takes_exactly_what_is_sent_while_it_is_down(
        line: LinuxPlane, places: Places) -> None:
    """Each datagram's fate is known from when it was sent; one sent at a turn may go either way."""
    begun, period_s, down_s, slack_s = time.time(), 0.15, 0.05, 0.004
    line.apply(Change(ensure=(outage(interface="eth0", down_ms=50, up_ms=100),)))
    with datagrams(places, "west", "east", EAST) as flow:
        sent = []
        while time.time() < begun + 1.2:
            before = time.time()
            flow.send(1)
            sent.append((before, time.time()))
        arrived = set(flow.take())
    fates = [(number in arrived, [(at - BEGUN[0]) % period_s for at in times]) for number, times in enumerate(sent)
             if times[1] - times[0] < slack_s]
    sure = [(came, phases) for came, phases in fates
            if all(slack_s < phase < down_s - slack_s for phase in phases)
            or all(down_s + slack_s < phase < period_s - slack_s for phase in phases)]
    assert {came for came, _ in sure} == {True, False}
    assert all(came == (phases[0] > down_s) for came, phases in sure)


def test_echoes_lost_while_a_line_was_down_are_told_before_those_that_are_back(line: LinuxPlane) -> None:
    """Else a line that has just come back would seem to lose some."""
    gauge, wire, told = line.gauge(), Wire("west", "eth0", EAST), list[bool]()

    def seen(*turns: bool) -> bool:
        told.extend(one is not None for one in gauge.beat((wire,)).get(wire, ()))
        return tuple(came for came, _ in groupby(told)) == turns
    try:
        until(lambda: seen(True), 10, "echoes", every_s=0.05)
        piece = outage(interface="eth0")
        line.apply(Change(ensure=(piece,)))
        until(lambda: seen(True, False), 10, "echoes to be lost", every_s=0.05)
        line.apply(Change(remove=(piece,)))
        until(lambda: seen(True, False, True), 10, "echoes to be back", every_s=0.05)
        until(lambda: seen(True, False, True) and told[-20:] == [True] * 20, 10, "nothing more lost", every_s=0.05)
    finally:
        gauge.close()


def test_a_tag_fails_and_the_others_on_the_port_do_not(plane: LinuxPlane, places: Places) -> None:
    chains = (Chain(1), Chain(2, stag=200))
    plane.apply(Change(ensure=(*shared(), *(piece for chain in chains for piece in chain.pieces()))))
    wires.reach(places, "here1", THERE)
    wires.reach(places, "here2", THERE)
    plane.apply(Change(ensure=(outage("edge", "p", vid=chains[0].tags[0].vid),)))
    assert chains[0].tags[0].protocol == ETH_P_8021AD
    assert [wires.echoes(places, f"here{number}", THERE, deadline_s=0.3) for number in (1, 2)] == [0, 1]


def test_a_node_that_is_made_anew_does_not_fail_until_it_is_told_to(line: LinuxPlane, places: Places) -> None:
    """Its interfaces may have numbers that others had."""
    piece = outage(interface="eth0")
    line.apply(Change(ensure=(piece,)))
    line.apply(Change(remove=LINE))
    assert line.observe((piece,)) == {piece.key}
    line.apply(Change(ensure=LINE))
    wires.reach(places, "west", EAST)
    assert line.observe((piece,)) == frozenset()


def test_what_fails_may_be_impaired_too_and_stays_impaired_when_it_heals(line: LinuxPlane, places: Places) -> None:
    piece, worse = outage(interface="eth0"), Impairment("east", "eth0", False, ends_in(60), loss_ppm=1_000_000)
    line.apply(Change(ensure=(piece, worse)))
    line.apply(Change(remove=(piece,)))
    assert line.observe((worse,)) == {worse.key}
    assert not carries(places)
    line.apply(Change(remove=(worse,)))
    assert wires.echoes(places, "west", EAST) == 1


def test_a_fault_that_is_written_again_with_other_ways_is_another_one(
        line: LinuxPlane, westwards: Datagrams) -> None:
    piece = outage(interface="eth0")
    line.apply(Change(ensure=(piece,)))
    line.apply(Change(ensure=(replace(piece, leaving=False),)))
    westwards.send(10)
    assert len(westwards.take()) == 10


# ── carrier ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def has_carrier(plane: LinuxPlane, node: str = "west", interface: str = "eth0") -> bool:
    """At the other end, which nobody touches."""
    return next(line.carrier for line in plane.lines(node) if line.name == interface)


def keepers(places: Places) -> list[int]:
    return [int(file.read_text()) for file in held.directory(places).glob("keeper.pid")]


def test_a_link_that_is_down_has_no_carrier_and_nobody_mends_it(line: LinuxPlane, places: Places) -> None:
    piece = outage(link_down=True)
    line.apply(Change(ensure=(piece,)))
    assert not has_carrier(line)
    assert line.observe((*LINE, piece)) == {one.key for one in (*LINE, piece)}
    line.apply(Change(ensure=LINE))
    assert not has_carrier(line)
    line.apply(Change(remove=(piece,)))
    assert has_carrier(line)
    wires.reach(places, "west", EAST)
    until(lambda: not keepers(places), 5, "the keeper to leave")


def test_a_link_comes_back_in_time_with_its_addresses_and_routes_when_nobody_else_lives(
        plane: LinuxPlane, places: Places) -> None:
    """Both families; a route that the kernel forgets with the interface."""
    link = Link(Interface("west", "eth0", (Address(f"{WEST}/30"), Address("fd00:5::1/64"))),
                Interface("east", "eth0", (Address(f"{EAST}/30"), Address("fd00:5::2/64"))))
    route = Route("east", "10.99.0.0/16", (WEST,))
    whole = (*LINE[:2], link, route)
    plane.apply(Change(ensure=whole))
    piece = outage(seconds=1, link_down=True)
    plane.apply(Change(ensure=(piece,)))
    assert not has_carrier(plane)
    assert route.prefix not in {one.prefix for one in plane.routes("east")}
    assert plane.observe((route,)) == {route.key}
    until(lambda: has_carrier(plane), 10, "the carrier to be back")
    assert datetime.now(UTC) >= datetime.fromisoformat(piece.expires)
    until(lambda: not keepers(places), 5, "the keeper to leave")
    assert plane.observe(whole) == {one.key for one in whole}
    assert route.prefix in {one.prefix for one in plane.routes("east")}


def test_the_keeper_goes_with_the_network(line: LinuxPlane, places: Places) -> None:
    line.apply(Change(ensure=(outage(seconds=3600, link_down=True),)))
    assert keepers(places)
    line.sweep()
    assert not keepers(places)
    assert not line.nodes()


def test_the_keeper_is_started_again_where_it_was_killed(line: LinuxPlane, places: Places) -> None:
    piece = outage(link_down=True)
    line.apply(Change(ensure=(piece,)))
    keeper, = keepers(places)
    os.kill(keeper, signal.SIGKILL)
    until(lambda: line.observe((piece,)) == frozenset(), 5, "the loss of the keeper to be seen")
    line.apply(Change(ensure=(piece,)))
    assert keepers(places) != [keeper]
    assert not has_carrier(line)
    line.apply(Change(remove=(piece,)))


@pytest.mark.parametrize("half", ["", "{\"begun_ns\": 1", "\0" * 40, "[]", "{\"routes\": [\"zz\"]}"])
def test_what_cannot_be_read_of_a_hold_ends_it_and_the_keeper_keeps_the_others(
        line: LinuxPlane, places: Places, half: str) -> None:
    """A disk that was full when it was written, or a reset."""
    line.apply(Change(ensure=(MORE,)))
    broken, other = outage(interface="eth0", link_down=True), outage(interface="eth1", link_down=True)
    line.apply(Change(ensure=(broken, other)))
    keeper, = keepers(places)
    held.file_of(places, "east", "eth0").write_text(half)
    os.kill(keeper, signal.SIGHUP)
    until(lambda: has_carrier(line), 5, "the carrier to be back")
    assert keepers(places) == [keeper]
    assert not has_carrier(line, "west", "eth1")
    assert line.observe((broken, other)) == {other.key}
    line.apply(Change(ensure=(broken,)))
    assert not has_carrier(line)
    held.file_of(places, "east", "eth0").write_text(half)
    line.apply(Change(remove=(broken, other)))
    assert has_carrier(line)
    assert has_carrier(line, "west", "eth1")


def test_a_later_end_holds_a_link_down_longer_and_another_mode_takes_its_place(
        line: LinuxPlane, places: Places) -> None:
    line.apply(Change(ensure=(outage(seconds=0.7, link_down=True),)))
    later = outage(seconds=2, link_down=True)
    line.apply(Change(ensure=(later,)))
    until(lambda: has_carrier(line), 10, "the carrier to be back")
    assert datetime.now(UTC) >= datetime.fromisoformat(later.expires)
    line.apply(Change(ensure=(outage(link_down=True),)))
    line.apply(Change(ensure=(outage(),)))
    assert has_carrier(line)
    assert not carries(places)


def test_a_carrier_that_comes_and_goes_is_taken_and_lifted_in_turn(line: LinuxPlane) -> None:
    piece = outage(link_down=True, down_ms=300, up_ms=300)
    line.apply(Change(ensure=(piece,)))
    for _ in range(2):
        until(lambda: has_carrier(line), 5, "the carrier to come")
        until(lambda: not has_carrier(line), 5, "the carrier to go")
    line.apply(Change(remove=(piece,)))
    assert has_carrier(line)


def test_an_interface_that_is_made_meanwhile_goes_down_with_the_rest_and_comes_up_with_it(line: LinuxPlane) -> None:
    piece = outage(link_down=True)
    line.apply(Change(ensure=(piece,)))
    line.apply(Change(ensure=(MORE,)))
    assert line.observe((piece,)) == frozenset()
    line.apply(Change(ensure=(piece,)))
    assert not has_carrier(line, "west", "eth1")
    line.apply(Change(remove=(piece,)))
    assert has_carrier(line, "west", "eth1")
