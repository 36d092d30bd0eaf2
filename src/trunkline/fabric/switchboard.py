"""A node's own copy of the xconnect program and its maps, pinned under the node's name, and the places in their arrays.

The pins are the memory: a restarted control plane finds program, entries and counters there. One set per node, so two
legs share nothing. A set begins small and is replaced by a larger one when it is full, without a frame lost.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.errors import DriverFailure
from trunkline.fabric import interface, pins, tc
from trunkline.fabric.bpf import libbpf, records
from trunkline.fabric.bpf.records import ENTRIES, LATE, METERS, NAMES, PLACE, PORTS, Kind, Map
from trunkline.fabric.netlink import KernelRefusal
from trunkline.fabric.visit import Visit
from trunkline.settings import Places

PROGRAM = "xconnect"

_TRIES = 5

#: Of one process, the only one that writes: a set must not be replaced while another thread writes into it.
_writing = threading.RLock()


def directory(places: Places, node: str) -> Path:
    return pins.directory(places, node, PROGRAM)


def exists(places: Places, node: str) -> bool:
    return directory(places, node).exists()


def forget(places: Places, node: str) -> None:
    pins.forget(places, node, PROGRAM)


class Opened:
    """An opened set, or part of one."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._open: dict[str, int] = {}

    def descriptor(self, name: str) -> int:
        if name not in self._open:
            self._open[name] = libbpf.get(self.home / name)
        return self._open[name]

    def open_all(self) -> None:
        """All of one set, which may be replaced by a larger one meanwhile."""
        for _ in range(_TRIES):
            if self._is_one():
                return
            self.close()
        raise DriverFailure(f"{self.home} lacks a pin; once this directory is removed, it is made anew")

    def _is_one(self) -> bool:
        which = self.home.stat().st_ino
        with suppress(FileNotFoundError):
            for name in (PROGRAM, *(each.name for each in records.MAPS)):
                self.descriptor(name)
            return self.home.stat().st_ino == which
        return False

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def lookup(self, which: Map, key: bytes) -> bytes | None:
        return libbpf.lookup(self.descriptor(which.name), key, width(which))

    def rows(self, which: Map) -> Iterator[tuple[bytes, bytes]]:
        return libbpf.rows(self.descriptor(which.name), which.key.size, width(which))

    def place(self, name: bytes) -> int:
        """NONE if the name has none."""
        found = self.lookup(NAMES, name)
        return int(PLACE.unpack(found)[0]) if found else records.NONE


def width(which: Map) -> int:
    """Bytes of a value as user space reads it; the kernel rounds those of each CPU up to eight."""
    return which.value.size * libbpf.cpus() if which.each_cpu else which.value.size


@contextmanager
def reading(places: Places, node: str) -> Iterator[Opened]:
    opened = Opened(directory(places, node))
    try:
        opened.open_all()
        yield opened
    finally:
        opened.close()


class Board(Opened):
    """A set to be written."""

    def __init__(self, visit: Visit, node: str) -> None:
        super().__init__(directory(visit.places, node))
        self._visit, self._node = visit, node

    def put(self, which: Map, key: bytes, value: bytes) -> None:
        """Whatever it takes: first what lost ports have left goes, then a larger set comes."""
        with suppress(libbpf.Full):
            return libbpf.update(self.descriptor(which.name), key, value)
        self.forget_lost()
        with suppress(libbpf.Full):
            return libbpf.update(self.descriptor(which.name), key, value)
        self._grow()
        return libbpf.update(self.descriptor(which.name), key, value)

    def delete(self, which: Map, key: bytes) -> None:
        libbpf.delete(self.descriptor(which.name), key)

    def take(self, name: bytes) -> int:
        """The place of a name, a free one if it has none yet. A crash in between costs a place, never mixes two."""
        if found := self.place(name):
            return found
        while True:
            free, first = _free(name), self._first(_free(name))
            if first < libbpf.room(self.descriptor(free.name)):
                break
            self._grow()
        self.put(free, PLACE.pack(0), PLACE.pack(self._next(free, first)))
        if free is records.FREE_METERS:
            libbpf.update(self.descriptor(METERS.name), PLACE.pack(first), bytes(width(METERS)))
            self.delete(LATE, PLACE.pack(first))
        self.put(NAMES, name, PLACE.pack(first))
        return first

    def give(self, name: bytes) -> None:
        """Whatever refers to the place must be gone."""
        if place := self.place(name):
            free = _free(name)
            self.delete(NAMES, name)
            self.put(free, PLACE.pack(place), PLACE.pack(self._first(free)))
            self.put(free, PLACE.pack(0), PLACE.pack(place))

    def is_named(self, policer: int) -> bool:
        """Whether an entry names the policer at this place."""
        rows = libbpf.batches(self.descriptor(ENTRIES.name), ENTRIES.key.size, ENTRIES.value.size)
        return policer != records.NONE and any(
            policer in entries.cast("B").cast("I")[records.POLICER_AT::ENTRIES.value.size // PLACE.size].tolist()
            for _, entries in rows)

    def forget_lost(self) -> None:
        """Drop the entries of ports that are gone; nothing can arrive there."""
        present = {state.index for state in interface.find_all(self._visit.channel(self._node))}
        for which in (ENTRIES, PORTS):
            for key in [key for key, _ in self.rows(which)]:
                if which.key.unpack(key)[0] not in present:
                    self.delete(which, key)

    def _first(self, free: Map) -> int:
        """Free places are a list in an array: each holds which comes next, zero means its neighbour."""
        found: int = PLACE.unpack(self.lookup(free, PLACE.pack(0)) or PLACE.pack(0))[0]
        return found or 1

    def _next(self, free: Map, place: int) -> int:
        found: int = PLACE.unpack(self.lookup(free, PLACE.pack(place)) or PLACE.pack(0))[0]
        return found or place + 1

    def _grow(self) -> None:
        """A larger set with the same content takes the place of this one, first on the ports, then in the pins."""
        room = libbpf.room(self.descriptor(NAMES.name))
        larger = next((size for size in records.ROOMS if size > room), 0)
        if not larger:
            raise libbpf.Full(f"node {self._node} is full: its cross-connects have {room} entries, meters or policers, "
                              "the most that one may have; take circuits away, or order at another provider or place")
        fresh = Opened(pins.beside(self.home, PROGRAM, room=larger))
        try:
            counted = self._copy(fresh)
            self._attach(fresh.descriptor(PROGRAM))
            self._copy_late(fresh, counted)
            pins.settle(fresh.home, self.home)
        finally:
            fresh.close()
            self.close()

    def _copy(self, fresh: Opened) -> dict[bytes, bytes]:
        """Answers the meters as they were copied."""
        for which in records.MAPS:
            rows = dict(self.rows(which))
            libbpf.write_rows(fresh.descriptor(which.name), b"".join(rows), b"".join(rows.values()), len(rows))
            if which is METERS:
                counted = rows
        return counted

    def _attach(self, program: int) -> None:
        channel = self._visit.channel(self._node)
        for key, _ in self.rows(PORTS):
            try:
                tc.attach(channel, PLACE.unpack(key)[0], program, PROGRAM)
            except KernelRefusal as refusal:
                if refusal.number != errno.ENODEV:  # the port is gone
                    raise

    def _copy_late(self, fresh: Opened, counted: dict[bytes, bytes]) -> None:
        """What the old program counted after its meters had been copied; the new one counts already."""
        for key, value in self.rows(METERS):
            if value != counted[key]:
                known = METERS.value.unpack(fresh.lookup(LATE, key) or bytes(METERS.value.size))
                more = [a + b - c for a, b, c in zip(known, total(value), total(counted[key]), strict=True)]
                libbpf.update(fresh.descriptor(LATE.name), key, METERS.value.pack(*more))


def total(per_cpu: bytes) -> tuple[int, ...]:
    """A meter's words, all CPUs together."""
    return tuple(map(sum, zip(*METERS.value.iter_unpack(per_cpu), strict=True)))


def _free(name: bytes) -> Map:
    return records.FREE_POLICERS if name[-1] == Kind.POLICER else records.FREE_METERS


@contextmanager
def writing(visit: Visit, node: str) -> Iterator[Board]:
    """The node's set, loaded if there is none."""
    with _writing:
        home = directory(visit.places, node)
        if not home.exists():
            pins.settle(pins.beside(home, PROGRAM, room=records.ROOMS[0]), home)
        board = Board(visit, node)
        try:
            yield board
        finally:
            board.close()
