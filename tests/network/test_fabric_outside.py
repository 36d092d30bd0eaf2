"""What LinuxPlane hands to the user and borrows from the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import wires
from trunkline.errors import DriverFailure
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import OUTSIDE, Address, Interface, Link, Node, Piece, Port, Role
from trunkline.settings import Places

pytestmark = pytest.mark.root

ONE, TWO = Node("one", Role.HOST), Node("two", Role.HOST)


def missing(plane: LinuxPlane, pieces: tuple[Piece, ...]) -> list[object]:
    settled = plane.observe(pieces)
    return [piece.key for piece in pieces if piece.key not in settled]


def ip(places: Places, node: str, *words: str) -> str:
    return wires.run(places, node, "ip", *words)


@pytest.fixture
def outside_name(places: Places) -> Iterator[str]:
    """A name that nobody else on this machine has."""
    name = f"tt{places.instance}"
    yield name
    for end in (name, f"{name}p"):
        subprocess.run(["ip", "link", "del", end], capture_output=True, check=False)


def test_a_hand_off_ends_outside_and_may_be_moved_by_the_user(
    plane: LinuxPlane, places: Places, outside_name: str
) -> None:
    handed = Link(Interface("one", "port"), Interface(OUTSIDE, outside_name, (Address("10.0.0.2/30"),)))
    plane.apply(Change(ensure=(ONE, handed)))
    shown = subprocess.run(["ip", "addr", "show", outside_name], capture_output=True, text=True, check=True).stdout
    assert "10.0.0.2/30" in shown
    plane.apply(Change(ensure=(TWO,)))
    subprocess.run(["ip", "link", "set", outside_name, "netns", places.namespace_prefix + "two"], check=True)
    assert missing(plane, (ONE, handed)) == []
    plane.apply(Change(remove=(handed,)))
    assert outside_name not in ip(places, "two", "-o", "link")


def test_an_interface_of_the_user_is_never_replaced_by_a_hand_off(plane: LinuxPlane, outside_name: str) -> None:
    subprocess.run(["ip", "link", "add", outside_name, "type", "veth", "peer", "name", f"{outside_name}p"], check=True)
    with pytest.raises(DriverFailure, match=f"has an interface {outside_name} already: rename it"):
        plane.apply(Change(ensure=(ONE, Link(Interface("one", "port"), Interface(OUTSIDE, outside_name)))))
    plane.apply(Change(remove=(Link(Interface("one", "port"), Interface(OUTSIDE, outside_name)),)))
    plane.sweep()
    subprocess.run(["ip", "link", "show", outside_name], check=True, capture_output=True)


@pytest.fixture
def spare(outside_name: str) -> str:
    """An interface of the machine that is free."""
    add = ["ip", "link", "add", outside_name, "mtu", "1450", "type", "veth", "peer", "name", f"{outside_name}p"]
    subprocess.run(add, check=True)
    return outside_name


def borrowed(places: Places, name: str) -> bool:
    return not Path(f"/sys/class/net/{name}").exists()


@pytest.mark.parametrize("way", ["removed", "with its node", "by a sweep"])
def test_a_borrowed_interface_is_given_back_as_it_was(plane: LinuxPlane, places: Places, spare: str, way: str) -> None:
    port = Port("one", "port0", takes=spare, mtu=1508)
    plane.apply(Change(ensure=(ONE, port)))
    assert missing(plane, (ONE, port)) == []
    assert borrowed(places, spare)
    ip(places, "one", "link", "set", "port0", "down")
    assert missing(plane, (ONE, port)) == [port.key]
    plane.apply(Change(ensure=(ONE, port)))
    match way:
        case "removed":
            plane.apply(Change(remove=(port,)))
        case "with its node":
            plane.apply(Change(remove=(ONE,)))
        case _:
            plane.sweep()
    shown = subprocess.run(["ip", "link", "show", spare], capture_output=True, text=True, check=True).stdout
    assert "mtu 1450" in shown
    assert "alias" not in shown
    assert "state DOWN" in shown


def test_a_port_that_takes_another_interface_gives_back_the_first(
    plane: LinuxPlane, places: Places, spare: str
) -> None:
    plane.apply(Change(ensure=(ONE, Port("one", "port0", takes=spare))))
    plane.apply(Change(ensure=(Port("one", "port0", takes=f"{spare}p"),)))
    assert not borrowed(places, spare)
    assert borrowed(places, f"{spare}p")


def test_an_interface_that_strayed_out_of_its_node_is_taken_again(
    plane: LinuxPlane, places: Places, spare: str
) -> None:
    """As the kernel does it with a physical one whose namespace ends: outside, under the node's name for it."""
    stray = f"{spare}s"
    port = Port("one", stray, takes=spare)
    plane.apply(Change(ensure=(ONE, port)))
    ip(places, "one", "link", "set", stray, "netns", "1")
    assert missing(plane, (ONE, port)) == [port.key]
    plane.apply(Change(ensure=(port,)))
    assert missing(plane, (ONE, port)) == []
    plane.apply(Change(remove=(port,)))
    assert not borrowed(places, spare)


def test_an_interface_that_is_not_free_is_refused_with_a_way_out(plane: LinuxPlane, spare: str) -> None:
    subprocess.run(["ip", "addr", "add", "198.51.100.1/24", "dev", spare], check=True)
    with pytest.raises(DriverFailure, match=r"not free: it has addresses \(198.51.100.1/24\); remove them first"):
        plane.apply(Change(ensure=(ONE, Port("one", "port0", takes=spare))))
    with pytest.raises(DriverFailure, match=r"no interface nosuch0 .* name another one"):
        plane.apply(Change(ensure=(ONE, Port("one", "port0", takes="nosuch0"))))


def test_a_sweep_that_cannot_give_back_one_interface_does_everything_else(
    plane: LinuxPlane, places: Places, spare: str
) -> None:
    plane.apply(Change(ensure=(ONE, TWO, Port("one", "port0", takes=spare))))
    subprocess.run(["ip", "link", "add", spare, "type", "bridge"], check=True)
    with pytest.raises(
        DriverFailure, match=f"namespace {places.namespace_prefix}one: .* the name {spare} is in use there"
    ):
        plane.sweep()
    assert plane.nodes() == {"one"}
    subprocess.run(["ip", "link", "del", spare], check=True)
    plane.sweep()
    assert not borrowed(places, spare)


def test_a_sweep_unmarks_an_interface_that_a_crash_left_marked(plane: LinuxPlane, places: Places, spare: str) -> None:
    mark = f"tl:{places.instance}:0123456789:1450:{spare}"
    subprocess.run(["ip", "link", "set", spare, "name", f"{spare}x", "alias", mark, "mtu", "1400"], check=True)
    assert plane.sweep() == (f"interface {spare}x",)
    assert (
        "alias" not in subprocess.run(["ip", "link", "show", spare], capture_output=True, text=True, check=True).stdout
    )
