"""What the plane does to, and says of, the machine itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chains import Chain, shared
from trunkline.assembly.ability import lacks_tcp_ao
from trunkline.errors import DriverFailure
from trunkline.fabric import ground, namespace
from trunkline.fabric.bpf import build
from trunkline.fabric.machine import facts
from trunkline.fabric.plane import LinuxPlane
from trunkline.intent.drivers import Change
from trunkline.intent.network import Node, Role
from trunkline.settings import Places

pytestmark = pytest.mark.root


def own_namespace() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


def test_several_threads_work_at_once_and_none_loses_its_namespace(plane: LinuxPlane) -> None:
    plane.apply(Change(ensure=shared()))
    chains = [Chain(number=number, stag=100 + number) for number in range(1, 7)]

    def build_up(chain: Chain) -> tuple[int, bool]:
        plane.apply(Change(ensure=chain.pieces()))
        return own_namespace(), len(plane.observe(chain.pieces())) == len(chain.pieces())

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(build_up, chains))
    assert answers == [(own_namespace(), True)] * len(chains)


@pytest.fixture
def elsewhere(plane: LinuxPlane, places: Places) -> Iterator[int]:
    """A descriptor of a node's namespace."""
    plane.apply(Change(ensure=(Node("one", Role.HOST),)))
    descriptor = namespace.descriptor(places.namespace_prefix + "one")
    yield descriptor
    os.close(descriptor)


def fail_in(descriptor: int, seen: list[int]) -> None:
    with namespace.entered(descriptor):
        seen.append(own_namespace())
        raise RuntimeError


def test_a_thread_comes_home_after_a_failure(elsewhere: int) -> None:
    home, seen = own_namespace(), list[int]()
    with pytest.raises(RuntimeError):
        fail_in(elsewhere, seen)
    assert own_namespace() == home
    assert seen != [home]


def test_another_thread_stays_where_it_is(elsewhere: int) -> None:
    home, entered, seen = own_namespace(), threading.Event(), list[int]()

    def look() -> None:
        entered.wait(5)
        seen.append(own_namespace())

    thread = threading.Thread(target=look)
    thread.start()
    with namespace.entered(elsewhere):
        entered.set()
        thread.join()
    assert seen == [home]


def test_no_descriptor_stays_open(plane: LinuxPlane) -> None:
    whole = (*shared(), *Chain().pieces())
    plane.apply(Change(ensure=whole))
    before = len(os.listdir("/proc/self/fd"))
    plane.apply(Change(ensure=whole))
    plane.observe(whole)
    plane.counters("edge")
    plane.neighbors("vrf1")
    with pytest.raises(DriverFailure, match="no namespace"):
        plane.neighbors("nowhere")
    assert len(os.listdir("/proc/self/fd")) == before


def test_neighbour_tables_have_room_for_many_circuits_while_there_are_any(plane: LinuxPlane) -> None:
    """What was before is kept, for the last instance on this machine to restore."""
    plane.apply(Change(ensure=(Node("one", Role.HOST),)))
    assert int(Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3").read_text()) >= 100_000
    assert Path("/run/trunkline-neighbors.json").exists()


def test_a_foreign_namespace_and_its_file_survive_a_sweep(plane: LinuxPlane, places: Places) -> None:
    foreign = namespace.path(f"other-{places.instance}")
    with ground.on_namespaces():
        namespace.create(foreign.name)
    try:
        plane.apply(Change(ensure=(Node("one", Role.HOST),)))
        plane.sweep()
        assert namespace.exists(foreign.name)
    finally:
        namespace.delete(foreign.name)


def test_every_fact_says_what_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "object_of", lambda _program: build.HERE / "missing.o")
    found = {fact.name: fact for fact in facts()}
    for needed in ("privileges", "namespaces", "veth", "vxlan", "bridge", "tc clsact", "bpffs"):
        assert found[needed].present, found[needed]
    assert not found["BPF"].present
    assert "missing.o is missing" in found["BPF"].detail
    assert all(fact.detail and fact.consequence for fact in found.values())


def test_what_lacks_for_tcp_ao_is_found_out_and_named() -> None:
    kernel = next(fact for fact in facts() if fact.name == "TCP-AO")
    named = lacks_tcp_ao()
    assert any("TCP_AO_ADD_KEY" in one for one in named) is not kernel.present
    assert any(one.startswith("BIRD 2.0.") for one in named), "2.0 has no word for it"


def test_looking_at_the_machine_leaves_nothing() -> None:
    home = own_namespace()
    facts()
    assert own_namespace() == home
    assert not [line for line in Path("/proc/self/mounts").read_text().splitlines() if line.startswith("probe ")]
    assert not {"probe0", "probe1", "p-bridge", "p-vxlan"} & {file.name for file in Path("/sys/class/net").iterdir()}
