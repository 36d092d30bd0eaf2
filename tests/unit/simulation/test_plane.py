"""The simulated plane keeps pieces, refuses what Linux refuses, and follows frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chains import Chain, shared
from trunkline.errors import DriverFailure
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    OUTSIDE,
    Address,
    CrossConnect,
    Direction,
    Interface,
    Link,
    Node,
    Piece,
    Port,
    Role,
    Route,
    Sentry,
    Tag,
    Tunnel,
)
from trunkline.simulation import SimulatedPlane

A, B = Node("a", Role.VRF), Node("b", Role.VRF)
WIRE = Link(Interface("a", "a0", (Address("10.0.0.1/30"),)), Interface("b", "b0", (Address("10.0.0.2/30"),)))
CORES = (Node("core1", Role.CORE, loopback=("10.255.0.1/32",)), Node("core2", Role.CORE, loopback=("10.255.0.2/32",)))
BACKBONE = Link(Interface("core1", "x"), Interface("core2", "y"))
TUNNELS = (Tunnel("core1", Interface("a", "t0"), 7, "10.255.0.1", "10.255.0.2"),
           Tunnel("core2", Interface("b", "t0"), 7, "10.255.0.2", "10.255.0.1"))


def plane_with(*pieces: Piece) -> SimulatedPlane:
    plane = SimulatedPlane()
    plane.apply(Change(ensure=pieces))
    return plane


def test_what_is_made_is_observed_and_what_differs_is_not() -> None:
    plane = plane_with(WIRE, B, A)  # the order of creation is the plane's business
    assert plane.observe([A, B, WIRE]) == {A.key, B.key, WIRE.key}
    assert plane.observe([replace(WIRE, a=replace(WIRE.a, mtu=9000))]) == frozenset()
    assert plane.nodes() == {"a", "b"}


def test_an_equal_piece_changes_nothing() -> None:
    plane = plane_with(A, B, WIRE)
    before = plane.generation
    plane.apply(Change(ensure=(A, B, WIRE)))
    assert plane.generation == before


REFUSED: dict[str, tuple[Piece, str]] = {
    "link into a missing node": (Link(Interface("a", "n0"), Interface("nowhere", "n1")), "nowhere does not exist"),
    "name of 16 characters": (Link(Interface("a", "x" * 16), Interface("b", "n1")), "no interface name"),
    "name that is taken": (Link(Interface("a", "new"), Interface("b", "b0")), "b0 exists already"),
    "twice the same end": (Link(Interface("a", "n0"), Interface("a", "n0")), "both ends"),
    "address twice": (Link(Interface("a", "n0", (Address("10.1.1.1/24"),) * 2), Interface("b", "n1")), "stands twice"),
    "no address": (Link(Interface("a", "n0", (Address("10.1.1.300/24"),)), Interface("b", "n1")), "10.1.1.300"),
    "MTU of nothing": (Link(Interface("a", "n0", mtu=10), Interface("b", "n1")), "MTU 10"),
    "no bridge": (Link(Interface("a", "n0", bridged=True), Interface("b", "n1")), "no bridge"),
    "port into a missing node": (Port("nowhere", "p0", "eth7"), "nowhere does not exist"),
    "tunnel without underlay": (TUNNELS[0], "underlay core1 does not exist"),
    "route to nobody": (Route("a", "0.0.0.0/0", ("10.9.9.9",)), "on no link"),
    "route over nothing": (Route("a", "10.9.0.0/16", interface="none"), "none does not exist"),
    "cross-connect of nothing": (
        CrossConnect("a", "a0", "none", "x", Direction.IN), "none does not exist"),
    "three tags": (CrossConnect("a", "a0", "a0", "x", Direction.IN, (Tag(1),) * 3), "3 tags"),
    "VLAN 4095": (CrossConnect("a", "a0", "a0", "x", Direction.IN, (Tag(4095),)), "VLAN 4095"),
}


@pytest.mark.parametrize(("piece", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_what_linux_refuses(piece: Piece, reason: str) -> None:
    plane = plane_with(A, B, WIRE)
    with pytest.raises(DriverFailure, match=reason):
        plane.apply(Change(ensure=(piece,)))
    assert plane.observe([A, B, WIRE, piece]) == {A.key, B.key, WIRE.key}


def test_a_tunnel_needs_its_address_in_the_underlay_and_a_number_of_its_own() -> None:
    plane = plane_with(A, B, *CORES, TUNNELS[0])
    with pytest.raises(DriverFailure, match="no loopback"):
        plane.apply(Change(ensure=(replace(TUNNELS[1], local="10.255.9.9"),)))
    with pytest.raises(DriverFailure, match="VNI 7"):
        plane.apply(Change(ensure=(replace(TUNNELS[0], end=Interface("b", "t9")),)))


def test_one_failure_stops_no_other_and_all_are_named() -> None:
    plane = SimulatedPlane()
    with pytest.raises(DriverFailure, match=r"link a:a0: .*; route a:10.0.0.0/8"):
        plane.apply(Change(ensure=(A, WIRE, Route("a", "10.0.0.0/8", ("10.0.0.2",)))))
    assert plane.nodes() == {"a"}


def test_an_injected_failure_happens_once() -> None:
    plane = SimulatedPlane()
    plane.fail_next(A.key, "out of memory")
    with pytest.raises(DriverFailure, match="out of memory"):
        plane.apply(Change(ensure=(A,)))
    plane.apply(Change(ensure=(A,)))
    assert plane.nodes() == {"a"}


def test_with_a_node_goes_all_that_leaned_on_it() -> None:
    default = Route("b", "0.0.0.0/0", ("10.0.0.1",))
    crossing = CrossConnect("b", "b0", "b0", "x", Direction.IN)
    plane = plane_with(A, B, WIRE, default, crossing)
    plane.apply(Change(remove=(A,)))
    assert plane.observe([A, B, WIRE, default, crossing]) == {B.key}
    plane.apply(Change(ensure=(A, WIRE)))
    assert plane.observe([WIRE, default]) == {WIRE.key}
    assert plane.birth("a") == 2


def test_a_tunnel_goes_with_its_underlay() -> None:
    plane = plane_with(A, B, *CORES, BACKBONE, *TUNNELS)
    plane.apply(Change(remove=(CORES[0],)))
    assert plane.observe(TUNNELS) == {TUNNELS[1].key}


def test_a_changed_address_takes_the_route_through_it() -> None:
    default = Route("b", "0.0.0.0/0", ("10.0.0.1",))
    plane = plane_with(A, B, WIRE, default)
    plane.apply(Change(ensure=(replace(WIRE, b=replace(WIRE.b, addresses=(Address("10.0.9.2/30"),))),)))
    assert plane.observe([default]) == frozenset()


def test_a_sweep_leaves_nothing() -> None:
    plane = plane_with(A, B, WIRE)
    assert plane.sweep() == ("link a:a0", "node a", "node b")
    assert plane.nodes() == frozenset()
    plane.apply(Change(ensure=(A, B, WIRE)))


def test_frames_cross_a_link_and_a_tunnel() -> None:
    plane = plane_with(A, B, WIRE, *CORES, BACKBONE, *TUNNELS)
    assert plane.carries("a", "a0", "b", "b0")
    assert plane.carries("a", "t0", "b", "t0")
    assert not plane.carries("a", "a0", "b", "t0")
    plane.apply(Change(remove=(BACKBONE,)))
    assert not plane.carries("a", "t0", "b", "t0")


def test_frames_cross_a_bridge() -> None:
    lan, c = Node("lan", Role.LAN, bridge=True), Node("c", Role.HOST)
    ports = tuple(Link(Interface(node, "eth0"), Interface("lan", f"p-{node}", bridged=True)) for node in "abc")
    plane = plane_with(A, B, c, lan, *ports)
    assert plane.carries("a", "eth0", "b", "eth0")
    assert plane.carries("b", "eth0", "c", "eth0")
    assert not plane.carries("a", "eth0", "lan", "p-b")


def test_tagged_frames_cross_a_provider_and_an_edge() -> None:
    chain = Chain()
    plane = plane_with(*shared(), *chain.pieces())
    assert plane.carries("ce1", "v", "vrf1", "customer")
    assert plane.counters("edge").attachments.keys() == {
        (chain.attachment, Direction.IN), (chain.attachment, Direction.OUT)}


@pytest.mark.parametrize("spoil", [
    lambda entry: replace(entry, push=(Tag(999),)),
    lambda entry: replace(entry, egress=entry.ingress),
])
@pytest.mark.parametrize("node", ["ce1", "switch", "edge"])
def test_one_wrong_cross_connect_stops_the_frames(node: str, spoil: Callable[[CrossConnect], CrossConnect]) -> None:
    pieces = (*shared(), *Chain().pieces())
    victim = next(piece for piece in pieces if isinstance(piece, CrossConnect) and piece.node == node)
    plane = plane_with(*pieces)
    plane.apply(Change(ensure=(spoil(victim),)))
    assert not plane.carries("ce1", "v", "vrf1", "customer")


def test_neighbors_are_own_addresses_and_those_that_answer() -> None:
    plane = plane_with(A, B, WIRE)
    assert [(one.address, one.state) for one in plane.neighbors("a")] == [
        ("10.0.0.1", "PERMANENT"), ("10.0.0.2", "REACHABLE")]


def test_a_hand_off_ends_outside() -> None:
    handoff = Link(Interface("a", "c7"), Interface(OUTSIDE, "my-port"))
    plane = plane_with(A, handoff)
    assert plane.observe([handoff]) == {handoff.key}
    assert plane.carries("a", "c7", OUTSIDE, "my-port")


def test_a_sentry_stands_at_an_interface_of_its_number_and_goes_with_it() -> None:
    numbered = replace(WIRE, a=replace(WIRE.a, index=7))
    sentry = Sentry("a", "a0", 7, "edge", "c1.primary.private", ("10.0.0.1",), ("10.0.0.2",))
    plane = plane_with(A, B, numbered, sentry)
    assert plane.observe([sentry]) == {sentry.key}
    with pytest.raises(DriverFailure, match="has number 7, not 8"):
        plane.apply(Change(ensure=(replace(sentry, index=8),)))
    plane.apply(Change(remove=(numbered,)))
    assert plane.observe([sentry]) == frozenset()
