"""The xconnect program on real frames: tags, counters to the byte, drops with their reasons."""

from __future__ import annotations

import errno
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import wires
from chains import CE, HERE, THERE, VRF, Chain, shared
from trunkline.errors import DriverFailure, Unsupported
from trunkline.fabric import ground, switchboard, system
from trunkline.fabric.bpf import build, records
from trunkline.fabric.plane import LinuxPlane
from trunkline.fabric.visit import Visit
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    ETH_P_8021AD,
    Counter,
    CrossConnect,
    Direction,
    Interface,
    Link,
    Node,
    Piece,
    Role,
    Tag,
)
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

S, C = ETH_P_8021AD, 0x8100
CHAIN = Chain()
WHOLE = (*shared(), *CHAIN.pieces())
IN, OUT = (CHAIN.attachment, Direction.IN), (CHAIN.attachment, Direction.OUT)
ECHO_BYTES = 14 + 20 + 8 + 56  #: Ethernet, IP, ICMP, data
ARP_BYTES = 14 + 28


@pytest.fixture
def chain(plane: LinuxPlane, places: Places) -> LinuxPlane:
    """Up, with ARP answered all along."""
    plane.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)
    return plane


def counted(plane: LinuxPlane, node: str, which: tuple[str, Direction]) -> Counter:
    return plane.counters(node).attachments[which]


def since(now: Counter, before: Counter) -> tuple[int, int]:
    return now.packets - before.packets, now.byte_count - before.byte_count


def test_frames_carry_both_tags_on_the_port(chain: LinuxPlane, places: Places) -> None:
    with closing(wires.port_socket(places, "edge", "p")) as port:
        wires.reach(places, "here1", THERE)
        assert {tuple(wires.tags_of(frame)) for frame in wires.received(port, 0.2)} == {((S, 100), (C, 20))}


def test_frames_carry_the_customers_tag_alone_on_the_ces_trunk(chain: LinuxPlane, places: Places) -> None:
    with closing(wires.port_socket(places, "ce1", "w")) as port:
        wires.reach(places, "here1", THERE)
        assert {tuple(wires.tags_of(frame)) for frame in wires.received(port, 0.2)} == {((C, 20),)}


def test_counters_are_exact_in_packets_and_bytes(chain: LinuxPlane, places: Places) -> None:
    nodes = ("ce1", "switch", "edge")
    before = {(node, way): counted(chain, node, way) for node in nodes for way in (IN, OUT)}
    assert wires.echoes(places, "here1", THERE, 10) == 10
    for (node, way), then in before.items():
        assert since(counted(chain, node, way), then) == (10, 10 * ECHO_BYTES), (node, way)


def test_a_gso_frame_counts_as_the_frames_it_will_be(chain: LinuxPlane, places: Places) -> None:
    """The sender's own TCP knows what it sent. Each of its frames has 66 bytes of headers (with timestamps), the SYN
    8 more."""
    before = counted(chain, "edge", IN)
    with wires.sink(places, "there1", THERE) as (port, total):
        segments, data = wires.stream(places, "here1", THERE, port, 4_000_000)
        assert total() == 4_000_000
    packets, octets = since(counted(chain, "edge", IN), before)
    assert packets >= 4_000_000 // 1448
    assert packets - segments in (0, 1)
    assert octets == data + packets * 66 + 8


def test_an_idle_attachment_reads_as_zero(plane: LinuxPlane) -> None:
    plane.apply(Change(ensure=WHOLE))
    assert plane.counters("edge").attachments == {IN: Counter(), OUT: Counter()}
    assert plane.counters("edge").dropped() == {}


def test_a_node_without_cross_connects_counts_nothing(plane: LinuxPlane) -> None:
    plane.apply(Change(ensure=shared()))
    assert plane.counters("edge").attachments == {}


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        pytest.param([(S, 100), (C, 21)], "unknown-tag", id="unknown C-tag"),
        pytest.param([(S, 101), (C, 20)], "unknown-tag", id="unknown S-tag"),
        pytest.param([(C, 100), (C, 20)], "unknown-tag", id="right numbers, wrong outer protocol"),
        pytest.param([(S, 100), (S, 20)], "unknown-tag", id="right numbers, wrong inner protocol"),
        pytest.param([(S, 100)], "unknown-tag", id="inner tag missing"),
        pytest.param([], "untagged", id="no tag"),
        pytest.param([(S, 100), (C, 20), (C, 1)], "too-many-tags", id="three tags"),
        pytest.param([(S, 100), (C, 20), (S, 1), (C, 1)], "too-many-tags", id="four tags"),
    ],
)
def test_what_is_not_connected_is_dropped_and_counted(
    chain: LinuxPlane, places: Places, tags: list[tuple[int, int]], reason: str
) -> None:
    """Sent by the switch's end of the link, past the switch's own program."""
    frame = wires.frame_with(tags)
    with closing(wires.port_socket(places, "switch", "e")) as wire:
        wire.send(frame)
    until(lambda: chain.counters("edge").ports, 2, "a drop")
    parsed = min(len(tags), 2)
    assert chain.counters("edge").ports == {"p": {reason: Counter(1, len(frame) - 4 * parsed)}}
    assert chain.counters("edge").drops == {}


def test_a_frame_that_ends_within_its_tags_is_malformed(chain: LinuxPlane, places: Places) -> None:
    with closing(wires.port_socket(places, "switch", "e")) as wire:
        wire.send(wires.frame_with([(S, 100), (C, 20)])[:20])
    until(lambda: chain.counters("edge").ports, 2, "a malformed frame")
    assert chain.counters("edge").ports["p"].keys() == {"malformed"}


def test_another_control_plane_reads_the_same_counters(chain: LinuxPlane, places: Places) -> None:
    assert LinuxPlane(places).counters("edge") == chain.counters("edge")
    assert LinuxPlane(places).observe(WHOLE) == {piece.key for piece in WHOLE}


def test_a_new_tag_for_an_attachment_keeps_its_counters(chain: LinuxPlane, places: Places) -> None:
    old, new = CHAIN.cross_connects(), Chain(ctag=30).cross_connects()
    before = counted(chain, "edge", IN)
    chain.apply(Change(remove=tuple(old), ensure=tuple(new)))
    assert wires.echoes(places, "here1", THERE) == 1
    assert since(counted(chain, "edge", IN), before) == (1, ECHO_BYTES)


def test_counters_go_with_their_attachment(chain: LinuxPlane) -> None:
    chain.apply(Change(remove=tuple(CHAIN.cross_connects())))
    assert chain.counters("edge").attachments == {}


def test_a_lost_port_is_connected_again(chain: LinuxPlane, places: Places) -> None:
    """The port of the edge has another ifindex then, in the key of one entry and in the value of the other."""
    trunk = next(piece for piece in shared() if isinstance(piece, Link))
    chain.apply(Change(remove=(trunk,)))
    chain.apply(Change(ensure=(trunk,)))
    lost = {piece.key for piece in WHOLE} - chain.observe(WHOLE)
    assert lost == {piece.key for piece in CHAIN.cross_connects() if piece.node != "ce1"}
    chain.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)


def test_a_detached_program_is_noticed_and_attached_again(chain: LinuxPlane, places: Places) -> None:
    wires.run(places, "edge", "tc", "qdisc", "del", "dev", "p", "clsact")
    ingress = next(piece for piece in CHAIN.cross_connects() if (piece.node, piece.ingress) == ("edge", "p"))
    assert {piece.key for piece in WHOLE} - chain.observe(WHOLE) == {ingress.key}
    chain.apply(Change(ensure=(ingress,)))
    wires.reach(places, "here1", THERE)


def test_equal_customers_behind_one_port_never_meet(plane: LinuxPlane, places: Places) -> None:
    """Same C-tag, same /30, same prefixes, same hosts; only the S-tag differs."""
    other = Chain(number=2, stag=101)
    plane.apply(Change(ensure=(*WHOLE, *other.pieces())))
    with closing(wires.port_socket(places, "vrf2", "customer")) as second:
        for source, target in (("here1", THERE), ("there1", HERE), ("ce1", VRF), ("vrf1", CE)):
            wires.reach(places, source, target)
            assert wires.echoes(places, source, target, 2) == 2
        assert list(wires.received(second, 0.1)) == []


def test_a_single_tag_hand_off_crosses_without_an_outer_tag(plane: LinuxPlane, places: Places) -> None:
    """As on a Direct port in Dot1Q mode."""
    plane.apply(Change(ensure=(*shared(), *CHAIN.nodes(), *CHAIN.links(), *CHAIN.routes())))
    tag, name = Tag(20), CHAIN.attachment
    plane.apply(
        Change(
            ensure=(
                *CHAIN.cross_connects()[:2],
                CrossConnect("switch", "c1", "e", name, Direction.IN, match=(tag,), push=(tag,)),
                CrossConnect("switch", "e", "c1", name, Direction.OUT, match=(tag,), push=(tag,)),
                CrossConnect("edge", "p", "a1", name, Direction.IN, match=(tag,)),
                CrossConnect("edge", "a1", "p", name, Direction.OUT, push=(tag,)),
            )
        )
    )
    with closing(wires.port_socket(places, "edge", "p")) as port:
        wires.reach(places, "here1", THERE)
        assert {tuple(wires.tags_of(frame)) for frame in wires.received(port, 0.2)} == {((C, 20),)}


EDGE: tuple[Piece, ...] = (Node("edge", Role.EDGE), Link(Interface("edge", "p"), Interface("edge", "a")))


def connect(number: int, **changes: object) -> CrossConnect:
    whole = CrossConnect(
        "edge", "p", "a", f"circuit-{number}", Direction.IN, match=(Tag(number // 100, S), Tag(number % 100))
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def fill(places: Places, ingress: int, count: int) -> None:
    """Entries and meters written straight into the maps, as if a plane had done it."""
    with Visit(places) as visit, switchboard.writing(visit, "edge") as board:
        for piece in map(connect, range(count)):
            wiring = records.Wiring(ingress, ingress, board.take(records.meter_name(piece)))
            board.put(records.ENTRIES, records.compile_key(piece, ingress), records.compile_entry(piece, wiring))


#: One place of the meters is nobody's, one the port's.
MOST = records.ROOMS[-1] - 2


def test_ten_thousand_attachments_fit_both_ways_and_are_read_back(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*EDGE, connect(0))))
    fill(places, ingress_of(places, "p"), 20_000)
    assert len(plane.counters("edge").attachments) == 20_000


def test_a_full_node_is_refused_by_name(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*EDGE, connect(0))))
    fill(places, ingress_of(places, "p"), MOST)
    with pytest.raises(DriverFailure, match=r"cross-connect edge:p.*node edge is full.* 32768 .*take circuits away"):
        plane.apply(Change(ensure=(connect(MOST),)))
    held = connect(1, egress="p")
    assert plane.observe((held,)) == {held.key}


def test_entries_of_lost_ports_make_room_for_new_ones(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*EDGE, connect(0))))
    fill(places, ingress_of(places, "p"), records.ROOMS[0] - 2)
    plane.apply(Change(remove=(EDGE[1],)))
    again = connect(records.ROOMS[0], attachment="circuit-1")
    plane.apply(Change(ensure=(EDGE[1], again)))
    assert plane.observe((again,)) == {again.key}


def test_a_set_that_is_full_is_replaced_by_a_larger_one_with_all_that_was_counted(
    chain: LinuxPlane, places: Places
) -> None:
    before = chain.counters("edge")
    port = int(json.loads(wires.run(places, "edge", "ip", "-j", "link", "show", "p"))[0]["ifindex"])
    fill(places, port, records.ROOMS[1] + 1)
    after = chain.counters("edge")
    assert {where: after.attachments[where] for where in (IN, OUT)} == before.attachments
    assert chain.observe(WHOLE) == {piece.key for piece in WHOLE}
    assert wires.echoes(places, "here1", THERE, 3) == 3
    assert since(counted(chain, "edge", IN), before.attachments[IN]) == (3, 3 * ECHO_BYTES)


def ingress_of(places: Places, name: str) -> int:
    return int(json.loads(wires.run(places, "edge", "ip", "-j", "link", "show", name))[0]["ifindex"])


def test_a_name_too_long_for_the_kernel_is_refused(plane: LinuxPlane) -> None:
    node, link = Node("edge", Role.EDGE), Link(Interface("edge", "p"), Interface("edge", "a"))
    with pytest.raises(DriverFailure, match="1 to 63 bytes"):
        plane.apply(Change(ensure=(node, link, CrossConnect("edge", "p", "a", "x" * 64, Direction.IN))))


def test_without_the_compiled_program_the_machine_is_not_able(
    plane: LinuxPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "object_of", lambda _program: build.HERE / "missing.o")
    node, link = Node("edge", Role.EDGE), Link(Interface("edge", "p"), Interface("edge", "a"))
    with pytest.raises(Unsupported, match=r"missing.o is missing.*trunkline.fabric.bpf.build"):
        plane.apply(Change(ensure=(node, link, CrossConnect("edge", "p", "a", "one", Direction.IN))))
    assert plane.nodes() == {"edge"}


def test_a_program_that_this_kernel_does_not_take_is_refused_with_its_reason(
    plane: LinuxPlane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on a kernel that lacks what the program needs: its verifier says so, and nothing half is left."""
    source = tmp_path / "xconnect.c"
    source.write_text(UNBOUNDED)
    refused = build.compiled(source)
    monkeypatch.setattr(build, "object_of", lambda _program: refused)
    with pytest.raises(DriverFailure, match=r"(?s)cross-connect edge:p:0.0: the kernel refused xconnect.o: .*invalid"):
        plane.apply(Change(ensure=(*EDGE, connect(0))))
    assert plane.observe((connect(0),)) == frozenset()
    monkeypatch.undo()
    plane.apply(Change(ensure=(connect(0),)))
    assert plane.observe((connect(0),)) == {connect(0).key}


@pytest.mark.parametrize("there", [False, True])
def test_without_a_bpf_file_system_the_machine_is_not_able(
    plane: LinuxPlane, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool
) -> None:
    """There is no such directory, or nothing can be mounted at it."""
    nowhere = tmp_path / "bpf"
    if there:
        nowhere.mkdir()
        monkeypatch.setattr(system, "mount", unmountable)
    monkeypatch.setattr(ground, "BPFFS", nowhere)
    with pytest.raises(Unsupported, match=r"cross-connect edge:p:0.0: .*BPF file system.*: no cross-connects"):
        plane.apply(Change(ensure=(*EDGE, connect(0))))
    assert plane.observe(EDGE) == {piece.key for piece in EDGE}


_mount = system.mount


def unmountable(*words: str, **options: str) -> None:
    if "bpf" in words:
        raise OSError(errno.EPERM, "Operation not permitted")
    _mount(*words, **options)


#: Reads beyond the frame.
UNBOUNDED = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("tc") int xconnect(struct __sk_buff *skb) { return *(int *)(long)skb->data; }
char licence[] SEC("license") = "Apache-2.0";
"""


def test_what_a_crash_left_while_pinning_is_replaced(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=shared()))
    with ground.on_bpffs():
        home = switchboard.directory(places, "edge")
        home.with_name(f"~{home.name}").mkdir(parents=True)
    plane.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)
    pinned = {entry.name for entry in switchboard.directory(places, "edge").iterdir()}
    assert pinned == {*(each.name for each in records.MAPS), "xconnect"}
