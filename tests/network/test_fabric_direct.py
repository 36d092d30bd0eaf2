"""A pair of Direct ports on real frames: ten thousand (S,C) keys on it, carrier, TAPs."""

from __future__ import annotations

import itertools
import random
import socket
from contextlib import closing
from dataclasses import replace

import pytest

import wires
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import CrossConnect, Direction, Interface, Link, Node, Role, Tag, Tap
from trunkline.settings import Places
from waiting import until

pytestmark = pytest.mark.root

KEYS, C = 10_000, 0x8100
SAMPLES = 40
ENDS = {"link1": "link2", "link2": "link1"}
GROUND = (Node("edge", Role.EDGE), Node("customer", Role.HOST),
          *(Link(Interface("edge", name), Interface("customer", name)) for name in ENDS))


def tags(number: int) -> tuple[Tag, Tag]:
    """Each S-tag with a hundred C-tags, which repeat under every S-tag."""
    return Tag(1 + number // 100, C), Tag(1 + number % 100, C)


def entry(number: int) -> CrossConnect:
    """Even keys arrive at link1, odd ones at link2; they leave by the other, tags exchanged."""
    ingress = list(ENDS)[number % 2]
    outer, inner = tags(number)
    return CrossConnect("edge", ingress, ENDS[ingress], f"k{number}", Direction.IN, match=(outer, inner),
                        push=(inner, outer))


def tags_seen(wire: socket.socket, count: int) -> list[list[tuple[int, int]]]:
    """Of the next frames that arrive."""
    frames = wires.received(wire, 5)
    return [wires.tags_of(frame) for frame in itertools.islice(frames, count)] + [
        wires.tags_of(frame) for frame in wires.received(wire, 0.1)]


def test_ten_thousand_keys_on_a_pair_of_ports_lead_each_to_its_own_place(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*GROUND, *map(entry, range(KEYS)))))
    assert plane.observe(tuple(map(entry, range(0, KEYS, 97)))) == {entry(n).key for n in range(0, KEYS, 97)}
    sampled = random.Random(1).sample(range(KEYS), SAMPLES)  # noqa: S311  which ones is no secret
    for name, other in ENDS.items():
        with closing(wires.port_socket(places, "customer", name)) as sent, \
                closing(wires.port_socket(places, "customer", other)) as heard:
            mine = [number for number in sampled if entry(number).ingress == name]
            for number in mine:
                sent.send(wires.frame_with([(C, tag.vid) for tag in tags(number)]))
            expected = [[(C, tag.vid) for tag in reversed(tags(number))] for number in mine]
            assert tags_seen(heard, len(expected)) == expected
    counted = plane.counters("edge").attachments
    assert {name for (name, _), counter in counted.items() if counter.packets} == {f"k{number}" for number in sampled}


def test_a_key_of_the_other_port_or_of_nobody_is_dropped_and_counted(plane: LinuxPlane, places: Places) -> None:
    plane.apply(Change(ensure=(*GROUND, *map(entry, range(200)))))
    wrong = [entry(1).match, (Tag(4000, C), Tag(1, C)), (Tag(1, C), Tag(4000, C))]
    with closing(wires.port_socket(places, "customer", "link1")) as sent:
        for outer, inner in wrong:
            sent.send(wires.frame_with([(C, outer.vid), (C, inner.vid)]))
    until(lambda: plane.counters("edge").dropped()["unknown-tag"].packets == len(wrong), 5, "every wrong key counted")
    assert not any(counter.packets for counter in plane.counters("edge").attachments.values())


# ── lines and TAPs ─────────────────────────────────────────────────────────────────────────────────────────────────


def carrying(plane: LinuxPlane, node: str) -> dict[str, bool]:
    return {line.name: line.carrier for line in plane.lines(node) if line.name in ENDS}


def test_an_end_that_is_switched_off_takes_the_carrier_from_the_other(plane: LinuxPlane) -> None:
    down = Link(Interface("edge", "link1", up=False), Interface("customer", "link1"))
    plane.apply(Change(ensure=GROUND))
    assert carrying(plane, "customer") == {"link1": True, "link2": True}
    assert plane.observe((down,)) == frozenset()
    plane.apply(Change(ensure=(down,)))
    assert plane.observe((down,)) == {down.key}
    assert carrying(plane, "customer") == {"link1": False, "link2": True}
    plane.apply(Change(ensure=GROUND))
    assert carrying(plane, "customer") == {"link1": True, "link2": True}
    assert plane.lines("nowhere") == ()


def test_a_tap_is_mended_and_another_interface_of_its_name_is_left_alone(plane: LinuxPlane, places: Places) -> None:
    tap = Tap("edge", "tap0", mtu=1504)
    plane.apply(Change(ensure=(GROUND[0], tap)))
    assert plane.observe((tap,)) == {tap.key}
    wires.run(places, "edge", "ip", "link", "set", "tap0", "down", "mtu", "1400")
    assert plane.observe((tap,)) == frozenset()
    plane.apply(Change(ensure=(tap,)))
    assert plane.observe((tap,)) == {tap.key}
    plane.apply(Change(remove=(tap,)))
    assert "tap0" not in wires.run(places, "edge", "ip", "-o", "link")
    wires.run(places, "edge", "ip", "tuntap", "add", "tap0", "mode", "tap")
    wires.run(places, "edge", "ip", "link", "set", "tap0", "alias", "mine")
    with pytest.raises(Exception, match="has another interface tap0: name the TAP differently"):
        plane.apply(Change(ensure=(tap,)))


def test_nobody_comes_in_over_a_tap_that_is_another_ports(plane: LinuxPlane, places: Places) -> None:
    mine, hers = (Tap("edge", "tap0", owner=owner) for owner in ("port1", "port2"))
    plane.apply(Change(ensure=(*GROUND, hers)))
    with pytest.raises(Exception, match="has another interface tap0"):
        plane.apply(Change(ensure=(mine,)))
    over = [CrossConnect("edge", "tap0", "link1", "k1", Direction.IN, match=entry(1).match, owner="port1"),
            CrossConnect("edge", "link1", "tap0", "k1", Direction.OUT, match=entry(2).match, owner="port1")]
    for piece in over:
        with pytest.raises(Exception, match="tap0 of edge belongs to somebody else"):
            plane.apply(Change(ensure=(piece,)))
    assert plane.observe(over) == frozenset()
    own = [replace(piece, owner="port2", attachment="k2") for piece in over]
    plane.apply(Change(ensure=(*own,)))
    assert plane.observe(own) == {piece.key for piece in own}
    plane.apply(Change(remove=(mine, *over)))
    assert plane.observe((hers, *own)) == {hers.key, *(piece.key for piece in own if piece.ingress == "tap0")}
