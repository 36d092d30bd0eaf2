"""Circuits on a Direct port: the customer's routers, or an interface of theirs, straight at the edges' own ports."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import estates
from premises import Premises, premises, spare_port
from scenes import (
    HOST,
    IN_CLOUD,
    IN_CLOUD6,
    all_up,
    both_up,
    connected,
    customer,
    disturbed,
    footprint,
    is_up,
    missing,
    real_stage,
)
from stage import Stage
from trunkline.fabric import namespace, tap
from trunkline.intent.compile.draft import attachment_name, ce_node, vrf_node
from trunkline.intent.compile.plant import edge_node
from trunkline.intent.direct import CABLE, PORT
from trunkline.intent.network import Direction
from trunkline.intent.view import CIRCUIT, PEERING, SITE
from trunkline.model.circuit import Leg
from trunkline.model.operation import OperationStatus
from trunkline.model.resource import Json, Resource
from trunkline.settings import Places, Timing
from waiting import until
from wires import port_socket, received, tags_of

pytestmark = pytest.mark.root

EDGE = edge_node("Amsterdam", Leg.PRIMARY)
CE1 = ce_node(estates.rid(SITE, "paris"), "ce1")
VRF = vrf_node(estates.rid(CIRCUIT, "er1"), Leg.PRIMARY)
S_TAG, C_TAG = (0x8100, 7), (0x8100, 100)
MAC, OWN, CLOUD, ARP = bytes.fromhex("020000000001"), "172.16.0.1", "172.16.0.2", b"\x08\x06"


@pytest.fixture
def stage(places: Places) -> Iterator[Stage]:
    with real_stage(places, Timing(retry_most_s=0.5)) as stage:
        yield stage


def links(stage: Stage, port: str = "port1") -> list[Json]:
    """As ``trunkline status`` tells them."""
    told = stage.ask(estates.rid(PORT, port), "status")
    return [row for row in told["directPorts"] if row["port"] == port]  # type: ignore[index]


def line_protocols(stage: Stage) -> list[str]:
    return [row["lineProtocol"] for row in links(stage)]


def carrier(stage: Stage, node: str, interface: str) -> str:
    return stage.run(node, "cat", f"/sys/class/net/{interface}/carrier").stdout.strip() or \
        stage.run(node, "ip", "-o", "link", "show", interface).stdout


@pytest.mark.parametrize(("encapsulation", "routers", "tags"), [
    pytest.param("QinQ", ("bird", "bird"), [S_TAG, C_TAG], id="QinQ"),
    pytest.param("Dot1Q", ("frr", "bird"), [C_TAG], id="Dot1Q")])
def test_packets_cross_between_a_site_and_a_network(stage: Stage, encapsulation: str, routers: tuple[str, ...],
                                                    tags: list[tuple[int, int]]) -> None:
    stage.put(*estates.on_direct(encapsulation, routers))
    all_up(stage)
    connected(stage)
    with closing(port_socket(stage.places, EDGE, "d1")) as wire:
        connected(stage)
        seen = {tuple(tags_of(frame)) for frame in received(wire, 1.0)}
    assert seen == {tuple(tags)}
    shown = links(stage)
    assert [(row["adminState"], row["lineProtocol"], row["pluggedInto"]) for row in shown] == [
        ("Enabled", "Up", "paris ce1"), ("Enabled", "Up", "paris ce2")]
    assert all(row["traffic"][way]["packets"] > 0 for row in shown for way in ("in", "out"))
    assert [row["light"] for row in shown] == [[], []]
    assert not missing(stage)


def test_both_families_and_full_packets_cross(stage: Stage) -> None:
    """1,500 bytes from end to end, unfragmented: the tags are the underlay's to pay."""
    six = [estates.peering(**estates.SIX), estates.site(**estates.SITE6), *estates.cloud6()]
    stage.put(*estates.with_changes(estates.on_direct(), six))
    all_up(stage)
    for address, payload in ((IN_CLOUD, 1472), (IN_CLOUD6, 1452)):
        connected(stage, HOST, address)
        sent = stage.run(HOST, "ping", "-c", "2", "-W", "1", "-M", "do", "-s", str(payload), address)
        assert " 0% packet loss" in sent.stdout, sent.stdout


def test_a_disabled_link_is_down_at_the_customers_end_and_the_other_carries_on(stage: Stage) -> None:
    stage.put(*estates.on_direct())
    all_up(stage)
    before = {what: was for what, was in footprint(stage).items() if what[1].endswith("-s") or what[0] == "daemon"}
    stage.put(estates.port(admin=("Disabled", "Enabled")))
    assert line_protocols(stage) == ["Down", "Up"]
    assert "NO-CARRIER" in stage.run(CE1, "ip", "-o", "link", "show", "t1p").stdout
    until(lambda: not is_up(customer(stage, Leg.PRIMARY)), 5, "the primary's session to end")
    connected(stage)
    assert not disturbed(before, footprint(stage))
    stage.put(estates.port())
    assert line_protocols(stage) == ["Up", "Up"]
    both_up(stage)


def test_a_lost_edge_comes_back_with_its_ports_and_all_that_came_in_over_them(stage: Stage) -> None:
    stage.put(*estates.on_direct())
    all_up(stage)
    subprocess.run(["ip", "netns", "del", stage.namespace(EDGE)], check=True)
    until(lambda: not missing(stage), 20, "everything to be whole again", every_s=0.2)
    both_up(stage)
    connected(stage)


def test_a_port_is_made_with_its_links_down_and_without_cable_never_comes_up(stage: Stage) -> None:
    stage.put(estates.port(admin=("Disabled", "Disabled")))
    assert line_protocols(stage) == ["Down", "Down"]
    stage.put(estates.port())
    assert [(row["adminState"], row["lineProtocol"], row["pluggedInto"]) for row in links(stage)] == [
        ("Enabled", "Down", "nothing")] * 2
    stage.delete(estates.rid(PORT, "port1"))
    until(lambda: not stage.plane.nodes(), 5, "the plant that nobody requires to go")


def test_two_circuits_with_equal_c_tags_stay_apart_on_a_port_with_two_tags(stage: Stage) -> None:
    """er2 is the same customer's second circuit, on the same cable, in other subnets."""
    other = estates.peering("er2", primaryPeerAddressPrefix="172.16.1.0/30", secondaryPeerAddressPrefix="172.16.1.4/30")
    stage.put(*estates.on_direct(), estates.on_port("er2", 2, stag=8), other)
    both_up(stage)
    both_up(stage, "er2")
    counters = stage.plane.counters(EDGE).attachments
    assert all(counters[attachment_name(number, Leg.PRIMARY), Direction.IN].packets for number in (1, 2))
    stage.delete(estates.rid(CIRCUIT, "er2"), estates.rid(PEERING, "er2", "AzurePrivatePeering"))
    assert is_up(customer(stage, Leg.PRIMARY))
    assert not missing(stage)


def test_a_router_serves_the_circuits_that_its_cable_names(stage: Stage) -> None:
    named = [estates.link(CIRCUIT, "er2")]
    other = estates.peering("er2", primaryPeerAddressPrefix="172.16.1.0/30", secondaryPeerAddressPrefix="172.16.1.4/30")
    stage.put(*estates.on_direct(), estates.on_port("er2", 2, stag=8), other,
              estates.cable(link1={"router": "ce1", "circuits": named}, link2={"router": "ce2", "circuits": named}))
    both_up(stage, "er2")
    assert not is_up(customer(stage, Leg.PRIMARY))


# ── the user's own ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def there(places: Places, tmp_path: Path) -> Iterator[Premises]:
    with premises(tmp_path, places.instance) as there:
        yield there


def plugged(stage: Stage, kind: str, name: str) -> Resource:
    return estates.cable(site_name=None, link1={"handoff": {"interface": name, "kind": kind}}, link2=None)


def name_of(stage: Stage) -> str:
    return f"h{stage.places.instance}"


def asks_for_the_edge(tags: list[tuple[int, int]]) -> bytes:
    """An ARP request for the edge's address on the first circuit."""
    ends = MAC + socket.inet_aton(OWN) + bytes(6) + socket.inet_aton(CLOUD)
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + ends
    head = b"".join(struct.pack("!HH", *tag) for tag in tags)
    return (b"\xff" * 6 + MAC + head + ARP + body).ljust(64, b"\0")


def answered(wire: socket.socket, tags: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The tags of the answer to an ARP request."""
    wire.send(asks_for_the_edge(tags))
    return next((tags_of(frame) for frame in received(wire, 3) if frame[:6] == MAC and ARP in frame[12:24]), [])


def test_a_veth_takes_both_tags_to_the_users_own_router(stage: Stage, there: Premises) -> None:
    stage.put(estates.port(), estates.on_port(stag=7), estates.peering(), plugged(stage, "Veth", name_of(stage)))
    there.take(name_of(stage))
    with closing(there.port_socket(name_of(stage))) as wire:
        assert answered(wire, [S_TAG, C_TAG]) == [S_TAG, C_TAG]
        assert answered(wire, [(0x8100, 8), C_TAG]) == []
        stage.run(VRF, "ping", "-c", "1", "-W", "0.2", "-M", "do", "-s", "1472", OWN)  # its address is known by now
        assert 14 + 8 + 1500 in {len(frame) for frame in received(wire, 1.0)}, "a full packet with both tags"
    stage.delete(estates.rid(CABLE, "cable1"))
    assert name_of(stage) not in there.run("ip", "-o", "link")


def reason(stage: Stage) -> str:
    return str(links(stage)[0]["degraded"])


def test_an_interface_that_vanishes_is_named_and_taken_again_when_it_returns(stage: Stage, there: Premises) -> None:
    name = name_of(stage)
    circuit = (estates.port("Dot1Q"), estates.on_port(stag=None), estates.peering())
    stage.put(*circuit, plugged(stage, "Existing", name))  # it is not there yet: the customer's business
    until(lambda: f"no interface {name}" in reason(stage), 5, "the missing interface to be named")
    with spare_port(name) as far:
        there.take(far)
        with closing(there.port_socket(far)) as wire:
            until(lambda: answered(wire, [C_TAG]) == [C_TAG], 10, "the port, once the interface is there")
        assert line_protocols(stage)[0] == "Up"
        assert reason(stage) == ""
        there.run("ip", "link", "del", far)
        assert line_protocols(stage)[0] == "Down"
        until(lambda: f"no interface {name}" in reason(stage), 8, "the lost interface to be named")
    with spare_port(name) as far:
        there.take(far)
        with closing(there.port_socket(far)) as wire:
            until(lambda: answered(wire, [C_TAG]) == [C_TAG], 10, "the port, when the interface is back")
        stage.delete(estates.rid(CABLE, "cable1"))
        assert Path(f"/sys/class/net/{name}").exists()


def heard(program: int) -> bytes:
    """The next frame, if it is for us."""
    frame = os.read(program, 2048)
    return frame if frame[:6] == MAC else b""


def test_a_tap_is_a_port_that_a_program_opens(stage: Stage) -> None:
    name = "tapwan0"
    stage.put(estates.port(), estates.on_port(stag=7), estates.peering(), plugged(stage, "Tap", name))
    assert line_protocols(stage)[0] == "Down"
    descriptor = namespace.descriptor(stage.namespace(EDGE))
    with namespace.entered(descriptor):
        program = tap.opened(name)
    os.close(descriptor)
    until(lambda: line_protocols(stage)[0] == "Up", 5, "the line to be up while a program has it open")
    os.write(program, asks_for_the_edge([S_TAG, C_TAG]))
    answer = until(lambda: heard(program), 5, "an answer")
    assert answer
    assert tags_of(answer) == [S_TAG, C_TAG]
    os.close(program)
    until(lambda: line_protocols(stage)[0] == "Down", 5, "the line to go down with the program")
    stage.put(plugged(stage, "Tap", name))
    assert not missing(stage)


def test_macsec_is_refused_with_the_reason_and_its_link_stays_down(stage: Stage) -> None:
    keys = {"cknSecretIdentifier": "https://kv.vault.azure.net/secrets/ckn",
            "cakSecretIdentifier": "https://kv.vault.azure.net/secrets/cak", "cipher": "GcmAes256"}
    stage.put(estates.port(admin=("Disabled", "Enabled"), macSecConfig=keys), estates.site(), estates.cable())
    operation, = stage.begin([estates.port(macSecConfig=keys)])
    ended = stage.ended(operation)
    assert ended.status is OperationStatus.FAILED
    assert ended.error
    assert ended.error["code"] == "NotSupportedOnThisMachine"
    assert "MACsec is not built" in ended.error["message"]
    assert line_protocols(stage) == ["Down", "Up"]
    stage.put(estates.port())
    assert line_protocols(stage) == ["Up", "Up"]
