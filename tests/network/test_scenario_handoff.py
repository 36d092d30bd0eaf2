"""The hand-off as it is on the wire: S-tag 802.1ad around C-tag 802.1Q, and counters that count exactly that.

The customer's end is a tagged hand-off without any router, so that nobody else's frames are counted.
"""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import estates
from premises import premises
from scenes import real_stage
from stage import Stage
from trunkline.intent.compile.draft import attachment_name
from trunkline.intent.compile.plant import TO_EDGE, edge_node, port_interface, switch_node
from trunkline.intent.network import Counter, Direction
from trunkline.model.circuit import Leg
from trunkline.model.profile import AZURE
from trunkline.reconcile.overview import Look, overview
from trunkline.reconcile.troubles import Troubles
from trunkline.settings import Places
from waiting import until
from wires import port_socket, received, tags_of

pytestmark = pytest.mark.root

S_TAG, C_TAG, COUNT = (0x88A8, 7), (0x8100, 100), 50
EDGE, SWITCH = edge_node("Amsterdam", Leg.PRIMARY), switch_node("Equinix", "Amsterdam", Leg.PRIMARY)
MAC, OWN, CLOUD = bytes.fromhex("020000000001"), "172.16.0.1", "172.16.0.2"
ARP, IPV4 = b"\x08\x06", b"\x08\x00"


@pytest.fixture
def wire(places: Places, tmp_path: Path) -> Iterator[tuple[Stage, socket.socket]]:
    """The primary's hand-off. The peering is disabled: the cloud's router says nothing unless it is asked."""
    with premises(tmp_path, places.instance) as there, real_stage(places) as stage:
        name = f"h{places.instance}"
        circuit, twin = estates.circuit(number=S_TAG[1])
        order = estates.order(number=S_TAG[1], primary={"handoff": {"interface": name}}, secondary=None)
        wish = {key: value for key, value in order.properties.items() if key != "site"}
        stage.put(circuit, twin, estates.peering(state="Disabled"), replace(order, properties=wish))
        there.take(name)
        with closing(there.port_socket(name)) as socket_:
            yield stage, socket_


def frame(kind: bytes, target: bytes, body: bytes) -> bytes:
    return target + MAC + struct.pack("!HH", *C_TAG) + kind + body


def arp_request() -> bytes:
    addresses = MAC + socket.inet_aton(OWN) + bytes(6) + socket.inet_aton(CLOUD)
    return frame(ARP, b"\xff" * 6, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + addresses)


def echo_request(target: bytes, sequence: int) -> bytes:
    icmp = _summed(struct.pack("!BBHHH", 8, 0, 0, 1, sequence) + bytes(56), 2)
    ends = socket.inet_aton(OWN) + socket.inet_aton(CLOUD)
    head = _summed(struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0) + ends, 10)
    return frame(IPV4, target, head + icmp)


def _summed(text: bytes, at: int) -> bytes:
    """With the internet checksum (RFC 1071) written into it."""
    total = sum(struct.unpack(f"!{len(text) // 2}H", text))
    total = (total & 0xFFFF) + (total >> 16)
    return text[:at] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + text[at + 2:]


def counted(stage: Stage, node: str, direction: Direction) -> Counter:
    return stage.plane.counters(node).attachments[attachment_name(S_TAG[1], Leg.PRIMARY), direction]


def test_both_tags_are_on_the_trunk_and_every_frame_is_counted_once(wire: tuple[Stage, socket.socket]) -> None:
    stage, customer = wire
    customer.send(arp_request())
    answer = next(one for one in received(customer, 5) if ARP in one[12:18])
    assert tags_of(answer) == [C_TAG]
    cloud = answer[6:12]
    before = {(node, way): counted(stage, node, way) for node in (EDGE, SWITCH) for way in Direction}

    with closing(port_socket(stage.places, EDGE, port_interface("Equinix"))) as inwards, \
            closing(port_socket(stage.places, SWITCH, TO_EDGE)) as outwards:
        for sequence in range(COUNT):
            customer.send(echo_request(cloud, sequence))
        until(lambda: counted(stage, SWITCH, Direction.OUT).packets - before[SWITCH, Direction.OUT].packets == COUNT, 5,
              "every echo to be answered")
        for trunk in (inwards, outwards):
            seen = list(received(trunk, 0.3))
            assert [tags_of(one) for one in seen] == [[S_TAG, C_TAG]] * COUNT
            assert {one[20:22] for one in seen} == {IPV4}
    for (node, way), was in before.items():
        now = counted(stage, node, way)
        assert (now.packets - was.packets, now.byte_count - was.byte_count) == (COUNT, COUNT * (14 + 20 + 8 + 56))


def test_frames_with_other_tags_are_dropped_and_the_reason_counted(wire: tuple[Stage, socket.socket]) -> None:
    stage, customer = wire
    before = drops(stage)
    other = arp_request().replace(struct.pack("!HH", *C_TAG), struct.pack("!HH", 0x8100, 101))
    for _ in range(COUNT):
        customer.send(other)
    until(lambda: drops(stage) - before == COUNT, 5, "every frame of another VLAN to be dropped and counted")
    assert counted(stage, EDGE, Direction.IN).packets == 0
    with stage.store.reading() as reader:
        look = Look(reader, stage.plane, stage.speaker, AZURE, Troubles())
        found = overview(estates.SUBSCRIPTION, look)
    own = f"c{S_TAG[1]}"
    assert {row["of"]: row["drops"] for row in found["ports"] if row["node"] == SWITCH and row["interface"] == own} == {
        "circuit er1": {"unknown-tag": drops(stage)}}
    inwards = found["circuits"][0]["legs"]["primary"]["counters"][0]
    assert (inwards["direction"], inwards["port"]["interface"]) == ("in", own)
    assert inwards["port"]["drops"]["unknown-tag"]["packets"] == drops(stage)


def drops(stage: Stage) -> int:
    return sum(counter.packets for counter in stage.plane.counters(SWITCH).dropped().values())


def test_tcpdump_shows_both_tags(wire: tuple[Stage, socket.socket]) -> None:
    """As the documentation says."""
    stage, customer = wire
    command = stage.command(EDGE, "tcpdump", "-nn", "-e", "-l", "-c", "1", "-i", port_interface("Equinix"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        until(lambda: "listening" in process.stderr.readline(), 5, "tcpdump to listen")  # type: ignore[union-attr]
        customer.send(arp_request())
        line = process.communicate(timeout=10)[0]
    assert "802.1Q-QinQ (0x88a8)" in line
    assert "vlan 7" in line
    assert "vlan 100" in line
