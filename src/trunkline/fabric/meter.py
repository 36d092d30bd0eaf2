"""What xconnect has counted, all attachments of a node in a few reads.

By columns: a word of all meters is summed over the CPUs at once, and only meters that dropped something are looked
into.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from operator import add

from trunkline.fabric import switchboard
from trunkline.fabric.bpf import libbpf, records
from trunkline.fabric.bpf.records import LATE, METERS, NAMES, PLACE, Kind
from trunkline.fabric.switchboard import Opened
from trunkline.intent.network import Counter, PortCounters, Where
from trunkline.settings import Places

_PACKETS, _BYTES, _DROPPED = 0, 1, 2  #: words of a meter
_WORD = 8


def read(places: Places, node: str) -> PortCounters:
    """Nothing, for a node without cross-connects."""
    if not switchboard.exists(places, node):
        return PortCounters({})
    with switchboard.reading(places, node) as opened, _without_collection():
        owners = _owners(opened)
        return _sorted_out(owners, _Meters(opened, max((place for _, place in owners), default=0)))


@contextmanager
def _without_collection() -> Iterator[None]:
    """So many values at once, none of them garbage, would make Python look through all of its memory again and again:
    60 ms of 100."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Meters:
    """``most``: the last place that is read."""

    def __init__(self, opened: Opened, most: int) -> None:
        self._late = {PLACE.unpack(key)[0]: LATE.value.unpack(value) for key, value in opened.rows(LATE)}
        self._data = _first(opened, most + 1)
        self.passed = list(map(Counter, self._column(_PACKETS), self._column(_BYTES)))
        self.dropped = self._column(_DROPPED)
        for place, words in self._late.items():
            if place <= most:
                self.passed[place] += Counter(words[_PACKETS], words[_BYTES])
                self.dropped[place] += words[_DROPPED]

    def drops(self, place: int) -> dict[str, Counter]:
        size = switchboard.width(METERS)
        words = switchboard.total(self._data[place * size:(place + 1) * size].tobytes())
        return records.drops(tuple(map(add, words, self._late.get(place, (0,) * len(words)))))

    def _column(self, word: int) -> list[int]:
        words, stride = METERS.value.size // _WORD, switchboard.width(METERS) // _WORD
        numbers = self._data.cast("Q")
        found = numbers[word::stride].tolist()
        for start in range(words + word, stride, words):
            found = list(map(add, found, numbers[start::stride].tolist()))
        return found


def _first(opened: Opened, count: int) -> memoryview:
    """The first places of the array."""
    data = bytearray()
    for _, values in libbpf.batches(opened.descriptor(METERS.name), PLACE.size, switchboard.width(METERS)):
        data += values
        if len(data) >= count * switchboard.width(METERS):
            break
    return memoryview(data)


def _owners(opened: Opened) -> list[tuple[bytes, int]]:
    """Names with their places, but those of policers."""
    found: list[tuple[bytes, int]] = []
    size = NAMES.key.size
    for keys, values in libbpf.batches(opened.descriptor(NAMES.name), size, PLACE.size):
        names, places = keys.tobytes(), values.cast("B").cast("I").tolist()
        found += zip([names[at:at + size] for at in range(0, len(names), size)], places, strict=True)
    return [owner for owner in found if owner[0][-1] != Kind.POLICER]


def _sorted_out(owners: list[tuple[bytes, int]], meters: _Meters) -> PortCounters:
    passed, dropped, where = meters.passed, meters.dropped, records.where
    attachments = {where(key): passed[place] for key, place in owners if key[-1] != Kind.PORT}
    drops: dict[Where, dict[str, Counter]] = {}
    ports: dict[str, dict[str, Counter]] = {}
    for key, place in owners:
        if dropped[place] and key[-1] == Kind.PORT:
            ports[records.parse_name(key)[0]] = meters.drops(place)
        elif dropped[place]:
            drops[where(key)] = meters.drops(place)
    return PortCounters(attachments, drops, ports)
