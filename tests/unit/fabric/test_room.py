"""How many circuits a machine has room for, and what it says of that."""

from __future__ import annotations

from trunkline.fabric import room
from trunkline.fabric.machine import size
from trunkline.fabric.room import Limit

MEMORY = Limit("memory (2.0 GiB free)", 2048, 3.2, "add memory")
PIDS = Limit("process numbers (32,768)", 32768, 4, "raise kernel.pid_max (sysctl)")


def test_a_limit_is_how_many_whole_circuits_fit() -> None:
    assert (MEMORY.circuits, PIDS.circuits) == (640, 8192)


def test_the_tightest_limit_is_named_first_and_the_way_out_with_it() -> None:
    fact = size((MEMORY, PIDS))
    assert not fact.present
    assert fact.detail == "640 circuits by memory (2.0 GiB free); then 8,192 circuits by process numbers (32,768)"
    assert fact.consequence == "a circuit beyond 640 cannot be made: add memory"


def test_a_machine_with_room_for_a_thousand_lacks_nothing() -> None:
    assert size((PIDS,)).present


def test_what_this_machine_has_is_told_by_what_ends_first() -> None:
    found = room.limits()
    assert [limit.circuits for limit in found] == sorted(limit.circuits for limit in found)
    assert {"memory", "mounts"} <= {limit.what.partition(" ")[0] for limit in found}
