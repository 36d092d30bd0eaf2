"""Sets that another build has pinned count as not there: this build's take their place on the ports, and they go."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import conditions
import wires
from chains import THERE, Chain, shared
from trunkline.errors import DriverFailure
from trunkline.fabric import interface, pins, switchboard, tc
from trunkline.fabric.bpf import build, records
from trunkline.fabric.netlink import KernelRefusal
from trunkline.fabric.plane import LinuxPlane
from trunkline.fabric.visit import Visit
from trunkline.intent.drivers import Change
from trunkline.intent.network import (
    Address,
    CrossConnect,
    Direction,
    Impairment,
    Interface,
    Link,
    Node,
    Policer,
    Role,
)
from trunkline.settings import Places

pytestmark = pytest.mark.root

CHAIN = Chain()
WHOLE = (*shared(), *CHAIN.pieces())
AT_EDGE = tuple(piece for piece in CHAIN.cross_connects() if piece.node == "edge")
OLD_TURN = 1

#: Fewer maps, a larger value, and nothing passes.
OLDER = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64[100]);
} meters SEC(".maps");
SEC("tc") int xconnect(struct __sk_buff *skb)
{
	__u32 first = 0;

	return skb->len && bpf_map_lookup_elem(&meters, &first) ? 2 : 0;
}
char licence[] SEC("license") = "Apache-2.0";
"""


@contextmanager
def built(built_object: Path) -> Iterator[None]:
    """As if this were the program's object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "object_of", lambda _program: built_object)
        yield


@pytest.fixture
def older(tmp_path: Path) -> Path:
    source = tmp_path / "xconnect.c"
    source.write_text(OLDER)
    return build.compiled(source)


def pinned(places: Places, node: str = "edge") -> list[Path]:
    return [*places.bpf.glob(f"{node}/*")]


def pin_older(places: Places, older: Path) -> None:
    """And attached to the edge's port, where that build had its turn."""
    with built(older), Visit(places) as visit:
        home = switchboard.directory(places, "edge")
        pins.load(home, switchboard.PROGRAM)
        port = interface.find(visit.channel("edge"), "p")
        assert port is not None
        with pins.opened(home, switchboard.PROGRAM) as (program,):
            tc.attach(visit.channel("edge"), port.index, program, switchboard.PROGRAM, priority=OLD_TURN)


def test_what_an_older_build_pinned_is_replaced_where_it_works_and_forgotten(
    plane: LinuxPlane, places: Places, older: Path
) -> None:
    without = tuple(piece for piece in WHOLE if piece not in AT_EDGE)
    plane.apply(Change(ensure=without))
    pin_older(places, older)
    assert plane.observe(WHOLE) == {piece.key for piece in without}
    assert plane.counters("edge").attachments == {}
    plane.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)
    assert plane.observe(WHOLE) == {piece.key for piece in WHOLE}
    assert pinned(places) == [switchboard.directory(places, "edge")]
    filters = wires.run(places, "edge", "tc", "filter", "show", "dev", "p", "ingress")
    assert filters.count(" handle ") == 1


def test_what_an_older_build_pinned_goes_with_its_node(plane: LinuxPlane, places: Places, older: Path) -> None:
    plane.apply(Change(ensure=shared()))
    pin_older(places, older)
    assert pinned(places)
    plane.apply(Change(remove=tuple(piece for piece in shared() if isinstance(piece, Node))))
    assert pinned(places) == []


def test_a_new_build_is_taken_although_nothing_but_its_code_differs(
    plane: LinuxPlane, places: Places, tmp_path: Path
) -> None:
    """Counters begin anew."""
    other = tmp_path / "xconnect.o"
    other.write_bytes(build.object_of("xconnect").read_bytes() + bytes(8))
    with built(other):
        plane.apply(Change(ensure=WHOLE))
        wires.reach(places, "here1", THERE)
        assert plane.counters("edge").attachments[CHAIN.attachment, Direction.IN].packets > 0
    assert not plane.observe(CHAIN.cross_connects())
    plane.apply(Change(ensure=WHOLE))
    assert plane.observe(WHOLE) == {piece.key for piece in WHOLE}
    assert wires.echoes(places, "here1", THERE, 2) == 2
    assert plane.counters("edge").attachments[CHAIN.attachment, Direction.IN].packets == 2


def test_who_reads_while_a_larger_set_takes_the_place_reads_one_of_both(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)
    before = plane.counters("edge").attachments[CHAIN.attachment, Direction.IN]
    stop, seen, failures = threading.Event(), [before], []

    def read() -> None:
        while not stop.is_set():
            try:
                seen.append(plane.counters("edge").attachments[CHAIN.attachment, Direction.IN])
            except (OSError, DriverFailure, KeyError) as failure:
                failures.append(failure)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        fill(places)
    finally:
        stop.set()
        thread.join(10)
    assert failures == []
    assert min(each.packets for each in seen) == before.packets


def test_a_policer_stays_while_an_entry_names_it(plane: LinuxPlane) -> None:
    """Its place would be the next one's, and the entry would have that one's bandwidth."""
    policer = Policer("edge", "one", 10**7, 300)
    first, *_ = AT_EDGE
    named: CrossConnect = replace(first, policer="one")
    plane.apply(Change(ensure=(*WHOLE, policer, named)))
    with pytest.raises(DriverFailure, match="policer one is still named"):
        plane.apply(Change(remove=(policer,)))
    assert plane.observe((policer, named)) == {policer.key, named.key}
    plane.apply(Change(remove=(policer,), ensure=(first,)))
    assert plane.observe((policer, first)) == {first.key}


def test_line_conditions_of_another_build_end_when_they_are_cleared(
    plane: LinuxPlane, places: Places, tmp_path: Path
) -> None:
    other = tmp_path / "impair.o"
    other.write_bytes(build.object_of("impair").read_bytes() + bytes(8))
    west, east = (Interface(node, "eth0", (Address(f"10.5.0.{host}/30"),)) for node, host in (("west", 1), ("east", 2)))
    line = (Node("west", Role.HOST), Node("east", Role.HOST), Link(west, east))
    lossy = Impairment("east", "eth0", False, expires=conditions.ends_in(60), loss_ppm=1_000_000)
    slow = Impairment("east", "eth0", True, expires=conditions.ends_in(60), delay_us=1_000)
    with built(other):
        plane.apply(Change(ensure=(*line, lossy, slow)))
        assert wires.echoes(places, "west", "10.5.0.2", deadline_s=0.2) == 0
    assert plane.observe((lossy, slow)) == frozenset()
    plane.apply(Change(remove=(lossy, slow)))
    wires.reach(places, "west", "10.5.0.2")
    assert conditions.relays(places) == []
    assert pinned(places, "east") == []


def test_a_port_that_is_gone_keeps_no_larger_set_from_coming(plane: LinuxPlane, places: Places) -> None:
    trunk = next(piece for piece in shared() if isinstance(piece, Link))
    plane.apply(Change(ensure=WHOLE))
    plane.apply(Change(remove=(trunk,)))
    fill(places)
    plane.apply(Change(ensure=WHOLE))
    wires.reach(places, "here1", THERE)


def test_a_port_that_refuses_the_larger_set_is_told(
    plane: LinuxPlane, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be cut off in silence."""
    plane.apply(Change(ensure=WHOLE))
    with monkeypatch.context() as patch:
        patch.setattr(tc, "attach", refused)
        with pytest.raises(KernelRefusal):
            fill(places)
    assert plane.observe(WHOLE) == {piece.key for piece in WHOLE}
    fill(places)
    assert plane.observe(WHOLE) == {piece.key for piece in WHOLE}
    wires.reach(places, "here1", THERE)


def refused(*_: object, **_more: object) -> None:
    raise KernelRefusal(errno.EPERM, "not permitted")


def fill(places: Places) -> None:
    """Names until a larger set is needed."""
    with Visit(places) as visit, switchboard.writing(visit, "edge") as board:
        for number in range(records.ROOMS[1] + 1):
            board.take(records.compile_name(f"circuit-{number}", records.Kind.IN))
