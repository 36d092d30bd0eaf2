"""The outage programs on real frames: what fails is silent, one way or both, comes and goes, and ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

import wires
from chains import THERE, Chain, shared
from conditions import Datagrams, datagrams, ends_in
from trunkline.fabric import pins
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import ETH_P_8021AD, Address, Impairment, Interface, Link, Node, Outage, Role
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

WEST, EAST, SECOND = "10.5.0.1", "10.5.0.2", "10.5.1.2"
LINE = (Node("west", Role.HOST), Node("east", Role.HOST),
        Link(Interface("west", "eth0", (Address(f"{WEST}/30"),)), Interface("east", "eth0", (Address(f"{EAST}/30"),))))
MORE = Link(Interface("west", "eth1", (Address("10.5.1.1/30"),)), Interface("east", "eth1", (Address(f"{SECOND}/30"),)))


def outage(node: str = "east", interface: str = "", seconds: float = 60, **what: bool | int) -> Outage:
    return Outage(node, datetime.now(UTC).isoformat(), ends_in(seconds), interface, **what)


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


def test_an_outage_that_comes_and_goes_lets_pass_what_is_sent_while_it_is_gone(
        line: LinuxPlane, eastwards: Datagrams) -> None:
    """Of a second and a half, ten periods are down for a third."""
    line.apply(Change(ensure=(outage(interface="eth0", down_ms=50, up_ms=100),)))
    eastwards.send(3000, per_second=2000)
    arrived = eastwards.take()
    gaps = sum(after - before > 50 for before, after in pairwise(arrived))
    assert 9 <= gaps <= 11
    assert 1800 <= len(arrived) <= 2200


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
