"""All or nothing, one moment, one writer at a time: between threads, between processes, and when one is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from samples import CIRCUITS, circuit
from trunkline.errors import StoreFailure
from trunkline.store import Store
from trunkline.store.turns import Turns
from waiting import until

#: Run as another process: opens the store at argv[1] and writes as ``{what}`` says.
OTHER_PROCESS = """
import sys
sys.path.insert(0, {tests!r})
from samples import circuit
from trunkline.store import Store
store = Store(sys.argv[1])
{what}
"""

ADD_FIFTY = """
for number in range(50):
    with store.writing() as writer:
        total = writer.journal("total") or {"sum": 0}
        writer.save_journal("total", {"sum": total["sum"] + 1})
        writer.put(circuit(f"{sys.argv[2]}-{number}"))
"""

ADD_FOR_EVER = """
number = 0
while True:
    with store.writing() as writer:
        writer.put(circuit(f"c{number}"))
        writer.save_journal("total", {"sum": number + 1})
    number += 1
    print(number, flush=True)
"""

HANG_IN_THE_MIDDLE = """
with store.writing() as writer:
    writer.put(circuit("half"))
    writer.delete(circuit("kept").id)
    writer.save_journal("total", {"sum": 1})
    print("in the middle", flush=True)
    sys.stdin.read()
"""


def other_process(what: str, url: str, *arguments: str) -> subprocess.Popen[str]:
    script = OTHER_PROCESS.format(tests=str(Path(__file__).parents[2]), what=what)
    return subprocess.Popen([sys.executable, "-c", script, url, *arguments], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def count(store: Store) -> None:
    with store.writing() as writer:
        total = writer.journal("total") or {"sum": 0}
        writer.save_journal("total", {"sum": total["sum"] + 1})


def total(store: Store) -> int:
    with store.reading() as reader:
        return int((reader.journal("total") or {"sum": 0})["sum"])


def write_and_fail(store: Store) -> None:
    with store.writing() as writer:
        writer.put(circuit())
        writer.allocate("pool", "owner")
        raise ZeroDivisionError


def test_an_exception_undoes_the_whole_block(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        write_and_fail(store)

    with store.writing() as writer:
        assert writer.get(circuit().id) is None
        assert writer.allocate("pool", "other") == 1


def test_a_reader_sees_one_moment_while_others_write(store: Store) -> None:
    with store.reading() as reader:
        assert reader.list(CIRCUITS) == ()

        with store.writing() as writer:
            stored = writer.put(circuit())

        assert reader.list(CIRCUITS) == ()
    with store.reading() as reader:
        assert reader.list(CIRCUITS) == (stored,)


def test_a_reader_does_not_see_an_unfinished_write(store: Store) -> None:
    with store.writing() as writer:
        writer.put(circuit())

        with store.reading() as reader:
            assert reader.get(circuit().id) is None


def test_threads_lose_no_write(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(count, store) for _ in range(80)]:
            done.result()

    assert total(store) == 80


def test_two_processes_lose_no_write(store: Store, url: str) -> None:
    writers = [other_process(ADD_FIFTY, url, name) for name in ("one", "two")]
    for writer in writers:
        writer.communicate(timeout=60)

    assert [writer.returncode for writer in writers] == [0, 0]
    assert total(store) == 100
    with store.reading() as reader:
        assert len(reader.list(CIRCUITS)) == 100


def test_a_process_killed_while_writing_leaves_the_former_state(store: Store, url: str) -> None:
    with store.writing() as writer:
        kept = writer.put(circuit("kept"))
    victim = other_process(HANG_IN_THE_MIDDLE, url)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "in the middle\n"

    victim.send_signal(signal.SIGKILL)
    victim.communicate()

    with store.reading() as reader:
        assert reader.list(CIRCUITS) == (kept,)
        assert reader.journal("total") is None
    count(store)
    assert total(store) == 1


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(store: Store, url: str) -> None:
    victim = other_process(ADD_FOR_EVER, url)
    assert victim.stdout is not None
    for _ in range(20):
        victim.stdout.readline()

    victim.send_signal(signal.SIGKILL)
    acknowledged = 20 + len(victim.communicate()[0].splitlines())

    assert acknowledged <= total(store) <= acknowledged + 1
    with store.reading() as reader:
        assert len(reader.list(CIRCUITS)) == total(store)


def test_a_writer_waits_for_a_writer_in_another_process(store: Store, url: str) -> None:
    other = other_process(HANG_IN_THE_MIDDLE, url)
    assert other.stdout is not None
    other.stdout.readline()
    waiting = threading.Thread(target=count, args=(store,))
    waiting.start()

    assert total(store) == 0
    other.communicate("go on", timeout=30)
    waiting.join(30)

    assert total(store) == 2


def test_two_processes_may_create_a_store_at_the_same_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/trunkline.db"
    creators = [other_process(ADD_FIFTY, url, name) for name in ("one", "two")]
    for creator in creators:
        creator.communicate(timeout=60)

    store = Store(url)
    assert total(store) == 100
    store.close()


def test_turns_go_to_whoever_came_first() -> None:
    turns, order = Turns(), list[int]()

    def take(number: int) -> None:
        with turns.turn(10):
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    with turns.turn(10):
        for arrived, thread in enumerate(threads, start=2):
            thread.start()
            until(lambda arrived=arrived: turns.waiting == arrived, 10, f"writer {arrived} has asked for its turn")
    for thread in threads:
        thread.join()

    assert order == [0, 1, 2, 3, 4]


def test_patience_ends_with_a_clear_failure_and_the_next_still_gets_its_turn() -> None:
    turns = Turns()
    with turns.turn(10), pytest.raises(StoreFailure, match="other writers took longer than"), turns.turn(0.01):
        pass

    with turns.turn(10):
        assert turns.waiting == 1
