"""The guard program on real frames: who may come in at an attachment, and how much of it a VRF looks at itself.

    customer v ══ customer VRF g ══ eth0 cloud     the customer's prefixes lead back to it, others to the cloud
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from ipaddress import ip_address

import pytest

from trunkline.drill import frames
from trunkline.fabric import guard, pins
from trunkline.fabric.bpf import guard_records, libbpf
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Address, Counter, Direction, Interface, Link, Node, Role, Route, Sentry
from trunkline.settings import Places
from waiting import until
from wires import port_socket, received, run

pytestmark = pytest.mark.root

NUMBER, COUNT = 1 << 28 | 7, 20
EDGE, ATTACHMENT = "edge", "c1.primary.private"
VRF_MAC, CLOUD_MAC = "02:00:00:00:00:02", "02:00:00:00:00:04"
PEER, OWN, HOST, VM = "172.16.0.1", "172.16.0.2", "10.10.1.10", "10.1.0.4"
PEER6, OWN6, HOST6, VM6 = "fd00:ac::1", "fd00:ac::2", "fd00:10::10", "fd00:1::4"
LINK_LOCAL = "fe80::ff:fe00:1"
SENTRY = Sentry("vrf", "customer", NUMBER, EDGE, ATTACHMENT, (OWN, OWN6), (PEER, PEER6))
PIECES = (
    Node("ce", Role.CE), Node("vrf", Role.VRF, forwarding=True), Node("cloud", Role.VM),
    Link(Interface("vrf", "customer", (Address(f"{OWN}/30"), Address(f"{OWN6}/126")), mac=VRF_MAC, index=NUMBER),
         Interface("ce", "v", (Address(f"{PEER}/30"), Address(f"{PEER6}/126")), mac=frames.OWN_MAC.hex(":"))),
    Link(Interface("vrf", "g", (Address("10.1.0.1/16"), Address("fd00:1::1/64"))),
         Interface("cloud", "eth0", (Address(f"{VM}/16"), Address(f"{VM6}/64")), mac=CLOUD_MAC)),
    Route("vrf", "10.10.0.0/16", (PEER,)), Route("vrf", "fd00:10::/48", (PEER6,)),
    Route("vrf", "10.20.0.0/16", (VM,)), Route("vrf", "fd00:20::/48", (VM6,)),
    Route("cloud", "0.0.0.0/0", ("10.1.0.1",)), Route("cloud", "::/0", ("fd00:1::1",)),
    SENTRY)


@pytest.fixture
def plane(places: Places) -> Iterator[LinuxPlane]:
    plane = LinuxPlane(places)
    plane.apply(Change(ensure=PIECES))
    run(places, "vrf", "ip", "neighbor", "replace", VM, "lladdr", CLOUD_MAC, "dev", "g")
    run(places, "vrf", "ip", "neighbor", "replace", VM6, "lladdr", CLOUD_MAC, "dev", "g")
    yield plane
    plane.sweep()


class Bench:
    """The customer's end of the attachment, and what comes out of the VRF on the other side."""

    def __init__(self, plane: LinuxPlane, customer: socket.socket, vrf: socket.socket, cloud: socket.socket) -> None:
        self._plane, self._customer, self._vrf, self._cloud = plane, customer, vrf, cloud
        self._before = self.refused()

    def send(self, frame: bytes, count: int = COUNT) -> None:
        for _ in range(count):
            self._customer.send(frame)

    def send_packet(self, packet: bytes, count: int = COUNT) -> None:
        self.send(frames.ip(frames.mac(VRF_MAC), packet), count)

    def arrived(self, packet: bytes) -> int:
        """How many the cloud got, one hop later."""
        payload = packet[8 if packet[0] >> 4 == 6 else 12:]
        return sum(payload in frame for frame in received(self._cloud, 0.2))

    def answered(self) -> list[bytes]:
        """What the customer got."""
        return list(received(self._customer, 0.2))

    def refused(self) -> dict[str, Counter]:
        return self._plane.counters(EDGE).drops.get((ATTACHMENT, Direction.IN), {})

    def newly_refused(self) -> dict[str, tuple[int, int]]:
        now, then = self.refused(), self._before
        changes = {reason: (counter.packets - then.get(reason, Counter()).packets,
                            counter.byte_count - then.get(reason, Counter()).byte_count)
                   for reason, counter in now.items()}
        return {reason: change for reason, change in changes.items() if change != (0, 0)}


@pytest.fixture
def bench(plane: LinuxPlane, places: Places) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(plane, *(stack.enter_context(port_socket(places, node, name))
                             for node, name in (("ce", "v"), ("vrf", "customer"), ("cloud", "eth0"))))


@pytest.mark.parametrize(("source", "target"), [
    (HOST, VM), (PEER, VM), ("10.10.255.254", VM), (HOST6, VM6), (PEER6, VM6)])
def test_what_is_routed_back_to_the_attachment_comes_in(bench: Bench, source: str, target: str) -> None:
    packet = frames.udp(source, target, data=b"true")
    bench.send_packet(packet)
    assert bench.arrived(packet) == COUNT
    assert bench.newly_refused() == {}


@pytest.mark.parametrize(("source", "target"), [
    ("8.8.8.8", VM), ("10.20.1.10", VM), (VM, VM), ("10.1.0.1", VM), (OWN, VM), ("100.64.0.1", VM), ("172.16.0.5", VM),
    ("0.0.0.0", VM), ("127.0.0.1", VM), ("169.254.0.1", VM), ("224.0.0.5", VM), ("255.255.255.255", VM),  # noqa: S104
    ("2001:db8::1", VM6), ("fd00:20::10", VM6), (VM6, VM6), (OWN6, VM6), ("fd00:ac::5", VM6), ("::", VM6),
    ("::1", VM6), (LINK_LOCAL, VM6), ("ff02::1", VM6)])
def test_what_is_not_is_dropped_and_counted_to_the_byte(bench: Bench, source: str, target: str) -> None:
    """Nobody's prefix, that of another attachment, the cloud's own, the VRF's, the backbone's, another leg's link."""
    packet = frames.udp(source, target, data=b"forged")
    bench.send_packet(packet)
    assert bench.arrived(packet) == 0
    assert bench.newly_refused() == {"spoofed": (COUNT, COUNT * (14 + len(packet)))}


@pytest.mark.parametrize(("prefix", "source", "other", "target"), [
    ("10.10.0.0/16", HOST, "10.10.1.11", VM), ("fd00:10::/48", HOST6, "fd00:10::11", VM6)])
def test_a_withdrawn_prefix_is_let_in_no_more_but_for_what_is_under_way(
        bench: Bench, plane: LinuxPlane, prefix: str, source: str, other: str, target: str) -> None:
    talking, silent = (frames.udp(address, target, data=b"once true") for address in (source, other))
    route = next(piece for piece in PIECES if isinstance(piece, Route) and piece.prefix == prefix)
    bench.send_packet(talking)
    plane.apply(Change(remove=(route,)))
    bench.send_packet(talking)
    bench.send_packet(silent)
    assert (bench.arrived(talking), bench.newly_refused()["spoofed"][0]) == (2 * COUNT, COUNT)
    until(lambda: refusal_of(bench, talking), 5, "the grace to end")
    plane.apply(Change(ensure=(route,)))
    bench.send_packet(talking)
    assert bench.arrived(talking) == COUNT


def test_when_bgp_begins_anew_a_source_of_old_need_not_wait_for_its_route(bench: Bench, plane: LinuxPlane) -> None:
    """It may come first. One that never was here waits."""
    known, unknown = frames.udp(HOST, VM, data=b"known"), frames.udp("10.10.1.11", VM, data=b"unknown")
    route = next(piece for piece in PIECES if isinstance(piece, Route) and piece.prefix == "10.10.0.0/16")
    bench.send_packet(known)
    plane.apply(Change(remove=(route,)))
    until(lambda: refusal_of(bench, known), 5, "the grace to end")
    bench.send_packet(frames.tcp(PEER, OWN, frames.BGP), 1)
    before = bench.newly_refused()["spoofed"][0]
    bench.send_packet(known)
    bench.send_packet(unknown)
    assert bench.arrived(known) == COUNT
    assert bench.newly_refused()["spoofed"][0] == before + COUNT


def refusal_of(bench: Bench, packet: bytes) -> bool:
    before = bench.newly_refused()
    bench.send_packet(packet, 1)
    bench.arrived(packet)
    return bench.newly_refused() != before


def test_a_source_that_another_interface_leads_to_has_no_grace(bench: Bench, plane: LinuxPlane) -> None:
    packet = frames.udp(HOST, VM, data=b"moved")
    bench.send_packet(packet)
    plane.apply(Change(ensure=(Route("vrf", "10.10.0.0/16", (VM,)),)))
    bench.send_packet(packet)
    assert (bench.arrived(packet), bench.newly_refused()["spoofed"][0]) == (COUNT, COUNT)


def test_with_a_default_route_all_but_what_leads_elsewhere_comes_in(bench: Bench, plane: LinuxPlane) -> None:
    plane.apply(Change(ensure=(Route("vrf", "0.0.0.0/0", (PEER,)),)))
    welcome, forged = frames.udp("8.8.8.8", VM, data=b"internet"), frames.udp("10.20.1.10", VM, data=b"elsewhere")
    for packet in (welcome, forged):
        bench.send_packet(packet)
    assert bench.arrived(welcome) == COUNT
    assert bench.newly_refused() == {"spoofed": (COUNT, COUNT * (14 + len(forged)))}


def test_arp_is_the_peers_to_answer(bench: Bench, places: Places) -> None:
    """Neither another address nor another MAC than the frame's own; a probe for a free address is harmless."""
    bench.send(frames.arp("172.16.0.3", OWN, reply=True), 5)
    bench.send(frames.arp(HOST, OWN), 5)
    bench.send(frames.arp(OWN, OWN, reply=True), 5)
    bench.send(frames.arp(PEER, OWN, claimed=bytes.fromhex("020000000066"), reply=True), 5)
    assert bench.newly_refused() == {"spoofed": (20, 20 * 42)}
    assert "02:00:00:00:00:66" not in run(places, "vrf", "ip", "neighbor")
    bench.send(frames.arp("0.0.0.0", PEER), 2)  # noqa: S104
    bench.send(frames.arp(PEER, OWN), 2)
    assert bench.newly_refused() == {"spoofed": (20, 20 * 42)}
    assert any(frame[12:14] == b"\x08\x06" for frame in bench.answered())


def test_nd_is_the_peers_to_answer(bench: Bench, places: Places) -> None:
    forged = (frames.advertisement(PEER6, OWN6, HOST6), frames.advertisement(HOST6, OWN6, PEER6),
              frames.solicitation(HOST6, OWN6))
    for packet in forged:
        bench.send_packet(packet, 5)
    assert bench.newly_refused() == {"spoofed": (15, 5 * sum(14 + len(packet) for packet in forged))}
    unreachability_probe = frames.icmp6(LINK_LOCAL, OWN6, 135, bytes(4) + ip_address(OWN6).packed)
    for packet in (frames.solicitation("::", PEER6), frames.solicitation(LINK_LOCAL, OWN6), unreachability_probe,
                   frames.advertisement(PEER6, OWN6, PEER6)):
        bench.send_packet(packet, 2)
    assert set(bench.newly_refused()) == {"spoofed"}
    assert any(frame[12:14] == b"\x86\xdd" and frame[54] == 136 for frame in bench.answered())


def test_router_advertisements_and_redirects_are_nobodys(bench: Bench) -> None:
    for kind in (134, 137):
        bench.send_packet(frames.icmp6(LINK_LOCAL, "ff02::1", kind, bytes(36)), 5)
    assert bench.newly_refused()["stranger"][0] == 10


@pytest.mark.parametrize("packet", [
    frames.tcp(HOST, OWN, frames.BGP), frames.tcp(PEER, "10.1.0.1", frames.BGP),
    frames.tcp(HOST, "10.1.0.1", frames.BGP),
    frames.tcp(HOST, OWN, 40000, frames.ACK, own_port=frames.BGP), frames.udp(HOST, OWN, frames.BFD),
    frames.udp(PEER, "10.1.0.1", 4784), frames.tcp(HOST6, OWN6, frames.BGP), frames.udp(HOST6, OWN6, frames.BFD),
    frames.tcp(LINK_LOCAL, OWN6, frames.BGP)])
def test_bgp_and_bfd_are_taken_from_the_peer_alone(bench: Bench, packet: bytes) -> None:
    bench.send_packet(packet)
    assert bench.newly_refused() == {"stranger": (COUNT, COUNT * (14 + len(packet)))}


@pytest.mark.parametrize("packet", [
    frames.tcp(PEER, OWN, frames.BGP, hops=1), frames.udp(PEER, OWN, frames.BFD, hops=255),
    frames.tcp(PEER6, OWN6, frames.BGP),
    frames.tcp(LINK_LOCAL, "fe80::1", frames.BGP), frames.echo(HOST, OWN), frames.echo(HOST6, OWN6),
    frames.udp(HOST, OWN, 33434), frames.udp(HOST, VM, hops=1)])
def test_what_the_vrf_may_be_asked_it_is_asked(bench: Bench, packet: bytes) -> None:
    bench.send_packet(packet, 10)
    assert bench.newly_refused() == {}


STORMS = {
    "ARP": frames.arp(PEER, OWN),
    "ND": frames.ip(frames.mac(VRF_MAC), frames.solicitation(PEER6, OWN6)),
    "SYN": frames.ip(frames.mac(VRF_MAC), frames.tcp(PEER, OWN, frames.BGP)),
    "ping": frames.ip(frames.mac(VRF_MAC), frames.echo(HOST, OWN)),
    "unreachable": frames.ip(frames.mac(VRF_MAC), frames.udp(HOST, "192.0.2.1")),
    "expired": frames.ip(frames.mac(VRF_MAC), frames.udp(HOST, VM, hops=1)),
}


@pytest.mark.parametrize("storm", STORMS.values(), ids=STORMS.keys())
def test_a_storm_of_one_kind_is_bounded_and_starves_no_other(bench: Bench, places: Places, storm: bytes) -> None:
    """The customer's own kernel is silent: its solicitations and listener reports would be counted with the storm."""
    run(places, "ce", "sysctl", "--quiet", "--write", "net.ipv6.conf.v.disable_ipv6=1")
    bench.send(storm, 5_000)
    policed, octets = bench.newly_refused()["control-policed"]
    assert policed >= 4_000
    assert octets == policed * len(storm)
    bench.answered()
    bgp, bfd = frames.tcp(PEER, OWN, frames.BGP, frames.ACK), frames.udp(PEER, OWN, frames.BFD)
    for _ in range(100):
        bench.send_packet(bgp, 1)
        bench.send_packet(bfd, 1)
    assert bench.newly_refused() == {"control-policed": (policed, octets)}


@pytest.mark.parametrize("frame", [
    frames.ethernet(frames.mac(VRF_MAC), 0x88CC, bytes(46)),
    frames.ethernet(frames.mac(VRF_MAC), frames.IPV4, frames.udp(HOST, VM), tags=((0x8100, 5),))],
    ids=["another protocol", "a tag"])
def test_what_is_not_spoken_here_is_foreign(bench: Bench, frame: bytes) -> None:
    bench.send(frame)
    assert bench.newly_refused()["foreign"][0] == COUNT


@pytest.mark.parametrize("body", [
    b"\x45", b"\x65" + bytes(40), b"\x44" + bytes(40), frames.udp(HOST, VM)[:19], bytes(46)],
    ids=["one byte", "version 6", "short header", "cut header", "zeros"])
def test_what_contradicts_itself_is_malformed(bench: Bench, body: bytes) -> None:
    bench.send(frames.ethernet(frames.mac(VRF_MAC), frames.IPV4, body))
    assert bench.newly_refused() == {"malformed": (COUNT, COUNT * (14 + len(body)))}


def test_a_family_that_the_attachment_does_not_have_is_foreign(bench: Bench, plane: LinuxPlane) -> None:
    plane.apply(Change(ensure=(replace(SENTRY, own=(OWN,), peers=(PEER,)),)))
    bench.send_packet(frames.udp(HOST6, VM6))
    plane.apply(Change(ensure=(replace(SENTRY, own=(OWN6,), peers=(PEER6,)),)))
    bench.send_packet(frames.udp(HOST, VM))
    bench.send(frames.arp(PEER, OWN))
    assert bench.newly_refused()["foreign"][0] == 3 * COUNT


def test_what_is_missing_or_changed_is_seen_and_mended_and_counters_stay(bench: Bench, plane: LinuxPlane,
                                                                        places: Places) -> None:
    bench.send_packet(frames.udp("8.8.8.8", VM))
    assert plane.observe(PIECES) == {piece.key for piece in PIECES}
    run(places, "vrf", "tc", "qdisc", "del", "dev", "customer", "clsact")
    assert SENTRY.key not in plane.observe(PIECES)
    plane.apply(Change(ensure=(SENTRY,)))
    other = replace(SENTRY, peers=("172.16.0.9", PEER6))
    assert plane.observe((SENTRY,))
    assert not plane.observe((other,))
    bench.send_packet(frames.udp("8.8.8.8", VM))
    assert bench.newly_refused()["spoofed"][0] == 2 * COUNT


def test_a_sentry_that_leaves_takes_its_counters_along(bench: Bench, plane: LinuxPlane) -> None:
    bench.send_packet(frames.udp("8.8.8.8", VM))
    plane.apply(Change(remove=(SENTRY,)))
    assert bench.refused() == {}
    packet = frames.udp("8.8.8.8", VM, data=b"unguarded")
    bench.send_packet(packet)
    assert bench.arrived(packet) == COUNT


def test_an_interface_of_another_number_is_replaced(plane: LinuxPlane) -> None:
    link = next(piece for piece in PIECES if isinstance(piece, Link) and piece.a.index)
    other = replace(link, a=replace(link.a, index=NUMBER + 1))
    assert not plane.observe((other,))
    plane.apply(Change(ensure=(other, replace(SENTRY, index=NUMBER + 1))))
    assert other.key in plane.observe((other,))
    until(lambda: plane.observe((link,)) == frozenset(), 2, "the old number to be gone")


@pytest.mark.parametrize(("host", "target", "own"), [(HOST, VM, OWN), (HOST6, VM6, OWN6)])
def test_what_is_too_large_for_the_way_on_is_answered_from_the_attachments_address(
        bench: Bench, places: Places, host: str, target: str, own: str) -> None:
    run(places, "vrf", "ip", "link", "set", "g", "mtu", "1400")
    bench.send_packet(frames.echo(host, target, size=1400, dont_fragment=True), 1)
    answers = [frame[14:] for frame in bench.answered() if frame[12:14] in (b"\x08\x00", b"\x86\xdd")]
    assert [frames.too_big(answer) for answer in answers if frames.too_big(answer)] == [(own, host, 1400)]
    assert bench.newly_refused() == {}


def test_a_sentry_ensured_again_keeps_what_its_program_remembers(plane: LinuxPlane, places: Places) -> None:
    """When the peer's session began, and how full the buckets are."""
    key, state = guard_records.KEY.pack(NUMBER), bytes(range(len(guard_records.UNUSED)))
    with pins.opened(guard.directory(places, EDGE), guard.SENTRIES) as (sentries,):
        libbpf.update(sentries, key, guard_records.compile_sentry(SENTRY) + state)
        plane.apply(Change(ensure=(SENTRY,)))
        assert libbpf.lookup(sentries, key, guard_records.SENTRY_BYTES) == guard_records.compile_sentry(SENTRY) + state
